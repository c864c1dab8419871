"""No level allows more than the levels above it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.features import GOVERNED, KNOWN, ORDINARY, governed_of, ordinary_of
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, Narrowed, narrowed

NAMES = ("a", "b", "c*", "*")


def holder(*levels: Bounds) -> Principal:
    left = narrowed(levels)
    return Principal(id="k", **{field: getattr(left, field) for field in Narrowed.__struct_fields__})


@pytest.mark.parametrize(
    ("levels", "allowed"),
    [
        ((), ""),
        ((None,), ""),
        ((None, None), ""),
        (((),), ""),
        ((("*",),), "a b cx"),
        ((("*",), ()), ""),
        ((("*",), None), "a b cx"),
        ((None, ("a",)), ""),
        ((("a", "b"), ("b", "c*")), "b"),
        ((("a",), ("b",)), ""),
        ((("*",), ("c*",), ("cx",)), "cx"),
    ],
)
def test_models_are_denied_unless_stated_and_have_to_match_on_every_level(levels: tuple[Any, ...], allowed: str) -> None:
    principal = holder(*(Bounds(models=level) for level in levels))

    assert [name for name in ("a", "b", "cx") if principal.may_use(name)] == allowed.split()


def test_a_model_s_two_names_are_not_mixed_between_levels() -> None:
    principal = holder(Bounds(models=("openai:*",)), Bounds(models=("openai/*",)))

    assert not principal.may_ask("openai:gpt-4o", "openai/gpt-4o")
    assert holder(Bounds(models=("openai/*",))).may_ask("openai:gpt-4o", "openai/gpt-4o")


@pytest.mark.parametrize(
    ("levels", "governed", "ordinary"),
    [
        ((), "", None),
        ((None, None), "", None),
        ((("web_search",),), "web_search", None),
        ((("*",),), " ".join(sorted(GOVERNED)), None),
        ((("*",), ("files", "tools")), "files", "tools"),
        ((None, ("web_search",)), "web_search", None),
        ((("web_search", "files"), ("files", "mcp")), "files", None),
        ((("web_search",), None), "web_search", None),
        ((("web_search",), ("tools",)), "", "tools"),
        ((("tools", "images"), ("tools", "reasoning")), "", "tools"),
        (((),), "", ""),
        ((("*",), ()), "", ""),
        (((), ("*",)), "", ""),
    ],
)
def test_governed_features_are_denied_unless_allowed_and_ordinary_ones_allowed_unless_narrowed(
    levels: tuple[tuple[str, ...] | None, ...], governed: str, ordinary: str | None
) -> None:
    assert governed_of(levels) == tuple(governed.split())
    assert ordinary_of(levels) == (None if ordinary is None else tuple(ordinary.split()))


def test_no_feature_is_of_both_sorts() -> None:
    assert not GOVERNED & ORDINARY


def test_guards_and_policies_add_up_and_a_tag_above_wins() -> None:
    left = narrowed(
        [
            Bounds(guards=("pii",), policies=("p",), tags={"env": "prod"}),
            Bounds(guards=(), policies=(), tags={"env": "dev", "job": "x"}),
            Bounds(guards=("cards",), policies=("q", "p"), tags={"job": "y"}),
        ]
    )

    assert (left.guards, left.policies, left.tags) == (("pii", "cards"), ("p", "q"), {"env": "prod", "job": "x"})


def _some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple)


_BOUNDS = st.builds(
    Bounds,
    models=_some(NAMES),
    endpoints=_some(("chat", "embeddings")),
    features=_some(("*", "web_search", "files", "tools", "images")),
    providers=_some(("openai", "azure")),
    regions=_some(("eu", "us")),
    policies=_some(("p", "q")).map(lambda names: names or ()),
    guards=_some(("g", "h")).map(lambda names: names or ()),
    tags=st.dictionaries(st.sampled_from(("x", "y")), st.sampled_from(("1", "2"))),
)


@given(st.lists(_BOUNDS, min_size=1, max_size=3), _BOUNDS, st.integers(1, 3))
def test_a_level_more_below_the_organisation_never_widens_anything(levels: list[Bounds], more: Bounds, place: int) -> None:
    before, after = holder(*levels), holder(*levels[:place], more, *levels[place:])

    for name in ("a", "b", "cx", "d"):
        assert before.may_use(name) >= after.may_use(name)
    assert set(after.features) <= set(before.features)
    every = KNOWN & ORDINARY
    assert _set(after.ordinary, every) <= _set(before.ordinary, every)
    assert _set(after.endpoints, {"chat", "embeddings"}) <= _set(before.endpoints, {"chat", "embeddings"})
    assert _set(after.providers, {"openai", "azure"}) <= _set(before.providers, {"openai", "azure"})
    assert _set(after.regions, {"eu", "us"}) <= _set(before.regions, {"eu", "us"})
    assert set(after.guards) >= set(before.guards)
    assert set(after.policies) >= set(before.policies)


@given(st.lists(_BOUNDS, max_size=3), _BOUNDS)
def test_a_level_below_changes_no_tag_that_is_fixed_above(levels: list[Bounds], more: Bounds) -> None:
    fixed = holder(*levels).tags

    assert fixed.items() <= holder(*levels, more).tags.items()


def _set(names: tuple[str, ...] | None, every: frozenset[str] | set[str]) -> set[str]:
    return set(every) if names is None else set(names)
