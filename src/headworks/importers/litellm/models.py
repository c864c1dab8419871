"""`model_list` → models and their targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from headworks.domain.config import ModelRule, RetryRule, TargetRule, TimeoutsRule
from headworks.domain.patterns import name_matches
from headworks.importers.litellm.prices import Pricing
from headworks.importers.litellm.providers import Found, Providers, Vendors
from headworks.importers.litellm.section import Section, text_of
from headworks.importers.notes import Notes
from headworks.wiring.config_file.tree import Node

_MODES = frozenset(("", "chat", "completion", "embedding", "responses"))
_PRECISE = 1000
_SHARES = ("weight", "rpm", "tpm")
"""What the shares of a group's deployments go by: the first that any of them has."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list, understood."""

    line: int
    group: str
    target: TargetRule
    shares: Mapping[str, Decimal]
    retries: int | None = None


class Models:
    """Reads the list. `groups` are their access groups: name to names of models."""

    def __init__(self, notes: Notes, vendors: Vendors, providers: Providers, pricing: Pricing) -> None:
        self._notes = notes
        self._vendors = vendors
        self._providers = providers
        self._pricing = pricing
        self._credentials: dict[str, Section] = {}
        self.groups: dict[str, list[str]] = {}
        self.sections: list[tuple[str, Section]] = []
        """All that was looked at, for what is left over."""

    def read(self, entries: Sequence[Node], credentials: Sequence[Node]) -> dict[str, ModelRule]:
        """The models, by name."""
        for node in credentials:
            given = Section(node)
            self._credentials[given.text("credential_name")] = given.section("credential_values")
        deployments: dict[str, list[Deployment]] = {}
        for node in entries:
            found = self._deployment(node)
            if found is not None:
                deployments.setdefault(found.group, []).append(found)
        return {group: self._rule(members) for group, members in deployments.items()}

    def _deployment(self, node: Node) -> Deployment | None:
        entry = Section(node)
        params, info = entry.section("litellm_params"), entry.section("model_info")
        group, model = entry.text("model_name"), params.text("model")
        refused = _refusal(group, model, info)
        vendor, name = self._vendors.split(model, params.text("custom_llm_provider"))
        row = self._vendors.rows.get(vendor)
        if not refused and row is None:
            refused = f"The provider '{vendor or model}' is not known. If it speaks OpenAI's language, add it as provider of type openai-compatible."
        account = self._credentials.get(params.text("litellm_credential_name"), params)
        if not refused and row is not None:
            refused = row.instead or _unfit_star(group, name) or self._providers.unfit_address(row, account)
        if refused or row is None:
            self._notes.unsupported(entry.line, f"model {group or '?'} ({model})", refused)
            return None
        found = self._providers.of(row, account)
        if row.approximated:
            self._notes.approximated(entry.line, f"model {group} ({model})", row.approximated)
        self._remember(group, info)
        self.sections += [("model_list", entry), ("litellm_params", params), ("model_info", info)]
        return Deployment(
            line=entry.line,
            group=group,
            target=self._target(found, name, params, info),
            shares={share: value for share in _SHARES if (value := params.number(share)) is not None},
            retries=_whole(params.number("max_retries")),
        )

    def _target(self, found: Found, model: str, params: Section, info: Section) -> TargetRule:
        return TargetRule(
            model=f"{found.name}/{model}",
            order=_whole(params.number("order")) or 0,
            price=self._pricing.of(found, model, params, info),
            max_output=_whole(info.number("max_output_tokens")) or TargetRule().max_output,
            timeouts=TimeoutsRule(total=_seconds(params, "timeout"), first_byte=_seconds(params, "stream_timeout")),
        )

    def _remember(self, group: str, info: Section) -> None:
        for node in info.list("access_groups"):
            self.groups.setdefault(text_of(node), []).append(group)

    def _rule(self, members: Sequence[Deployment]) -> ModelRule:
        first = members[0]
        weights = self._weights(members)
        targets: dict[str, TargetRule] = {}
        for member, weight in zip(members, weights, strict=True):
            target = msgspec.structs.replace(member.target, weight=weight)
            known = targets.get(target.model)
            if known is not None:
                self._notes.approximated(
                    member.line, f"{first.group}: {target.model} a second time", "one target with the weight of both"
                )
                target = msgspec.structs.replace(known, weight=(known.weight or 1) + (weight or 1))
            targets[target.model] = target
        self._notes.mapped(first.line, f"model {first.group}", f"models.{first.group}, {_count(targets, 'target')}")
        tries = [member.retries + 1 for member in members if member.retries is not None]
        return ModelRule(targets=tuple(targets.values()), retry=RetryRule(attempts=max(tries)) if tries else RetryRule())

    def _weights(self, members: Sequence[Deployment]) -> Sequence[int | None]:
        said = next((share for share in _SHARES if any(share in member.shares for member in members)), "")
        for member in members:
            if said != _SHARES[0] and said in member.shares:
                alone = len(members) == 1
                how = "not enforced" if alone else "taken as weight of the target, and not enforced"
                limits = ", ".join(f"{share} {member.shares[share]}" for share in _SHARES[1:] if share in member.shares)
                self._notes.approximated(
                    member.line,
                    f"{member.group}: {limits} of a deployment",
                    f"{how}: limit keys and teams, or let the provider refuse",
                )
        if len(members) == 1 or not said:
            return [None] * len(members)
        return _as_whole([member.shares.get(said, Decimal(0 if said == _SHARES[0] else 1)) for member in members])


def resolved(name: str, models: Mapping[str, ModelRule]) -> ModelRule | None:
    """The rule of a name that may fit a pattern, its star filled."""
    if name in models:
        return models[name]
    fitting = [pattern for pattern in models if "*" in pattern and name_matches(pattern, name)]
    if not fitting:
        return None
    pattern = max(fitting, key=len)
    head, _, tail = pattern.partition("*")
    star = name[len(head) : len(name) - len(tail)]
    filled = [
        msgspec.structs.replace(target, model=target.model.replace("*", star))
        for target in models[pattern].targets
        if isinstance(target, TargetRule)
    ]
    return msgspec.structs.replace(models[pattern], targets=tuple(filled))


def _refusal(group: str, model: str, info: Section) -> str:
    if not group or not model:
        return "An entry needs model_name and litellm_params.model."
    mode = info.text("mode")
    if mode not in _MODES:
        return f"Models of the mode {mode} are not served here: chat, completions and embeddings are."
    if info.text("team_id"):
        return f"It is for team {info.text('team_id')} alone. Add it under a name of its own, which the models of no other party fit."
    if "${" in model:
        return "A model's name is written in the document, not taken from the environment."
    if group.count("*") > 1:
        return "A name has one star at most. Write a pattern for each of the things that the first star stood for."
    return ""


def _unfit_star(group: str, model: str) -> str:
    if model == "*" and group == "*":
        return "Which provider is meant by * must be said: write patterns such as 'openai/*' and 'claude-*'."
    if "*" in model and "*" not in group:
        return "The target has a star, but the name has none to fill it. Write the model's name."
    return ""


def _as_whole(shares: Sequence[Decimal]) -> list[int]:
    """Weights in the same proportion, as small as whole numbers can say it. Weights of nothing at all are equal ones."""
    scaled = [int(share * _PRECISE) for share in shares]
    divisor = math.gcd(*scaled)
    return [weight // divisor for weight in scaled] if divisor else [1] * len(scaled)


def _whole(value: Decimal | None) -> int | None:
    return None if value is None or value < 0 else int(value)


def _seconds(params: Section, name: str) -> float | None:
    value = params.number(name)
    return None if value is None or value <= 0 else float(value)


def _count(things: Mapping[str, object], word: str) -> str:
    return f"{len(things)} {word}{'s' * (len(things) != 1)}"
