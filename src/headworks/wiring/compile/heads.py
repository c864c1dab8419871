"""The start of every request to a provider, prebuilt: request line, host, credential and the fixed headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from headworks.domain.config import ProviderRule
from headworks.domain.kind import UPLOADS, Kind
from headworks.providers.catalog import ProviderRow
from headworks.providers.signers import SIGNERS
from headworks.wiring.compile.address import Address
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
CREDENTIAL = re.compile(r"auth|key|token|secret|cookie|password")
_VALUE = re.compile(r"[\x20-\x7e]*")
_MODEL, _FOUNDATION_MODEL = "{model}", "{foundation_model}"
_REGION = re.compile(r"^(?:arn:.*/)?(?:(?:us-gov|global|apac|[a-z]{2})\.)?(?=[a-z0-9]+\.)")
"""What Bedrock's names of inference profiles have before the model's own."""
_METHODS: Mapping[str, str] = {
    Kind.REALTIME: "GET",
    Kind.RESPONSE: "GET",
    Kind.RESPONSE_ITEMS: "GET",
    Kind.DELETE_RESPONSE: "DELETE",
}
OURS = frozenset(
    (
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "accept",
        "accept-encoding",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "x-request-id",
    )
)
"""Headers that an operator's would contradict."""


def operator_headers(bench: Bench, rule: ProviderRule, path: Path) -> dict[str, str]:
    """The operator's own headers, resolved and safe to send. What is not is noted."""
    headers: dict[str, str] = {}
    for written, value in rule.headers.items():
        name, below = written.lower(), (*path, "headers", written)
        if not NAME.fullmatch(name):
            bench.wrong(below, f"'{written}' is not a header name.", on_key=True)
        elif name in OURS:
            bench.wrong(below, f"The header '{written}' is set by the gateway.", "Leave it out.", on_key=True)
        else:
            headers[name] = _safe(bench, bench.secret(value, below), below)
    return headers


def credential(bench: Bench, rule: ProviderRule, row: ProviderRow, path: Path) -> str:
    """The provider's key, from the rule or from its usual environment variable; empty if there is none."""
    if rule.api_key:
        below = (*path, "api_key")
        return _safe(bench, bench.key(rule.api_key, below), below)
    for name in row.key_env:
        value = bench.givens.env.get(name, "").strip()
        if value:
            return _safe(bench, bench.secret(f"${{{name}}}", (name,)), path)
    return ""


def secrets_of(key: str, headers: Mapping[str, str]) -> tuple[bytes, ...]:
    """The credentials among what is sent: the key, and those of the operator's headers whose names say so, without their scheme."""
    values = {key, *(value.removeprefix("Bearer ").strip() for name, value in headers.items() if CREDENTIAL.search(name))}
    return tuple(sorted(value.encode() for value in values if value))


def signed(row: ProviderRow, dialect: str, key: str) -> dict[str, str]:
    """The headers that show the key."""
    return SIGNERS[row.signer(dialect)](key) if key else {}


class Heads(msgspec.Struct, frozen=True):
    """Endpoint kind → head, without content-length and the blank line: of whole answers, and of streams where these have another path."""

    whole: dict[str, bytes]
    stream: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "<Heads>"  # they hold a credential

    def of(self, model: str) -> Heads:
        """The same for one model, where paths name it."""
        if not any(b"{" in head for heads in (self.whole, self.stream) for head in heads.values()):
            return self
        blanks = {_MODEL: model, _FOUNDATION_MODEL: _REGION.sub("", model)}
        names = {blank.encode(): quote(name, safe="").encode() for blank, name in blanks.items()}
        return Heads(*({kind: _filled(head, names) for kind, head in heads.items()} for heads in (self.whole, self.stream)))

    def over(self, other: Heads) -> Heads:
        """These, and of the other's what is lacking."""
        return Heads(other.whole | self.whole, other.stream | self.stream)


Paths = tuple[Mapping[str, str], Mapping[str, str]]
"""Of endpoints, and of those of their streams that are others."""


def build_heads(address: Address, below: Paths, base: str, fixed: dict[str, str], version: str) -> Heads:
    """The heads of one dialect at one place."""
    usual = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    headers = carried_head(address, fixed, version, usual).decode("ascii")
    del usual["content-type"]
    untyped = carried_head(address, fixed, version, usual).decode("ascii")

    def head(kind: str, path: str) -> bytes:
        lines = untyped if kind in UPLOADS else headers
        return f"{_METHODS.get(kind, 'POST')} {base}{path} HTTP/1.1\r\n{lines}".encode("ascii")

    return Heads(*({kind: head(kind, path) for kind, path in paths.items()} for paths in below))


def carried_head(
    address: Address, fixed: dict[str, str], version: str, usual: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """The fixed headers of a request whose line and content type are the caller's."""
    lines = {
        "host": address.host_header,
        **usual,
        "accept-encoding": "identity",
        "user-agent": f"headworks/{version}",
    } | fixed
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("ascii")


def _filled(head: bytes, names: Mapping[bytes, bytes]) -> bytes:
    for blank, name in names.items():
        head = head.replace(blank, name, 1)
    return head


def _safe(bench: Bench, value: str, path: Path) -> str:
    """The value if it can stand in a header; a line break would be another header, and is refused without being shown."""
    if _VALUE.fullmatch(value):
        return value
    bench.wrong(path, "The value holds a line break or a character that no header may hold.")
    return ""
