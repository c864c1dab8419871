"""What of a request chooses a model, a price, a feature or storage: nobody uses it unless allowed.

Listed by dialect, its providers' own fields included, each with the feature that permits it. Values that change nothing (`false`,
`null`, the default tier) pass. A principal's `features` name what it may use beyond the plain request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.foreign_fields import STORED, stored_named
from headworks.domain.passthrough import FEATURE as PASSTHROUGH
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model
from headworks.domain.versions import PIN_FEATURE

_BEDROCK = {
    "guardrailConfig": "guardrails",
    "performanceConfig": "speed",
    "additionalModelRequestFields": "model_fields",
}
"""Fields of AWS Bedrock's own, that clients of other languages may send beside theirs."""
_OLLAMA = {"options": "model_options", "keep_alive": "model_options"}
"""Ollama's, likewise: how much memory a model takes, and for how long."""

GOVERNED: dict[str, dict[str, str]] = {
    "openai_chat": {
        **_BEDROCK,
        **_OLLAMA,
        "web_search_options": "web_search",
        "service_tier": "service_tier",
        "store": "store",
        "data_sources": "data_sources",  # Azure
        "models": "models",  # OpenRouter, down to transforms
        "route": "models",
        "fallbacks": "models",
        "provider": "provider",
        "plugins": "plugins",
        "preset": "preset",
        "transforms": "transforms",
        "search_parameters": "web_search",  # xAI
        "enable_search": "web_search",  # Alibaba, with its search_options
        "search_options": "web_search",
        "moderation": "moderation",  # of pictures: less of it
        "file_id": "files",  # Mistral: a recording that it keeps
    },
    "anthropic": {
        **_BEDROCK,
        **_OLLAMA,
        "service_tier": "service_tier",
        "container": "container",
        "mcp_servers": "mcp",
        "speed": "speed",
        "inference_geo": "inference_geo",
    },
    "openai_responses": {
        "service_tier": "service_tier",
        "store": "store",
        "prompt": "prompt",
        "models": "models",  # OpenRouter, down to plugins
        "route": "models",
        "provider": "provider",
        "preset": "preset",
        "transforms": "transforms",
        "plugins": "plugins",
        "search_parameters": "web_search",  # xAI
    },
    "gemini": {
        "cachedContent": "cached_content",
        "serviceTier": "service_tier",
        "store": "store",
        "modelArmorConfig": "model_armor",
        "labels": "labels",
    },
    "cohere": {**_BEDROCK, **_OLLAMA, "connectors": "web_search"},
    "ollama": {"keep_alive": "model_options"},
    "passthrough": {
        "service_tier": "service_tier",
        "store": "store",
        "models": "models",
        "route": "models",
        "fallbacks": "models",
        "provider": "provider",
        "preset": "preset",
        "plugins": "plugins",
        "transforms": "transforms",
        "data_sources": "data_sources",
        "mcp_servers": "mcp",
        "web_search_options": "web_search",
        "search_parameters": "web_search",
    },
}
"""Dialect → top-level field → feature."""
BETA_FIELD = "anthropic_beta"
"""Where AWS reads in the body what Anthropic's own header says."""
_NAMES = {dialect: frozenset((*fields, BETA_FIELD)) for dialect, fields in GOVERNED.items()}

SERVER_TOOLS: dict[str, str] = {
    "tool_search": "server_tools",
    "file_search": "files",
    "filesearch": "files",
    "searchretrieval": "web_search",
    "search_retrieval": "web_search",
    "retrieval": "files",
    "url_context": "web_fetch",
    "urlcontext": "web_fetch",
    "search": "web_search",
    "fetch": "web_fetch",
    "code": "code_execution",
    "mcp": "mcp",
    "advisor": "models",
}
"""A part of a tool's type → feature, the first that fits; a tool that no row knows needs `server_tools`."""
_PLAIN_TOOLS = frozenset((None, "", "function", "custom"))
_CLIENT_TOOLS: dict[str, tuple[str, ...]] = {
    "anthropic": ("bash_", "text_editor_", "computer_", "memory_"),
    "openai_responses": ("local_shell", "apply_patch", "computer", "namespace"),
}
"""Dialect → beginnings of its own types of tools that the caller runs itself."""

BETAS: dict[bytes, str] = {
    b"files-api": "files",
    b"code-execution": "code_execution",
    b"mcp-client": "mcp",
    b"web-fetch": "web_fetch",
    b"context-1m": "long_context",
    b"skills": "container",
    b"fast-mode": "speed",
    b"advisor-tool": "models",
}
"""Parts of the names in `anthropic-beta` that cost or store → feature. All others change only how things are said."""

_BETA_HEADERS = {"anthropic": b"anthropic-beta", "passthrough": b"anthropic-beta"}

SUFFIXES: dict[str, str] = {":online": "web_search", ":nitro": "provider", ":floor": "provider", "@preset": "preset"}
"""Parts of a model's name that OpenRouter takes for orders → feature. They count where the caller writes them, behind a pattern."""

FEATURES: frozenset[str] = frozenset(
    (
        *(feature for fields in GOVERNED.values() for feature in fields.values()),
        *SERVER_TOOLS.values(),
        *BETAS.values(),
        *SUFFIXES.values(),
        PASSTHROUGH,
        PIN_FEATURE,
        "voices",
    )
)
"""All that a key's `features` may name."""

_NOTHING = frozenset((b"null", b"false", b"[]", b"{}", b'""'))
_HARMLESS: dict[str, frozenset[bytes]] = {
    "web_search_options": frozenset((b"null",)),  # empty options are options
    "service_tier": _NOTHING | {b'"auto"', b'"default"', b'"standard_only"'},
    "speed": _NOTHING | {b'"standard"'},
    "moderation": _NOTHING | {b'"auto"'},
    "keep_alive": _NOTHING | {b'"5m"', b'"300s"', b"300"},  # what Ollama does unasked
    "inference_geo": _NOTHING | {b'"global"'},
}
"""Values that ask for nothing, where they are others than `_NOTHING`."""


class _Tool(msgspec.Struct):
    type: str | None = None


class _Bringing(msgspec.Struct):
    tools: msgspec.Raw = msgspec.Raw(b"null")


_TOOLS = msgspec.json.Decoder(list[_Tool] | None)
_BRINGING = msgspec.json.Decoder(list[_Bringing])
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)
_OPTIONS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_TOOLS_BY_NAME = frozenset(("gemini",))
"""Dialects in which a tool's field names what it is, not a type."""
_DRAWING = frozenset(
    (
        *("temperature", "top_k", "top_p", "min_p", "typical_p", "tfs_z", "seed", "stop", "num_predict"),
        *("repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty", "penalize_newline"),
        *("mirostat", "mirostat_eta", "mirostat_tau"),
    )
)
"""Of Ollama's options those that say how an answer is drawn. All others say how a model is loaded, for everybody: how much memory it takes."""
_OPTIONED: dict[str, frozenset[str]] = {"ollama": _DRAWING}
"""Dialects whose `options` anybody may send, and which of them."""
_ANYTHING: Callable[[bytes], object] = msgspec.json.Decoder().decode


def refuse_governed(front: str, ask: Ask, principal: Principal) -> None:
    """Raise `feature_not_allowed` for the first governed field, server tool or foreign file that this caller may not use."""
    names = _NAMES.get(front)
    if names is None:
        return
    fields = ask.fields
    if not names.isdisjoint(fields):
        _refuse_fields(front, fields, principal)
    if "voice" in fields and "voices" not in principal.features and _is_kept(fields["voice"]):
        _demand(principal, "voices", "A voice that is stored at the provider", "voice")
    if "options" in fields and front in _OPTIONED:
        _refuse_options(fields["options"], _OPTIONED[front], principal)
    if "tools" in fields:
        for kind in _server_tools(front, fields["tools"]):
            _demand(principal, feature_of_tool(kind), f"The tool '{kind}', which the provider runs,", "tools")
    if not STORED.issubset(principal.features):
        for feature, field in stored_named(front, fields):
            _demand(principal, feature, "What a provider keeps, or fetches for itself,", field)
    if front == "openai_responses" and "input" in fields:
        _refuse_in_items(bytes(fields["input"]), principal)


def _refuse_fields(front: str, fields: Mapping[str, msgspec.Raw], principal: Principal) -> None:
    for field, feature in GOVERNED[front].items():
        if field in fields and bytes(fields[field]) not in _HARMLESS.get(field, _NOTHING):
            _demand(principal, feature, f"The field '{field}'", field)
    if BETA_FIELD in fields:
        _refuse_betas(_words(fields[BETA_FIELD]), principal, BETA_FIELD)


def _refuse_options(options: msgspec.Raw, free: frozenset[str], principal: Principal) -> None:
    try:
        said = _OPTIONS.decode(options) or {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("invalid_request", "'options' must be an object. Send one.", param="options") from None
    for name, value in said.items():
        if name not in free and bytes(value) not in _NOTHING:
            _demand(principal, "model_options", f"The option '{name}'", f"options.{name}")


def _refuse_in_items(items: bytes, principal: Principal) -> None:
    """Items of Responses may bring tools of their own (`additional_tools`)."""
    if not items.startswith(b"[") or (b'"tools"' not in items and b"\\u00" not in items):
        return
    for item in _BRINGING.decode(items):
        for kind in _server_tools("openai_responses", item.tools):
            _demand(principal, feature_of_tool(kind), f"The tool '{kind}', which the provider runs,", "input")


def refuse_governed_headers(front: str, headers: Mapping[bytes, bytes], principal: Principal) -> None:
    """Raise `feature_not_allowed` for the first beta of Anthropic's that this caller may not use."""
    header = _BETA_HEADERS.get(front)
    betas = headers.get(header) if header is not None else None
    if header is None or not betas:
        return
    _refuse_betas(betas, principal, header.decode())


def _refuse_betas(betas: bytes, principal: Principal, where: str) -> None:
    betas = betas.lower()
    for name, feature in BETAS.items():
        if name in betas:
            _demand(principal, feature, f"The beta '{name.decode()}' of {where}", where)


def _is_kept(voice: msgspec.Raw) -> bool:
    """Whether a voice is one of the account's own: named by an id, not by a name that all know."""
    try:
        said = _ANYTHING(voice)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return not (said is None or (isinstance(said, str) and not said.startswith("voice_")))


def _words(raw: msgspec.Raw) -> bytes:
    """All that a list says, whatever was escaped in it."""
    try:
        return str(_ANYTHING(raw)).encode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return bytes(raw)


def refuse_governed_model(model: Model, principal: Principal) -> None:
    """Raise `feature_not_allowed` where a name holds orders to the provider that this caller may not give."""
    for feature in model.needs:
        _demand(principal, feature, f"An ending of the model's name '{model.name}'", "model")


def features_of_name(star: str) -> tuple[str, ...]:
    """What it takes to ask for the model that stands for a pattern's star."""
    return tuple(feature for part, feature in SUFFIXES.items() if part in star)


def features_of_tools(front: str, tools: msgspec.Raw) -> frozenset[str]:
    """The features of all tools of a request that the provider runs. Raises `Fault` `invalid_request`."""
    return frozenset(map(feature_of_tool, _server_tools(front, tools)))


def feature_of_tool(kind: str) -> str:
    """The feature that permits a tool that the provider runs."""
    plain = kind.lower()
    return next((feature for part, feature in SERVER_TOOLS.items() if part in plain), "server_tools")


def _demand(principal: Principal, feature: str, what: str, param: str) -> None:
    if feature not in principal.features:
        raise Fault(
            "feature_not_allowed",
            f"{what} is governed: this key lacks the feature '{feature}'. "
            f"Leave it out, or ask an administrator to add '{feature}' to the key's features.",
            param=param,
        )


def _server_tools(front: str, tools: msgspec.Raw) -> Iterator[str]:
    if front in _TOOLS_BY_NAME:
        yield from _named_tools(tools)
        return
    if b'"type"' not in (raw := bytes(tools)) and b"\\u" not in raw:
        return
    try:
        listed = _TOOLS.decode(raw) or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault(
            "invalid_request", "'tools' must be a list of objects, each with a 'type' that is text.", param="tools"
        ) from None
    for kind in {tool.type for tool in listed} - _PLAIN_TOOLS:
        if kind and not kind.startswith(_CLIENT_TOOLS.get(front, ())):
            yield kind


def _named_tools(tools: msgspec.Raw) -> Iterator[str]:
    """Gemini's tools that the provider runs: what they are is a field's name (`googleSearch`, `code_execution`), not a type."""
    try:
        listed = _OBJECTS.decode(tools) or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("invalid_request", "'tools' must be a list of objects.", param="tools") from None
    for name in {name for tool in listed for name in tool}:
        if name.replace("_", "").lower() != "functiondeclarations":
            yield name
