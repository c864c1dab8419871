"""What a server must be to keep counters: found out once a connection."""

from __future__ import annotations

from headworks.stores.valkey.scripts import Scripts
from headworks.stores.valkey.wire import Denied, Wire

OLDEST = (6, 2)
"""Version of Redis whose commands the scripts use. Every Valkey has them."""

MOST_SKEW = 24 * 3600.0
"""Seconds. A period's counter is kept for twice as long after its end."""


class Unfit(Exception):
    """A server that can't keep counters; what is said tells why, and what to do."""


async def inspect(wire: Wire) -> str:
    """The server's run id: another one means another process, with whatever it has found on its disk. Raises `Unfit`, `Severed`."""
    try:
        told = _read(await wire.call("INFO"))
    except Denied as refusal:
        raise Unfit(
            f"It refuses INFO ({refusal}). Give the user of cluster.url the permissions +info +@scripting +@write."
        ) from refusal
    trouble = _trouble(told)
    if trouble:
        raise Unfit(trouble)
    return told["run_id"]


async def skew(wire: Wire, wall_ns: int) -> float:
    """By how many seconds our clock is ahead of the server's. Raises `Unfit` where periods' counters could be forgotten before they are
    over, `Severed`.
    """
    seconds, micros = await wire.call("TIME")
    ahead = wall_ns / 1e9 - int(seconds) - int(micros) / 1e6
    if abs(ahead) > MOST_SKEW:
        raise Unfit(f"Its clock and this machine's are {abs(ahead) / 3600:.0f} hours apart. Set them right (NTP).")
    return ahead


async def prepare(wire: Wire, scripts: Scripts) -> str:
    """Inspect, and load the scripts. The run id. Raises `Unfit`, `Severed`."""
    run = await inspect(wire)
    try:
        await scripts.load(wire)
    except Denied as refusal:
        raise Unfit(f"It refuses scripts ({refusal}). Give the user of cluster.url the permission +@scripting.") from refusal
    return run


def _read(info: bytes) -> dict[str, str]:
    lines = info.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _trouble(told: dict[str, str]) -> str:
    if told.get("cluster_enabled") == "1":
        return (
            "It is a Cluster: the counters of one request must be on one server, and a Cluster refuses that (CROSSSLOT). "
            "Use a standalone server, with replicas and Sentinel if you like."
        )
    policy = told.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and told.get("maxmemory", "0") != "0":
        return f"Its maxmemory-policy is {policy}: it would forget spent budgets when memory is short. Set it to noeviction."
    if told.get("role") == "slave":
        return "It is a replica, and can't be written to. Name the primary."
    if "valkey_version" not in told and _version(told.get("redis_version", "0")) < OLDEST:
        return f"It is Redis {told.get('redis_version')}: at least {OLDEST[0]}.{OLDEST[1]} is needed, or any Valkey."
    return "" if "run_id" in told else "It tells no run_id: restarts could not be noticed."


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split(".")[:2] if part.isdecimal())
