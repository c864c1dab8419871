"""Policies: every expression compiled and tried, so that no request finds out what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.config import Config
from headworks.domain.policy import Applies, Effect, PolicyRule
from headworks.policies.language import Mistaken, compiled, try_out
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

SAMPLE: dict[str, object] = {
    **dict.fromkeys(("key", "principal", "organisation", "team", "project", "user"), "sample"),
    **dict.fromkeys(("model", "asked", "endpoint", "passage", "dialect", "customer", "session", "data_class"), "sample"),
    **{name: ["sample"] for name in ("features", "providers", "regions", "lineage")},
    **dict.fromkeys(("prompt_tokens", "max_tokens", "choices", "hour", "weekday"), 1),
    "stream": False,
    "tags": {"sample": "sample"},
    "now": datetime(2026, 1, 5, 12, 0, tzinfo=UTC),
    "date": "2026-01-05",
    "time": "12:00",
}
"""A request that stands for all, to find expressions whose types do not fit."""


def compile_policies(bench: Bench, config: Config) -> tuple[PolicyRule, ...]:
    """The rules in the document's order, their mistakes noted."""
    for name, spec in config.policies.items():
        path = ("policies", name)
        check_condition(bench, spec.when, (*path, "when"))
        check_zone(bench, spec.zone, (*path, "zone"))
    return tuple(
        PolicyRule(
            name=name,
            when=spec.when,
            then=Effect(spec.then),
            applies=Applies(spec.applies),
            message=spec.message,
            zone=spec.zone,
        )
        for name, spec in config.policies.items()
    )


def check_condition(bench: Bench, when: str, path: Path) -> None:
    """Note what is wrong with an expression."""
    try:
        try_out(compiled(when), SAMPLE)
    except Mistaken as mistaken:
        hint = did_you_mean(mistaken.word, mistaken.known) or _listed(mistaken.known)
        bench.wrong(path, str(mistaken), hint, on_key=not when)


def check_zone(bench: Bench, zone: str, path: Path) -> None:
    """Note a time zone that there is not."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        bench.wrong(path, f"There is no time zone '{zone}'.", "Write a name of IANA's, such as Europe/Berlin.")


def _listed(known: frozenset[str]) -> str:
    return f"Known: {', '.join(sorted(known))}." if known else ""
