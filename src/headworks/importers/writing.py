"""Writes what was imported. What is there already is left as it is, so that an import can be repeated after a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headworks.domain.records import KeyRecord, Party
from headworks.ports.records import EVERYWHERE, Conflict, Missing, Records


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """How much was written. `refused`: what could not be, and why."""

    parties: int
    keys: int
    known: int
    """Were there already."""
    refused: Sequence[str] = ()


async def write(records: Records, parties: Sequence[Party], keys: Sequence[KeyRecord], audit: Mapping[str, str]) -> Written:
    """Parties come after those above them. A key whose party was refused is refused too."""
    refused: list[str] = []
    made_parties = known = made_keys = 0
    for party in parties:
        if await _is_party(records, party.id):
            known += 1
            continue
        try:
            await records.add_party(party, reach=EVERYWHERE, audit=audit)
        except (Conflict, Missing) as trouble:
            refused.append(f"{party.kind} {party.name}: {trouble}")
        else:
            made_parties += 1
    for key in keys:
        if await _is_key(records, key.id):
            known += 1
            continue
        try:
            await records.add_key(key, reach=EVERYWHERE, audit=audit)
        except (Conflict, Missing) as trouble:
            refused.append(f"key {key.prefix} ({key.name}): {trouble}")
        else:
            made_keys += 1
    return Written(parties=made_parties, keys=made_keys, known=known, refused=tuple(refused))


async def _is_party(records: Records, id_: str) -> bool:
    try:
        await records.party(id_, reach=EVERYWHERE)
    except Missing:
        return False
    return True


async def _is_key(records: Records, id_: str) -> bool:
    try:
        await records.key(id_, reach=EVERYWHERE)
    except Missing:
        return False
    return True
