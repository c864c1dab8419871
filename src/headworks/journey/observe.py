"""Sees every ending: writes the journal's record of it, and tells the caller who answered."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.call import Call, Tally
from headworks.domain.charges import used
from headworks.domain.exchange import Exchange, milliseconds
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.domain.target import Tried
from headworks.domain.versions import Assignment
from headworks.ports.clock import Clock
from headworks.ports.stage import Proceed
from headworks.ports.stores import Journal

MOST_DOWNGRADES = 10
LONGEST_LINE = 2000
"""Bytes of the header that names what was lost in translation."""
_TRACE = slice(3, 35)
"""Where the trace id stands in a `traceparent`."""


class Observe:
    """Registers first, so it speaks last: after every other conclusion and before any settlement."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Proceed, and watch the answer go by."""
        watch = _Watch(call, self._journal, self._clock.now)
        call.closing.conclude(watch.record)
        reply = await proceed(call)
        watch.see(reply)
        return reply


class _Watch:
    """What Observe notes of one call. One per call."""

    __slots__ = ("_call", "_first_at", "_frames", "_journal", "_now", "_reply", "_size")

    def __init__(self, call: Call, journal: Journal, now: Callable[[], float]) -> None:
        self._call = call
        self._journal = journal
        self._now = now
        self._reply: Reply | None = None
        self._first_at = 0.0
        self._frames = 0
        self._size = 0

    def see(self, reply: Reply) -> None:
        """The head is here."""
        self._reply = reply
        tried = self._call.tally.tried
        if tried:
            served = tried[-1]
            reply.headers += (
                (b"x-headworks-model", served.model.encode()),
                (b"x-headworks-provider", served.provider.encode()),
                (b"x-headworks-attempts", b"%d" % len(tried)),
            )
        if self._call.tally.downgrades and not reply.whole:
            reply.headers.append((b"x-headworks-downgrades", _one_line(self._call.tally.downgrades)))
        call = self._call.tally.latest
        if call is not None and call.assignment is not None:
            reply.headers.append((b"x-headworks-version", call.assignment.version.encode()))
        reply.tap(self._frame)

    def _frame(self, frame: Frame) -> None:
        if not self._frames:
            self._first_at = self._now()
        self._frames += frame.pieces
        self._size += len(frame.raw)

    def record(self, outcome: Outcome) -> None:
        """The end-record. The cost can still be told in a header where the whole answer waits for it."""
        tally, reply = self._call.tally, self._reply
        call = tally.latest or self._call
        tally.latest = None
        receipt = tally.receipt
        if reply is not None and reply.whole and tally.tried:
            nanos = receipt.price.nanos
            reply.headers.append((b"x-headworks-cost", b"%d.%09d" % divmod(nanos, 1_000_000_000)))
        if reply is not None and reply.whole and tally.downgrades:
            reply.headers.append((b"x-headworks-downgrades", _one_line(tally.downgrades)))
        duration = milliseconds(self._now() - call.began)
        first = milliseconds(self._first_at - call.began) if self._frames else 0.0
        principal, ask = call.principal, call.ask
        served = tally.tried[-1] if tally.tried else _NOBODY
        assignment = call.assignment or _NO_VERSION
        self._journal.end(
            Exchange(
                id=call.id,
                at=call.at,
                kind=call.kind,
                ending=outcome.ending,
                status=outcome.status,
                revision=call.snapshot.revision,
                principal=principal.id if principal is not None else "",
                key=principal.name if principal is not None else "",
                asked=tally.asked,
                target=served.target,
                provider=served.provider,
                served_model=served.served_model,
                front=call.front,
                stream=ask.stream if ask is not None else False,
                fault=outcome.fault,
                detail=outcome.detail,
                usage=receipt.usage,
                certainty=receipt.certainty,
                cost=receipt.cost.nanos,
                price=receipt.price.nanos,
                currency=receipt.cost.currency,
                tried=tuple(tally.tried),
                stages={name: int((at - call.began) * 1e6) / 1e3 for name, at in tally.stages.items()},
                notes=_notes(tally),
                cache=tally.cache,
                first_token_at=first,
                duration=duration,
                overhead=_overhead(call, duration, first if outcome.ending is Ending.FINISHED else 0.0),
                queued=tally.queued,
                gaps=max(0, self._frames - 1),
                bytes_in=call.body.size,
                bytes_out=self._size,
                client_request_id=call.headers.get(b"x-request-id", b"").decode("latin-1")[:128],
                trace=call.headers.get(b"traceparent", b"")[_TRACE].decode("latin-1"),
                peer=call.peer,
                parent=call.parent,
                purpose=call.purpose,
                payer=call.payer,
                lineage=principal.lineage if principal is not None else (),
                customer=call.customer,
                counters=used(tally.claims, receipt.usage, receipt.price.nanos, outcome) if tally.claims else (),
                version=assignment.version,
                rollout=assignment.rollout,
                step=assignment.step,
                merit=tally.merit,
                feedback=call.feedback,
                overrun=max(0, receipt.price.nanos - tally.reserved_nanos) if tally.claims else 0,
            )
        )


_NOBODY = Tried(target="", provider="", model="", at=0.0)
_NO_VERSION = Assignment(version="")


def _notes(tally: Tally) -> dict[str, str]:
    if not tally.downgrades:
        return tally.notes
    return {**tally.notes, "downgrades": "; ".join(tally.downgrades)[:LONGEST_LINE]}


def _one_line(downgrades: list[str]) -> bytes:
    """For a header: the record has them all."""
    more = f" … and {len(downgrades) - MOST_DOWNGRADES} more" if len(downgrades) > MOST_DOWNGRADES else ""
    line = (", ".join(downgrades[:MOST_DOWNGRADES]) + more).encode("ascii", "replace")
    return bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in line[:LONGEST_LINE])  # noqa: PLR2004 - printable ASCII


def _overhead(call: Call, duration: float, first: float) -> float:
    """Milliseconds that were ours: up to the first send, and from the upstream's last word to the end (whole answers) or from its
    first word to the client's first byte (streams). Waiting in a queue is neither.
    """
    tried, queued = call.tally.tried, call.tally.queued
    if not tried:
        return max(0.0, duration - queued)
    last = tried[-1]
    streamed = call.ask is not None and call.ask.stream
    after = first - last.head_at if streamed and first and last.head_at else duration - last.end_at
    asked = min(line.at for line in tried)  # the line of who answered is the last, also where it was asked first
    return max(0.0, int((max(0.0, asked - queued) + after) * 1e3) / 1e3)
