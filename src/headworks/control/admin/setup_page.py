"""The page behind the one-time link: it makes the first administrator. Everything else is the console's."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from headworks.control.admin.pages import page, page_headers

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
_PAGE = page(
    "First administrator",
    """<form><label>Name<input name="name" autocomplete="username" required></label>
<label>Password, at least 12 characters<input name="password" type="password" autocomplete="new-password" minlength="12" required></label>
<button>Make the owner</button></form><output></output>""",
    _SCRIPT,
)
_HEADERS = page_headers(_SCRIPT)


async def show_page(_request: Request) -> Response:
    """The same for everybody: who has no link can do nothing with it."""
    return HTMLResponse(_PAGE, headers=_HEADERS)
