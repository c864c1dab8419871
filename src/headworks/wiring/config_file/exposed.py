"""Credentials that stand in a document themselves: whoever may read what was applied, or a backup of it, could use them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headworks.wiring.config_file.problems import Problem, Source
from headworks.wiring.config_file.tree import Kind, Listing, Node, Path, Scalar

_ANY = "*"
_CREDENTIALS = (
    ("providers", _ANY, "api_key"),
    ("keys", _ANY, "key"),
    ("alerts", "webhooks", _ANY, "url"),
    ("alerts", "webhooks", _ANY, "secret"),
    ("alerts", "email", "password"),
    ("identity", "oidc", _ANY, "client_secret"),
)
_HEADERS = ("providers", _ANY, "headers", _ANY)
_LIKE_A_CREDENTIAL = re.compile(r"key|token|auth|secret|cookie|password|code|sign", re.IGNORECASE)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_KEY_IN_ADDRESS = re.compile(r"://\S*[?&][^=&#]*(?:key|token|auth|secret|password|sig)[^=&#]*=[^&#\s]", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}")
_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)


def exposed(source: Source) -> list[Problem]:
    """One problem for each, where it stands."""
    found = _scalars(source.root) if source.root is not None else iter(())
    hint = "Write ${NAME}, file:/path or secret:NAME instead."
    return [
        Problem(path=path, message="A credential stands in the document itself, which is kept and shown.", hint=hint)
        for path, scalar in found
        if _is_exposed(path, scalar)
    ]


def _scalars(root: Node) -> Iterator[tuple[Path, Scalar]]:
    waiting: list[tuple[Path, Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, Scalar):
            yield path, node
        elif isinstance(node, Listing):
            waiting += [((*path, number), item) for number, item in enumerate(node.items)]
        else:
            waiting += [((*path, entry.key.text), entry.value) for entry in (*node.entries, *node.repeated)]


def _is_exposed(path: Path, scalar: Scalar) -> bool:
    if scalar.kind is Kind.NOTHING or scalar.text.startswith(("file:", "secret:")):
        return False
    written = _REFERENCE.sub("", scalar.text)
    if _PASSWORD_IN_ADDRESS.search(written) or _KEY_IN_ADDRESS.search(written):
        return True
    return _holds_credential(path) and bool(_SCHEME.sub("", written).strip())


def _holds_credential(path: Path) -> bool:
    if _matches(path, _HEADERS):
        return _LIKE_A_CREDENTIAL.search(str(path[-1])) is not None
    return any(_matches(path, pattern) for pattern in _CREDENTIALS)


def _matches(path: Path, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(wanted in {_ANY, part} for part, wanted in zip(path, pattern, strict=True))
