"""What a version makes of a request before it is sent: words put before the caller's, and parameters."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.prompt import Said

Parameter = float | int | str | tuple[str, ...]
Parameters = Mapping[str, Parameter]
"""By canonical name: `temperature`, `top_p`, `top_k`, `seed`, `frequency_penalty`, `presence_penalty`, `max_tokens`, `stop`,
`reasoning_effort`.
"""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Of one request. System turns come first among `said`."""

    said: tuple[Said, ...] = ()
    defaults: Parameters = {}
    """Hold where the caller says nothing."""
    fixed: Parameters = {}
    """Hold whatever the caller says."""

    @property
    def system(self) -> str:
        """What the system says, in one text."""
        return "\n\n".join(turn.text for turn in self.said if turn.role == "system")

    @property
    def turns(self) -> tuple[Said, ...]:
        """What the others say."""
        return tuple(turn for turn in self.said if turn.role != "system")


class Shaped(msgspec.Struct, frozen=True):
    """A request's body with all that its language can say of a shape. `unsaid` are the parameters that it has no word for."""

    body: bytes
    unsaid: Parameters = {}
