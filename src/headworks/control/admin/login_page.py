"""The sign-in page: a password, or an identity provider. It leads nowhere else, whatever its address says."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from headworks.control.admin.pages import page, page_headers

PAGE = "/admin/login"
_SCRIPT = """
const form = document.querySelector("form"), said = document.querySelector("output"), list = document.querySelector("ul");
const told = (name) => { said.textContent = `Signed in as ${name}.`; form.hidden = list.hidden = true; };
const ask = async (path, rest) => {
  const answer = await fetch("/admin/v1" + path, rest), body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body;
};
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  try {
    told((await ask("/session", {method: "POST", headers: {"content-type": "application/json"}, body})).name);
  } catch (trouble) { said.textContent = trouble.message; }
});
const show = async () => {
  const ways = await ask("/login");
  for (const provider of ways.providers) {
    const link = document.createElement("a"), item = document.createElement("li");
    link.href = "/admin/v1/login/" + encodeURIComponent(provider.name);
    link.textContent = `Sign in with ${provider.title}`;
    item.append(link);
    list.append(item);
  }
};
show().catch((trouble) => { said.textContent = trouble.message; });
"""
_PAGE = page(
    "Sign in",
    """<ul></ul>
<form><label>Name<input name="name" autocomplete="username" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form><output></output>""",
    _SCRIPT,
)
_HEADERS = page_headers(_SCRIPT)


async def show_page(_request: Request) -> Response:
    """The same for everybody; the script asks for the providers."""
    return HTMLResponse(_PAGE, headers=_HEADERS)


def signed_in_page(name: str) -> str:
    """Shown by the way back from a provider itself: a cookie for this site alone would not go along with a redirect that began elsewhere."""
    return page("Signed in", f'<p>You are signed in as {escape(name)}.</p><p><a href="/">Go on</a></p>')


def refusal_page(detail: str) -> str:
    """A problem, for somebody with a browser."""
    return page("Not signed in", f'<p>{escape(detail)}</p><p><a href="{PAGE}">Sign in</a></p>')
