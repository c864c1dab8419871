"""Callers hear of a provider by its configured name; its address is for operators, who find it in the exchange."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.call import Call
from headworks.domain.errors import FAULTS, Blame, Fault
from headworks.domain.fault_words import WORDS
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel, Origin, Timeouts
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target
from headworks.transport import faults

from .plain import KEY, House

ORIGIN = Origin("https", "10.1.2.3", 9443)
WHERE = str(ORIGIN)
TARGET = sample_target("acme/m", origin=ORIGIN, secrets=ORIGIN.spellings)
SHOP = Snapshot(revision="r", models={"m": Model(name=AskedModel("m"), targets=(TARGET,))})
DIALECTS = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()})

BEFORE = [
    faults.dial_fault(ConnectionRefusedError(111, "refused"), WHERE),
    faults.dial_fault(TimeoutError(), WHERE),
    faults.dial_fault(OSError(101, "unreachable"), WHERE),
    faults.dial_fault(UnicodeError(), WHERE),
    faults.handshake_fault(ConnectionResetError(), WHERE),
    faults.proxied(faults.dial_fault(ConnectionRefusedError(), "http://10.1.2.3:9443"), "http://10.1.2.3:9443"),
    faults.connect_timeout(WHERE, 5.0),
    faults.pool_timeout(WHERE, 10, "for 10 s"),
    faults.closed_at_once(ORIGIN),
]
UNDER_WAY = [
    faults.lost(WHERE, None, begun=False),
    faults.lost(WHERE, None, begun=True),
    faults.garbage(WHERE, "status 99"),
    *(faults.timed_out(code, WHERE, Timeouts()) for code in ("first_byte_timeout", "idle_timeout", "total_timeout")),
]


def code_of(fault: Fault) -> str:
    return f"{fault.code}-{fault.message[:24]}"


def copy_of(fault: Fault) -> Fault:
    return Fault(fault.code, fault.message, detail=fault.detail)


def ask(*, stream: bool = False) -> Call:
    body = Whole(msgspec.json.encode({"model": "m", "stream": stream}))
    return sample_call(snapshot=SHOP, body=body, headers={b"authorization": b"Bearer " + KEY}, principal=None, ask=None)


def assert_without_address(words: bytes) -> None:
    assert b"10.1.2.3" not in words
    assert b"9443" not in words


@pytest.mark.parametrize("fault", [*BEFORE, *UNDER_WAY], ids=code_of)
def test_a_failure_is_told_by_the_providers_name_and_its_address_only_to_operators(fault: Fault) -> None:
    async def scenario() -> None:
        script = Script.unreachable(copy_of(fault)) if fault in BEFORE else Script(pieces=(b"{",), fault=copy_of(fault))
        house = House(SHOP, ScriptedUpstream([script] * 3))
        serving = asyncio.create_task(house.serve(ask()))
        while not serving.done():
            await asyncio.sleep(0)
            house.clock.advance(10)

        told = serving.exception()

        assert isinstance(told, Fault)
        for front in ("openai_chat", "anthropic"):
            assert_without_address(DIALECTS.write_fault(front, told, "req-1"))
        assert "The provider 'acme' " in told.message
        record = house.journal.ended[0]
        assert all(WHERE[8:] in tried.detail for tried in record.tried)
        assert WHERE[8:] in record.detail

    asyncio.run(scenario())


@pytest.mark.parametrize("fault", [fault for fault in UNDER_WAY if fault.code != "first_byte_timeout"], ids=code_of)
def test_the_last_words_of_a_stream_name_no_address(fault: Fault) -> None:
    async def scenario() -> None:
        house = House(SHOP, ScriptedUpstream([Script(pieces=(b"some content\n",), fault=copy_of(fault))]))
        sink = CollectingSink()
        (await house.serve(ask(stream=True))).start(sink)
        await sink.ended()

        last = sink.frames[-1].raw

        assert last.startswith(b"error:" + fault.code.encode())
        assert b"'acme'" in last
        assert_without_address(last)
        assert WHERE[8:] in house.journal.ended[0].detail

    asyncio.run(scenario())


def test_a_refusal_in_the_providers_own_words_holds_no_address() -> None:
    """Servers and proxies quote the URL that they were asked for."""
    words = f"No route {WHERE}/v1/chat/completions on host 10.1.2.3"
    for dialect in ("openai_chat", "anthropic"):
        body = msgspec.json.encode({"type": "error", "error": {"type": "not_found_error", "message": words}})

        fault = DIALECTS.read_fault(dialect, 404, [], body, secrets=TARGET.secrets)

        for front in ("openai_chat", "anthropic"):
            assert_without_address(DIALECTS.write_fault(front, fault, "req-1"))


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_has_words_and_every_providers_fault_is_told_as_such(code: str) -> None:
    row, words = FAULTS[code], WORDS[code]

    assert bool(words.remedy) is (row.blame is not Blame.NOBODY)
    if row.blame is Blame.UPSTREAM:
        assert words.did


def test_there_are_words_for_faults_only() -> None:
    assert WORDS.keys() == FAULTS.keys()


def test_being_told_of_twice_changes_nothing() -> None:
    fault = faults.connect_timeout(WHERE, 5.0)
    fault.told_of("acme")
    message, detail = fault.message, fault.detail
    fault.told_of("acme")

    assert (fault.message, fault.detail) == (message, detail)
