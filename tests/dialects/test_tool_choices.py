"""A choice among some of the tools: no language that lacks the word gives the model more tools than the caller allowed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from tests.grid.asides import with_aside
from tests.grid.clients import Question
from tests.grid.grid import HUB, SERVERS
from tests.grid.targets import target

Json = dict[str, Any]

_CHAT = [{"type": "function", "function": {"name": "weather"}}]
_RESPONSES = [{"type": "function", "name": "weather"}]
_SOME: dict[str, tuple[str, Any]] = {
    "openai_chat": ("tool_choice", {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": _CHAT}}),
    "openai_responses": ("tool_choice", {"type": "allowed_tools", "mode": "required", "tools": _RESPONSES}),
    "gemini": ("toolConfig", {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather", "sun"]}}),
}
_ODD: dict[str, tuple[str, Any]] = {
    "openai_chat": ("tool_choice", {"type": "custom", "custom": {"name": "weather"}}),
    "openai_responses": ("tool_choice", {"type": "web_search"}),
    "gemini": ("toolConfig", {"functionCallingConfig": {"mode": "VALIDATED"}}),
}
_PAIRS = [(front, server) for front in _SOME for server in SERVERS if target(server).dialect != front]


def _sent(front: str, server: str, aside: tuple[str, Any]) -> tuple[Json, list[str]]:
    asked = Question(front, with_aside(front, *aside), streamed=False)
    prepared = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(server), None)
    lost = [downgrade.what for downgrade in prepared.downgrades if downgrade.path == "tool_choice"]
    return msgspec.json.decode(prepared.body), lost


@pytest.mark.parametrize(("front", "server"), _PAIRS)
def test_tools_that_are_not_allowed_are_not_offered(front: str, server: str) -> None:
    body, lost = _sent(front, server, _SOME[front])

    if server == "gemini":
        assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["weather"]}
        return
    offered = msgspec.json.encode(body.get("tools", body.get("toolConfig")))
    assert b'"weather"' in offered
    assert b'"clock"' not in offered
    assert any("said by offering no other tools than 'weather'" in what for what in lost)


@pytest.mark.parametrize(("front", "server"), _PAIRS)
def test_a_choice_without_a_word_elsewhere_is_reported(front: str, server: str) -> None:
    _, lost = _sent(front, server, _ODD[front])

    assert lost == ["said as 'auto': only the caller's language has such a choice"]


@pytest.mark.parametrize("front", _SOME)
def test_the_usual_choice_is_no_downgrade(front: str) -> None:
    """What every language means by itself is not told as a loss."""
    usual = {"gemini": ("toolConfig", {"functionCallingConfig": {"mode": "AUTO"}})}.get(front, ("tool_choice", "auto"))

    for server in SERVERS:
        assert _sent(front, server, usual)[1] == []
