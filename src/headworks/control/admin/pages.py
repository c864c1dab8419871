"""What the few pages have in common that the control plane shows by itself: one style, one script each, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape

_STYLE = (
    "body{font:15px/1.5 system-ui;margin:3rem auto;max-width:26rem;padding:0 1rem}"
    "input{width:100%;margin:.2rem 0 1rem}li{margin:.4rem 0}"
)


def page(title: str, content: str, script: str = "") -> str:
    """HTML. `content` is HTML, `script` runs after it."""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headworks: {escape(title.lower())}</title>
<style>{_STYLE}</style>
<h1>{escape(title)}</h1>
{content}
{f"<script>{script}</script>" if script else ""}</html>
"""


def page_headers(script: str = "") -> Mapping[str, str]:
    """Only this style and this script may run, nobody may frame it, and its address goes nowhere."""
    return {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "content-security-policy": f"default-src 'none'; script-src {_hash_of(script)}; style-src {_hash_of(_STYLE)}; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    }


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
