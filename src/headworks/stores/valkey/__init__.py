"""What several gateways share on a Valkey or Redis server: counters, and what they tell each other."""

from headworks.stores.valkey.address import Address, read_address
from headworks.stores.valkey.broadcast import Broadcast
from headworks.stores.valkey.counters import ROOT, Settings, ValkeyCounters, World
from headworks.stores.valkey.generation import Disputed

__all__ = ["ROOT", "Address", "Broadcast", "Disputed", "Settings", "ValkeyCounters", "World", "read_address"]
