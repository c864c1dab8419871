"""What an OpenAI-shaped provider rejects, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from headworks.testing.emulator.question import JsonObject, Rejection

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_ROLES = ("system", "developer", "assistant", "user", "tool", "function")
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_AT_LEAST_ONE = ("max_tokens", "max_completion_tokens", "n", "max_output_tokens")
_MOST_STOPS = 4

CHAT_PARAMS = frozenset(
    {
        "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
        "messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
        "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store",
        "stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity",
        "web_search_options",
    }
)  # fmt: skip


def invalid(message: str, param: str | None = None, code: str | None = None) -> Rejection:
    """A 400."""
    return Rejection(400, "invalid_request_error", message, param=param, code=code)


def check_chat(body: JsonObject) -> None:
    """The rules of `/chat/completions`. Raises `Rejection`."""
    check_common(body)
    messages = body.get("messages")
    if messages is None:
        raise invalid("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages", "empty_array")
    for index, message in enumerate(messages):
        _check_message(message, f"messages[{index}]")
    _check_tool_turns(messages)
    _check_tools(body)
    _check_format(body)


def check_common(body: JsonObject) -> None:
    """The rules that hold on every endpoint. Raises `Rejection`."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Rejection(400, "invalid_request_error", "you must provide a model parameter")
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and low <= value <= high):
            raise invalid(f"Invalid '{name}': expected a number between {low} and {high}, but got {value!r} instead.", name)
    for name in _AT_LEAST_ONE:
        value = body.get(name)
        if value is not None and (not isinstance(value, int) or value < 1):
            words = f"integer below minimum value. Expected a value >= 1, but got {value!r} instead."
            raise invalid(f"Invalid '{name}': {words}", name, "integer_below_min_value")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if isinstance(body.get("stop"), list) and len(body["stop"]) > _MOST_STOPS:
        raise invalid(
            "Invalid 'stop': array too long. Expected an array with maximum length 4.", "stop", "array_above_max_length"
        )


def check_params(body: JsonObject, known: Iterable[str]) -> None:
    """Unknown top-level parameters. Raises `Rejection`."""
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise invalid(f"Unrecognized request argument supplied: {', '.join(unknown)}")


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise invalid(f"Invalid type for '{where}': expected an object.", where, "invalid_type")
    role = message.get("role")
    if role not in _ROLES:
        supported = ", ".join(f"'{known}'" for known in _ROLES)
        raise invalid(f"Invalid value: '{role}'. Supported values are: {supported}.", f"{where}.role", "invalid_value")
    if message.get("content") is None and not (
        role == "assistant" and set(message) & {"tool_calls", "function_call", "refusal", "audio"}
    ):
        raise invalid(f"Invalid value for 'content': expected a string, got null. ({where})", f"{where}.content")
    if role == "tool" and not message.get("tool_call_id"):
        raise invalid(
            f"Missing required parameter: '{where}.tool_call_id'.", f"{where}.tool_call_id", "missing_required_parameter"
        )


def _check_tool_turns(messages: list[JsonObject]) -> None:
    """Every tool call is answered at once, and nothing else is."""
    waiting = set[str]()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                words = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                raise invalid(f"Invalid parameter: {words}", f"messages.[{index}].role")
            waiting.discard(message["tool_call_id"])
            continue
        _complain_of_unanswered(waiting, index)
        waiting = {call["id"] for call in message.get("tool_calls") or ()}
    _complain_of_unanswered(waiting, len(messages))


def _complain_of_unanswered(waiting: set[str], index: int) -> None:
    if waiting:
        ids = ", ".join(sorted(waiting))
        rule = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        raise invalid(f"{rule} The following tool_call_ids did not have response messages: {ids}", f"messages.[{index}].role")


def _check_tools(body: JsonObject) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") not in (None, "none", "auto"):
            raise invalid(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", "tool_choice"
            )
        return
    if not tools:
        raise invalid("Invalid 'tools': empty array. Expected an array with minimum length 1.", "tools", "empty_array")
    for index, tool in enumerate(tools):
        if tool.get("type") != "function":
            continue
        name = tool.get("function", {}).get("name", "")
        if not _NAME.match(name):
            words = f"string does not match pattern. Expected a string that matches the pattern '{_NAME.pattern}'."
            raise invalid(f"Invalid 'tools[{index}].function.name': {words}", f"tools[{index}].function.name", "invalid_value")


def _check_format(body: JsonObject) -> None:
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema" and not (wanted.get("json_schema") or {}).get("name"):
        name = "response_format.json_schema.name"
        raise invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if wanted.get("type") == "json_object" and "json" not in str(body["messages"]).lower():
        words = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise invalid(words, "messages")
