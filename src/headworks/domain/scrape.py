"""How a target's engine is asked for its metrics."""

from __future__ import annotations

import msgspec


class Scrape(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled. `headers` are the fixed header lines of the question, each ended by CRLF, credential included: secret."""

    engine: str
    """Row of `balancing/engines/engines.toml`."""
    path: str = ""
    """Of its page of metrics; empty: where the engine usually tells."""
    every: float = 0.5
    """Seconds."""
    series: tuple[tuple[str, str], ...] = ()
    """Signal, the operator's own name of its series."""
    headers: bytes = b""

    def __repr__(self) -> str:
        return f"<Scrape of {self.engine}>"
