"""What can go wrong at a provider, and how it is asked for.

A trouble is written `kind key=value …`; several are separated by `;`, and an answer ends by the first that ends it. It comes from
the settings, the command line, the admin endpoint, a request header `x-emulate`, or from the prompt itself as `[emulate: …]` (headers
seldom survive a gateway).

    error status=429 retry_after=2        an error instead of an answer; with after=3 inside the stream, after three chunks
    reset | reset after=0 | reset after=3  connection reset before the head, after it, after three chunks
    cut after=3                           connection closed in the midst of the answer
    unfinished after=3                    well-framed HTTP, but the answer lacks its end
    stall | stall after=3 seconds=5       silence, for good or for five seconds
    garbage form=json|html|sse|http|empty  something that is no answer
    slow seconds=3 rate=5                 late first token; five tokens a second
    drip bytes=7                          every write is cut into pieces of seven bytes
    oversize bytes=100000000              a monstrous answer; with form=head monstrous headers
    refusal                               the model declines

Each may have `share=0.1` (chance), `times=2` (the first two only), `provider=NAME`, `model=NAME` and `path=/messages` (others are spared).
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import Annotated

import msgspec

from headworks.ports.clock import Chance

_IN_BODY = re.compile(rb"\[emulate: ([^\]]*)\]")


class TroubleKind(StrEnum):
    """The sorts of trouble."""

    ERROR = "error"
    RESET = "reset"
    CUT = "cut"
    UNFINISHED = "unfinished"
    STALL = "stall"
    GARBAGE = "garbage"
    SLOW = "slow"
    DRIP = "drip"
    OVERSIZE = "oversize"
    REFUSAL = "refusal"


class Trouble(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that goes wrong. `after` counts chunks of the answer; None is «before its head»."""

    kind: TroubleKind
    share: float = 1.0
    times: int = 0
    provider: str = ""
    model: str = ""
    path: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    status: int = 500
    retry_after: float | None = None
    type: str = ""
    code: str = ""
    message: str = ""
    form: str = "json"
    seconds: float = 0.0
    rate: float = 0.0
    bytes: Annotated[int, msgspec.Meta(ge=0)] = 0

    def concerns(self, visitor: Visitor) -> bool:
        """Whether a request is of the sort this is for."""
        return (
            self.provider in ("", visitor.provider)
            and self.model in ("", visitor.model)
            and (not self.path or visitor.path.endswith(self.path))
        )


class Visitor(msgspec.Struct, frozen=True):
    """What a trouble looks at to choose whom it strikes."""

    provider: str
    model: str
    path: str


def parse(text: str) -> tuple[Trouble, ...]:
    """Read troubles as written above. Raises `ValueError` that says what is wrong and what would be right."""
    return tuple(_parse_one(part) for part in text.split(";") if part.strip())


def in_body(body: bytes) -> tuple[Trouble, ...]:
    """Troubles that the prompt itself asks for, the last request of them where a conversation holds several. Raises `ValueError`."""
    found = _IN_BODY.findall(body)
    return parse(found[-1].decode().replace('\\"', '"')) if found else ()


def _parse_one(text: str) -> Trouble:
    kind, *settings = shlex.split(text)
    fields: dict[str, str] = {"kind": kind}
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign:
            raise ValueError(f"trouble {text.strip()!r}: {setting!r} should be key=value")
        fields[key] = value
    try:
        return msgspec.convert(fields, Trouble, strict=False)
    except msgspec.ValidationError as wrong:
        kinds = ", ".join(TroubleKind)
        keys = ", ".join(name for name in Trouble.__struct_fields__ if name != "kind")
        raise ValueError(f"trouble {text.strip()!r}: {wrong}. Kinds: {kinds}. Keys: {keys}") from wrong


class Armed:
    """Troubles that wait for requests. Counts down `times`; draws `share` by chance."""

    def __init__(self, troubles: tuple[Trouble, ...] = ()) -> None:
        self._left: list[tuple[Trouble, int]] = []
        self.arm(troubles)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Those that may still strike."""
        return tuple(trouble for trouble, _ in self._left)

    def arm(self, troubles: tuple[Trouble, ...]) -> None:
        """Replace all by these."""
        self._left = [(trouble, trouble.times) for trouble in troubles]

    def strike(self, visitor: Visitor, chance: Chance) -> tuple[Trouble, ...]:
        """Those that strike this request."""
        struck: list[Trouble] = []
        kept: list[tuple[Trouble, int]] = []
        for trouble, left in self._left:
            hits = trouble.concerns(visitor) and (trouble.share >= 1.0 or chance.random() < trouble.share)
            if hits:
                struck.append(trouble)
            spent = hits and left == 1
            if not spent:
                kept.append((trouble, left - 1 if hits and left else left))
        self._left = kept
        return tuple(struck)
