"""`headworks login --sso`: sign in in the browser, and have a ticket handed back to a port of this machine (RFC 8252)."""

from __future__ import annotations

import secrets
import socket
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

from headworks.client.signing_in import ask_sign_in, ways_of
from headworks.client.wire import ROOT
from headworks.domain.administration.wire.sign_in import SignInAsked, Ticket
from headworks.identity.oidc import challenge_of
from headworks.wiring.clock import SystemClock

_PATIENCE = 300.0
"""Seconds for somebody to sign in."""
_THANKS = b"You are signed in. This window can be closed.\n"
_DENIED = b"Denied: nobody is signed in. This window can be closed.\n"
_LONGEST = 100


def ticket_by_browser(address: str, provider: str) -> Ticket:
    """What the control plane hands to whoever signs in in the browser that is opened. Raises `ValueError` where it is not clear through
    which provider or somebody denied it there, `TimeoutError` where nobody comes, and as `client` does.
    """
    name, verifier = _chosen(address, provider), secrets.token_urlsafe(32)
    with _Loopback() as loopback:
        asked = SignInAsked(port=loopback.server_port, challenge=challenge_of(verifier), client=_client())
        offered = ask_sign_in(address, name, asked)
        url = f"{address.rstrip('/')}{ROOT}/login/{name}?{urlencode({'request': offered.request})}"
        print(
            f"Sign in in your browser, and confirm there that it shows the code {offered.code}.\nIf it does not open by itself, open\n{url}",
            file=sys.stderr,
        )
        webbrowser.open(url)
        return Ticket(ticket=loopback.wait(), verifier=verifier)


def _client() -> str:
    """What the page says of us."""
    name = f"headworks {version('headworks')} on {socket.gethostname()}"
    return name.encode("ascii", "replace").decode()[:_LONGEST]


def _chosen(address: str, provider: str) -> str:
    offered = [each.name for each in ways_of(address).providers]
    if provider in offered:
        return provider
    if provider or len(offered) != 1:
        raise ValueError(f"{address} offers {', '.join(offered) or 'no identity provider'}. Choose one: --sso --provider NAME.")
    return offered[0]


class _Loopback(HTTPServer):
    """Waits on 127.0.0.1, and nowhere else, for one ticket. What others send there is of no use to them: a ticket is good with its verifier."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Arrival)
        self.ticket = ""
        self.denied = False

    def wait(self) -> str:
        """The ticket. Raises `TimeoutError`, and `ValueError` where it was denied."""
        ends = SystemClock.now() + _PATIENCE
        while not self.ticket:
            self.timeout = ends - SystemClock.now()
            if self.timeout <= 0:
                raise TimeoutError("nobody has signed in. Try again, and finish in the browser.")
            self.handle_request()
            if self.denied:
                raise ValueError("it was denied in the browser. Nobody is logged in.")
        return self.ticket


class _Arrival(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        brought = {name: values[0] for name, values in parse_qs(parts.query).items()} if parts.path == "/" else {}
        words = _THANKS if brought.get("ticket") else _DENIED if brought.get("error") else b""
        self.send_response(200 if words else 404)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("referrer-policy", "no-referrer")
        self.end_headers()
        self.wfile.write(words)
        waiting = cast("_Loopback", self.server)
        waiting.ticket = brought.get("ticket", "")
        waiting.denied = words is _DENIED

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the address holds the ticket."""
