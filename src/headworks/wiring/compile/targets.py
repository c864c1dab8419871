"""Targets: a provider's model as a snapshot wants it."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

import msgspec

from headworks.domain.config import Config, TargetRule, overlay
from headworks.domain.money import PriceCard
from headworks.domain.profile import Profile
from headworks.domain.target import SentModel, Target
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.places import Member, Place, Provider, Providers
from headworks.wiring.compile.pricing import Pricing
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path


class Facts(NamedTuple):
    """What is known of a provider's model, whichever of its dialects is spoken."""

    price: PriceCard | None
    profile: Profile


class Targets:
    """Makes targets. One per compilation; also makes those of wildcard models while the snapshot lives."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self._bench = bench
        self.providers = Providers(bench, config)
        self.pricing = Pricing(bench, config)

    def provider_of(self, rule: TargetRule, path: Path) -> tuple[Provider, str] | None:
        """The provider and the provider's name of the model; None, with the reason noted, where the rule names none."""
        name, slash, model = rule.model.partition("/")
        if not slash or not name or not model:
            what = f"'{rule.model}' does not say whose model it is." if rule.model else "The target has no model."
            hint = did_you_mean(rule.model, [f"{known}/" for known in self.providers.known]) if rule.model else ""
            self._bench.wrong(path, what, hint if hint.startswith("Did") else "Write provider/model.")
            return None
        provider = self.providers.get(name, path)
        return None if provider is None else (provider, model)

    def checked(self, rule: TargetRule, path: Path) -> tuple[Target, ...]:
        """The target of a rule, or those of all replicas; none, with the reason noted, where it cannot be had or has no price."""
        found = self.provider_of(rule, path)
        if found is None:
            return ()
        targets = self.make(rule, *found, price_path=path)
        if targets[0].price is None:
            name = targets[0].written
            self._bench.wrong(
                path,
                f"Nobody says what '{name}' costs, and what has no price is not served.",
                f"Add it under prices: '{name}': {{input: 1.25, output: 10}} (dollars per million tokens), or '{name}': free.",
            )
        return targets

    def make(self, rule: TargetRule, provider: Provider, model: str, price_path: Path = ()) -> tuple[Target, ...]:
        """The target, or one for each replica, without looking for mistakes."""
        maker = _Maker(rule, provider, model, self.facts(rule, provider, model, price_path))
        return tuple(maker.target(member) for member in provider.members)

    def alone(self, rule: TargetRule, provider: Provider, model: str) -> Target:
        """One target, though it be a pool: where that is asked as a whole."""
        maker = _Maker(rule, provider, model, self.facts(rule, provider, model))
        return maker.target(Member("", provider.places))

    def facts(self, rule: TargetRule, provider: Provider, model: str, price_path: Path = ()) -> Facts:
        """What a model costs and can do: by the operator's word, else by the provider's price list, else by its family."""
        givens = self._bench.givens
        listed = givens.prices.profile(provider.prices, model).over(givens.profiles.of(model))
        price = (
            self.pricing.of(provider, model) if rule.price is None else self.pricing.card(rule.price, (*price_path, "price"))
        )
        return Facts(price, overlay(listed, rule.profile))


class _Maker(NamedTuple):
    """Of the targets of one rule at one provider."""

    rule: TargetRule
    provider: Provider
    model: str
    facts: Facts

    def target(self, member: Member) -> Target:
        """A target of several dialects is its first one; the others are its variants."""
        made, *others = (self._at(place, member.name) for place in member.places)
        return msgspec.structs.replace(made, variants={other.dialect: other for other in others})

    def _at(self, place: Place, member: str) -> Target:
        rule, provider, model, facts = self
        heads = place.heads_of(model)
        return Target(
            name=f"{provider.name}/{model}@{member}" if member else f"{provider.name}/{model}",
            provider=provider.name,
            dialect=place.dialect,
            model=SentModel(model),
            origin=place.origin,
            heads=heads.whole,
            stream_heads=heads.stream,
            price=facts.price,
            profile=facts.profile,
            timeouts=overlay(provider.timeouts, rule.timeouts),
            quirks=provider.quirks_of(model),
            body=place.body,
            signer=place.signer,
            weight=1 if rule.weight is None else rule.weight,
            order=rule.order,
            max_output=rule.max_output,
            max_connections=provider.max_connections,
            scrape=provider.scrape and msgspec.structs.replace(provider.scrape, headers=place.carried),
            region=rule.region or provider.region,
            tags=frozenset(rule.tags),
            data_classes=frozenset(provider.data_classes if rule.data_classes is None else rule.data_classes),
            credential=provider.credential,
            tenant=provider.tenant,
            inexpressible=rule.inexpressible,
            default_headers=place.default_headers,
            secrets=(*provider.secrets, *place.origin.spellings),
        )


def in_proportion(groups: Sequence[tuple[Target, ...]]) -> tuple[Target, ...]:
    """All of them. The weight that was given to a pool is that of its replicas together."""
    common = lcm(*[len(group) for group in groups])
    if common == 1:
        return tuple(target for group in groups for target in group)
    return tuple(
        msgspec.structs.replace(target, weight=target.weight * common // len(group)) for group in groups for target in group
    )
