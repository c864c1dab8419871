"""The form of keys, their digests, and the pepper."""

from __future__ import annotations

import hashlib
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.records import KeyRecord
from headworks.identity import Digests, Pepper, PepperRefused, make_key, peppers_of, prefix_of
from headworks.identity.keys import KEY_LENGTH, is_well_formed

BASE62 = string.ascii_letters + string.digits


def record(digest: bytes, pepper: str = "", *, imported: bool = False) -> KeyRecord:
    return KeyRecord(id="key_1", owner="org_a", name="n", prefix="hw-", digest=digest, pepper=pepper, imported=imported)


def test_a_new_key_is_well_formed_and_no_two_are_alike() -> None:
    keys = {make_key() for _ in range(500)}

    assert len(keys) == 500
    assert all(len(key) == KEY_LENGTH == 60 and is_well_formed(key.encode()) for key in keys)
    assert all(prefix_of(key) == key[:11] and key.startswith("hw-") for key in keys)


@given(place=st.integers(3, KEY_LENGTH - 1), letter=st.sampled_from(BASE62))
def test_one_wrong_letter_shows_without_a_look_up(place: int, letter: str) -> None:
    key = make_key()
    wrong = key[:place] + letter + key[place + 1 :]

    assert is_well_formed(wrong.encode()) == (wrong == key)


@given(st.binary(max_size=80))
def test_anything_may_be_presented_as_a_key(key: bytes) -> None:
    assert not is_well_formed(b"hw-" + key) or len(key) == KEY_LENGTH - 3


def test_a_key_that_cannot_be_one_is_looked_up_under_no_digest() -> None:
    digests = Digests((Pepper(b"p" * 32),))

    assert digests.candidates(make_key()[:-1].encode()) == ()
    assert digests.candidates("hw-ä".encode()) == ()


def test_an_imported_key_is_found_by_its_plain_digest() -> None:
    digests = Digests((Pepper(b"p" * 32),))
    plain = hashlib.sha256(b"sk-1234").digest()

    assert digests.candidates(b"sk-1234") == (plain,)
    assert digests.proves(b"sk-1234", record(plain, imported=True))
    assert not digests.proves(b"sk-1235", record(plain, imported=True))


def test_a_plain_digest_of_an_own_key_proves_nothing() -> None:
    """Whoever knows SHA-256 of a key, from a log or another table, does not thereby have a record of it."""
    digests = Digests((Pepper(b"p" * 32),))
    key = make_key().encode()

    assert not digests.proves(key, record(hashlib.sha256(key).digest()))


def test_while_a_pepper_is_replaced_keys_of_both_are_known() -> None:
    old, new = Pepper(b"o" * 32), Pepper(b"n" * 32)
    key = make_key()
    digest, fingerprint = Digests((old,)).of_new(key)
    both = Digests((new, old))

    assert digest in both.candidates(key.encode())
    assert both.proves(key.encode(), record(digest, fingerprint))
    assert not Digests((new,)).proves(key.encode(), record(digest, fingerprint))
    assert both.of_new(key)[1] == new.fingerprint


def test_the_pepper_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = peppers_of(tmp_path / "data", {}, shared=False)
    again = peppers_of(tmp_path / "data", {}, shared=False)

    assert [pepper.fingerprint for pepper in first] == [pepper.fingerprint for pepper in again]
    assert (tmp_path / "data" / "pepper").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["pepper"]


def test_a_pepper_that_others_may_read_is_refused(tmp_path: Path) -> None:
    peppers_of(tmp_path, {}, shared=False)
    (tmp_path / "pepper").chmod(0o640)

    with pytest.raises(PepperRefused, match="chmod 600"):
        peppers_of(tmp_path, {}, shared=False)


def test_a_damaged_pepper_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "pepper").touch(mode=0o600)

    with pytest.raises(PepperRefused, match="damaged"):
        peppers_of(tmp_path, {}, shared=False)


def test_replicas_must_be_given_their_pepper(tmp_path: Path) -> None:
    """Else each would make its own, and a key made at one were unknown at the others."""
    with pytest.raises(PepperRefused, match="HEADWORKS_PEPPER"):
        peppers_of(tmp_path, {}, shared=True)

    one = peppers_of(tmp_path, {"HEADWORKS_PEPPER": "ab" * 32}, shared=True)
    other = peppers_of(tmp_path / "elsewhere", {"HEADWORKS_PEPPER": "ab" * 32}, shared=True)
    assert one[0].fingerprint == other[0].fingerprint
    assert not list(tmp_path.iterdir())


def test_a_second_pepper_in_the_environment_is_the_one_being_replaced(tmp_path: Path) -> None:
    new, old = peppers_of(tmp_path, {"HEADWORKS_PEPPER": f"{'ab' * 32}, {'cd' * 32}"}, shared=True)

    assert new.fingerprint == Pepper(b"\xab" * 32).fingerprint
    assert old.fingerprint == Pepper(b"\xcd" * 32).fingerprint


def test_a_short_pepper_is_refused_without_being_repeated(tmp_path: Path) -> None:
    with pytest.raises(PepperRefused) as refusal:
        peppers_of(tmp_path, {"HEADWORKS_PEPPER": "tooshort"}, shared=True)
    assert "tooshort" not in str(refusal.value)
