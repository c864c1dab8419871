"""Inline files as URLs."""

from __future__ import annotations


def data_url(media_type: str, data: str) -> str:
    """Inline base64 as a URL."""
    return f"data:{media_type};base64,{data}"


def split_data_url(url: str) -> tuple[str, str] | None:
    """Media type and base64 of a `data:` URL; None for any other."""
    head, comma, data = url.partition(",")
    if not (comma and data and head.startswith("data:") and head.endswith(";base64")):
        return None
    media_type = head.removeprefix("data:").removesuffix(";base64")
    return (media_type, data) if media_type else None
