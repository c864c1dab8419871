"""How clients of each language ask, and go on from an answer: with the message as they got it, and a tool's result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.ollama import Ollama
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Event
from headworks.domain.message import Downgrade
from headworks.domain.where import NOWHERE, Form, Where
from headworks.ports.dialect import Dialect
from tests.grid.cases import Case
from tests.grid.targets import target

Json = dict[str, Any]

FRONTS: dict[str, Dialect] = {
    each.name: each for each in (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini(), Cohere(), Ollama())
}
SNOW = "It snows."


class Question(msgspec.Struct, frozen=True):
    """What a client sends. `unsayable` is what its language has no words for."""

    front: str
    body: Json
    streamed: bool
    unsayable: tuple[Downgrade, ...] = ()

    @property
    def sent(self) -> bytes:
        """The body's bytes."""
        return msgspec.json.encode(self.body)

    @property
    def ask(self) -> Ask:
        """As the gateway first reads it."""
        return FRONTS[self.front].read_ask(Kind.CHAT, self.sent, self.where)

    @property
    def where(self) -> Where:
        """What the line of the request says."""
        return Where("models/alias", Form.EVENTS if self.streamed else Form.WHOLE) if self.front == "gemini" else NOWHERE


def question(front: str, case: Case, *, streamed: bool) -> Question:
    """A case in the words of a client."""
    talk = msgspec.structs.replace(case.talk, stream=streamed or None)
    written, unsayable = FRONTS[front].write_request(talk, target(front))
    return Question(front, msgspec.json.decode(written), streamed, unsayable)


def listen(asked: Question, told: bytes) -> list[Event]:
    """What a client understands of an answer."""
    dialect, itself = FRONTS[asked.front], target(asked.front)
    if not asked.streamed:
        return dialect.read_answer(told, itself)
    decoder = dialect.decoder(itself)
    return [*decoder.feed(told), *decoder.close()]


def go_on(asked: Question, told: list[Event]) -> Question:
    """The next question: all that was said, the answer as it came, and what the tool said."""
    answer: Json = msgspec.json.decode(FRONTS[asked.front].write_answer(told, asked.ask))
    turns, more = _NEXT[asked.front](answer)
    return msgspec.structs.replace(asked, body={**asked.body, turns: [*asked.body[turns], *more]})


def _chat(answer: Json) -> tuple[str, list[Json]]:
    message = answer["choices"][0]["message"]
    return "messages", [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": SNOW}]


def _responses(answer: Json) -> tuple[str, list[Json]]:
    call = answer["output"][-1]["call_id"]
    return "input", [*answer["output"], {"type": "function_call_output", "call_id": call, "output": SNOW}]


def _anthropic(answer: Json) -> tuple[str, list[Json]]:
    call = answer["content"][-1]["id"]
    result = {"type": "tool_result", "tool_use_id": call, "content": SNOW}
    return "messages", [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [result]}]


def _gemini(answer: Json) -> tuple[str, list[Json]]:
    content = answer["candidates"][0]["content"]
    call = next(part["functionCall"] for part in content["parts"] if "functionCall" in part)
    result = {"name": call["name"], "response": {"result": SNOW}, **({"id": call["id"]} if "id" in call else {})}
    return "contents", [content, {"role": "user", "parts": [{"functionResponse": result}]}]


def _cohere(answer: Json) -> tuple[str, list[Json]]:
    message = answer["message"]
    return "messages", [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": SNOW}]


def _ollama(answer: Json) -> tuple[str, list[Json]]:
    """Ollama's own libraries keep no ids of calls: a result goes by its tool's name."""
    message = answer["message"]
    called = [{"function": {name: call["function"][name] for name in ("name", "arguments")}} for call in message["tool_calls"]]
    result = {"role": "tool", "tool_name": called[0]["function"]["name"], "content": SNOW}
    return "messages", [{**message, "tool_calls": called}, result]


_NEXT: dict[str, Callable[[Json], tuple[str, list[Json]]]] = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
    "ollama": _ollama,
}
