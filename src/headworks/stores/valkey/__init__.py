"""What several gateways share: counters on a Valkey or Redis server."""

from headworks.stores.valkey.address import Address, read_address
from headworks.stores.valkey.counters import Settings, Status, ValkeyCounters, World

__all__ = ["Address", "Settings", "Status", "ValkeyCounters", "World", "read_address"]
