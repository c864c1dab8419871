"""How a session is opened: an HTTP request that asks for a WebSocket."""

from __future__ import annotations

import base64
import hashlib

from websockets.utils import accept_key

_NONCE = 16
"""Bytes."""


def ask(call_id: str) -> tuple[bytes, bytes]:
    """Header lines that ask for it, and the accept that answers them. The key need not be hard to guess, only another each time."""
    key = base64.b64encode(hashlib.sha256(call_id.encode()).digest()[:_NONCE]).decode()
    lines = f"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n"
    return lines.encode(), accept_key(key).encode()
