"""What a key may do in effect: its own bounds and those of all above it, narrowed to one."""

from __future__ import annotations

from headworks.control.admin.operation import Act, Answer
from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.keys import Level, Policy
from headworks.domain.records import Party, ended, narrowed


async def read_policy(act: Act) -> Answer:
    """Worked out by the rules that the gateway itself uses."""
    key = await act.office.records.key(act.id, reach=act.reach)
    lineage, _ = await act.office.records.lineage(key.owner)
    left = narrowed([*(party.bounds for party in lineage), key.bounds])
    over = ended(key, lineage, act.now())
    ends = [at for at in (key.expires_at, key.revoked_at, *(party.expires_at for party in lineage)) if at]
    levels = (*map(_level, lineage), Level(id=key.id, kind="key", name=key.name, bounds=BoundsBody.of(key.bounds)))
    why_not = over.detail if over is not None else None
    return Answer(Policy.of(key.id, left, levels, why_not=why_not, ends=min(ends, default=0)), key.version)


def _level(party: Party) -> Level:
    """Whoever sees the key sees what holds it: also what levels above their reach say of it."""
    return Level(id=party.id, kind=party.kind, name=party.name, bounds=BoundsBody.of(party.bounds))
