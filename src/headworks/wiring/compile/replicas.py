"""Pools of replicas: what is written of them, checked."""

from __future__ import annotations

from collections import Counter

from headworks.domain.config import ProviderRule, ReplicasRule, as_pool
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.tree import Path

_WAYS = "Write urls, dns or kubernetes: one of them."


def checked_pool(bench: Bench, rule: ProviderRule, path: Path) -> ReplicasRule | None:
    """The pool of a provider, its mistakes noted; None where it is one machine."""
    pool, below = as_pool(rule.replicas), (*path, "replicas")
    if pool is None:
        return None
    if rule.base_url:
        bench.wrong((*path, "base_url"), "The replicas say where the provider is.", "Leave base_url out.")
    ways = [bool(pool.urls), bool(pool.dns), pool.kubernetes is not None]
    if sum(ways) != 1:
        bench.wrong(below, "Nobody says where the replicas are." if not any(ways) else "The replicas are in two places.", _WAYS)
    for url, times in Counter(pool.urls).items():
        if times > 1:
            bench.wrong(below, f"'{url}' is listed twice.", "Leave one of them out.")
    if pool.kubernetes is not None and not (pool.kubernetes.service and pool.kubernetes.port):
        bench.wrong((*below, "kubernetes"), "The service and the port of its pods are needed.", "Add service and port: 8000.")
    if not pool.every > 0.0:
        bench.wrong((*below, "every"), "Nobody can be looked for all the time.", "Write seconds: every: 5.")
    return pool
