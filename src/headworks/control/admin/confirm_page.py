"""The page on which somebody who has signed in says whether a command line may act for them."""

from __future__ import annotations

from html import escape

from headworks.control.admin.login_waiting import Waiting
from headworks.control.admin.pages import page

SCRIPT = """
const form = document.querySelector("form"), said = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const granted = event.submitter.value === "yes";
  const answer = await fetch("decision", {
    method: "POST",
    headers: {"content-type": "application/json"},
    body: JSON.stringify({confirmation: form.elements.confirmation.value, granted}),
  });
  const told = await answer.json();
  form.hidden = true;
  said.textContent = !answer.ok ? told.detail : granted ? "Confirmed." : "Denied: nobody acts for you.";
  if (answer.ok) location.replace(told.location);
});
"""


def confirm_page(name: str, waiting: Waiting, peer: str, confirmation: str) -> str:
    """`name`: who has signed in, from the address `peer`."""
    return page(
        "Was this you?",
        f"""<p>A command line asks to act as <b>{escape(name)}</b>.</p>
<dl><dt>Code<dd><b>{escape(waiting.code)}</b>
<dt>It asks from<dd>{escape(waiting.peer)} (your browser: {escape(peer)})
<dt>It calls itself<dd>{escape(waiting.client)}</dl>
<p>Confirm only if you have just run <code>headworks login --sso</code> yourself and it has printed this code. If somebody else sent you
here, they would act as you.</p>
<form><input type="hidden" name="confirmation" value="{escape(confirmation)}">
<button value="no">Deny</button> <button value="yes">Confirm</button></form><output></output>""",
        SCRIPT,
    )
