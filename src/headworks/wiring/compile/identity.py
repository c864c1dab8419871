"""Issuers of tokens, checked: every mistake here would let in the wrong people, or nobody."""

from __future__ import annotations

import re

from headworks.domain.config import Config, IssuerRule
from headworks.domain.issuer import MOST_LEEWAY, IdentitySettings, Issuer, is_guarded
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OTHERS = ("key_", "jwt:", "x509:")
"""How ids of keys in the database and of tokens begin: what is remembered of one caller must not be another's."""


def compile_identity(bench: Bench, config: Config) -> IdentitySettings:
    """The settings, issuers by their `iss`."""
    for name in config.keys:
        if name.startswith(_OTHERS):
            bench.wrong(
                ("keys", name), f"'{name}' looks like the id of another kind of caller.", "Name it otherwise.", on_key=True
            )
    written = config.identity
    issuers: dict[str, Issuer] = {}
    for name, rule in written.issuers.items():
        path = ("identity", "issuers", name)
        issuer = _issuer(bench, name, rule, path)
        if issuer.issuer in issuers:
            bench.wrong((*path, "issuer"), f"'{rule.issuer}' has an entry already.", "Give each issuer one.")
        issuers[issuer.issuer] = issuer
    return IdentitySettings(
        issuers=issuers,
        certificates=_certificates(bench, config),
        certified_keys=written.certificates is not None and written.certificates.keys == "certified",
        stale_for=written.stale_for if written.on_database_loss == "stale" else 0.0,
    )


def _certificates(bench: Bench, config: Config) -> Issuer | None:
    rule, path = config.identity.certificates, ("identity", "certificates")
    if rule is None:
        return None
    if not config.server.client_ca_file:
        bench.wrong(path, "No client is asked for a certificate.", "Name an authority in server.client_ca_file.", on_key=True)
    if not rule.organisation.startswith("org_"):
        bench.wrong(
            path, "Certificates are bound to no organisation.", "Write the id of the one its clients belong to.", on_key=True
        )
    if not rule.claims.subject:
        bench.wrong((*path, "claims", "subject"), "A certificate must say whom it speaks for.", "Leave it out for `sub`.")
    return Issuer(
        name="certificates",
        issuer="",
        audience=(),
        organisation=rule.organisation,
        claims=rule.claims,
        leeway=0.0,
        vouches_by="certificate",
    )


def _issuer(bench: Bench, name: str, rule: IssuerRule, path: Path) -> Issuer:
    if not _NAME.fullmatch(name):
        bench.wrong(path, f"'{name}' is no name for an issuer.", "Use up to 64 letters, digits, dots, dashes.", on_key=True)
    url = bench.text(rule.issuer, (*path, "issuer"))
    _check_address(bench, url, rule.issuer, (*path, "issuer"))
    if rule.jwks_uri:
        _check_address(bench, rule.jwks_uri, rule.jwks_uri, (*path, "jwks_uri"))
    audience = (rule.audience,) if isinstance(rule.audience, str) else rule.audience
    if not audience or not all(audience):
        bench.wrong(
            path,
            f"'{name}' names no audience: tokens for anybody would open this gateway.",
            "Name what `aud` must hold.",
            on_key=True,
        )
    if not rule.organisation.startswith("org_"):
        bench.wrong(
            path, f"'{name}' is bound to no organisation.", "Write the id of the one its people belong to.", on_key=True
        )
    if not rule.algorithms:
        bench.wrong((*path, "algorithms"), "Without an algorithm no token can be proved.", "Leave it out for RS256 and ES256.")
    if not rule.claims.subject:
        bench.wrong((*path, "claims", "subject"), "A token must say whom it speaks for.", "Leave it out for `sub`.")
    if not 0 <= rule.leeway <= MOST_LEEWAY:
        bench.wrong((*path, "leeway"), f"A leeway is between 0 and {MOST_LEEWAY:.0f} seconds.")
    if rule.max_age <= 0:
        bench.wrong((*path, "max_age"), "Keys that count for no time prove nothing.", "Leave it out for an hour.")
    return Issuer(
        name=name,
        issuer=url,
        audience=audience,
        organisation=rule.organisation,
        algorithms=rule.algorithms,
        claims=rule.claims,
        jwks_uri=rule.jwks_uri,
        leeway=rule.leeway,
        max_age=rule.max_age,
    )


def _check_address(bench: Bench, url: str, written: str, path: Path) -> None:
    """`written` is what may be shown: what a reference leads to is for nobody who only writes it."""
    if not is_guarded(url):
        bench.wrong(path, f"'{written}' is no address of an issuer.", "Write https://…")
