"""Remembers who the replicas are. What cannot be looked up stays as it was last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from headworks.domain.config import ReplicasRule
from headworks.ports.clock import Clock

Look = Callable[[ReplicasRule], Sequence[str]]
"""Where they are looked for → their base URLs. Blocks for some seconds at the most; raises `LookupError` or `OSError`."""


class _Pool(msgspec.Struct):
    """`at` is when it was last looked for, whether or not that came to anything."""

    rule: ReplicasRule
    at: float
    urls: tuple[str, ...] = ()
    trouble: str = ""


class ReplicaBook:
    """One per gateway process. Looking takes time: it is done in other threads than the loop's."""

    def __init__(self, look: Look, clock: Clock, say: Callable[[str], None]) -> None:
        self._look = look
        self._clock = clock
        self._say = say
        self._pools: dict[str, _Pool] = {}

    def of(self, provider: str, rule: ReplicasRule) -> tuple[str, ...]:
        """The base URLs of a provider's replicas; none where nobody knows of any yet."""
        pool = self._pools.get(provider)
        if pool is None or pool.rule != rule:
            pool = _Pool(rule, self._clock.now())
            self._refresh(provider, pool)
            self._pools[provider] = pool
        return pool.urls

    def look_again(self) -> bool:
        """At all that are due. Whether any pool has changed since."""
        now = self._clock.now()
        due = [(name, pool) for name, pool in list(self._pools.items()) if now - pool.at >= pool.rule.every]
        return any([self._refresh(name, pool) for name, pool in due])  # noqa: C419 - each of them, whatever the first one says

    def keep(self, providers: Collection[str]) -> None:
        """Only these are still configured. Does not look, and so may be called on the loop."""
        self._pools = {name: pool for name, pool in self._pools.items() if name in providers}

    def troubles(self) -> dict[str, str]:
        """By provider, why its replicas cannot be looked up."""
        return {name: pool.trouble for name, pool in self._pools.items() if pool.trouble}

    def _refresh(self, provider: str, pool: _Pool) -> bool:
        pool.at = self._clock.now()
        try:
            urls = tuple(sorted(set(self._look(pool.rule))))
            trouble = "" if urls else "nobody is there"
        except (LookupError, OSError) as wrong:
            urls, trouble = (), str(wrong) or type(wrong).__name__
        if trouble and trouble != pool.trouble:
            left = f"its {len(pool.urls)} last known ones stay" if pool.urls else "its own address is asked instead"
            self._say(f"provider '{provider}': its replicas are not found ({trouble}): {left}")
        elif pool.trouble and not trouble:
            self._say(f"provider '{provider}': its replicas are found again")
        pool.trouble = trouble
        if trouble or urls == pool.urls:
            return False
        joined, gone = sorted({*urls} - {*pool.urls}), sorted({*pool.urls} - {*urls})
        told = [f"{', '.join(each)} {what}" for each, what in ((joined, "joined"), (gone, "left")) if each]
        self._say(f"provider '{provider}' has {len(urls)} replicas: {'; '.join(told)}")
        pool.urls = urls
        return True
