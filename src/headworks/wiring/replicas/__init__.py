"""Who the replicas of pools are: looked up when a configuration is compiled, and again for as long as it runs."""

from headworks.wiring.replicas.book import ReplicaBook
from headworks.wiring.replicas.look import look_up

__all__ = ["ReplicaBook", "look_up"]
