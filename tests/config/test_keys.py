"""Client keys: who holds them and what they allow."""

from __future__ import annotations

import hashlib

import pytest

from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.load import oddities
from tests.config.compiling import compiled

MODELS = 'models: {smart: openai/gpt-4o, "openai/*": openai/*}\n'


def sha256(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def test_a_key_is_known_by_its_hash_only() -> None:
    text = MODELS + f"keys: {{a: {{key: '${{A}}'}}, b: {{sha256: {sha256('hw-b').hex()}}}, c: {{key: 'file:c.txt'}}}}\n"
    principals = compiled(text, {"A": "hw-a"}, {"/etc/hw/c.txt": "hw-c\n"}).snapshot.principals

    assert {holder.id: digest for digest, holder in principals.items()} == {
        "a": sha256("hw-a"),
        "b": sha256("hw-b"),
        "c": sha256("hw-c"),
    }


def test_what_is_not_said_is_allowed() -> None:
    (holder,) = compiled(MODELS + "keys: {a: {key: hw-a}}\n").snapshot.principals.values()

    assert holder.may_use("anything")
    assert holder.limits == ()


def test_limits_teams_and_models() -> None:
    text = MODELS + (
        "keys: {a: {key: hw-a, team: search, models: [smart, openai/gpt-*], features: [web_search],"
        " limits: {requests_per_minute: 6, tokens_per_minute: 7, concurrent: 8, budget: 2.50 USD}}}\n"
    )
    (holder,) = compiled(text).snapshot.principals.values()

    assert (holder.team, holder.features) == ("search", ("web_search",))
    assert [holder.may_use(name) for name in ("smart", "openai/gpt-4o", "openai/o3")] == [True, True, False]
    assert [(limit.rule, limit.unit, limit.amount, limit.seconds) for limit in holder.limits] == [
        ("requests-per-minute", "requests", 6, 60.0),
        ("tokens-per-minute", "tokens", 7, 60.0),
        ("concurrent", "concurrent", 8, 0.0),
        ("budget", "cost", 2_500_000_000, 0.0),
    ]


def test_a_key_that_stands_in_the_document_is_warned_about() -> None:
    written = compiled(MODELS + "keys: {a: {key: hw-a}}\n").warnings
    referred = compiled(MODELS + "keys: {a: {key: '${A}'}}\n", {"A": "hw-a"}).warnings

    assert [warning.message for warning in written] == ["A key stands in the document itself."]
    assert referred == ()


def test_a_default_stands_in_for_an_unset_variable() -> None:
    (digest,) = compiled(MODELS + "keys: {a: {key: '${A:-hw-default}'}}\n").snapshot.principals

    assert digest == sha256("hw-default")


def test_a_document_without_keys_is_odd_because_callers_need_some_in_the_database() -> None:
    (warning,) = oddities(compiled(MODELS))

    assert warning.message == "There is no key here: callers need one that is kept in the database."
    assert "headworks keys create" in warning.hint


def test_a_document_that_trusts_an_issuer_of_tokens_needs_no_key() -> None:
    trusting = 'identity: {issuers: {sso: {issuer: "https://sso.example", audience: gateway, organisation: org_1}}}\n'

    assert oddities(compiled(MODELS + trusting)) == ()


def test_an_open_door_to_the_world_is_odd() -> None:
    warnings = compiled(MODELS + "open_door: true\nserver: {host: 0.0.0.0}\n").warnings

    assert [warning.message for warning in warnings] == ["Anybody who reaches 0.0.0.0 can spend your money."]


def test_credentials_for_every_web_page_are_refused() -> None:
    """Any page could use what a browser holds for us: a client certificate, or the password of a proxy in front."""
    with pytest.raises(ConfigRefused) as refused:
        compiled(MODELS + 'open_door: true\nserver:\n  cors: {origins: ["https://a.example", "*"], credentials: true}\n')

    (problem,) = refused.value.problems
    assert problem.path == ("server", "cors", "origins", 1)
    assert "Name the pages' origins" in problem.hint


def test_answers_cannot_be_remembered_and_not_be_kept() -> None:
    with pytest.raises(ConfigRefused) as refused:
        compiled(MODELS + "open_door: true\ncache: {enabled: true, zero_retention: true}\n")

    assert [problem.path for problem in refused.value.problems] == [("cache", "enabled")]


def test_ten_lines_are_a_useful_gateway() -> None:
    """The document of the README."""
    text = """\
providers:
  openai:
  gpu: {type: vllm, base_url: "http://gpu1:8000"}
models:
  smart: [openai/gpt-4o, gpu/qwen3]
  "openai/*": openai/*
keys:
  me: {key: "${HW_KEY}", limits: {budget: 10 USD}}
"""
    done = compiled(text, {"HW_KEY": "hw-1"})

    assert repr(done.snapshot).endswith("1 models · 1 keys>")
    assert done.warnings == ()
