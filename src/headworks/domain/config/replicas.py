"""Pools of replicas: machines that serve the same models alike, as operators write them."""

from __future__ import annotations

from headworks.domain.config.written import Written


class KubernetesRule(Written, frozen=True):
    """The ready endpoints of a service, by the cluster's own API: its EndpointSlices."""

    service: str = ""
    port: int = 0
    """That the pods listen on."""
    namespace: str = ""
    """Left out, the gateway's own."""
    path: str = ""
    """Of the base URL: `/v1` where that is not the usual one."""
    api: str = ""
    """URL of the API server; left out, that of the cluster that the gateway runs in."""


class ReplicasRule(Written, frozen=True):
    """Where the replicas of a provider are: exactly one of `urls`, `dns` and `kubernetes`. Short form: the list of URLs."""

    urls: tuple[str, ...] = ()
    """Base URLs."""
    dns: str = ""
    """A base URL whose host stands for all addresses that it has: `http://llama.internal:8000`."""
    kubernetes: KubernetesRule | None = None
    every: float = 5.0
    """Seconds between two looks at who is there."""

    @property
    def address(self) -> str:
        """One base URL of the whole pool: what is asked while nobody knows who is there."""
        if self.kubernetes is None:
            return self.dns or next(iter(self.urls), "")
        rule = self.kubernetes
        host = f"{rule.service}.{rule.namespace}.svc" if rule.namespace else rule.service
        return f"http://{host}:{rule.port}{rule.path}"


Replicas = ReplicasRule | tuple[str, ...]


def as_pool(written: Replicas | None) -> ReplicasRule | None:
    """The long form of either form; None where it is one machine."""
    return ReplicasRule(urls=written) if isinstance(written, tuple) else written
