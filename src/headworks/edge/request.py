"""One request as it was read, and what is refused about it at the sight of its head.

The parser (llhttp, strict) refuses on its own: conflicting or malformed lengths, folded headers, bare line feeds, spaces before colons,
control characters, malformed chunks. What it lets pass and two readers might understand differently is refused here.
"""

from __future__ import annotations

import re

from headworks.domain.errors import Fault
from headworks.domain.kind import UPLOADS
from headworks.domain.snapshot import EdgeSettings
from headworks.edge.body import IncomingBody
from headworks.edge.forms.headers import is_form
from headworks.edge.routes import find

MAX_HEADERS = 100
MAX_TARGET_BYTES = 8_192

SINGLE = frozenset(
    (
        b"anthropic-version",
        b"api-key",
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"expect",
        b"host",
        b"idempotency-key",
        b"origin",
        b"transfer-encoding",
        b"x-api-key",
        b"x-goog-api-key",
    )
)
"""Headers that must not come twice: which of the two would count?"""

_proper_host = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?").fullmatch
_FORBIDDEN_METHODS = frozenset((b"CONNECT", b"TRACE"))


class Request:
    """What a client asked, in HTTP's words. `fault` says that it is to be refused, and why."""

    method: bytes = b""
    target: bytes = b""
    repeated: int = 0
    """Header lines beyond the first of each name."""
    modern: bool = True
    """HTTP/1.1, not 1.0."""
    keep_alive: bool = False
    expects: bool = False
    """It waits for `100 Continue` before it sends the body."""
    websocket: bool = False
    """What follows its head on the connection is no HTTP."""
    fault: Fault | None = None

    def __init__(self, headers: dict[bytes, bytes] | None = None, body: IncomingBody | None = None) -> None:
        self.headers: dict[bytes, bytes] = {} if headers is None else headers
        self.body = IncomingBody() if body is None else body

    @property
    def weight(self) -> int:
        """Bytes of the head, about."""
        return len(self.target) + sum(len(name) + len(value) + 4 for name, value in self.headers.items())

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """What the target says behind its path."""
        return self.target.partition(b"?")[2]

    def straighten(self) -> None:
        """Make the target a path, where it is a whole URL. Raises `Fault` for a target that leads nowhere or elsewhere."""
        target = self.target
        if len(target) > MAX_TARGET_BYTES:
            raise Fault("uri_too_long", f"The URL is longer than {MAX_TARGET_BYTES} bytes. Put the data into the body.")
        if b"#" in target:
            raise malformed("The URL holds a fragment ('#…'), which is never sent to a server.")
        if target[:1] != b"/" and target != b"*":
            self.target = _origin_form(target, self.headers.get(b"host"))


def malformed(message: str) -> Fault:
    """A request that is not proper HTTP."""
    return Fault("malformed_request", f"{message} Send a well-formed HTTP/1.1 request.")


def inspect(request: Request, version: str, settings: EdgeSettings) -> None:
    """Raise the `Fault` for which a request is refused by its head alone, whatever its target. Settles version and expectation."""
    headers = request.headers
    if version != "1.1":
        _inspect_version(request, version)
    if request.method in _FORBIDDEN_METHODS:
        raise Fault(
            "method_not_allowed",
            f"{request.method.decode()} is not served: this is a gateway to models, not a proxy. Use GET or POST.",
        )
    if len(headers) + request.repeated > MAX_HEADERS:
        raise Fault("headers_too_large", f"The request has more than {MAX_HEADERS} headers. Send fewer.")
    _inspect_host(headers.get(b"host"), request)
    length = headers.get(b"content-length")
    if length is not None and int(length) > settings.max_body_bytes and int(length) > largest(request, settings):
        raise too_large(request, settings)
    if b"transfer-encoding" in headers:
        _inspect_coding(request)
    if b"expect" in headers:
        _inspect_expectation(request)
    if b"content-encoding" in headers and headers[b"content-encoding"].lower() != b"identity":
        raise Fault(
            "unsupported_media_type", "Compressed request bodies are not accepted. Send the body without content-encoding."
        )


def is_upload(request: Request) -> bool:
    """Whether the body is a form with files, at an endpoint that takes such."""
    if request.method != b"POST" or not is_form(request.headers.get(b"content-type", b"")):
        return False
    match = find(request.path, request.query, request.method)
    return match is not None and match.route.kind in UPLOADS


def largest(request: Request, settings: EdgeSettings) -> int:
    """Bytes that the body may have."""
    return max(settings.max_upload_bytes, settings.max_body_bytes) if is_upload(request) else settings.max_body_bytes


def too_large(request: Request, settings: EdgeSettings) -> Fault:
    """A body beyond the limit."""
    name = "max_upload_bytes" if is_upload(request) else "max_body_bytes"
    limit = largest(request, settings)
    return Fault(
        "request_too_large",
        f"The request's body is larger than {limit} bytes, the limit set here (server.{name}). Send less at once.",
    )


def _inspect_version(request: Request, version: str) -> None:
    if version != "1.0":
        raise Fault("version_not_supported", f"HTTP/{version} is not spoken here. Use HTTP/1.1.")
    request.modern = False


def _inspect_host(host: bytes | None, request: Request) -> None:
    if host is None:
        if request.modern:
            raise malformed("The Host header is missing. HTTP/1.1 requires exactly one.")
    elif not _proper_host(host):
        raise malformed("The Host header is not a host name with an optional port.")


def _origin_form(target: bytes, host: bytes | None) -> bytes:
    """The path of a URL that was sent whole. It must name the same host as the Host header."""
    scheme, _, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if scheme.lower() not in (b"http", b"https") or b"?" in authority:
        raise malformed("The request's target is neither a path nor an http(s) URL.")
    if host is not None and authority.lower() != host.lower():
        raise malformed("The URL names another host than the Host header.")
    return slash + path or b"/"


def _inspect_coding(request: Request) -> None:
    if request.headers[b"transfer-encoding"].lower() != b"chunked" or not request.modern:
        raise malformed("The only transfer-encoding understood is 'chunked', in HTTP/1.1.")


def _inspect_expectation(request: Request) -> None:
    if not request.modern:
        return
    if request.headers[b"expect"].lower() != b"100-continue":
        raise Fault("expectation_failed", "The only expectation understood is '100-continue'. Leave the header out.")
    request.expects = True
