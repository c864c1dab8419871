"""Nothing is lost in silence: what a client says beside the common changes what its upstream is asked, or is reported."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from tests.grid.asides import ASIDES, BASES, with_aside
from tests.grid.clients import Question
from tests.grid.grid import HUB, SERVERS
from tests.grid.targets import target

Json = dict[str, Any]

_OF_LOST = ("messages.1.content.2", "input.1.content.2", "messages.0.content.2")
"""Documents, which these upstreams cannot be given: that they are lost is reported, whatever is said of them."""
_SAYS_NOTHING = frozenset(
    (
        ("openai_chat", "messages.0.role"),  # another word for the same
        ("openai_chat", "messages.3.name"),  # its call tells the name
        ("openai_chat", "messages.1.content.1.image_url.format"),  # its URL tells the type
        ("openai_chat", "messages.1.content.2.file.file_id"),  # beside the file itself
        ("openai_responses", "input.1.content.1.file_id"),
    )
)
"""What repeats what is said elsewhere in the question."""
_RESTING = ("anthropic", "bedrock-anthropic", "bedrock")
"""Their models do not think unasked."""
_UNASKED: tuple[Any, ...] = ("none", {"type": "disabled"}, {"effort": "none"}, {"thinkingBudget": 0})
_THINKS_ANYWAY: tuple[Any, ...] = ({"type": "adaptive"}, {"type": "enabled"}, {"includeThoughts": True})


@lru_cache
def _plain(front: str, server: str) -> tuple[Json, tuple[str, ...]]:
    return _asked(front, server, BASES[front])


def _asked(front: str, server: str, body: Json) -> tuple[Json, tuple[str, ...]]:
    asked = Question(front, body, streamed=False)
    prepared = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(server), None)
    return msgspec.json.decode(prepared.body), tuple(f"{each.path}: {each.what}" for each in prepared.downgrades)


def _is_heard(front: str, server: str, path: str, value: Any) -> bool:
    try:
        return _asked(front, server, with_aside(front, path, value)) != _plain(front, server)
    except Fault as fault:
        return fault.code == "inexpressible"


def _means_nothing(front: str, server: str, path: str, value: Any) -> bool:
    if (front, path) in _SAYS_NOTHING or (server in ("cohere", "ollama") and path.startswith(_OF_LOST)):
        return True
    return value in _THINKS_ANYWAY if server == "openai_chat" else server in _RESTING and value in _UNASKED


def _asides(front: str, server: str) -> Iterator[tuple[str, Any]]:
    return ((path, value) for path, value in ASIDES[front] if not _means_nothing(front, server, path, value))


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("front", BASES)
def test_nothing_is_lost_in_silence(front: str, server: str) -> None:
    if target(server).dialect == front:
        return
    silent = [(path, value) for path, value in _asides(front, server) if not _is_heard(front, server, path, value)]
    assert silent == []


def test_what_is_left_out_knowingly_is_still_left_out() -> None:
    """An exception that has become needless is taken back."""
    for front, path in _SAYS_NOTHING:
        values = [value for aside, value in ASIDES[front] if aside == path]
        assert any(not _is_heard(front, server, path, value) for server in SERVERS for value in values if server != front)
