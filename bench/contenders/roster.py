"""Who is measured, in order. nginx comes first: it is what the others are compared with."""

from __future__ import annotations

from bench.contenders import envoy, governed, headworks, litellm, nginx, portkey, tensorzero
from bench.contenders.contender import Contender, direct, direct_tls

TLS = frozenset({"tls"})
PEER = frozenset({"peer"})
_EVERY_KEY = 4
"""Seconds in which each key has asked: its first request is the one that looks it up."""

ROSTER = (
    Contender(name="direct", start=direct, tags=frozenset({"base"})),
    Contender(name="direct, TLS", start=direct_tls, tags=frozenset({"base", "tls"})),
    Contender(name="nginx", start=nginx.plain),
    Contender(name="headworks", start=headworks.plain),
    Contender(name="translated", start=headworks.translated),
    Contender(name="translated-to-anthropic", start=headworks.translated_to_anthropic),
    Contender(name="governed", start=governed.in_memory, warm=_EVERY_KEY),
    Contender(name="governed-valkey", start=governed.in_valkey, warm=_EVERY_KEY),
    Contender(name="envoy", start=envoy.plain, tags=PEER),
    Contender(name="tensorzero", start=tensorzero.plain, streams=64, tags=PEER),
    Contender(name="portkey", start=portkey.plain, concurrency=8, streams=8, tags=PEER),
    Contender(name="litellm", start=litellm.plain, concurrency=8, streams=4, tags=PEER),
    Contender(name="nginx, TLS upstream", start=nginx.tls_upstream, tags=TLS),
    Contender(name="headworks, TLS upstream", start=headworks.tls_upstream, tags=TLS),
    Contender(name="nginx, TLS both sides", start=nginx.tls_both, tags=TLS),
    Contender(name="headworks, TLS both sides", start=headworks.tls_both, tags=TLS),
)
