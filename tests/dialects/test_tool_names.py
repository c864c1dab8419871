"""Names of tools that other languages do not take: said otherwise there, and told to the client as it knows them."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from tests.grid.answers import Call, Said
from tests.grid.asides import BASES, with_aside
from tests.grid.clients import Question, listen
from tests.grid.grid import HUB, SERVERS
from tests.grid.heard import heard
from tests.grid.targets import target

Json = dict[str, Any]

_LONG = "mcp__records-of-the-whole-company__get_failed_pipeline_jobs_from_merge_request"
_DOTTED = "crm.customers:list"
_PLACES = {"anthropic": "tools.0.name", "gemini": "tools.0.functionDeclarations.0.name"}
_CASES = [
    *[("anthropic", _LONG, server) for server in ("openai_chat", "openai_responses", "gemini", "bedrock")],
    *[("gemini", _DOTTED, server) for server in ("openai_chat", "openai_responses", "anthropic", "bedrock")],
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("front", "name", "server"), _CASES)
def test_the_client_hears_the_name_that_it_said(front: str, name: str, server: str, *, streamed: bool) -> None:
    body = with_aside(front, _PLACES[front], name) | ({"stream": True} if streamed and front != "gemini" else {})
    asked = Question(front, body, streamed=streamed)
    prepared = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(server), None)

    sent = re.search(rb'"name":"((?:mcp|crm)[^"]*)"', prepared.body)
    assert sent is not None
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", sent[1].decode())
    assert [each.path for each in prepared.downgrades if each.path.endswith(".name")] == ["tools[0].name"]

    said = Said(calls=(Call("call_7", sent[1].decode(), {"city": "Oslo"}),))
    told = SERVERS[server].streamed(said) if streamed else SERVERS[server].whole(said)
    relay = prepared.relay
    out = relay.feed(told) + relay.close()
    assert heard(listen(asked, out), out)["calls"] == [(name, {"city": "Oslo"})]


def test_the_same_name_is_said_the_same_in_every_turn() -> None:
    """In tools, in earlier calls, and in what must be called now."""
    body: Json = with_aside("anthropic", _PLACES["anthropic"], _LONG) | {"tool_choice": {"type": "tool", "name": _LONG}}
    body["messages"][1]["content"][1]["name"] = _LONG
    asked = Question("anthropic", body, streamed=False)

    sent = HUB.prepare("anthropic", Kind.CHAT, asked.ask, asked.sent, target("openai_chat"), None).body

    assert _LONG.encode() not in sent
    assert len(set(re.findall(rb'"name":"(mcp[^"]*)"', sent))) == 1
    assert len(re.findall(rb'"name":"(mcp[^"]*)"', sent)) == 3


@pytest.mark.parametrize("server", SERVERS)
def test_usual_names_are_left_alone(server: str) -> None:
    asked = Question("openai_chat", BASES["openai_chat"], streamed=False)

    prepared = HUB.prepare("openai_chat", Kind.CHAT, asked.ask, asked.sent, target(server), None)

    assert not [each for each in prepared.downgrades if each.path.endswith(".name")]
    assert b'"weather"' in msgspec.json.encode(msgspec.json.decode(prepared.body))
