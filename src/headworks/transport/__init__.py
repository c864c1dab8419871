"""How requests leave the house: a pooled HTTP/1.1 client that pushes answers instead of letting them be pulled."""

from headworks.transport.pool import Keeping, PoolStats
from headworks.transport.proxy import proxy_for
from headworks.transport.upstream import PooledUpstream

__all__ = ["Keeping", "PoolStats", "PooledUpstream", "proxy_for"]
