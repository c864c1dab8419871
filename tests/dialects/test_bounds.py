"""What a request may not exceed, in whichever dialect it is asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bounds import LONGEST_MODEL, MOST_MESSAGES, MOST_PARTS, MOST_TOOLS
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.ports.dialect import Dialect

DIALECTS: list[Dialect] = [OpenAIChat(), Anthropic()]
pytestmark = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
TURN = {"role": "user", "content": "Hi"}
TEXT = {"type": "text", "text": "x"}


def body(**changes: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "max_tokens": 5, "messages": [TURN], **changes})


@pytest.mark.parametrize("name", ["x" * (LONGEST_MODEL + 1), "x" * 1_000_000])
def test_a_long_model_name_is_refused_and_not_repeated(dialect: Dialect, name: str) -> None:
    with pytest.raises(Fault) as caught:
        dialect.read_ask(Kind.CHAT, body(model=name))

    assert (caught.value.code, caught.value.param) == ("invalid_request", "model")
    assert len(caught.value.message) < 160


@pytest.mark.parametrize("name", ["a\r\nx-evil: 1", "a\x00", "a\x7f", "é", "\u2028", "\U0001f40d" * 200])
def test_a_model_name_fits_into_a_header(dialect: Dialect, name: str) -> None:
    with pytest.raises(Fault) as caught:
        dialect.read_ask(Kind.CHAT, body(model=name))

    assert (caught.value.code, caught.value.param) == ("invalid_request", "model")
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 160


@pytest.mark.parametrize("name", ["x" * LONGEST_MODEL, "openai/gpt-4o mini:free@2024~(b)"])
def test_any_plain_model_name_passes(dialect: Dialect, name: str) -> None:
    assert dialect.read_ask(Kind.CHAT, body(model=name)).model == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messages", [TURN] * (MOST_MESSAGES + 1)),
        ("messages", [{"role": "user", "content": [TEXT] * (MOST_PARTS + 1)}]),
        ("messages", [{"role": "user", "content": [TEXT] * 101}] * (MOST_PARTS // 100)),
        (
            "messages",
            [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [TEXT] * MOST_PARTS}]}],
        ),
        ("messages", [{"role": "assistant", "tool_calls": [{}] * (MOST_PARTS + 1)}]),
        ("tools", [{}] * (MOST_TOOLS + 1)),
    ],
)
def test_a_question_of_too_many_pieces_is_refused(dialect: Dialect, field: str, value: Any) -> None:
    """Before any of them is read: the pieces here are not even valid."""
    ask = dialect.read_ask(Kind.CHAT, body(**{field: value}))

    with pytest.raises(Fault, match="more than") as caught:
        dialect.read_request(ask)

    assert (caught.value.code, caught.value.param) == ("invalid_request", field)


def test_a_large_question_is_read(dialect: Dialect) -> None:
    talk = dialect.read_request(dialect.read_ask(Kind.CHAT, body(messages=[TURN] * MOST_MESSAGES)))

    assert len(talk.messages) == MOST_MESSAGES
