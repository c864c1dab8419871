"""Tokens in place of providers' ids: one tenant's, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.foreign import ForeignId
from headworks.identity import Pepper, PepperedForeignIds

IDS = PepperedForeignIds([Pepper(bytes(32))])
MADE = ForeignId("resp_0abc", "openai@1234", "openai/gpt-5", "gpt")
words = st.text(max_size=40)


@given(words, st.builds(ForeignId, words, words, words, words))
def test_what_is_sealed_for_a_tenant_is_opened_for_it_alone(tenant: str, made: ForeignId) -> None:
    token = IDS.seal(tenant, made)

    assert IDS.open(tenant, token) == made
    assert IDS.seal(tenant, made) == token
    assert IDS.open(f"{tenant}x", token) is None


@pytest.mark.parametrize(
    ("made", "begins"),
    [
        ("resp_0abc", "resp_hw"),
        ("file-0abc", "file-hw"),
        ("cachedContents/0abc", "cachedContents/hw"),
        ("container_011", "container_hw"),
        ("0abc", "id_hw"),
        ("", "id_hw"),
    ],
)
def test_a_token_begins_as_its_id_does(made: str, begins: str) -> None:
    assert IDS.seal("t", ForeignId(made, "c")).startswith(begins)


def test_no_token_tells_the_id_or_the_target() -> None:
    token = IDS.seal("t", MADE)

    assert "0abc" not in token
    assert "gpt" not in token


def test_every_change_of_a_token_is_noticed() -> None:
    """In any place, to any letter: its beginning is bound, too."""
    token = IDS.seal("t", MADE)
    letters = "Aaz09_-"
    changed = {token[:place] + letter + token[place + 1 :] for place in range(len(token)) for letter in letters} - {token}

    assert [other for other in changed if IDS.open("t", other) is not None] == []


@pytest.mark.parametrize(
    "other", ["", "resp_0abc", "resp_hw", "resp_hw!", "hw", "resp_hwAAAA", "resp_hw" + "A" * 5000, "é_hwAAAA"]
)
def test_what_is_no_token_opens_to_nothing(other: str) -> None:
    assert IDS.open("t", other) is None
    assert IDS.open("t", IDS.seal("t", MADE).replace("resp_", "file_")) is None


def test_a_pepper_that_is_being_replaced_still_opens_what_it_sealed() -> None:
    old, new = Pepper(bytes(32)), Pepper(bytes([1] * 32))
    both = PepperedForeignIds([new, old])

    assert both.open("t", IDS.seal("t", MADE)) == MADE
    assert IDS.open("t", both.seal("t", MADE)) is None
