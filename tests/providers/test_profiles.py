"""What is known of models, by family and by price list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.features import ORDINARY
from headworks.domain.profile import UNKNOWN, Profile, in_common
from headworks.providers.price_table import shipped_prices
from headworks.providers.profiles import shipped_profiles

FAMILIES = shipped_profiles()
PROFILES = st.builds(
    Profile,
    context=st.none() | st.integers(1, 10),
    max_output=st.none() | st.integers(1, 10),
    serves=st.none() | st.sets(st.sampled_from(["chat", "embeddings"])).map(lambda names: tuple(sorted(names))),
    features=st.none() | st.sets(st.sampled_from(sorted(ORDINARY))).map(lambda names: tuple(sorted(names))),
    deprecated=st.none() | st.booleans(),
)


@pytest.mark.parametrize(
    ("model", "context", "features"),
    [
        ("gpt-4o-2024-08-06", 128_000, ("documents", "images", "json_schema", "logprobs", "tools")),
        ("openai/gpt-4o", 128_000, ("documents", "images", "json_schema", "logprobs", "tools")),
        ("gpt-4", 8_192, ("logprobs", "tools")),
        ("eu.anthropic.claude-3-5-sonnet-20241022-v2:0", 200_000, ("documents", "images", "tools")),
        ("anthropic/claude-3.5-sonnet", 200_000, ("documents", "images", "tools")),
        ("us.amazon.nova-pro-v1:0", 300_000, ("documents", "images", "tools", "video")),
        ("meta-llama/Llama-3.3-70B-Instruct", 131_072, ("tools",)),
        ("my-own-model", None, None),
        ("", None, None),
    ],
)
def test_a_family_is_found_by_the_longest_beginning_of_a_name(
    model: str, context: int | None, features: tuple[str, ...] | None
) -> None:
    """However the provider writes it: with vendors, regions, capitals, dots."""
    profile = FAMILIES.of(model)

    assert (profile.context, profile.features) == (context, features)


def test_a_price_list_tells_sizes_of_its_own_models() -> None:
    listed = shipped_prices()

    assert listed.profile("openai", "gpt-4o-mini").context == 128_000
    assert listed.profile("openai", "nobody-knows") == UNKNOWN
    assert listed.profile("", "gpt-4o") == UNKNOWN


@given(one=PROFILES, other=PROFILES)
def test_what_one_is_silent_about_the_other_says(one: Profile, other: Profile) -> None:
    both = one.over(other)

    for name in Profile.__struct_fields__:
        said = getattr(one, name)
        assert getattr(both, name) == (said if said is not None else getattr(other, name))


@given(st.lists(PROFILES, max_size=4))
def test_what_is_promised_for_all_holds_for_each_that_is_known(profiles: list[Profile]) -> None:
    promised = in_common(profiles)

    for profile in profiles:
        assert profile.context is None or (promised.context is not None and promised.context <= profile.context)
        assert profile.features is None or (promised.features is not None and set(promised.features) <= set(profile.features))
        assert not profile.deprecated or promised.deprecated


@given(st.lists(PROFILES, max_size=4).flatmap(lambda profiles: st.tuples(st.just(profiles), st.permutations(profiles))))
def test_the_order_of_targets_changes_no_promise(both: tuple[list[Profile], list[Profile]]) -> None:
    assert in_common(both[0]) == in_common(both[1])
