"""The questions that are asked: 2.4 kB each, no two alike."""

from __future__ import annotations

from random import Random

import msgspec

_WORDS = (
    "canal",
    "river",
    "gate",
    "ledger",
    "basin",
    "signal",
    "orchard",
    "bridge",
    "current",
    "measure",
    "harvest",
    "archive",
)
_TEXT_BYTES = 2_120
_SYSTEM = "You are a helpful assistant who answers in a few plain sentences."


def question(number: int, model: str, *, messages: bool, stream: bool) -> bytes:
    """The `number`-th question as a request body, in OpenAI's language or, with `messages`, in Anthropic's."""
    chance = Random(number)  # noqa: S311 - the same questions every time
    text, size = list[str](), 0
    while size < _TEXT_BYTES:
        text.append(chance.choice(_WORDS))
        size += len(text[-1]) + 1
    asked = {"role": "user", "content": f"Question {number}: {' '.join(text)}?"}
    if messages:
        said = {"system": _SYSTEM, "messages": [asked], "metadata": {"user_id": f"bench-{number}"}}
    else:
        said = {"messages": [{"role": "system", "content": _SYSTEM}, asked], "user": f"bench-{number}"}
    return msgspec.json.encode({"model": model, **said, "temperature": 0.2, "max_tokens": 256, "stream": stream})


def request(host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """It as a whole HTTP request."""
    fields = {"host": host, "content-type": "application/json", **headers, "content-length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body
