"""Where words come from: what the languages' citations have in common, and OpenAI's way to say it."""

from __future__ import annotations

from typing import Any

from headworks.domain.events import Citation
from headworks.domain.message import JsonObject


def read_url_citation(said: Any) -> Citation | None:
    """OpenAI's `url_citation`; None for what is no page."""
    url = said.get("url") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(url, str) or not url:
        return None
    start, end = said.get("start_index"), said.get("end_index")
    place = (start, end) if isinstance(start, int) and isinstance(end, int) else (0, 0)
    return Citation(url, str(said.get("title") or ""), *place)


def write_url_citation(citation: Citation) -> JsonObject:
    """The same, without its `type`."""
    return {"url": citation.url, "title": citation.title, "start_index": citation.start, "end_index": citation.end}
