"""WebSocket's handshake, the client's side: what is asked for, and how it is granted."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from websockets.utils import accept_key

from headworks.domain.errors import Fault
from headworks.domain.where import Where
from headworks.edge.request import Request
from headworks.edge.routes import Match

PATH = b"/realtime"
PROTOCOL = b"realtime"
_KEY = b"openai-insecure-api-key."
"""What browsers, which can set no headers, put before a key in the list of subprotocols."""
_NONCE = 16
"""Bytes."""
_ELSEWHERE = {
    "call_id": "Calls are joined where they were made.",
    "intent": "Ask POST /v1/audio/transcriptions, or a model of conversations.",
}
"""Words of the query that ask for what is not done here, and what to do instead."""


def asks_for_websocket(request: Request) -> bool:
    """Whether a request that wants another protocol may have it: a WebSocket, where there is one.

    Not with a body: what follows the head would be its to one reader and the WebSocket's to the next.
    """
    headers = request.headers
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0" or not request.modern:
        return False
    wanted = headers[b"upgrade"].lower()
    return wanted == b"websocket" and request.method == b"GET" and request.path.rstrip(b"/").endswith(PATH)


def opened(request: Request, match: Match) -> Match:
    """What the handshake says beside the path. Raises `Fault`. A key among the subprotocols becomes a header, and leaves the list."""
    if not request.websocket:
        raise Fault(
            "upgrade_refused", "This address is a WebSocket's. Use a client of WebSockets: wss://…/v1/realtime?model=NAME."
        )
    _inspect(request)
    _take_key(request)
    said = parse_qs(request.query.decode("latin-1"))
    for name, advice in _ELSEWHERE.items():
        if name in said:
            raise Fault("invalid_request", f"'{name}' is not done here. Leave it out. {advice}", param=name)
    models = said.get("model", [])
    if len(models) != 1:
        count = "two models" if models else "no model"
        raise Fault("invalid_request", f"The address names {count}. Use /v1/realtime?model=NAME.", param="model")
    return Match(match.route, Where(models[0]))


def granted(request: Request) -> bytes:
    """The header lines of the answer that switches."""
    accept = accept_key(request.headers[b"sec-websocket-key"].decode("latin-1")).encode()
    lines = b"upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n" % accept
    return lines + b"sec-websocket-protocol: %b\r\n" % PROTOCOL if PROTOCOL in _protocols(request) else lines


def _inspect(request: Request) -> None:
    headers = request.headers
    if headers.get(b"sec-websocket-version") != b"13":
        raise Fault("upgrade_refused", "Only version 13 of WebSocket is spoken. Send sec-websocket-version: 13.")
    try:
        nonce = base64.b64decode(headers.get(b"sec-websocket-key", b""), validate=True)
    except binascii.Error:
        nonce = b""
    if len(nonce) != _NONCE:
        raise Fault("upgrade_refused", "The header 'sec-websocket-key' has to be 16 bytes in base64. Use a WebSocket client.")


def _take_key(request: Request) -> None:
    for said in _protocols(request):
        if said.startswith(_KEY):
            request.headers.setdefault(b"authorization", b"Bearer " + said[len(_KEY) :])
    kept = [said for said in _protocols(request) if not said.startswith(_KEY)]
    request.headers[b"sec-websocket-protocol"] = b", ".join(kept)


def _protocols(request: Request) -> list[bytes]:
    return [said.strip() for said in request.headers.get(b"sec-websocket-protocol", b"").split(b",")]
