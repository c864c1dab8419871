"""The relay of an answer that nothing need be known of: about what was made before, not a making of something."""

from __future__ import annotations

from headworks.dialects.noted import Noted
from headworks.domain.errors import Fault


class Carried(Noted):
    """See `ports.interpreter.Relay`. Bytes go on as they come, and cost nothing."""

    fault: Fault | None

    def __init__(self) -> None:
        super().__init__()

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        self.began = self.began or bool(data)
        self.content_bytes += len(data)
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        self.ended = True
        return b""

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - a whole answer has not begun before it is complete
        """See `Relay.fail`."""
        return b""

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`."""
        return 0
