"""Identity providers of administrators, checked: a mistake here would make owners of strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from headworks.domain.config import Config, MappedRole, OidcRule
from headworks.domain.issuer import MOST_LEEWAY, is_guarded
from headworks.wiring.compile.bench import Bench

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_PARTY = re.compile(r"\*|(?:org|team|proj)_\w+")


class Flaw(NamedTuple):
    """What is wrong with one field of a rule, and what to do."""

    field: str
    message: str
    hint: str = ""


def check_oidc(bench: Bench, config: Config) -> None:
    """Note all flaws. The secrets go into the revision as digests; what is made of the rules, the control process works out for itself."""
    if flaw := flaw_of_url(config.control.url):
        bench.wrong(("control", flaw.field), flaw.message, flaw.hint)
    for name, rule in config.identity.oidc.items():
        path = ("identity", "oidc", name)
        known = msgspec.structs.replace(rule, client_id=bench.text(rule.client_id, (*path, "client_id")))
        bench.key(rule.client_secret, (*path, "client_secret"))
        for flaw in flaws_of(name, known, config):
            bench.wrong((*path, flaw.field) if flaw.field else path, flaw.message, flaw.hint, on_key=not flaw.field)
    if config.identity.passwords != "all" and not any(rule.client_id for rule in config.identity.oidc.values()):
        bench.wrong(
            ("identity", "passwords"), "Without a provider nobody could sign in but the founder.", "Add one to identity.oidc."
        )


def flaw_of_url(url: str) -> Flaw | None:
    """Of the address that browsers are sent back to: it must lead to the control plane itself, unread on its way."""
    parts = urlsplit(url)
    if not url or (is_guarded(url) and parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)):
        return None
    return Flaw("url", f"'{url}' is no address for browsers.", "Write https://HOST, without a path.")


def flaws_of(name: str, rule: OidcRule, config: Config) -> Iterator[Flaw]:
    """What is wrong with one provider, whose references are followed. The control process asks, too, for it starts anew without the
    gateway.
    """
    if not NAME.fullmatch(name):
        yield Flaw("", f"'{name}' is no name for a provider.", "Use up to 32 of a-z, 0-9, `_`, `-`.")
    if not is_guarded(rule.issuer):
        yield Flaw("issuer", f"'{rule.issuer}' is no address of an issuer.", "Write https://…, to the letter as `iss` has it.")
    if [each.issuer for each in config.identity.oidc.values()].count(rule.issuer) > 1:
        yield Flaw("issuer", f"'{rule.issuer}' has another entry.", "Give each issuer one.")
    if not rule.client_id and not rule.audience:
        yield Flaw("", f"'{name}' lets nobody in.", "Name a client_id for people, an audience for programs, or both.")
    if rule.audience and rule.audience in _audiences_elsewhere(rule, config):
        hint = "Give the admin API an audience of its own."
        yield Flaw("audience", "Tokens that are made for something else would administer.", hint)
    if rule.client_id and "openid" not in rule.scopes:
        yield Flaw("scopes", "Without the scope 'openid' there is no ID token.", "Add it.")
    if rule.client_secret.startswith("secret:"):
        yield Flaw("client_secret", "It is read without the store of secrets.", "Write ${NAME} or file:/path instead.")
    if not rule.algorithms:
        yield Flaw("algorithms", "Without an algorithm no token can be proved.", "Leave it out for RS256 and ES256.")
    if not 0 <= rule.leeway <= MOST_LEEWAY:
        yield Flaw("leeway", f"A leeway is between 0 and {MOST_LEEWAY:.0f} seconds.")
    yield from _flaws_of_roles(rule)


def _audiences_elsewhere(rule: OidcRule, config: Config) -> set[str]:
    """What tokens of the same issuer are for besides: its ID tokens, and those of callers of models."""
    others = {rule.client_id}
    for issuer in config.identity.issuers.values():
        if _may_be(issuer.issuer, rule.issuer):
            others |= {issuer.audience} if isinstance(issuer.audience, str) else set(issuer.audience)
    return others


def _may_be(written: str, issuer: str) -> bool:
    """Whether they are the same, or can be by what a reference leads to."""
    return written == issuer or "${" in written or written.startswith(("file:", "secret:"))


def _flaws_of_roles(rule: OidcRule) -> Iterator[Flaw]:
    if not rule.roles.map and (rule.audience or rule.provision):
        yield Flaw(
            "roles", "No claim gives a role, so nobody would have one.", "Write roles: {claim: groups, map: {NAME: ROLE}}."
        )
    if not rule.roles.claim:
        yield Flaw("roles", "No claim is named.", "Leave it out for `groups`.")
    for value, given in rule.roles.map.items():
        places = given if isinstance(given, tuple) else (given,)
        if not value or any(isinstance(place, MappedRole) and not _PARTY.fullmatch(place.party) for place in places):
            yield Flaw("roles", f"'{value}' gives a role nowhere.", "Write ROLE, or {role: ROLE, party: org_…}.")
