"""Issuers of tokens: what would let in the wrong people, or nobody, is refused at once."""

from __future__ import annotations

import pytest

from headworks.wiring.config_file import ConfigRefused
from tests.config.compiling import compiled

BASE = "models: {smart: openai/gpt-4o}\nkeys: {a: {key: hw-a}}\n"
GOOD = {"issuer": "https://login.example.com", "audience": "headworks", "organisation": "org_1"}


def identity(**changes: object) -> str:
    rule = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return BASE + f"identity: {{issuers: {{login: {rule!r}}}}}\n"


def test_an_issuer_is_known_by_what_its_tokens_say() -> None:
    settings = compiled(identity()).snapshot.identity

    issuer = settings.issuers["https://login.example.com"]
    assert (issuer.name, issuer.audience, issuer.organisation) == ("login", ("headworks",), "org_1")
    assert issuer.algorithms == ("RS256", "ES256")
    assert settings.stale_for == 0.0


def test_known_keys_outlive_the_database_only_if_asked_to() -> None:
    assert compiled(BASE + "identity: {on_database_loss: stale}\n").snapshot.identity.stale_for == 60.0
    assert compiled(BASE + "identity: {stale_for: 90}\n").snapshot.identity.stale_for == 0.0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"issuer": "http://login.example.com"}, "https"),
        ({"issuer": "login.example.com"}, "https"),
        ({"issuer": "file:///etc/passwd"}, "cannot be read"),
        ({"jwks_uri": "http://elsewhere.example.com/keys"}, "https"),
        ({"audience": None}, "audience"),
        ({"audience": []}, "audience"),
        ({"organisation": None}, "organisation"),
        ({"organisation": "acme"}, "organisation"),
        ({"algorithms": ["none"]}, "none"),
        ({"algorithms": ["HS256"]}, "HS256"),
        ({"algorithms": []}, "algorithm"),
        ({"leeway": 3600}, "leeway"),
        ({"max_age": 0}, "no time"),
        ({"claims": {"subject": ""}}, "whom"),
        ({"claims": {"taem": "t"}}, "taem"),
    ],
)
def test_what_would_let_in_the_wrong_people_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigRefused, match=word):
        compiled(identity(**changes))


def test_two_names_for_one_issuer_are_one_too_many() -> None:
    with pytest.raises(ConfigRefused, match="entry already"):
        compiled(BASE + f"identity: {{issuers: {{one: {GOOD!r}, two: {GOOD!r}}}}}\n")


@pytest.mark.parametrize("name", ["key_1", "jwt:login:abc"])
def test_a_configured_key_cannot_pass_for_another_kind_of_caller(name: str) -> None:
    """Its id scopes what is remembered for it: answers, repeated requests."""
    with pytest.raises(ConfigRefused, match="another kind"):
        compiled(f'models: {{smart: openai/gpt-4o}}\nkeys: {{"{name}": {{key: hw-a}}}}\n')
