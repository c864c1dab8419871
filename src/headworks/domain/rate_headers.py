"""Where an answer says how much of a provider's rate limits is left. Which providers say it so is data of `providers`."""

from __future__ import annotations

from typing import Literal

import msgspec


class RateHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """The names of the headers about one limit, in lower case."""

    unit: Literal["requests", "tokens"]
    limit: bytes
    remaining: bytes
    reset: bytes = b""
    """When all of it would be there again, in any of the forms of `pause.py`."""
    coarse: int = 1
    """What is left is rounded to a multiple of it: so much less half of one is counted on."""
