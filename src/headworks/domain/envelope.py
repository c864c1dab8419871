"""What of a request balancing goes by: all that pickers and queues know of it, in the gateway and in the simulator alike."""

from __future__ import annotations

from enum import IntEnum
from math import inf

import msgspec


class Priority(IntEnum):
    """Whose turn comes first. A lower class is served from what higher ones leave, and from its floor."""

    SYSTEM = 0
    INTERACTIVE = 1
    DEFAULT = 2
    BATCH = 3
    SHEDDABLE = 4
    """May be refused while machines are short."""


class Envelope(msgspec.Struct, kw_only=True):
    """One request from outside. Mutable in one thing alone: `blocks`, worked out when a picker first asks for them."""

    tenant: str = ""
    """Whose it is: prompts of two tenants never meet in an index, and tenants share fairly."""
    affinity: str = ""
    """Who keeps coming back: the session, else the user, else the key."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    """The most that it may be answered with, or is taken to be."""
    streamed: bool = False
    """It is waited for until its first token, not until its end."""
    priority: Priority = Priority.DEFAULT
    deadline: float = inf
    """Monotonic seconds: after that nobody waits for it any more."""
    leads: tuple[bytes, ...] = ()
    """The prompt as it came, the fields in the order in which models read them."""
    blocks: tuple[int, ...] | None = None
    """Chained hashes of its blocks, salted by tenant: equal leading ones mean an equal beginning."""
