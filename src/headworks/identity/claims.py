"""Where the claims of a proved token say that somebody belongs: below the issuer's organisation, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headworks.domain.issuer import Issuer
from headworks.domain.records import Party, PartyKind
from headworks.identity.gate import Gate
from headworks.identity.jwt import Claims, refused
from headworks.identity.principals import Lineage

_MOST_VALUES = 20
_LONGEST_VALUE = 256
_IDS = {
    PartyKind.TEAM: ("team_",),
    PartyKind.PROJECT: ("proj_",),
    PartyKind.USER: ("user_", "svc_"),
}


def claimed(claims: Claims, name: str, *, most: int = _MOST_VALUES) -> tuple[str, ...]:
    """The texts of a claim, by its name or by a path with dots; none where it is not there or says something else. Of a list, the first
    `most`.
    """
    value = claims.get(name)
    if value is None:
        value = claims
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    values: Sequence[object] = value if isinstance(value, list) else (value,)
    return tuple(text for text in values[:most] if isinstance(text, str) and _is_a_name(text))


def _is_a_name(text: str) -> bool:
    """Whether it may be one of ours: asked for a zero byte, PostgreSQL fails, and a database that fails is left alone by everybody."""
    return 0 < len(text) <= _LONGEST_VALUE and "\0" not in text


async def place_of(claims: Claims, issuer: Issuer, gate: Gate) -> tuple[Lineage, int]:
    """The lineage of the party that the claims lead to, and as of which change. Raises `Fault` `invalid_api_key` where a claim that
    the configuration asks for is not there or leads to no party, or to more than one; and `gate.Lost`.
    """
    here = issuer.organisation
    names = issuer.claims
    for kind, name in ((PartyKind.TEAM, names.team), (PartyKind.PROJECT, names.project), (PartyKind.USER, names.user)):
        if name:
            party = await _found(gate, kind, claimed(claims, name), here)
            if party is None:
                raise refused(
                    f"Its claim for the {kind} leads to no {kind} of its organisation, or to more than one.", issuer.vouches_by
                )
            here = party.id
    lineage, as_of = await gate.ask(lambda lookups: lookups.lineage(here))
    if not lineage or lineage[0].id != issuer.organisation:
        raise refused("The organisation of its issuer, or what it claims to belong to, does not exist.", issuer.vouches_by)
    return lineage, as_of


async def _found(gate: Gate, kind: PartyKind, values: tuple[str, ...], under: str) -> Party | None:
    """The one party that one of the values names."""
    parties: dict[str, Party] = {}
    for value in values:
        party = await _by_id(gate, kind, value, under) or await _by_name(gate, kind, value, under)
        if party is not None:
            parties[party.id] = party
    return next(iter(parties.values())) if len(parties) == 1 else None


async def _by_id(gate: Gate, kind: PartyKind, value: str, under: str) -> Party | None:
    if not value.startswith(_IDS[kind]):
        return None
    lineage, _ = await gate.ask(lambda lookups: lookups.lineage(value))
    within = any(party.id == under for party in lineage[:-1])
    return lineage[-1] if lineage and within else None


async def _by_name(gate: Gate, kind: PartyKind, value: str, under: str) -> Party | None:
    party = await gate.ask(lambda lookups: lookups.party_by_name(kind, value, under=under))
    if party is None and kind is PartyKind.USER:
        party = await gate.ask(lambda lookups: lookups.party_by_name(PartyKind.SERVICE_ACCOUNT, value, under=under))
    return party
