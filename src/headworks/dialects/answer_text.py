"""The words of an answer that went by, read where two of them are to be compared."""

from __future__ import annotations

from headworks.domain.errors import Fault
from headworks.domain.events import Event, PartKind, PartStarted, TextDelta
from headworks.domain.target import Origin, SentModel, Target
from headworks.ports.dialect import Spoken


def answer_text(spoken: Spoken, answer: bytes, *, stream: bool) -> str | None:
    """What the first choice says aloud, without what was thought; None where the answer cannot be read."""
    said_by = Target(
        name="", provider="", dialect=spoken.name, model=SentModel(""), origin=Origin("http", "", 0), heads={}, price=None
    )
    try:
        return _words(_events(spoken, answer, said_by, stream=stream))
    except Fault:
        return None


def _events(spoken: Spoken, answer: bytes, said_by: Target, *, stream: bool) -> list[Event]:
    if not stream:
        return spoken.read_answer(answer, said_by)
    decoder = spoken.decoder(said_by)
    return [*decoder.feed(answer), *decoder.close()]


def _words(events: list[Event]) -> str:
    aloud = {event.part for event in events if type(event) is PartStarted and event.kind is PartKind.TEXT and event.choice == 0}
    return "".join([event.text for event in events if type(event) is TextDelta and event.choice == 0 and event.part in aloud])
