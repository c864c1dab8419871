"""Where the server is, as it may be written."""

from __future__ import annotations

import pytest

from headworks.stores.valkey import Address, read_address
from tests.config.compiling import compiled, report_of

DOCUMENT = "models: {m: openai/gpt-4o}\nkeys: {me: {key: hw-0123456789abcdef}}\n"


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


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ('{url: "http://here"}', "begins with valkey://"),
        ('{url: "valkey://:secret@here:port"}', "can't be read"),
        ("{timeout_ms: 5}", "Without url there is nothing to wait for."),
        ('{url: "valkey://here", timeout_ms: 0}', "from above 0 to 1000 milliseconds"),
        ('{url: "valkey://here", local_allowance: 2}', "from 0 to 1"),
        ('{url: "${NOWHERE}"}', "'NOWHERE' is not set"),
    ],
)
def test_a_mistake_is_told_with_its_place(cluster: str, said: str) -> None:
    report = report_of(f"{DOCUMENT}cluster: {cluster}\n")
    assert said in report
    assert "cluster" in report
    assert "secret" not in report


def test_the_servers_password_comes_from_the_environment_and_is_in_the_revision_as_a_digest() -> None:
    text = f'{DOCUMENT}cluster: {{url: "valkey://:${{SECRET}}@here"}}\n'
    one, other = (compiled(text, {"SECRET": secret}).snapshot for secret in ("first", "second"))
    assert one.cluster.url == "valkey://:first@here"
    assert one.revision != other.revision
