"""The page behind the one-time link: it makes the first administrator. Everything else is the console's."""

from __future__ import annotations

import base64
import hashlib

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_SCRIPT = """
const form = document.querySelector("form"), said = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  const answer = await fetch("/admin/v1/setup", {
    method: "POST",
    headers: {"content-type": "application/json"},
    body: JSON.stringify({link: location.hash.slice(1), ...fields}),
  });
  const told = await answer.json();
  said.textContent = answer.ok ? `Done: ${told.name} owns this installation. The link is used up. Next: headworks login --name '${told.name}'` : told.detail;
  form.hidden = answer.ok;
});
"""
_STYLE = "body{font:15px/1.5 system-ui;margin:3rem auto;max-width:26rem;padding:0 1rem}input{width:100%;margin:.2rem 0 1rem}"
_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headworks: first administrator</title>
<style>{_STYLE}</style>
<h1>First administrator</h1>
<form><label>Name<input name="name" autocomplete="username" required></label>
<label>Password, at least 12 characters<input name="password" type="password" autocomplete="new-password" minlength="12" required></label>
<button>Make the owner</button></form><output></output>
<script>{_SCRIPT}</script></html>
"""


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": f"default-src 'none'; script-src {_hash_of(_SCRIPT)}; style-src {_hash_of(_STYLE)}; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
}


async def show_page(_request: Request) -> Response:
    """The same for everybody: who has no link can do nothing with it."""
    return HTMLResponse(_PAGE, headers=_HEADERS)
