"""`headworks login --sso`: sign in in the browser, and have a ticket handed back to a port of this machine (RFC 8252)."""

from __future__ import annotations

import secrets
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

from headworks.client.signing_in import ways_of
from headworks.client.wire import ROOT
from headworks.domain.administration.wire.people import Ticket
from headworks.identity.oidc import challenge_of
from headworks.wiring.clock import SystemClock

_PATIENCE = 300.0
"""Seconds for somebody to sign in."""
_THANKS = b"You are signed in. This window can be closed.\n"


def ticket_by_browser(address: str, provider: str) -> Ticket:
    """What the control plane hands to whoever signs in in the browser that is opened. Raises `ValueError` where it is not clear through
    which provider, `TimeoutError` where nobody comes, and as `client` does.
    """
    name, verifier = _chosen(address, provider), secrets.token_urlsafe(32)
    with _Loopback() as loopback:
        wanted = urlencode({"port": loopback.server_port, "challenge": challenge_of(verifier)})
        url = f"{address.rstrip('/')}{ROOT}/login/{name}?{wanted}"
        print(f"Sign in in your browser. If it does not open by itself, open\n{url}", file=sys.stderr)
        webbrowser.open(url)
        return Ticket(ticket=loopback.wait(), verifier=verifier)


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

    def wait(self) -> str:
        """The ticket. Raises `TimeoutError`."""
        ends = SystemClock.now() + _PATIENCE
        while not self.ticket:
            self.timeout = ends - SystemClock.now()
            if self.timeout <= 0:
                raise TimeoutError("nobody has signed in. Try again, and finish in the browser.")
            self.handle_request()
        return self.ticket


class _Arrival(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        brought = parse_qs(parts.query).get("ticket", [""])[0] if parts.path == "/" else ""
        self.send_response(200 if brought else 404)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("referrer-policy", "no-referrer")
        self.end_headers()
        if brought:
            self.wfile.write(_THANKS)
            cast("_Loopback", self.server).ticket = brought

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the address holds the ticket."""
