"""Engines are asked as long as models are had from them, each once, and none of their silence is taken for idleness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import isfinite

import msgspec
import pytest

from headworks.balancing.load import STALE, LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.domain.errors import Fault
from headworks.domain.scrape import Scrape
from headworks.domain.snapshot import Snapshot
from headworks.domain.target import Origin, Target
from headworks.ports.upstream import Outgoing
from headworks.testing import FrozenClock, Script, ScriptedUpstream, sample_snapshot, sample_target, seeded
from headworks.wiring.engines import EnginePolls
from headworks.wiring.engines.poll import Asking

VLLM = Scrape(engine="vllm", headers=b"host: gpu\r\n")
BUSY = b"vllm:num_requests_waiting 9\nvllm:num_requests_running 4\nvllm:kv_cache_usage_perc 0.5\n"
LOADS = b'{"loads": [{"num_waiting_reqs": 3, "num_running_reqs": 1, "token_usage": 0.25}]}'
Answer = Callable[[Outgoing], Script]


def page(body: bytes, status: int = 200) -> Script:
    return Script(status=status, pieces=(body[:20], body[20:]))


def down(_: Outgoing) -> Script:
    return Script.unreachable(Fault("connect_refused", "nobody there"))


def target(name: str = "gpu/llama@a:80", host: str = "a", scrape: Scrape | None = VLLM) -> Target:
    return sample_target(name, origin=Origin("http", host, 80), scrape=scrape)


class Gateway:
    """What of a gateway polls engines. `answer` is theirs."""

    def __init__(self, answer: Answer, *targets: Target) -> None:
        self.clock = FrozenClock()
        self.upstream = ScriptedUpstream(self._answered)
        self.answer = answer
        self.snapshot: Snapshot = sample_snapshot(*targets)
        self.book = LoadBook(self.clock, PrefixIndex())
        self.said: list[str] = []
        self.complaints: list[BaseException] = []
        asking = Asking(self.upstream, self.clock, seeded(1), self.book.report, self.said.append)
        self.polls = EnginePolls(asking, lambda: self.snapshot, self.complaints.append)

    def _answered(self, request: Outgoing) -> Script:
        return self.answer(request)

    async def play(self, *steps: Callable[[], None], seconds: float = 5.0) -> None:
        """Poll for so long before and after each step, and end."""
        task = asyncio.create_task(self.polls.run())
        await self.clock.run(seconds)
        for step in steps:
            step()
            await self.clock.run(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert self.upstream.open_lines == []

    def queue(self, name: str = "gpu/llama@a:80") -> float:
        return self.book.of(name).queue(self.clock.now())


def test_an_engine_is_asked_about_twice_a_second_and_what_it_says_counts() -> None:
    gateway = Gateway(lambda _: page(BUSY), target())
    asyncio.run(gateway.play(seconds=10.0))

    assert 16 <= len(gateway.upstream.sent) <= 24
    assert gateway.upstream.sent[0].head == b"GET /metrics HTTP/1.1\r\nhost: gpu\r\n\r\n"
    assert gateway.queue() > 0.0
    said = gateway.polls.gauges()["a:80"]
    assert (said.provider, said.waiting, said.running, said.memory) == ("gpu", 9, 4, 0.5)
    assert said.age is not None
    assert said.age < 1.0


def test_an_engine_that_serves_several_models_is_asked_once_for_all_of_them() -> None:
    gateway = Gateway(lambda _: page(BUSY), target(), target("gpu/other@a:80"))
    asyncio.run(gateway.play())

    assert len(gateway.upstream.sent) <= 12
    assert gateway.queue() > 0.0
    assert gateway.queue("gpu/other@a:80") > 0.0


def test_nobody_is_asked_whose_provider_names_no_engine() -> None:
    gateway = Gateway(lambda _: page(BUSY), target(scrape=None))
    asyncio.run(gateway.play())
    assert gateway.upstream.sent == []


def test_who_leaves_is_asked_no_more_and_who_joins_is() -> None:
    gateway = Gateway(lambda _: page(BUSY), target(), target("gpu/llama@b:80", "b"))
    asked: list[int] = []

    def swap() -> None:
        gateway.snapshot = sample_snapshot(target("gpu/llama@b:80", "b"), target("gpu/llama@c:80", "c"))
        asked.append(len(gateway.upstream.sent))

    asyncio.run(gateway.play(swap))

    before, after = gateway.upstream.sent[: asked[0]], gateway.upstream.sent[asked[0] + 2 :]
    assert {request.origin.host for request in before} == {"a", "b"}
    assert {request.origin.host for request in after} == {"b", "c"}
    assert set(gateway.polls.gauges()) == {"b:80", "c:80"}


def test_another_way_to_ask_is_taken_up() -> None:
    gateway = Gateway(lambda _: page(BUSY), target())

    def swap() -> None:
        gateway.snapshot = sample_snapshot(target(scrape=Scrape(engine="vllm", path="/own")))

    asyncio.run(gateway.play(swap))
    assert gateway.upstream.sent[-1].head.startswith(b"GET /own ")


def test_an_engine_that_falls_silent_is_said_so_once_and_its_last_word_is_forgotten() -> None:
    gateway = Gateway(lambda _: page(BUSY), target())

    up = gateway.answer

    def silence() -> None:
        gateway.answer = down

    def speech() -> None:
        gateway.answer = up

    queues: list[float] = []
    asyncio.run(gateway.play(silence, lambda: None, lambda: queues.append(gateway.queue()), speech, seconds=STALE))

    assert queues == [0.0]
    assert gateway.queue() > 0.0
    assert gateway.said == [
        "the engine at http://a:80 does not tell its load (nobody there): only what is sent to it counts",
        "the engine at http://a:80 tells its load again",
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(b"# no stats here\n"), "its page says nothing of it"),
        (page(b"no", status=404), "status 404"),
        (page(b"x" * (5 << 20)), "its page is longer than 4 MiB"),
        (Script(pieces=(b"vllm:num_requests_waiting 9\n",), fault=Fault("upstream_error", "cut")), "cut"),
    ],
)
def test_what_is_no_page_of_its_load_says_nothing(answer: Script, why: str) -> None:
    gateway = Gateway(lambda _: answer, target())
    asyncio.run(gateway.play(seconds=STALE + 2.0))

    assert f"({why})" in gateway.said[0]
    assert len(gateway.said) == 1
    assert gateway.book.of("gpu/llama@a:80").engine is None
    assert gateway.polls.gauges()["a:80"].age is None


def test_an_engine_that_hangs_holds_up_no_other() -> None:
    gateway = Gateway(
        lambda request: Script.silent() if request.origin.host == "a" else page(BUSY), target(), target("gpu/llama@b:80", "b")
    )
    asyncio.run(gateway.play())

    assert gateway.queue() == 0.0
    assert gateway.queue("gpu/llama@b:80") > 0.0
    assert [request.origin.host for request in gateway.upstream.sent].count(
        "a"
    ) == 1  # the real transport ends it after two seconds


def test_where_one_place_is_not_there_the_next_is_asked_and_kept_to() -> None:
    sglang = Scrape(engine="sglang", headers=b"host: gpu\r\n")
    old = b"sglang:num_queue_reqs 3\nsglang:num_running_reqs 1\n"
    gateway = Gateway(
        lambda request: page(old) if b" /metrics " in request.head else page(b"", status=404), target(scrape=sglang)
    )
    asyncio.run(gateway.play())

    paths = [request.head.split()[1] for request in gateway.upstream.sent]
    assert paths[:2] == [b"/v1/loads", b"/metrics"]
    assert set(paths[2:]) == {b"/metrics"}
    assert gateway.polls.gauges()["a:80"].waiting == 3


def test_the_first_place_that_tells_is_enough() -> None:
    gateway = Gateway(lambda _: page(LOADS), target(scrape=Scrape(engine="sglang")))
    asyncio.run(gateway.play())

    assert {request.head.split()[1] for request in gateway.upstream.sent} == {b"/v1/loads"}
    assert gateway.polls.gauges()["a:80"].memory == 0.25


def test_a_poll_that_breaks_is_told_of_and_begun_again() -> None:
    answers = iter([ZeroDivisionError("a bug")])

    def answer(_: Outgoing) -> Script:
        for trouble in answers:
            raise trouble
        return page(BUSY)

    gateway = Gateway(answer, target())
    asyncio.run(gateway.play())

    assert [type(trouble) for trouble in gateway.complaints] == [ZeroDivisionError]
    assert gateway.queue() > 0.0


@pytest.mark.parametrize(
    ("engine", "body"),
    [
        ("vllm", b"vllm:num_requests_waiting 1e300\nvllm:num_requests_running 9e99\n"),
        ("sglang", b'{"loads": [{"num_waiting_reqs": 9223372036854775807}, {"num_waiting_reqs": 9223372036854775807}]}'),
    ],
)
def test_what_no_engine_can_have_to_do_can_be_reckoned_with_and_told_all_the_same(engine: str, body: bytes) -> None:
    gateway = Gateway(lambda _: page(body), target(scrape=Scrape(engine=engine)))
    asyncio.run(gateway.play())

    assert isfinite(gateway.queue())
    assert b"9007199254740992" in msgspec.json.encode(gateway.polls.gauges())
