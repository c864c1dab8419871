"""Where the server is, as it may be written."""

from __future__ import annotations

import pytest

from headworks.stores.valkey import Address, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("valkey://here", Address(host="here")),
        ("redis://here:7000/3", Address(host="here", port=7000, database=3)),
        ("valkeys://me:p%40ss@here/0", Address(host="here", tls=True, user="me", password="p@ss")),
        ("rediss://:secret@[::1]:1", Address(host="::1", port=1, tls=True, password="secret")),
        ("valkey+unix:///run/valkey.sock?database=2", Address(path="/run/valkey.sock", database=2)),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize("url", ["http://here", "valkey://", "valkey://:secret@here/name", "here:6379"])
def test_what_is_no_address_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"begins|names") as trouble:
        read_address(url)
    assert "secret" not in str(trouble.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(read_address("valkey://:secret@here"))
