"""Key → principal, at the headers, before a byte of the body is waited for."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.ports.stage import Proceed
from headworks.ports.stores import Keys

ANYONE = Principal(id="anyone", name="anyone (open door)")
"""Who calls when the configuration asks for no key."""

_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")


class Identify:
    """Finds out who calls. The key itself goes no further than this stage."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses a missing or unknown key. Waits only for a key that is not known yet."""
        if call.parent:
            return proceed(call)  # made by ourselves, for a principal that is known
        key = _presented(call)
        if call.snapshot.identity.certificates is not None:
            return self._certified(call, key, proceed)
        return self._by_key(call, key, proceed)

    def _by_key(self, call: Call, key: bytes | None, proceed: Proceed) -> Awaitable[Reply]:
        if key is None:
            if not call.snapshot.open_door:
                raise Fault(
                    "missing_api_key",
                    "No API key was sent. Send one as 'Authorization: Bearer hw-…' (OpenAI SDKs: api_key) or as 'x-api-key'.",
                )
            return proceed(msgspec.structs.replace(call, principal=ANYONE))
        principal = self._keys.peek(key, call.snapshot)
        if principal is None:
            return self._find(call, key, proceed)
        return proceed(msgspec.structs.replace(call, principal=_still(principal, call)))

    async def _certified(self, call: Call, key: bytes | None, proceed: Proceed) -> Reply:
        """By the client's certificate, by a key, or by both, as the configuration says."""
        both = key is not None and call.snapshot.identity.certified_keys
        if key is not None and not both:
            return await self._by_key(call, key, proceed)
        holder = await self._keys.certified(call.certificate, call.snapshot) if call.certificate else None
        if not both:
            if holder is None:
                return await self._by_key(call, key, proceed)
            return await proceed(msgspec.structs.replace(call, principal=_still(holder, call)))
        place = _still(holder, call).lineage[-2:-1] if holder is not None else ()
        return await self._by_key(call, key, lambda known: proceed(_placed(known, place)))

    async def _find(self, call: Call, key: bytes, proceed: Proceed) -> Reply:
        principal = await self._keys.find(key, call.snapshot, call.peer)
        if principal is None and not call.snapshot.open_door:
            raise Fault("invalid_api_key", "This API key is not known here. Send one that an administrator has made for you.")
        return await proceed(msgspec.structs.replace(call, principal=_still(principal, call) if principal else ANYONE))


def _still(principal: Principal, call: Call) -> Principal:
    """The principal, unless its time is over: it may have been looked up long before."""
    if 0 < principal.expires_at <= call.at:
        raise Fault(
            "invalid_api_key",
            "This API key or token has expired, or was replaced. Ask an administrator for a new one.",
            detail=f"{principal.id} has expired, or was replaced",
        )
    return principal


def _placed(call: Call, place: tuple[str, ...]) -> Call:
    """The call, where its key belongs to the party that the certificate leads to, or to one below. Others may not use a stolen key."""
    if call.principal is None or not place or place[0] not in call.principal.lineage:
        raise Fault(
            "invalid_api_key",
            "API keys are good here only together with a client certificate of their own team. Use one of yours.",
            detail=f"the certificate leads to {place[0]}" if place else "no certificate was shown that leads anywhere",
        )
    return call


def _presented(call: Call) -> bytes | None:
    authorization = call.headers.get(b"authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(b" ")
        if scheme.lower() == b"bearer" and key:
            return key.strip()
    for header in _HEADERS:
        key = call.headers.get(header)
        if key:
            return key
    return None
