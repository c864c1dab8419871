"""The ways to sign in to the control plane, as the configuration names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from headworks.control.admin.entrance import Entrance
from headworks.domain.administration import IdentityProvider, Role, RoleAt, RoleMap
from headworks.domain.config import Config, MappedRole, OidcRule
from headworks.domain.config.oidc import RoleName
from headworks.domain.issuer import Issuer
from headworks.identity.oidc import RelyingParty
from headworks.ports.clock import Clock
from headworks.wiring.compile.oidc import flaw_of_url, flaws_of
from headworks.wiring.database import resolved
from headworks.wiring.fetch import fetch, post

Say = Callable[[str], None]


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the control process has beside the configuration. `address` is where it listens on this machine."""

    base: Path
    environment: Mapping[str, str]
    address: str
    clock: Clock


def entrance_of(config: Config, here: Surroundings, say: Say) -> Entrance:
    """With the references of client ids and secrets followed. A provider that is not as it should be lets nobody in, and is told of: the
    file may have been changed since the gateway has looked at it.
    """
    parties: dict[str, RelyingParty] = {}
    for name, written in config.identity.oidc.items():
        try:
            rule = _resolved(written, here)
        except OSError as trouble:
            say(f"control: identity.oidc.{name}: {trouble} Until that is mended nobody signs in through it.")
            continue
        if flaw := next(flaws_of(name, rule, config), None):
            say(f"control: identity.oidc.{name}: {flaw.message} {flaw.hint} Until that is mended nobody signs in through it.")
            continue
        parties[name] = RelyingParty(provider_of(name, rule), fetch, post, here.clock)
    url = here.address if flaw_of_url(config.control.url) else config.control.url or here.address
    return Entrance(url=url.rstrip("/"), parties=parties, passwords=config.identity.passwords)


def _resolved(rule: OidcRule, here: Surroundings) -> OidcRule:
    client_id, secret = (resolved(text, here.base, here.environment) for text in (rule.client_id, rule.client_secret))
    if rule.client_secret and not secret:
        raise OSError(f"{rule.client_secret} is not set.")
    return msgspec.structs.replace(rule, client_id=client_id, client_secret=secret)


def provider_of(name: str, rule: OidcRule) -> IdentityProvider:
    """Of a rule without flaws."""
    issuer = Issuer(
        name=name,
        issuer=rule.issuer,
        audience=(rule.client_id,),
        organisation="",
        algorithms=rule.algorithms,
        leeway=rule.leeway,
    )
    given = {value: _roles(roles) for value, roles in rule.roles.map.items()}
    return IdentityProvider(
        name=name,
        title=rule.title or name,
        issuer=issuer,
        client_id=rule.client_id,
        client_secret=rule.client_secret,
        scopes=rule.scopes,
        person=rule.name,
        roles=RoleMap(rule.roles.claim, given),
        provision=rule.provision,
        audience=rule.audience,
    )


def _roles(written: RoleName | MappedRole | tuple[MappedRole, ...]) -> tuple[RoleAt, ...]:
    if isinstance(written, str):
        return (RoleAt(Role(written)),)
    rules = written if isinstance(written, tuple) else (written,)
    return tuple(RoleAt(Role(rule.role), rule.party) for rule in rules)
