"""Chat requests as hypothesis draws them: all that is known of the language, and much that nobody would write."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.dialects.openai_wire import Json

words = st.text(max_size=3)
base64_urls = st.sampled_from(
    ["data:image/png;base64,AA", "data:application/pdf;base64,QQ", "data:;base64,", "data:x", "data:a;b=c;base64,A,B"]
)
urls = words | base64_urls | st.just("https://x/y")
said = st.none() | words

junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


def some(
    fields: dict[str, st.SearchStrategy[Any]], fixed: dict[str, st.SearchStrategy[Any]] | None = None
) -> st.SearchStrategy[Json]:
    """An object with any of these fields, and sometimes one that is unknown."""
    return st.fixed_dictionaries(fixed or {}, optional={**fields, "unknown": junk})


def typed(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return some(fields, {"type": st.just(kind)})


parts = st.one_of(
    typed("text", text=words, cache_control=junk),
    typed("image_url", image_url=urls | junk | some({"url": urls, "detail": said})),
    typed("input_audio", input_audio=words | junk | some({"data": words, "format": said})),
    typed("file", file=words | some({"file_data": urls, "filename": said, "file_id": said})),
    typed("document_url", document_url=urls | junk, document_name=said),
    typed("thinking", thinking=junk | st.lists(some({"type": st.just("text"), "text": words}), max_size=2)),
    typed("refusal", refusal=words),
    junk,
)
functions = some({"name": said, "arguments": words | junk, "strict": junk})
tool_calls = some(
    {"id": said, "type": st.sampled_from(["function", "custom"]), "function": functions, "index": st.integers(0, 2)}
)
reasoning_details = some(
    {"text": said, "summary": said, "data": said, "signature": said, "index": st.integers(0, 2)},
    {"type": st.sampled_from(["reasoning.text", "reasoning.summary", "reasoning.encrypted", "reasoning.odd"])},
)
messages = some(
    {
        "content": st.none() | words | st.lists(parts, max_size=3),
        "name": said,
        "tool_calls": st.none() | st.lists(tool_calls, max_size=2),
        "tool_call_id": said,
        "refusal": said,
        "reasoning_content": said,
        "reasoning": said,
        "reasoning_details": st.none() | st.lists(reasoning_details, max_size=2),
        "function_call": junk,
        "prefix": st.booleans(),
    },
    {"role": st.sampled_from(["user", "assistant", "system", "developer", "tool", "function"])},
)
definitions = some(
    {"name": said, "description": said, "parameters": st.none() | st.just({}), "strict": st.none() | st.booleans()}
)
tools = some({"type": st.sampled_from(["function", "web_search"]), "function": definitions | junk, "cache_control": junk})
schemas = some({"name": said, "schema": st.none() | st.just({}), "strict": st.none() | st.booleans(), "description": said})
formats = some({"type": st.sampled_from(["json_schema", "json_object", "text", "grammar"]), "json_schema": schemas})
choices = st.sampled_from(["auto", "none", "required", "any", "odd", None, {"type": "function", "function": {"name": "f"}}])
counts = st.none() | st.integers(-2, 5) | st.just(3.0)
flags = st.none() | st.booleans()

bodies: st.SearchStrategy[Json] = some(
    {
        "tools": st.none() | st.lists(tools, max_size=2),
        "tool_choice": choices | junk,
        "parallel_tool_calls": flags,
        "response_format": st.none() | formats,
        "stop": said | st.lists(words),
        "stream": flags,
        "stream_options": st.none() | some({"include_usage": flags}),
        "max_tokens": counts,
        "max_completion_tokens": counts,
        "n": counts,
        "temperature": st.none() | st.floats(-1, 2),
        "top_k": counts,
        "seed": counts,
        "metadata": st.none() | st.dictionaries(words, words),
        "user": said,
        "reasoning_effort": said,
        "reasoning": junk | some({"effort": said, "max_tokens": counts, "enabled": flags}),
        "thinking": junk | some({"type": st.sampled_from(["enabled", "disabled"]), "budget_tokens": counts}),
        "enable_thinking": flags,
        "functions": junk,
    },
    {"model": st.just("model"), "messages": st.lists(messages, min_size=1, max_size=3)},
)
