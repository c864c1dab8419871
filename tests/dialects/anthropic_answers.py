"""Random answers of Anthropic's, and a small server of our own that streams them: the other side of the laws about streams."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.dialects.anthropic_wire import Json, message, sse

Strategy = st.SearchStrategy[Any]

_words = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=20)
_names = st.text(alphabet="abc_", min_size=1, max_size=5)
_inputs = st.dictionaries(_names, st.one_of(_words, st.integers(0, 9), st.none(), st.lists(_words, max_size=2)), max_size=3)
_counts = st.integers(0, 10_000)

_citations = st.fixed_dictionaries({"type": st.just("char_location"), "cited_text": _words, "document_index": _counts})

blocks: Strategy = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": _words}, optional={"citations": st.lists(_citations, min_size=1)}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": st.one_of(_words, st.just("")), "signature": _words}),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": _words}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": _names, "name": _names, "input": _inputs}),
    st.fixed_dictionaries({"type": st.just("server_tool_use"), "id": _names, "name": _names, "input": _inputs}),
    st.fixed_dictionaries(
        {"type": st.just("mcp_tool_use"), "id": _names, "name": _names, "input": _inputs, "server_name": _names}
    ),
    st.fixed_dictionaries({"type": st.just("web_search_tool_result"), "tool_use_id": _names, "content": st.lists(_inputs)}),
    st.fixed_dictionaries({"type": st.just("compaction"), "content": _words}),
)

stops: Strategy = st.one_of(
    st.sampled_from(["end_turn", "max_tokens", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"]).map(
        lambda word: {"stop_reason": word, "stop_sequence": None}
    ),
    st.just({"stop_reason": "stop_sequence", "stop_sequence": "END"}),
    st.just({"stop_reason": "refusal", "stop_sequence": None, "stop_details": {"type": "refusal", "category": "bio"}}),
    st.just({"stop_reason": "compaction", "stop_sequence": None, "container": {"id": "c_1"}}),
)


def _told(count: int, name: str, value: Json) -> Json:
    return {name: value} if count else {}


def _usage(fresh: int, output: int, cached: tuple[int, int, int], thought: int, searches: int) -> Json:
    read, minutes, hour = cached
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": minutes + hour,
        "output_tokens": output + thought,
        **_told(minutes + hour, "cache_creation", {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}),
        **_told(thought, "output_tokens_details", {"thinking_tokens": thought}),
        **_told(searches, "server_tool_use", {"web_search_requests": searches}),
    }


def _answer(content: list[Json], stop: Json, usage: Json) -> Json:
    return message(*content, **stop, usage=usage)


usages: Strategy = st.builds(
    _usage, st.integers(1, 10_000), st.integers(1, 10_000), st.tuples(_counts, _counts, _counts), _counts, _counts
)

answers: Strategy = st.builds(_answer, st.lists(blocks, max_size=4), stops, usages)
"""Whole messages."""


def stream_of(answer: Json) -> list[Json]:
    """The events that a server would stream this answer as: each text in pieces of seven, pings between."""
    usage = answer["usage"]
    first = {
        name: count
        for name, count in usage.items()
        if name not in ("output_tokens", "output_tokens_details", "server_tool_use")
    }
    head = {
        **{name: answer[name] for name in ("id", "type", "role", "model")},
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**first, "output_tokens": 1},
    }
    events: list[Json] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    for index, block in enumerate(answer["content"]):
        events.append({"type": "content_block_start", "index": index, "content_block": _empty(block)})
        events.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(block))
        events.append({"type": "content_block_stop", "index": index})
    tail = {name: value for name, value in answer.items() if name.startswith("stop_") or name == "container"}
    last = {name: count for name, count in usage.items() if name != "cache_creation"}
    return [*events, {"type": "message_delta", "delta": tail, "usage": last}, {"type": "message_stop"}]


def streamed(answer: Json) -> bytes:
    """The same as bytes."""
    return sse(*stream_of(answer))


_EMPTY: dict[str, Json] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
    "server_tool_use": {"input": {}},
    "mcp_tool_use": {"input": {}},
    "compaction": {"content": None},
}


def _empty(block: Json) -> Json:
    without = {name: value for name, value in block.items() if name != "citations"}
    return {**without, **_EMPTY.get(block["type"], {})}


def _deltas(block: Json) -> list[Json]:
    match block:
        case {"type": "text", "text": text}:
            cited = [{"type": "citations_delta", "citation": citation} for citation in block.get("citations", ())]
            return [*({"type": "text_delta", "text": piece} for piece in _cut(text)), *cited]
        case {"type": "thinking", "thinking": text, "signature": signature}:
            thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in _cut(text)]
            return [*thoughts, {"type": "signature_delta", "signature": signature}]
        case {"input": given}:
            return [
                {"type": "input_json_delta", "partial_json": piece}
                for piece in ["", *_cut(msgspec.json.encode(given).decode())]
            ]
        case {"type": "compaction", "content": text}:
            return [{"type": "compaction_delta", "content": text}]
        case _:
            return []


def _cut(text: str) -> list[str]:
    return [text[start : start + 7] for start in range(0, len(text), 7)]
