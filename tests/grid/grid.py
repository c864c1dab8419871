"""Runs the cases of the grid through the hub: no sockets, one process."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from headworks.dialects.bedrock import Bedrock
from headworks.dialects.hub import Hub
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event, Failed
from headworks.domain.message import Downgrade
from headworks.ports.dialect import Spoken
from headworks.ports.interpreter import Prepared
from tests.grid import servers
from tests.grid.answers import Said, Server
from tests.grid.cases import CASES, SIGNATURE, Case
from tests.grid.clients import FRONTS, SNOW, Question, go_on, listen, question
from tests.grid.heard import Heard, heard, meant
from tests.grid.targets import target

SERVERS: dict[str, Server] = {each.name: each for each in servers.ALL}
SPOKEN: dict[str, Spoken] = {**FRONTS, "bedrock": Bedrock()}
HUB = Hub(FRONTS, SPOKEN)
THROTTLED = 429


class Verdict(StrEnum):
    """What became of a case between two languages."""

    PASSED = "passed"
    DOWNGRADED = "downgraded"
    """Something was left out or said otherwise, and that was reported."""
    REFUSED = "refused"
    UNSAYABLE = "unsayable"
    """One of the two languages has no words for it: nobody can ask for it, or answer it."""
    WRONG = "wrong"


class Cell(msgspec.Struct, frozen=True):
    """One case between two languages, whole or streamed. `words` are the gateway's own."""

    front: str
    upstream: str
    case: str
    streamed: bool
    verdict: Verdict
    words: tuple[str, ...] = ()
    asked: tuple[Question, ...] = ()
    sent: tuple[bytes, ...] = ()
    told: tuple[bytes, ...] = ()


def cells() -> Iterator[Cell]:
    """All of the grid."""
    for front in FRONTS:
        for case in CASES:
            for server in SERVERS.values():
                for streamed in (False, True):
                    yield _Run(front, server, case, streamed=streamed).cell()


class _Run:
    """One cell on its way."""

    def __init__(self, front: str, server: Server, case: Case, *, streamed: bool) -> None:
        self._front = front
        self._server = server
        self._case = case
        self._streamed = streamed
        self._target = target(server.name)
        self._asked: list[Question] = []
        self._sent: list[bytes] = []
        self._told: list[bytes] = []
        self._reported: list[Downgrade] = []
        self._wrong: list[str] = []

    def cell(self) -> Cell:
        """The verdict on it."""
        asked = question(self._front, self._case, streamed=self._streamed)
        if asked.unsayable:
            return self._judged(Verdict.UNSAYABLE, [f"the client cannot say it: {_words(asked.unsayable)[0]}"])
        try:
            self._exchange(asked)
        except Fault as fault:
            return self._judged(Verdict.REFUSED, [f"{fault.code}: {fault.message}"])
        if self._wrong:
            return self._judged(Verdict.WRONG, self._wrong)
        if self._reported:
            return self._judged(Verdict.DOWNGRADED, _words(self._reported))
        if _unanswerable(self._case.said, self._server):
            return self._judged(Verdict.UNSAYABLE, [f"{self._server.name} has no word to answer it"])
        return self._judged(Verdict.PASSED, [])

    def _judged(self, verdict: Verdict, words: Iterable[str]) -> Cell:
        place = (self._front, self._server.name, self._case.name, self._streamed)
        return Cell(*place, verdict, tuple(dict.fromkeys(words)), tuple(self._asked), tuple(self._sent), tuple(self._told))

    def _exchange(self, asked: Question) -> None:
        prepared = self._prepare(asked, self._case.needles)
        if self._case.fails:
            self._fail(asked, prepared)
            return
        events = self._answer(asked, prepared)
        if self._case.again and not self._wrong:
            signed = () if "signature" in self._server.cannot else (SIGNATURE,)
            self._prepare(go_on(asked, events), (*self._case.needles, SNOW, "Oslo", *signed))

    def _prepare(self, asked: Question, needles: Iterable[str]) -> Prepared:
        """The request as the upstream sees it: what is missing there is reported."""
        prepared = HUB.prepare(self._front, Kind.CHAT, asked.ask, asked.sent, self._target, None)
        self._asked.append(asked)
        self._sent.append(prepared.body)
        self._reported += prepared.downgrades
        missing = [needle for needle in needles if not _holds(prepared.body, needle)]
        if missing and not prepared.downgrades:
            self._wrong.append(f"lost in silence: {missing}")
        return prepared

    def _answer(self, asked: Question, prepared: Prepared) -> list[Event]:
        said, server = self._case.said, self._server
        events, told = self._carry(asked, prepared, server.streamed(said) if self._streamed else server.whole(said))
        losses = prepared.losses() if prepared.losses is not None else ()
        self._reported += losses
        silent = _differences(meant(said), heard(events, told), server.cannot)
        if silent and not losses:
            self._wrong += silent
        return events

    def _carry(self, asked: Question, prepared: Prepared, answer: bytes) -> tuple[list[Event], bytes]:
        relay = prepared.relay
        told = relay.feed(answer) + relay.close()
        if relay.fault is not None:
            told += relay.fail(relay.fault, "req-1")
            if not self._case.fails:
                self._wrong.append(f"the answer was not understood: {relay.fault.detail or relay.fault.message}")
                return [], told
        self._told.append(told)
        return listen(asked, told), told

    def _fail(self, asked: Question, prepared: Prepared) -> None:
        """A whole answer fails with a status, a stream after it has begun: the client can tell, and what kind it is."""
        if self._streamed:
            events, _ = self._carry(asked, prepared, self._server.broken())
            if not isinstance(events[-1], Failed):
                self._wrong.append("a failed stream looks well")
            return
        headers, body = self._server.throttled()
        fault = HUB.read_fault(self._target.dialect, THROTTLED, headers, body)
        self._told.append(HUB.write_fault(self._front, fault, "req-1"))
        again = FRONTS[self._front].read_fault(fault.status, [], self._told[0])
        if (fault.code, again.code) != ("upstream_throttled", "upstream_throttled"):
            self._wrong.append(f"read as {fault.code}, told as {again.code}")


def _holds(body: bytes, needle: str) -> bool:
    """Some languages carry texts as bytes."""
    return needle.encode() in body or base64.b64encode(needle.encode()) in body


def _words(downgrades: Iterable[Downgrade]) -> list[str]:
    return [f"{each.path}: {each.what}" for each in downgrades]


def _differences(wanted: Heard, found: Heard, cannot: frozenset[str]) -> list[str]:
    excused = set(cannot)
    if wanted["refusal"] and "words of refusal" in cannot:
        excused.add("text")
    if wanted["refusal"] and "refused" in cannot:
        excused |= {"refusal", "stop"}
    return [
        f"{name}: {wanted[name]!r} became {found[name]!r}"
        for name in wanted
        if name not in excused and wanted[name] != found[name]
    ]


def _unanswerable(said: Said, server: Server) -> bool:
    """Whether all that is peculiar to an answer has no word in the server's language."""
    usual, wanted = meant(Said(text=said.text)), meant(said)
    peculiar = {name for name in wanted if wanted[name] != usual[name]}
    if said.refusal and "refused" in server.cannot:
        return True
    peculiar -= {"sequence"}
    return bool(peculiar) and peculiar <= server.cannot
