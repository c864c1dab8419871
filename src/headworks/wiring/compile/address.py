"""Base URLs: where a provider's dialects are spoken."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

import msgspec

from headworks.domain.config import ProviderRule
from headworks.domain.target import Origin, Tls
from headworks.providers.catalog import ProviderRow
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

_DEFAULT_PORTS = {"http": 80, "https": 443}
_VERSION = re.compile(r"/v\d+[a-z0-9]*$")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Address(msgspec.Struct, frozen=True):
    """Scheme, host and port, and for each dialect the path that its endpoints hang below."""

    scheme: str
    host: str
    port: int
    paths: dict[str, str]

    @property
    def host_header(self) -> str:
        """As HTTP's `Host` wants it: the port only where it is not the usual one."""
        whole = self.whole
        return whole.removesuffix(f":{_DEFAULT_PORTS[self.scheme]}")

    @property
    def whole(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def find_address(bench: Bench, rule: ProviderRule, row: ProviderRow, path: Path) -> Address | None:
    """The address of a provider, whose row is filled; None, with the reason noted, where there is none."""
    if rule.base_url:
        below = (*path, "base_url")
        return split_url(bench, bench.text(rule.base_url, below), row, below)
    if not row.root:
        bench.wrong(path, f"'{row.title}' has no address of its own.", "Add base_url.", on_key=True)
        return None
    return split_url(bench, row.root, row, path)


def origin_of(bench: Bench, address: Address, rule: ProviderRule, path: Path) -> Origin:
    """What connections to this address are pooled by."""
    proxy = bench.secret(rule.proxy, (*path, "proxy")) if rule.proxy else ""
    if rule.proxy is None:
        proxy = _proxy_from(bench, address)
    elif proxy and urlsplit(proxy).scheme not in _DEFAULT_PORTS:
        bench.wrong((*path, "proxy"), "A proxy is a URL that begins with http:// or https://.")
    return Origin(address.scheme, address.host, address.port, _tls(bench, rule.tls, path), proxy)


def split_url(bench: Bench, url: str, row: ProviderRow, path: Path) -> Address | None:
    """What a base URL says; None, with the reason noted, where it is none."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        bench.wrong(path, "This is not a URL.")
        return None
    fault = _fault(parts)
    if fault:
        bench.wrong(path, fault)
        return None
    paths = _paths(bench, parts.path.rstrip("/"), row)
    return Address(parts.scheme, (parts.hostname or "").lower(), port or _DEFAULT_PORTS[parts.scheme], paths)


def _fault(parts: SplitResult) -> str:
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return "A base URL begins with http:// or https:// and a host."
    if parts.username is not None or parts.password is not None:
        return "A base URL holds no user or password. Use api_key."
    if parts.query or parts.fragment:
        return "A base URL has no '?' or '#'."
    if not parts.netloc.isascii() or not re.fullmatch(r"[A-Za-z0-9/._~%:@!$&'()*+,;=-]*", parts.path):
        return "A base URL is written in ASCII, without spaces."
    return ""


def _paths(bench: Bench, written: str, row: ProviderRow) -> dict[str, str]:
    """Path per dialect: the row's where none is written, else the written one, read as a client library of the dialect would."""
    if not written:
        return dict(row.speaks)
    first, usual = next(iter(row.speaks.items()))
    if usual and written.endswith(usual):
        root = written.removesuffix(usual)
        return {dialect: root + below for dialect, below in row.speaks.items()}
    dialect = bench.givens.catalog.dialects[first]
    complete = written + dialect.suffix if dialect.versioned and not _VERSION.search(written) else written
    return {first: complete}


def _tls(bench: Bench, tls: Tls, path: Path) -> Tls:
    if bool(tls.cert_file) != bool(tls.key_file):
        bench.wrong((*path, "tls"), "A client certificate needs both cert_file and key_file.")
    files = {field: bench.file(getattr(tls, field), (*path, "tls", field)) for field in ("ca_file", "cert_file", "key_file")}
    return msgspec.structs.replace(tls, **files)


def _proxy_from(bench: Bench, address: Address) -> str:
    """The forward proxy that the environment names for this address."""
    env = bench.givens.env
    names = (f"{address.scheme}_proxy", "all_proxy")
    proxy = next((value for name in names for value in (env.get(name), env.get(name.upper())) if value), "")
    if not proxy or address.host in _LOOPBACK:
        return ""
    return "" if _exempt(address, env.get("no_proxy") or env.get("NO_PROXY") or "") else proxy


def _exempt(address: Address, no_proxy: str) -> bool:
    for entry in filter(None, (part.strip().lower() for part in no_proxy.split(","))):
        host, _, port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        suffix = host.removeprefix("*").removeprefix(".")
        if host == "*" or ((address.host == suffix or address.host.endswith(f".{suffix}")) and port in ("", str(address.port))):
            return True
    return False
