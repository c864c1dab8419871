"""What several gateways share: counters on a Valkey or Redis server."""

from headworks.stores.valkey.address import Address, read_address
from headworks.stores.valkey.counters import Settings, ValkeyCounters, World
from headworks.stores.valkey.generation import Disputed

__all__ = ["Address", "Disputed", "Settings", "ValkeyCounters", "World", "read_address"]
