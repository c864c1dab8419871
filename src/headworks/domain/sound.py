"""How long recorded speech lasts, by its first bytes and its size: what costs of sound go by where nobody tells more."""

from __future__ import annotations

import math

_ID3 = b"ID3"
_PCM_BYTES = 48_000
"""A second of OpenAI's raw sound: 24 kHz, 16 bits, one channel."""
_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits a second of MP3, by the index in a frame's head."""
_FRAME = 4
_WAVE = 34
"""Bytes of a WAV file up to behind what its rate is made of."""
LOWEST_RATE = 750
"""Bytes a second of the thinnest sound that speech is recorded in: Opus and AMR, at 6 kilobits."""
USUAL_RATE = 4_000
"""Bytes a second of sound of which nothing is known."""
TOKENS_PER_SECOND = 10
"""What OpenAI's models read a second of sound as."""


def seconds_of(form: str, head: bytes, size: int) -> float | None:
    """Seconds of sound in `size` bytes that begin with `head`; None for forms whose bytes tell nothing of it."""
    rate = _PCM_BYTES if form == "pcm" else _of_wave(head) or _of_mp3(head)
    return size / rate if rate else None


def likely_seconds(head: bytes, size: int) -> int:
    """Seconds of sound that a file of so many bytes holds, which begins with `head`."""
    seconds = seconds_of("", head, size)
    return math.ceil(size / USUAL_RATE if seconds is None else seconds)


def most_seconds(head: bytes, size: int) -> int:
    """Seconds of sound that it can hold at most. Only of raw sound the head tells it: all else may come to be thinner."""
    plain = head[:4] == b"RIFF" and head[12:16] == b"fmt " and head[20:22] == b"\x01\x00" and len(head) >= _WAVE
    rate = int.from_bytes(head[24:28], "little") * int.from_bytes(head[32:_WAVE], "little") if plain else LOWEST_RATE
    return math.ceil(size / max(rate, LOWEST_RATE))


def _of_wave(head: bytes) -> int:
    """Bytes a second, as the file says; 0 for another file."""
    is_wave = head.startswith(b"RIFF") and len(head) >= _WAVE
    return int.from_bytes(head[28:32], "little") if is_wave else 0


def _of_mp3(head: bytes) -> int:
    """Bytes a second, as the first frame says; 0 where there is none."""
    if head.startswith(_ID3) and len(head) >= 10:  # noqa: PLR2004 - the tag's own head
        skipped = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        head = head[skipped:]
    if len(head) < _FRAME or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - sync, and the third layer
        return 0
    table = _MPEG_1 if head[1] & 0x18 == 0x18 else _MPEG_2  # noqa: PLR2004 - the version's bits
    index = head[2] >> 4
    return table[index] * 125 if index < len(table) else 0
