"""OpenAI-shaped requests → the emulator's own question."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.allowance import PromptCache
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.question import Attachments, Block, JsonObject, Offer, Question, ToolMode
from headworks.testing.emulator.tokens import PER_DOCUMENT, PER_IMAGE, PER_MESSAGE, PER_TOOL, tokens_of

_PIECE_TOKENS = {"image_url": PER_IMAGE, "file": PER_DOCUMENT, "input_audio": PER_IMAGE}
_ATTACHED = {"image_url": Attachments(images=1), "file": Attachments(documents=1), "input_audio": Attachments(audio=1)}
_DATA_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def read_chat(body: JsonObject, personality: Personality, cache: PromptCache) -> Question:
    """A `/chat/completions` body. Raises `Rejection`."""
    rules.check_chat(body)
    if personality.strict_params:
        rules.check_params(body, rules.CHAT_PARAMS)
    messages: list[JsonObject] = body["messages"]
    begun = _begun(body)
    messages = messages[:-1] if begun else messages
    blocks, attachments = _blocks(messages)
    offers = tuple(_offer(tool) for tool in body.get("tools") or () if tool.get("type") == "function")
    blocks[:0] = [
        Block(f"{offer.name} {offer.description} {offer.schema}", PER_TOOL + tokens_of(str(offer.schema))) for offer in offers
    ]
    mode, named = _tool_choice(body.get("tool_choice"))
    wanted: JsonObject = body.get("response_format") or {}
    return Question(
        model=body["model"],
        prompt="\n".join(block.text for block in blocks),
        last=_last_text(messages, "user"),
        prompt_tokens=3 + sum(block.tokens for block in blocks) + tokens_of(begun),
        begun=begun,
        cache=cache.automatic(blocks),
        attachments=attachments,
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        offers=offers,
        tool_mode=mode,
        tool_named=named,
        parallel=body.get("parallel_tool_calls"),
        tool_results=_tool_results(messages),
        schema=wanted["json_schema"].get("schema") if wanted.get("type") == "json_schema" else None,
        json_mode=wanted.get("type") == "json_object",
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=_stops(body.get("stop")),
        choices=body.get("n") or 1,
        thinks=personality.thinks or body.get("reasoning_effort") not in (None, "none"),
        logprobs=bool(body.get("logprobs")),
        label=body.get("user") or body.get("safety_identifier") or "",
    )


def _begun(body: JsonObject) -> str:
    """What the answer is to go on with, as vLLM is asked to."""
    last = body["messages"][-1]
    content = last.get("content")
    return content if body.get("continue_final_message") and last["role"] == "assistant" and isinstance(content, str) else ""


def read_completion(body: JsonObject) -> Question:
    """A `/completions` body. Raises `Rejection`."""
    rules.check_common(body)
    prompt = body.get("prompt", "")
    text = prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))
    return Question(
        kind="completions",
        model=body["model"],
        prompt=text,
        last=text,
        prompt_tokens=max(1, tokens_of(text)),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        max_tokens=body.get("max_tokens") or 16,
        stops=_stops(body.get("stop")),
        choices=body.get("n") or 1,
        label=body.get("user") or "",
    )


def text_of(content: Any) -> str:
    """All text of a message's content, string or parts."""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or part.get("refusal") or "" for part in content or ())


def _blocks(messages: list[JsonObject]) -> tuple[list[Block], Attachments]:
    blocks, attachments = list[Block](), Attachments()
    for index, message in enumerate(messages):
        content = message.get("content")
        text = "\n".join([text_of(content), *(str(call.get("function")) for call in message.get("tool_calls") or ())])
        tokens = PER_MESSAGE + tokens_of(text)
        for number, part in enumerate(content if isinstance(content, list) else ()):
            _check_part(part, f"messages[{index}].content[{number}]")
            tokens += _PIECE_TOKENS.get(part["type"], 0)
            attachments += _ATTACHED.get(part["type"], Attachments())
        blocks.append(Block(text, tokens))
    return blocks, attachments


def _check_part(part: JsonObject, where: str) -> None:
    kind = part.get("type")
    if kind not in ("text", "refusal", *_ATTACHED):
        supported = "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'"
        raise rules.invalid(f"Invalid value: '{kind}'. Supported values are: {supported}.", f"{where}.type", "invalid_value")
    if kind != "image_url":
        return
    url: str = part["image_url"]["url"]
    if not url.startswith(("http://", "https://", *_DATA_IMAGES)):
        formats = "['png', 'jpeg', 'gif', 'webp']"
        words = f"You uploaded an unsupported image. Please make sure your image has of one the following formats: {formats}."
        raise rules.invalid(words, code="invalid_image_format")
    if url.startswith("data:"):
        try:
            base64.b64decode(url.partition(",")[2], validate=True)
        except binascii.Error as wrong:
            raise rules.invalid("Invalid base64 image_url.", f"{where}.image_url.url", "invalid_base64") from wrong


def _offer(tool: JsonObject) -> Offer:
    function: JsonObject = tool["function"]
    return Offer(function["name"], function.get("description") or "", function.get("parameters") or {})


def _tool_choice(choice: Any) -> tuple[ToolMode, str]:
    if isinstance(choice, dict):
        return ToolMode.REQUIRED, (choice.get("function") or {}).get("name", "")
    return (ToolMode(choice), "") if choice in ("none", "required") else (ToolMode.AUTO, "")


def _tool_results(messages: list[JsonObject]) -> tuple[str, ...]:
    results = list[str]()
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.append(text_of(message["content"]))
    return tuple(reversed(results))


def _last_text(messages: list[JsonObject], role: str) -> str:
    return next((text_of(message.get("content")) for message in reversed(messages) if message["role"] == role), "")


def _stops(stop: Any) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop or ())
