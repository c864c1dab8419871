"""The envelope: what is sealed opens again for the same secret alone, and shows nothing on the way."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headworks.domain.secret import SealedSecret, SecretRef
from headworks.secrets import Envelope, LocalMaster, MasterRefused, Secret, SecretUnreadable

VALUE = "sk-a-provider-credential-8d7f"
OLD, NEW = LocalMaster(bytes(range(32))), LocalMaster(bytes(range(1, 33)))


def sealed(ref: SecretRef, value: str = VALUE) -> SealedSecret:
    return asyncio.run(Envelope([OLD]).seal(ref, Secret(value)))


def opened(secret: SealedSecret, *masters: LocalMaster) -> str:
    return asyncio.run(Envelope(masters or (OLD,)).open(secret)).reveal()


def a_secret(name: str = "openai", version: int = 1, owner: str = "") -> SecretRef:
    return SecretRef(owner=owner, name=name, version=version)


@given(st.text(max_size=200), st.text(max_size=40), st.text(max_size=40), st.integers(1, 2**40))
def test_what_is_sealed_opens_again(value: str, owner: str, name: str, version: int) -> None:
    ref = a_secret(name, version, owner)

    assert opened(sealed(ref, value)) == value


@given(st.lists(st.text(max_size=6), min_size=2, max_size=2), st.lists(st.text(max_size=6), min_size=2, max_size=2))
def test_two_secrets_are_never_bound_to_the_same_words(one: list[str], other: list[str]) -> None:
    """`a` + `bc` is not `ab` + `c`."""
    first, second = (a_secret(name, 1, owner) for owner, name in (one, other))

    assert (first.words() == second.words()) == (one == other)


@pytest.mark.parametrize(
    "other",
    [a_secret("anthropic"), a_secret(version=2), a_secret(owner="org_1"), a_secret("i", owner="opena")],
    ids=["another name", "another version", "another owner", "the same letters"],
)
def test_a_ciphertext_in_anothers_place_does_not_open(other: SecretRef) -> None:
    """Whoever can write to the database cannot make one provider get another's credential, or an older one come back."""
    with pytest.raises(SecretUnreadable, match="cannot be opened"):
        opened(replace(sealed(a_secret()), ref=other))


def test_a_ciphertext_under_anothers_key_does_not_open() -> None:
    mine, theirs = sealed(a_secret()), sealed(a_secret("anthropic"))

    with pytest.raises(SecretUnreadable):
        opened(replace(mine, sealed=theirs.sealed))
    with pytest.raises(SecretUnreadable):
        opened(replace(mine, wrapped=theirs.wrapped))


@pytest.mark.parametrize("field", ["wrapped", "sealed"])
def test_no_octet_can_be_changed_or_left_out(field: str) -> None:
    secret = sealed(a_secret())
    kept: bytes = getattr(secret, field)
    changes = [kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :] for place in range(len(kept))]
    changes += [kept[:length] for length in range(len(kept))]

    for changed in changes:
        with pytest.raises(SecretUnreadable):
            opened(replace(secret, **{field: changed}))


def test_the_same_secret_is_never_sealed_the_same_way_twice() -> None:
    one, other = sealed(a_secret()), sealed(a_secret())

    assert one.sealed != other.sealed
    assert one.wrapped != other.wrapped


def test_another_master_key_opens_nothing_and_is_named() -> None:
    with pytest.raises(SecretUnreadable, match=OLD.id):
        opened(sealed(a_secret()), NEW)


def test_rewrapping_leaves_the_ciphertext_and_shuts_the_old_master_key_out() -> None:
    before = sealed(a_secret())
    after = asyncio.run(Envelope([NEW, OLD]).rewrap(before))

    assert after.sealed == before.sealed
    assert (after.master, opened(after, NEW)) == (NEW.id, VALUE)
    with pytest.raises(SecretUnreadable):
        opened(after, OLD)


def test_the_master_keys_name_is_bound_to_what_it_wrapped() -> None:
    """A record that is said to be under another key at hand does not open by it."""
    with pytest.raises(SecretUnreadable):
        opened(replace(sealed(a_secret()), master=NEW.id), OLD, NEW)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format])
def test_nothing_shows_a_secret(show: Callable[[object], str]) -> None:
    envelope = Envelope([OLD])
    shown = [show(thing) for thing in (Secret(VALUE), sealed(a_secret()), OLD, envelope)]

    assert [text for text in shown if VALUE in text or bytes(range(32)).hex() in text] == []


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))


def test_what_cannot_be_opened_is_told_without_a_word_of_it() -> None:
    with pytest.raises(SecretUnreadable) as told:
        opened(replace(sealed(a_secret()), ref=a_secret("other")))

    trouble: BaseException | None = told.value
    while trouble is not None:
        assert VALUE not in str(trouble) + repr(trouble)
        trouble = trouble.__cause__


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(MasterRefused, match="32 bytes"):
        LocalMaster(b"short")
