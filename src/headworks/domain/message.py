"""The canonical conversation: what a caller asks of a model, whatever language it was asked in.

Each dialect reads its request into a `Conversation` and writes one out. What only one dialect knows travels in `extra` and
`raw`, stamped with that dialect's name in `Conversation.dialect`: the same dialect writes it back unchanged, any other one
must report it as a downgrade or refuse. Nothing is dropped in silence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

JsonObject = dict[str, Any]

FORM = "form"
"""In `extra`: how the conversation's dialect put it (ids of items, defaults said aloud). Others lose nothing by leaving it out."""


class Role(StrEnum):
    """Who speaks. `developer` is OpenAI's newer word for `system`."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Part(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """A piece of a message. `extra` holds fields of the piece that only its dialect knows (`cache_control`, …)."""

    extra: JsonObject = {}


class Text(Part, frozen=True):
    """Plain text."""

    text: str


class Image(Part, frozen=True):
    """A picture: inline (`data` is base64, `media_type` its type), by `url`, or by a provider's `file_id`."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""
    detail: str = ""


class Document(Part, frozen=True):
    """A document (PDF, plain text): inline base64, inline text, by URL, or by a provider's file id."""

    media_type: str = ""
    data: str = ""
    text: str = ""
    url: str = ""
    file_id: str = ""
    name: str = ""
    context: str = ""


class Audio(Part, frozen=True):
    """Sound, inline base64 in `format`, or a provider's id of an earlier answer's audio."""

    data: str = ""
    format: str = ""
    id: str = ""


class ToolCall(Part, frozen=True):
    """The model asked for a tool. `arguments` is JSON text exactly as the model wrote it (it need not be valid).

    `parsed` is set where the wire carried the arguments as a JSON object instead of text.
    """

    id: str
    name: str
    arguments: str = ""
    parsed: JsonObject | None = None


class ToolResult(Part, frozen=True):
    """What a tool said. `plain` tells that the content was a bare string on the wire.

    `name` (of the tool) and `parsed` are set where the wire carried a name, and an object instead of text: `content` tells it as text.
    """

    call_id: str
    content: tuple[Part, ...] = ()
    is_error: bool = False
    plain: bool = False
    name: str = ""
    parsed: JsonObject | None = None


class Reasoning(Part, frozen=True):
    """What the model thought. `signature` is opaque and must return unchanged; `redacted` is opaque content without text."""

    text: str = ""
    signature: str = ""
    redacted: str = ""


class Refusal(Part, frozen=True):
    """The model declined, in words."""

    text: str


class Opaque(Part, frozen=True):
    """A part that only its own dialect knows: `raw` is the wire object. Other dialects report or refuse it."""

    raw: JsonObject


class Message(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One turn. `plain` tells that the content was a bare string on the wire, `null` that it was JSON null; `absent` that
    there was no content field at all; `apart` that it stood outside the list of messages (Anthropic's `system`).
    """

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""
    plain: bool = False
    null: bool = False
    absent: bool = False
    apart: bool = False
    extra: JsonObject = {}


class Tool(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A function that the model may call. `raw` is set, and the rest empty, for server-side tools only one dialect knows."""

    name: str = ""
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    extra: JsonObject = {}
    raw: JsonObject | None = None


class ToolChoiceMode(StrEnum):
    """Whether and which tool must be called."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    NAMED = "named"


class ToolChoice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`parallel` is None where the caller left it to the model. `allowed` names the tools among which to choose, where those are not
    all. `raw` holds a choice only its dialect knows. `implied` tells that the caller said `parallel` alone.
    """

    mode: ToolChoiceMode
    name: str = ""
    allowed: tuple[str, ...] = ()
    parallel: bool | None = None
    raw: Any = None
    implied: bool = False


class OutputFormat(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Structured output. `kind` is `text`, `json_object` or `json_schema`."""

    kind: str
    name: str = ""
    schema: JsonObject | None = None
    strict: bool | None = None
    description: str | None = None
    extra: JsonObject = {}


class ReasoningAsk(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How much the model should think: a word (`effort`), a token `budget`, or both unset with `enabled`."""

    enabled: bool = True
    effort: str = ""
    budget: int | None = None
    extra: JsonObject = {}


class Sampling(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How the answer is drawn. None means «not said»."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A whole request in canonical form.

    `dialect` names the language it was read from; `max_tokens_field` remembers which of several names for the output cap was used.
    System prompts stay messages with role `system`/`developer`, in their place; dialects that keep them apart move them.
    """

    dialect: str
    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    output: OutputFormat | None = None
    reasoning: ReasoningAsk | None = None
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    max_tokens_field: str = ""
    stop: tuple[str, ...] = ()
    stop_plain: bool = False
    choices: int | None = None
    logprobs: int | None = None
    """With how many other candidates each token's likelihood is wanted; None where it is not."""
    stream: bool | None = None
    include_usage: bool | None = None
    user: str = ""
    metadata: JsonObject = {}
    extra: JsonObject = {}
    """Every top-level field that is none of the above, as it came."""


class Downgrade(msgspec.Struct, frozen=True):
    """Something the target's dialect cannot express. `path` names the field (`tools[2]`, `logprobs`); `what` says what became of it."""

    path: str
    what: str
