"""Messages, of the frames that they come in."""

from __future__ import annotations

from collections.abc import Iterator

from websockets.frames import OP_BINARY, OP_CONT, Frame
from websockets.protocol import Protocol

SLICE = 16_384
"""Bytes that are read at a time."""


class Pieces:
    """What has come of one side's message. Its size is bounded by whoever reads the frames."""

    __slots__ = ("_come", "binary")

    def __init__(self) -> None:
        self._come = bytearray()
        self.binary = False
        """The message, or what has come of it, is not text."""

    def whole(self, frame: Frame) -> bytes | None:
        """The message that a frame completes."""
        if frame.opcode is not OP_CONT:
            self.binary = frame.opcode is OP_BINARY
            if frame.fin:
                return bytes(frame.data)
        self._come += frame.data
        if not frame.fin:
            return None
        message = bytes(self._come)
        self._come = bytearray()
        return message


def frames(side: Protocol, data: bytes) -> Iterator[Frame]:
    """What `data` brings. Pings are answered already."""
    for start in range(0, len(data), SLICE):
        side.receive_data(data[start : start + SLICE])
        for event in side.events_received():
            if isinstance(event, Frame):
                yield event
