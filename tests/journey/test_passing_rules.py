"""Guards, policies and governed features hold for what is passed through."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.policy import Effect, PolicyRule
from headworks.domain.principal import Principal
from headworks.domain.snapshot import GuardRule
from headworks.ports.extension import Block
from headworks.testing import Script, ScriptedGuard

from .passing import LAB, A, Tenants, asked, code, each_asked


def ruled(*judges: ScriptedGuard, features: tuple[str, ...] = ("passthrough",), **changes: Any) -> Tenants:
    tenants = Tenants(LAB, lambda _: Script.json({}), judges, **changes)
    tenants.house.others[A] = Principal(id="key_a", features=features)
    return tenants


def test_a_guard_reads_all_texts_of_a_body_whatever_they_are_called() -> None:
    guard = ScriptedGuard()
    body = {"model": "big", "new": {"deep": [{"words": "first"}, "second"]}, "instructions": "third"}
    asked(ruled(guard, guards=(GuardRule(name="scripted"),)), "POST", "/passthrough/lab/v1/read", body)

    (judged,) = guard.judged
    assert {"first", "second", "third"} <= set(judged.split("\n"))


def test_what_a_guard_blocks_is_not_sent() -> None:
    tenants = ruled(ScriptedGuard(Block("scripted", "No.")), guards=(GuardRule(name="scripted"),))
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", {"text": "x"})

    assert (said.status, code(said)) == (400, "guard_blocked")
    assert tenants.upstream.sent == []


def test_what_a_guard_cannot_read_is_blocked() -> None:
    guard = ScriptedGuard()
    tenants = ruled(guard, guards=(GuardRule(name="scripted"),))
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", b"RIFF", content_type="audio/wav")

    assert (said.status, code(said)) == (400, "guard_blocked")
    assert guard.judged == []
    assert tenants.upstream.sent == []


def test_a_request_without_a_body_has_nothing_to_judge() -> None:
    tenants = ruled(ScriptedGuard(), guards=(GuardRule(name="scripted"),))
    assert asked(tenants, "GET", "/passthrough/lab/v1/voices").status == 200


@pytest.mark.parametrize(
    ("when", "read", "listened"),
    [
        ('passage == "POST /v1/read"', 403, 200),
        ('endpoint == "passthrough" && model == "passthrough/lab"', 200, 403),
        ('model == "smart"', 403, 200),
        ('dialect == "passthrough" && providers == ["lab"]', 403, 403),
        ('customer == "acme"', 200, 403),
        ('passage == ""', 200, 200),
    ],
)
def test_policies_read_where_a_request_is_passed(when: str, read: int, listened: int) -> None:
    tenants = ruled(policies=(PolicyRule(name="rule", when=when, then=Effect.DENY),))
    tenants.house.others[A] = Principal(
        id="key_a", features=("passthrough",), allows_all=False, models=("smart", "passthrough/*")
    )
    posted = (("/passthrough/lab/v1/read", {"model": "big"}), ("/passthrough/lab/v1/listen", {"user": "acme"}))

    assert [said.status for said in each_asked(tenants, *posted)] == [read, listened]


@pytest.mark.parametrize(
    ("body", "feature"),
    [
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"tools": [{"type": "mcp", "server_url": "https://x.test"}]}, "mcp"),
        ({"mcp_servers": [{"url": "https://x.test"}]}, "mcp"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"store": True}, "store"),
        ({"models": ["huge"]}, "models"),
        ({"provider": {"order": ["x"]}}, "provider"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "prompt": "p", "labels": ["a"], "speed": 1.5}, ""),
    ],
)
def test_what_is_governed_elsewhere_is_governed_here(body: dict[str, Any], feature: str) -> None:
    question = {"model": "big", **body}
    refused = asked(ruled(), "POST", "/passthrough/lab/v1/read", question)
    allowed = asked(ruled(features=("passthrough", feature)), "POST", "/passthrough/lab/v1/read", question)

    assert allowed.status == 200
    assert (refused.status == 200) is (not feature)
    assert not feature or f"the feature '{feature}'" in refused.json["error"]["message"]
