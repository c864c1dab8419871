"""Conversations as a plain client of WebSockets holds them."""

from __future__ import annotations

import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.connection import Connection


def say(talk: Connection, text: str) -> None:
    """One message of the user's, and the wish for an answer."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    talk.send(json.dumps({"type": "conversation.item.create", "item": item}))
    talk.send(json.dumps({"type": "response.create"}))


def until(talk: Connection, kind: str) -> None:
    """Listen up to the first event of this kind."""
    while json.loads(talk.recv())["type"] != kind:
        pass


def goodbye(talk: Connection) -> tuple[list[str], int]:
    """Kinds of the events until the end, and the code."""
    kinds: list[str] = []
    while True:
        try:
            kinds.append(json.loads(talk.recv())["type"])
        except ConnectionClosed as closed:
            return kinds, closed.rcvd.code if closed.rcvd is not None else 0


def id_of(talk: Connection) -> str:
    """Of the exchange."""
    assert isinstance(talk, ClientConnection)
    assert talk.response is not None
    return talk.response.headers["x-request-id"]
