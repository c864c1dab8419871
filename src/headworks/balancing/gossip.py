"""What gateways tell each other of what they have sent where: prompts that targets have read, and what these have still to do."""

from __future__ import annotations

import msgspec

from headworks.balancing.load import LoadBook, Told

MOST_BLOCKS = 16_384
"""Of prompts, in one message. What goes beyond is left out: an index that lacks some of them guesses a little worse."""
LARGEST = 1 << 20
"""Bytes of a message. A larger one is none of ours."""


class Word(msgspec.Struct, frozen=True, array_like=True):
    """What one gateway says, by target. Blocks are hashes that only equal prompts of the same tenant share."""

    gateway: str
    blocks: dict[str, list[int]]
    given: dict[str, Told]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Word).decode


class Gossip:
    """One per gateway process."""

    def __init__(self, gateway: str, loads: LoadBook) -> None:
        self._gateway = gateway
        self._loads = loads
        self._spoke = False

    def word(self) -> bytes | None:
        """What the others are to hear now; None where there is nothing. What ended is told once more, so that nobody goes on counting it."""
        given, blocks = self._loads.given(), _bounded(self._loads.index.additions())
        busy = bool(blocks) or any(told.under_way or told.lately for told in given.values())
        if not busy and not self._spoke:
            return None
        self._spoke = busy
        return _encode(Word(self._gateway, blocks, given))

    def hear(self, message: bytes) -> bool:
        """What another one says. False: it makes no sense here, as when it is of another version."""
        if len(message) > LARGEST:
            return False
        try:
            word = _decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if word.gateway != self._gateway:
            self._loads.hear(word.gateway, word.given, word.blocks)
        return True


def _bounded(additions: dict[str, list[int]]) -> dict[str, list[int]]:
    """The latest of each target, where it would be too many."""
    if sum(map(len, additions.values())) <= MOST_BLOCKS:
        return additions
    each = MOST_BLOCKS // len(additions)
    return {name: blocks[-each:] for name, blocks in additions.items()}
