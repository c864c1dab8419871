"""Rows: API keys."""

from __future__ import annotations

from headworks.control.admin.bounds import BoundsOf
from headworks.control.admin.keys import KeyQuery, Keys
from headworks.control.admin.operation import Operation
from headworks.control.admin.operations.levels import of_bounds, of_standings, of_top_ups
from headworks.control.admin.policy import read_policy
from headworks.control.admin.row import row
from headworks.control.admin.standings import StandingsOf
from headworks.control.admin.top_ups import TopUpsOf
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import keys as key_wire
from headworks.domain.records import KeyRecord

_KEYS = Keys()
KEYS: tuple[Operation, ...] = (
    row(
        "keys.list GET /keys",
        Scope.KEYS_READ,
        _KEYS.list,
        "API keys within reach.",
        answers=key_wire.KeyListing,
        query=KeyQuery,
    ),
    row(
        "keys.create POST /keys",
        Scope.KEYS_WRITE,
        _KEYS.create,
        "Make an API key. It is shown once.",
        asks=key_wire.KeyAsked,
        answers=key_wire.KeyMade,
        status=201,
    ),
    row("keys.read GET /keys/{id}", Scope.KEYS_READ, _KEYS.read, "One API key, without itself.", answers=key_wire.KeyView),
    row(
        "keys.update PATCH /keys/{id}",
        Scope.KEYS_WRITE,
        _KEYS.update,
        "Change name or expiry.",
        asks=key_wire.KeyPatch,
        answers=key_wire.KeyView,
        locks=True,
    ),
    row(
        "keys.rotate POST /keys/{id}/rotate",
        Scope.KEYS_WRITE,
        _KEYS.rotate,
        "Make another key in its place; the old one stays good for an overlap.",
        asks=key_wire.Rotation,
        answers=key_wire.KeyMade,
        status=201,
    ),
    row(
        "keys.revoke POST /keys/{id}/revoke",
        Scope.KEYS_WRITE,
        _KEYS.revoke,
        "Refuse the key from now on.",
        answers=key_wire.KeyView,
    ),
    row("keys.remove DELETE /keys/{id}", Scope.KEYS_WRITE, _KEYS.remove, "Remove the key.", status=204, locks=True),
    row(
        "keys.policy GET /keys/{id}/policy",
        Scope.KEYS_READ,
        read_policy,
        "What the key may do in effect, and what each level says.",
        answers=key_wire.Policy,
    ),
    *of_bounds("keys", "/keys/{id}", Scope.KEYS_READ, BoundsOf[KeyRecord](_KEYS)),
    *of_top_ups("keys", "/keys/{id}", Scope.KEYS_READ, TopUpsOf[KeyRecord](_KEYS)),
    *of_standings("keys", "/keys/{id}", Scope.KEYS_READ, StandingsOf[KeyRecord](_KEYS)),
)
