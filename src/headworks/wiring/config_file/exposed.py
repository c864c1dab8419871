"""Credentials that stand in a document themselves: whoever may read what was applied, or a backup of it, could use them."""

from __future__ import annotations

import re

from headworks.wiring.config_file.problems import Problem, Source
from headworks.wiring.config_file.tree import Kind, Path, Scalar, scalars

_ANY = "*"
_CREDENTIALS = (
    ("providers", _ANY, "api_key"),
    ("providers", _ANY, "auth", "secret_access_key"),
    ("providers", _ANY, "auth", "session_token"),
    ("providers", _ANY, "auth", "client_secret"),
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
_DEFAULT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]+\}")
_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)


def exposed(source: Source) -> list[Problem]:
    """One problem for each, where it stands."""
    found = scalars(source.root) if source.root is not None else iter(())
    return [_problem(path, scalar) for path, scalar in found if _is_exposed(path, scalar)]


def _problem(path: Path, scalar: Scalar) -> Problem:
    default = _DEFAULT.search(scalar.text)
    if default is not None:
        message = (
            f"The default of ${{{default[1]}}} would be kept and shown with the document, and this is a place of a credential."
        )
        return Problem(
            path=path, message=message, hint=f"Write ${{{default[1]}}}, and set {default[1]} on each machine; or secret:NAME."
        )
    message = "A credential stands in the document itself, which is kept and shown."
    return Problem(path=path, message=message, hint="Write ${NAME}, file:/path or secret:NAME instead.")


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
