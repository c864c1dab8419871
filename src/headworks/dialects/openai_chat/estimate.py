"""Prompt tokens before anybody has counted them: four bytes a token, and a table for what is not text."""

from __future__ import annotations

import msgspec

from headworks.dialects.noted import BYTES_PER_TOKEN

IMAGE_TOKENS = 1100
"""A picture of common size at high detail."""
AUDIO_BYTES_PER_TOKEN = 1000
FILE_BYTES_PER_TOKEN = 25
"""Base64 characters of a PDF."""

_NO_MEDIA: frozenset[str] = frozenset()
_BASE64 = b";base64,"
_AUDIO_DATA = b'"data":"'
_INTS = msgspec.json.Decoder(list[int | list[int]])


def estimate_messages(messages: bytes) -> tuple[int, frozenset[str]]:
    """Tokens of the undecoded `messages`, and which media are among them."""
    if messages.find(b"[", 1) < 0:  # no message has parts: all content is plain text
        return len(messages) // BYTES_PER_TOKEN + 1, _NO_MEDIA
    plain = messages.count(b'"type":"text"') + messages.count(b'"type":"function"')
    if plain == messages.count(b'"type":'):
        return len(messages) // BYTES_PER_TOKEN + 1, _NO_MEDIA
    media: set[str] = set()
    size, tokens = len(messages), 1
    images = messages.count(b'"image_url":')
    if images:
        media.add("images")
        tokens += images * IMAGE_TOKENS
    inline = _runs(messages, _BASE64)
    size -= inline
    if b'"input_audio"' in messages:
        media.add("audio")
        sound = _runs(messages, _AUDIO_DATA)
        size -= sound
        tokens += sound // AUDIO_BYTES_PER_TOKEN
    if b'"file_data"' in messages or b'"file_id"' in messages or b'"document_url"' in messages:
        media.add("files")
        tokens += inline // FILE_BYTES_PER_TOKEN
    return max(size, 0) // BYTES_PER_TOKEN + tokens, frozenset(media) if media else _NO_MEDIA


def estimate_input(value: bytes) -> int:
    """Tokens of an undecoded `prompt`, `input` or list of tools: text, texts, or token numbers, which are counted."""
    start = value.lstrip(b"[ \t\r\n")[:1]
    if start.isdigit():
        try:
            numbers = _INTS.decode(value)
        except msgspec.DecodeError:
            return len(value) // BYTES_PER_TOKEN + 1
        return sum(len(item) if isinstance(item, list) else 1 for item in numbers)
    return len(value) // BYTES_PER_TOKEN + 1


def _runs(text: bytes, mark: bytes) -> int:
    """Bytes between each `mark` and the quote that ends its string."""
    total = 0
    at = text.find(mark)
    while at >= 0:
        end = text.find(b'"', at + len(mark))
        if end < 0:
            break
        total += end - at
        at = text.find(mark, end)
    return total
