"""Where a request goes: into the journey, or home with an answer at once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.reply import HeaderList
from headworks.domain.snapshot import Cors, Snapshot
from headworks.edge import answers, routes
from headworks.edge.answers import Answer
from headworks.edge.cors import CorsRules
from headworks.edge.request import Request
from headworks.edge.routes import Match
from headworks.edge.state import ServerState
from headworks.edge.websocket import opened

_PROBE_METHODS = b"GET, HEAD, OPTIONS"
_ALL_METHODS = b"GET, HEAD, POST, DELETE, OPTIONS"


class WrongMethod(Fault):
    """A path that exists, asked in a way that it does not answer to. `allow` are the ways that it does."""

    def __init__(self, request: Request, allow: bytes) -> None:
        super().__init__(
            "method_not_allowed",
            f"{_shown(request.path)} does not answer to {_shown(request.method)}. Use {allow.decode()}.",
        )
        self.allow = allow


def receive(request: Request, state: ServerState, snapshot: Snapshot) -> Match | Answer:
    """What to do with a request. Raises the `Fault` of one that is refused."""
    if request.fault is not None:
        raise request.fault
    cors = snapshot.edge.cors
    match = routes.exactly(request.target) or _look_up(request, snapshot.mounts)
    if match is None:
        return _elsewhere(request, state, cors)
    method = match.route.method
    if request.method == method or (request.method == b"HEAD" and method == b"GET" and not match.route.raw):
        return opened(request, match) if match.route.kind is Kind.REALTIME else match
    allow = b", ".join((*_answered(request), b"OPTIONS"))
    if request.method == b"OPTIONS":
        return _options(request, state.rules(cors), allow)
    raise WrongMethod(request, allow)


def _answered(request: Request) -> list[bytes]:
    """The methods that a path answers to, `HEAD` wherever `GET`."""
    known = routes.methods(request.path, request.query) or [route.method for route in routes.PASSTHROUGH_ROUTES]
    return [shown for method in known for shown in ((method, b"HEAD") if method == b"GET" else (method,))]


def _look_up(request: Request, mounts: Mapping[bytes, bytes]) -> Match | None:
    try:
        request.straighten()
    except Fault:
        request.keep_alive = False
        raise
    match = routes.find(request.path, request.query, b"GET" if request.method == b"HEAD" else request.method)
    if match is None and mounts:
        return routes.mounted(request.path, request.query, request.method, mounts)
    if match is not None and match.route.front is routes.GEMINI:
        _take_key(request)
    return match


def _take_key(request: Request) -> None:
    """Gemini's clients may show their key in the query. A header comes first."""
    for said in request.query.split(b"&"):
        name, _, value = said.partition(b"=")
        if name == b"key" and value:
            request.headers.setdefault(b"x-goog-api-key", unquote_to_bytes(value))


def _elsewhere(request: Request, state: ServerState, cors: Cors) -> Answer:
    """Paths outside the journey: no key is asked for, no model is involved."""
    path, method = request.path, request.method
    if path == b"*" and method == b"OPTIONS":
        return _options(request, state.rules(cors), _ALL_METHODS)
    told = answers.OLLAMA.get(path)
    if told is None and path not in routes.LIVE and path not in routes.READY:
        raise _unknown(request)
    if method == b"OPTIONS":
        return _options(request, state.rules(cors), _PROBE_METHODS)
    if method not in (b"GET", b"HEAD"):
        raise WrongMethod(request, _PROBE_METHODS)
    if told is not None:
        return told
    return answers.DRAINING if state.draining and path in routes.READY else answers.ALIVE


def _options(request: Request, rules: CorsRules, allow: bytes) -> Answer:
    headers: HeaderList = [(b"allow", allow)]
    return Answer(204, headers + rules.preflight(request.headers, allow))


def _unknown(request: Request) -> Fault:
    hint = routes.hint(request.path)
    return Fault(
        "unknown_endpoint", f"There is no {_shown(request.method)} {_shown(request.path)} here; check the path. {hint}"
    )


def _shown(text: bytes) -> str:
    return text.decode("latin-1")[:120]
