"""Posts alerts to an address, once it is sure whose address that is."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

import msgspec

from headworks import __version__
from headworks.domain.alerts import BudgetAlert, money

SIGNATURE = "x-headworks-signature"
_TIMEOUT = 10.0
_GOOD = range(200, 300)
_NS = 10**9


class NotDelivered(Exception):
    """It did not get there. The message is for an operator, and names no secret: what a hook's path holds may be one."""


class HookRule(msgspec.Struct, frozen=True, kw_only=True):
    """One destination. With `slack` the body is a message as Slack's incoming webhooks take it."""

    url: str
    secret: str = ""
    slack: bool = False
    allow_private: bool = False
    """It may be an address of this machine or of a private network."""

    def __repr__(self) -> str:
        return f"<HookRule {urlsplit(self.url).hostname}>"


class Hook:
    """Delivers to one destination."""

    def __init__(self, rule: HookRule) -> None:
        self.rule = rule
        self._parts = urlsplit(rule.url)

    @property
    def name(self) -> str:
        """What tells it from the others, without its path."""
        return f"webhook:{self._parts.hostname}:{hashlib.sha256(self.rule.url.encode()).hexdigest()[:8]}"

    def deliver(self, alert: BudgetAlert, wall_ns: int) -> None:
        """Raises `NotDelivered`. A redirection is no delivery: where it leads nobody has allowed."""
        body = msgspec.json.encode(_slack(alert) if self.rule.slack else _event(alert))
        headers = {
            "content-type": "application/json",
            "user-agent": f"headworks/{__version__}",
            "x-headworks-alert": alert.id.encode("ascii", "replace").decode(),
        }
        if self.rule.secret:
            headers[SIGNATURE] = signature_of(self.rule.secret, wall_ns // _NS, body)
        try:
            status = self._post(body, headers)
        except (OSError, http.client.HTTPException) as trouble:
            raise NotDelivered(f"{self.name}: {type(trouble).__name__}") from None
        if status not in _GOOD:
            raise NotDelivered(f"{self.name} answered {status}")

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        parts = self._parts
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise NotDelivered(f"{self.name}: its address must begin with https:// or http://")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._checked_address(parts.hostname, port)
        plain = socket.create_connection(
            (address, port), _TIMEOUT
        )  # the address that was checked: names can change their minds
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=_TIMEOUT)
        try:
            connection.sock = self._secured(plain, parts.hostname) if parts.scheme == "https" else plain
            connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else "") or "/", body, headers)
            answer = connection.getresponse()
            answer.read(4096)
            return answer.status
        finally:
            connection.close()
            plain.close()

    def _secured(self, plain: socket.socket, name: str) -> ssl.SSLSocket:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=name)

    def _checked_address(self, name: str, port: int) -> str:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
        if not self.rule.allow_private and not all(map(_is_public, found)):
            raise NotDelivered(f"{self.name} is a private address. Set allow_private if that is meant.")
        return found[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast


def signature_of(secret: str, seconds: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of the time, a dot and the body. The receiver refuses times that are long past."""
    return f"t={seconds},v1={hmac.new(secret.encode(), b'%d.' % seconds + body, hashlib.sha256).hexdigest()}"


def _event(alert: BudgetAlert) -> dict[str, object]:
    told = {name: money(getattr(alert, name)) for name in ("amount", "spent", "carried")}
    facts = msgspec.structs.asdict(alert) | told | {"at": alert.at // _NS}
    return {"type": "budget.threshold", "id": alert.id, "text": alert.words, "data": facts}


def _slack(alert: BudgetAlert) -> dict[str, object]:
    escaped = alert.words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": escaped}
