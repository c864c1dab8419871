"""The name of a configuration: a hash of its content, in which secrets are only digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from headworks.domain.config import Config

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""A value without its type."""


def revision_of(config: Config, digests: dict[str, str], prices: str) -> str:
    """SHA-256, in hex, of the document in canonical form, the secrets' digests and the price table's.

    The same document with another secret behind a reference is another revision: it has other credentials.
    """
    document = _plain(config, {})
    for rule in _rules(document, "providers"):
        _forget(rule, ("api_key", "proxy"))
        rule["headers"] = sorted(rule.get("headers", ()))
    _forget(document, ("database",))
    _forget(document.get("alerts", {}).get("email", {}), ("password",))
    for rule in _rules(document.get("alerts", {}), "webhooks"):
        _forget(rule, ("url", "secret"))
    _forget(document.get("cluster", {}), ("url",))
    for rule in _rules(document.get("identity", {}), "oidc"):
        _forget(rule, ("client_secret",))
    for rule in _rules(document, "keys"):
        _forget(rule, ("key",))
    return hashlib.sha256(msgspec.json.encode([document, digests, prices], order="sorted")).hexdigest()


def plain(config: Config) -> dict[str, Plain]:
    """What a configuration says, in the canonical form: without types, and without what would be so anyway."""
    return _plain(config, {})


def _plain(value: Any, blanks: dict[type, Any]) -> Any:
    """Values without their types; fields that are as they would be anyway are left out, written or not.

    `blanks` keeps one of each kind as it would be: every part of a configuration can be left empty.
    """
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        blank = blanks.get(kind) or blanks.setdefault(kind, kind())
        written = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: _plain(part, blanks) for name, part in written if part != getattr(blank, name)}
    if isinstance(value, dict):
        return {str(key): _plain(part, blanks) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part, blanks) for part in value]
    return value


def _rules(document: dict[str, Any], section: str) -> Iterable[dict[str, Any]]:
    return (rule for rule in document.get(section, {}).values() if rule is not None)


def _forget(rule: dict[str, Any], fields: tuple[str, ...]) -> None:
    for field in fields:
        if rule.get(field):
            rule[field] = True
