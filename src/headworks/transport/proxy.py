"""Which forward proxy a connection goes through, by the customary variables, and what such an address says.

The environment is read by the wiring and given as a mapping. Names: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in lower or upper
case, lower first. `HTTP_PROXY` is not believed where `REQUEST_METHOD` is set: a CGI server makes that variable from a client's `Proxy`
header. `no_proxy` is a list of `*`, host names (`example.com` and `.example.com` both cover sub-domains), IP addresses and networks
in CIDR form, each with an optional `:port`. `localhost` and loopback addresses never go through a proxy.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from headworks.domain.errors import Fault

_PORTS = {"http": 80, "https": 443}


class ProxyAddress(msgspec.Struct, frozen=True):
    """A forward proxy. `authorization` is the ready value of `proxy-authorization`, empty for none, and secret."""

    secure: bool
    host: str
    port: int
    authorization: bytes = b""

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<ProxyAddress {self}>"


def proxy_for(scheme: str, host: str, port: int, environment: Mapping[str, str]) -> str:
    """The URL of the proxy that `environment` prescribes for `scheme://host:port`; empty for none."""
    if _is_local(host) or _bypassed(host, port, _variable(environment, "no_proxy")):
        return ""
    cgi = scheme == "http" and "REQUEST_METHOD" in environment
    named = environment.get("http_proxy", "") if cgi else _variable(environment, f"{scheme}_proxy")
    return named or _variable(environment, "all_proxy")


def parse_proxy(url: str) -> ProxyAddress:
    """A proxy's URL taken apart; `http://` is assumed. Raises `Fault` `proxy_failed` without repeating what may hold a password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Fault("proxy_failed", "The proxy's URL can't be read. Write it as http://user:password@host:port.") from None
    if parts.scheme not in _PORTS:
        raise Fault(
            "proxy_failed", f"A proxy of kind {parts.scheme}:// is not supported. Give an http:// or https:// proxy, or none."
        )
    if not host:
        raise Fault("proxy_failed", "The proxy's URL names no host. Write it as http://user:password@host:port.")
    authorization = b""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        authorization = b"Basic " + base64.b64encode(pair)
    return ProxyAddress(parts.scheme == "https", host, port or _PORTS[parts.scheme], authorization)


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _is_local(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address is not None else host.lower().rstrip(".") == "localhost"


def _bypassed(host: str, port: int, exempt: str) -> bool:
    return any(_covers(entry, host.lower().rstrip("."), port) for entry in exempt.replace(",", " ").lower().split())


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, entry_port = _split_port(entry)
    if entry_port is not None and entry_port != port:
        return False
    address = _address(host)
    if address is not None:
        return address in _network(name)
    name = name.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, int(rest[1:]) if rest[1:].isdigit() else None
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdigit() and ":" not in name:
        return name, int(digits)
    return entry, None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _network(text: str) -> tuple[()] | ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ()
