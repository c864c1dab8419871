"""Looks replicas up: by DNS, or by the API of a Kubernetes cluster."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from headworks.domain.config import ReplicasRule
from headworks.wiring.replicas.kubernetes import ask_cluster

_PORTS = {"http": 80, "https": 443}
Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → addresses. Raises `OSError`."""


def resolve(host: str, port: int) -> Sequence[str]:
    """As the machine resolves names."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def look_up(rule: ReplicasRule, by: Resolve = resolve) -> Sequence[str]:
    """Base URLs. Raises `OSError` and `LookupError`."""
    if rule.kubernetes is not None:
        return ask_cluster(rule.kubernetes)
    return _by_name(rule.dns, by) if rule.dns else rule.urls


def _by_name(url: str, by: Resolve) -> list[str]:
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    hosts = [f"[{address}]" if ":" in address else address for address in by(parts.hostname or "", port)]
    return [f"{parts.scheme}://{host}:{port}{parts.path}" for host in hosts]
