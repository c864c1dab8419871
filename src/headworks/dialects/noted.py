"""What is noted of an answer on its way, whatever its language: the facts that accounting reads of every relay."""

from __future__ import annotations

from headworks.domain.errors import Fault
from headworks.domain.usage import Usage

BYTES_PER_TOKEN = 4


class Noted:
    """The attributes of `ports.interpreter.Relay`, before anything has come."""

    __slots__ = (
        *("began", "content_bytes", "ended", "fault", "pieces", "served_model", "service_tier", "upstream_id"),
        *("usage", "usage_final"),
    )

    fault: Fault | None
    usage: Usage | None

    def __init__(self) -> None:
        self.began = False
        self.ended = False
        self.fault = None
        self.usage = None
        self.usage_final = False
        self.pieces = 0
        self.content_bytes = 0
        self.served_model = ""
        self.service_tier = ""
        self.upstream_id = ""

    def adopt(self, other: Noted) -> None:
        """All that another relay has noted, but for its fault: of an answer that was left to it."""
        self.began, self.ended, self.usage, self.usage_final = other.began, other.ended, other.usage, other.usage_final
        self.pieces, self.content_bytes = other.pieces, other.content_bytes
        self.served_model, self.service_tier, self.upstream_id = other.served_model, other.service_tier, other.upstream_id

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`: at least one token a piece, at least one for four bytes."""
        return max(self.pieces, self.content_bytes // BYTES_PER_TOKEN)
