"""What is answered where: a table.

Every path is reachable with `/v1`, without it, and with it doubled, because SDKs differ in what they add to their base URL. Gemini's have
`/v1beta` and name the model; Vertex AI's clients put a project and a place before them, which say nothing here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

import msgspec

from headworks.domain.kind import Kind
from headworks.domain.where import NOWHERE, Form, Where


class Front(msgspec.Struct, frozen=True):
    """A client's dialect, as far as HTTP is concerned: the header besides `x-request-id` that its SDKs read our id from, and how
    the last event of a stream tells an error.
    """

    name: str
    id_header: bytes = b""
    event: bytes = b"\n\ndata: %b\n\n"
    """An error event around its body. It begins with a blank line, in case the stream broke off within an event."""
    limits: str = ""
    """How the headers begin that say how limits stand; empty for `x-ratelimit-…`."""


_NAMED_EVENT = b"\n\nevent: error\ndata: %b\n\n"
OPENAI = Front("openai_chat")
RESPONSES = Front("openai_responses", event=_NAMED_EVENT)
ANTHROPIC = Front("anthropic", b"request-id", _NAMED_EVENT, "anthropic-ratelimit")

GEMINI = Front("gemini")
_COHERE_DELTA = b'{"finish_reason":"ERROR","error":"The answer was broken off."}'
COHERE = Front(
    "cohere",
    event=b'\n\nevent: message-end\ndata: {"type":"message-end","delta":%b,"fault":%%b}\n\n' % _COHERE_DELTA,
)
OLLAMA = Front("ollama", event=b"%b\n")
PASSTHROUGH = Front("passthrough")

MARKS = {b"anthropic-version": ANTHROPIC, b"x-goog-api-key": GEMINI}
"""Headers by which a client of a path that several dialects have says which one it speaks."""
COHERE_MARK, COHERE_CLIENT = b"x-fern-sdk-name", b"cohere"
"""The same of Cohere's libraries: others of the same maker bear the header with another name."""


class Route(msgspec.Struct, frozen=True):
    """One endpoint. A path that ends in a slash takes the rest as the call's subject, up to `action` where there is one. With `shared`,
    clients that send one of `MARKS` are answered in its dialect, and Cohere's libraries in Cohere's.
    """

    method: bytes
    path: bytes
    kind: Kind
    front: Front = OPENAI
    shared: bool = False
    action: bytes = b""
    """How the path ends, behind the subject: `:generateContent`."""
    query: bytes = b""
    """What the query must say."""
    form: Form = Form.ASKED
    parameters: frozenset[str] = frozenset()
    """Parameters of the query that travel on."""
    raw: bool = False
    """All that follows the path is the subject, as it was sent, query and all."""

    @property
    def shown(self) -> str:
        """The path as documents write it."""
        return f"{self.path.decode()}{'{id}' * self.path.endswith(b'/')}{self.action.decode()}"

    def spoken(self, headers: Mapping[bytes, bytes]) -> Front:
        """The dialect of a client that sent `headers`."""
        if not self.shared:
            return self.front
        if headers.get(COHERE_MARK) == COHERE_CLIENT:
            return COHERE
        return next((front for mark, front in MARKS.items() if mark in headers), self.front)


_OF_RESPONSES = frozenset(("include", "include[]", "include_obfuscation", "starting_after", "stream"))
_OF_ITEMS = frozenset(("after", "before", "include", "include[]", "limit", "order"))

ROUTES = (
    Route(b"POST", b"/chat/completions", Kind.CHAT),
    Route(b"POST", b"/responses", Kind.CHAT, RESPONSES),
    Route(b"POST", b"/responses/input_tokens", Kind.COUNT_TOKENS, RESPONSES),
    Route(b"GET", b"/responses/", Kind.RESPONSE, RESPONSES, parameters=_OF_RESPONSES),
    Route(b"DELETE", b"/responses/", Kind.DELETE_RESPONSE, RESPONSES),
    Route(b"POST", b"/responses/", Kind.CANCEL_RESPONSE, RESPONSES, action=b"/cancel"),
    Route(b"GET", b"/responses/", Kind.RESPONSE_ITEMS, RESPONSES, action=b"/input_items", parameters=_OF_ITEMS),
    Route(b"POST", b"/completions", Kind.COMPLETIONS),
    Route(b"POST", b"/embeddings", Kind.EMBEDDINGS),
    Route(b"POST", b"/rerank", Kind.RERANK),
    Route(b"POST", b"/moderations", Kind.MODERATIONS),
    Route(b"POST", b"/images/generations", Kind.IMAGES),
    Route(b"POST", b"/images/edits", Kind.IMAGE_EDITS),
    Route(b"POST", b"/images/variations", Kind.IMAGE_VARIATIONS),
    Route(b"POST", b"/audio/speech", Kind.SPEECH),
    Route(b"POST", b"/audio/transcriptions", Kind.TRANSCRIPTIONS),
    Route(b"POST", b"/audio/translations", Kind.TRANSLATIONS),
    Route(b"GET", b"/realtime", Kind.REALTIME),
    Route(b"POST", b"/feedback", Kind.FEEDBACK),
    Route(b"GET", b"/models", Kind.MODELS, shared=True),
    Route(b"GET", b"/models/", Kind.MODEL, shared=True),
    Route(b"POST", b"/messages", Kind.CHAT, ANTHROPIC),
    Route(b"POST", b"/messages/count_tokens", Kind.COUNT_TOKENS, ANTHROPIC),
)
PREFIXES = (b"/v1", b"", b"/v1/v1")
COHERE_ROUTES = (
    Route(b"POST", b"/v2/chat", Kind.CHAT, COHERE),
    Route(b"POST", b"/v2/embed", Kind.EMBEDDINGS, COHERE),
    Route(b"POST", b"/v2/rerank", Kind.RERANK),
)
"""Cohere's clients ask under a version of their own. Of rankings all clients have Cohere's form."""
_MODEL = b"/models/"
GEMINI_ROUTES = (
    Route(b"POST", _MODEL, Kind.CHAT, GEMINI, action=b":generateContent", form=Form.WHOLE),
    Route(b"POST", _MODEL, Kind.CHAT, GEMINI, action=b":streamGenerateContent", query=b"alt=sse", form=Form.EVENTS),
    Route(b"POST", _MODEL, Kind.CHAT, GEMINI, action=b":streamGenerateContent", form=Form.ARRAY),
    Route(b"POST", _MODEL, Kind.COUNT_TOKENS, GEMINI, action=b":countTokens", form=Form.WHOLE),
    Route(b"POST", _MODEL, Kind.EMBEDDINGS, GEMINI, action=b":embedContent", form=Form.WHOLE),
    Route(b"POST", _MODEL, Kind.EMBEDDINGS, GEMINI, action=b":batchEmbedContents", form=Form.WHOLE),
    Route(b"GET", b"/models", Kind.MODELS, GEMINI),
    Route(b"GET", _MODEL, Kind.MODEL, GEMINI),
)
OLLAMA_ROUTES = (
    Route(b"POST", b"/api/chat", Kind.CHAT, OLLAMA, form=Form.LINES),
    Route(b"POST", b"/api/generate", Kind.CHAT, OLLAMA, form=Form.LINES),
    Route(b"POST", b"/api/embed", Kind.EMBEDDINGS, OLLAMA),
    Route(b"POST", b"/api/embeddings", Kind.EMBEDDINGS, OLLAMA),
    Route(b"GET", b"/api/tags", Kind.MODELS, OLLAMA),
    Route(b"POST", b"/api/show", Kind.MODEL, OLLAMA),
)
PASSTHROUGH_ROUTES = tuple(
    Route(method, b"/passthrough/", Kind.PASSTHROUGH, PASSTHROUGH, raw=True)
    for method in (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE")
)
"""Which of these a provider's path answers to, its own list says."""
_BY_METHOD = {route.method: route for route in PASSTHROUGH_ROUTES}
ALL_ROUTES = (*ROUTES, *COHERE_ROUTES, *GEMINI_ROUTES, *OLLAMA_ROUTES, *PASSTHROUGH_ROUTES)
GEMINI_PREFIXES = (b"/v1beta", b"/v1", b"")
"""What asks for no model's action under the last two is OpenAI's."""
_VERTEX = re.compile(rb"/v1(?:beta1?)?/projects/[^/]+/locations/[^/]+/publishers/[^/]+(?=/models)")

_TABLE = [
    *((b"", route) for route in (*COHERE_ROUTES, *OLLAMA_ROUTES, *PASSTHROUGH_ROUTES)),
    *((prefix, route) for prefix in PREFIXES for route in ROUTES),
    *((prefix, route) for prefix in GEMINI_PREFIXES for route in GEMINI_ROUTES if route.action or prefix == GEMINI_PREFIXES[0]),
]
_EXACT = {prefix + route.path: route for prefix, route in _TABLE if not route.path.endswith(b"/")}
_NAMED = sorted(
    ((prefix + route.path, route) for prefix, route in _TABLE if route.path.endswith(b"/")),
    key=lambda row: (len(row[1].action), len(row[1].query)),
    reverse=True,
)
"""What says more comes first."""

_LONGEST = 64
"""Characters of an unknown path that are compared with those we know: comparing costs time, and asking costs nothing."""

LIVE = (b"/livez", b"/healthz", b"/health/liveliness", b"/health/liveness")
READY = (b"/readyz", b"/health/readiness")
"""Probes of orchestrators, under the names that their users are used to."""


ELSEWHERE = {
    "/conversations": "Conversations are not kept: go on from an answer with 'previous_response_id' in POST /v1/responses.",
    "/metrics": "Metrics are on the control port (4456 unless control.port says otherwise): GET /metrics there.",
    **dict.fromkeys(
        ("/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete", "/api/blobs"),
        "Models are named in the gateway's configuration, and neither pulled nor changed by clients: GET /api/tags lists them.",
    ),
}
"""Paths, without `/v1`, that many ask for and a guess would lead astray."""


class Match(msgspec.Struct, frozen=True):
    """A path that leads somewhere."""

    route: Route
    where: Where = NOWHERE


_MATCHES = {path: Match(route, Where(form=route.form)) for path, route in _EXACT.items()}


def mounted(path: bytes, query: bytes, method: bytes, mounts: Mapping[bytes, bytes]) -> Match | None:
    """Where a path leads that an operator has made stand for a provider's."""
    for prefix in PREFIXES:
        first, slash, rest = path.removeprefix(prefix + b"/").partition(b"/")
        there = mounts.get(first) if path.startswith(prefix + b"/") else None
        if there is not None:
            route = _BY_METHOD.get(method, PASSTHROUGH_ROUTES[0])
            asked = b"%b/%b%b%b" % (there, first, slash, rest)
            return Match(route, _raw(asked.decode("latin-1"), query, route))
    return None


@lru_cache(maxsize=1)
def beginnings() -> frozenset[str]:
    """With what paths of our own begin, a version left out."""
    return frozenset(route.path.decode().split("/")[1] for route in ALL_ROUTES)


def exactly(target: bytes) -> Match | None:
    """Where a target leads that is spelled as we spell it."""
    return _MATCHES.get(target)


def find(path: bytes, query: bytes = b"", method: bytes = b"") -> Match | None:
    """Where a path leads: to the route of this method, if it has one. A trailing slash is forgiven; what a path names may be
    percent-encoded and hold slashes.
    """
    path = _VERTEX.sub(GEMINI_PREFIXES[0], path, count=1)
    match = _MATCHES.get(path) or _MATCHES.get(path.rstrip(b"/"))
    if match is not None:
        return match
    found = list(_named(path, query))
    return next((match for match in found if match.route.method == method), found[0] if found else None)


def front_of(path: bytes, headers: Mapping[bytes, bytes]) -> Front:
    """What a client speaks that asked for a path, whether or not it leads anywhere."""
    match = find(path)
    if match is not None:
        return match.route.spoken(headers)
    return OLLAMA if path.startswith(b"/api/") else OPENAI


def methods(path: bytes, query: bytes = b"") -> list[bytes]:
    """All methods that a path answers to."""
    exact = _MATCHES.get(path) or _MATCHES.get(path.rstrip(b"/"))
    return [match.route.method for match in ([exact] if exact else _named(path, query))]


def _named(path: bytes, query: bytes) -> Iterator[Match]:
    """All that a path with a subject leads to by what says most of it, each by another method."""
    said = query.split(b"&")
    action: bytes | None = None
    for prefix, route in _NAMED:
        if action is not None and route.action != action:
            return
        if path.startswith(prefix) and path.endswith(route.action) and (not route.query or route.query in said):
            action = route.action
            rest = path[len(prefix) : len(path) - len(action)].decode("latin-1")
            if route.raw:
                yield Match(route, _raw(rest, query, route))
                continue
            yield Match(route, Where(unquote(rest, errors="replace"), route.form, _parameters(query, route)))


def _raw(rest: str, query: bytes, route: Route) -> Where:
    asked = f"{rest}?{query.decode('latin-1')}" if query else rest
    return Where(asked, method=route.method.decode())


def _parameters(query: bytes, route: Route) -> tuple[tuple[str, str], ...]:
    if not query or not route.parameters:
        return ()
    return tuple(pair for pair in parse_qsl(query.decode("latin-1")) if pair[0] in route.parameters)


def hint(path: bytes) -> str:
    """Advice for who asked for a path that leads nowhere."""
    asked = path.removeprefix(b"/v1").decode("latin-1")
    for known, advice in ELSEWHERE.items():
        if asked.rstrip("/") == known or asked.startswith(f"{known}/"):
            return advice
    close = _nearest(asked[:_LONGEST])
    return f"Did you mean {close}?" if close else f"There is: {overview()}."


def _nearest(asked: str) -> str:
    """The endpoint that it most looks like, method first; empty if none does."""
    known = {route.path.decode(): route for route in ROUTES}
    close = difflib.get_close_matches(asked, known, n=1, cutoff=0.6)
    return f"{known[close[0]].method.decode()} /v1{close[0]}" if close else ""


def overview() -> str:
    """All endpoints in one line, for who is lost."""
    return ", ".join(f"{route.method.decode()} /v1{route.shown}" for route in ROUTES)
