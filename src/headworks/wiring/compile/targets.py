"""Targets: a provider's model as a snapshot wants it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from headworks.domain.config import Config, TargetRule, overlay
from headworks.domain.money import PriceCard
from headworks.domain.profile import Profile
from headworks.domain.target import SentModel, Target
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.places import Place, Provider, Providers
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

    def checked(self, rule: TargetRule, path: Path) -> Target | None:
        """The target of a rule; None, with the reason noted, where it cannot be had or has no price."""
        found = self.provider_of(rule, path)
        if found is None:
            return None
        target = self.make(rule, *found, price_path=path)
        if target.price is None:
            name = target.name
            self._bench.wrong(
                path,
                f"Nobody says what '{name}' costs, and what has no price is not served.",
                f"Add it under prices: '{name}': {{input: 1.25, output: 10}} (dollars per million tokens), or '{name}': free.",
            )
        return target

    def make(self, rule: TargetRule, provider: Provider, model: str, price_path: Path = ()) -> Target:
        """The target, without looking for mistakes. A target of several dialects is its first one; the others are its variants."""
        facts = self.facts(rule, provider, model, price_path)
        made, *others = (_target(rule, provider, model, place, facts) for place in provider.places)
        return msgspec.structs.replace(made, variants={other.dialect: other for other in others})

    def facts(self, rule: TargetRule, provider: Provider, model: str, price_path: Path = ()) -> Facts:
        """What a model costs and can do: by the operator's word, else by the provider's price list, else by its family."""
        givens = self._bench.givens
        listed = givens.prices.profile(provider.prices, model).over(givens.profiles.of(model))
        price = (
            self.pricing.of(provider, model) if rule.price is None else self.pricing.card(rule.price, (*price_path, "price"))
        )
        return Facts(price, overlay(listed, rule.profile))


def _target(rule: TargetRule, provider: Provider, model: str, place: Place, facts: Facts) -> Target:
    heads = place.heads_of(model)
    return Target(
        name=f"{provider.name}/{model}",
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
        region=rule.region or provider.region,
        tags=frozenset(rule.tags),
        data_classes=frozenset(provider.data_classes if rule.data_classes is None else rule.data_classes),
        credential=provider.credential,
        tenant=provider.tenant,
        inexpressible=rule.inexpressible,
        default_headers=place.default_headers,
        secrets=(*provider.secrets, *place.origin.spellings),
    )
