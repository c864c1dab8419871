"""Credentials that change, compiled: what is written of them made definite, and the signers that show them."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth, ProviderRule
from headworks.domain.target import Signer
from headworks.providers.catalog import ProviderRow
from headworks.providers.credentials.bearer import Bearer
from headworks.providers.credentials.extras import missing_extra
from headworks.providers.signers import OBTAINED
from headworks.providers.sigv4 import SigV4
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

_SECRET = frozenset(("secret_access_key", "session_token", "client_secret"))
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


def find_auth(bench: Bench, rule: ProviderRule, row: ProviderRow, place: str, path: Path) -> AuthRule | None:
    """The credential that a provider is asked with, its references resolved; None where that is a key. `place` is its location."""
    below = (*path, "auth")
    if rule.auth is not None and rule.api_key:
        bench.wrong(below, "There is an api_key besides, and one credential is enough.", "Leave one of them out.", on_key=True)
        return None
    wanted = OBTAINED.get(row.signer(next(iter(row.speaks))))
    written = rule.auth if rule.auth is not None else wanted() if wanted is not None else None
    if written is None:
        return None
    auth = _complete(_resolved(bench, written, below), row, place)
    _check(bench, auth, below)
    return auth


def signer_of(bench: Bench, name: str, auth: AuthRule, row: ProviderRow, place: str) -> Signer:
    """Shows the credential, which is held for the provider of that name."""
    held = bench.hold(name, auth)
    if isinstance(auth, AwsAuth):
        return SigV4(held.keys, place or auth.region, row.sign_for, bench.givens.wall_ns)
    return Bearer(held.token)


def _resolved(bench: Bench, written: AuthRule, path: Path) -> AuthRule:
    values: dict[str, str] = {}
    for name in written.__struct_fields__:
        value, below = getattr(written, name), (*path, name)
        if isinstance(value, str) and value:
            values[name] = bench.key(value, below) if name in _SECRET else bench.text(value, below)
    if isinstance(written, GoogleAuth) and written.file:
        values["file"] = bench.file(values["file"], (*path, "file"))
    return msgspec.structs.replace(written, **values)


def _complete(auth: AuthRule, row: ProviderRow, place: str) -> AuthRule:
    if isinstance(auth, AwsAuth) and not auth.region:
        return msgspec.structs.replace(auth, region=place)
    if isinstance(auth, EntraAuth) and not auth.scope:
        return msgspec.structs.replace(auth, scope=row.sign_for)
    return auth


def _check(bench: Bench, auth: AuthRule, path: Path) -> None:
    for name in _lacking(auth):
        bench.wrong((*path, name), f"'{name}' is missing.", f"Add {name} to auth.", on_key=True)
    if isinstance(auth, OAuthAuth) and auth.token_url and not _is_safe(auth.token_url):
        bench.wrong((*path, "token_url"), "The secret would travel unprotected.", "Write a URL that begins with https://.")
    extra = missing_extra(auth)
    if extra:
        bench.wrong(
            path,
            f"What obtains this credential is not installed: {extra}.",
            f"Install it with: pip install 'headworks[{extra}]'",
        )


def _lacking(auth: AuthRule) -> tuple[str, ...]:
    match auth:
        case AwsAuth():
            needed = ("access_key_id", "secret_access_key") if auth.access_key_id or auth.secret_access_key else ()
        case EntraAuth():
            needed = ("scope", *(("tenant", "client_id") if auth.client_secret else ()))
        case OAuthAuth():
            needed = ("token_url", "client_id", "client_secret")
        case GoogleAuth():
            needed = ()
    return tuple(name for name in needed if not getattr(auth, name))


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
