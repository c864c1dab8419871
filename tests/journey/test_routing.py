"""Which target is tried, and what follows a failure."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from headworks.domain.body import Whole
from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.money import PriceCard, PriceVariant, Rate
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.principal import Principal
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Breaker, CacheSettings, Model, Snapshot
from headworks.domain.target import AskedModel, Target
from headworks.domain.usage import Certainty
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House, limited

GOOD = Script(pieces=(b"hello usage:10,5\n",))
THROTTLED = Script(status=429)
BROKEN = Script(status=500)


def model(name: str, *targets: Target, attempts: int = 3, fallbacks: tuple[str, ...] = (), deadline: float = 120.0) -> Model:
    retry = RetryPolicy(attempts=attempts, base=1.0, deadline=deadline)
    return Model(name=AskedModel(name), targets=targets, fallbacks=tuple(map(AskedModel, fallbacks)), retry=retry)


def snapshot(*models: Model) -> Snapshot:
    return Snapshot(revision="r", models={model.name: model for model in models})


def ask(snapshot: Snapshot, name: str = "m") -> Call:
    body = Whole(msgspec.json.encode({"model": name}))
    headers = {b"authorization": b"Bearer " + KEY}
    return sample_call(snapshot=snapshot, body=body, headers=headers, principal=None, ask=None)


async def answered(house: House, call: Call) -> Exchange:
    (await house.serve(call)).start(CollectingSink())
    return house.journal.ended[-1]


def targets_tried(record: Exchange) -> list[str]:
    return [tried.target for tried in record.tried]


def test_lower_order_is_tried_first_and_the_next_order_after_a_failure() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("second/m", order=1), sample_target("first/m", order=0)))
        house = House(shop, ScriptedUpstream([BROKEN, GOOD]))
        record = await answered(house, ask(shop))
        assert targets_tried(record) == ["first/m", "second/m"]
        assert record.tried[1].why == "retry after upstream_error at first/m"

    asyncio.run(scenario())


def test_a_retry_after_is_waited_for_where_there_is_no_other_target() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("only/m")))
        wait = Script(status=429, headers=((b"retry-after", b"7"),))
        house = House(shop, ScriptedUpstream([wait, GOOD]))
        serving = asyncio.create_task(answered(house, ask(shop)))
        await house.clock.until_sleeping()
        house.clock.advance(6.9)
        assert not serving.done()
        house.clock.advance(0.2)
        assert targets_tried(await serving) == ["only/m", "only/m"]

    asyncio.run(scenario())


def test_a_longer_retry_after_than_the_policy_allows_is_handed_to_the_caller() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("only/m")))
        house = House(shop, ScriptedUpstream([Script(status=429, headers=((b"retry-after", b"3600"),))]))
        with pytest.raises(Fault) as raised:
            await house.serve(ask(shop))
        assert (raised.value.code, raised.value.retry_after) == ("upstream_throttled", 3600.0)
        assert house.journal.ended[0].notes["gave_up"] == "asked to wait 3600 s"

    asyncio.run(scenario())


def test_when_all_targets_have_failed_the_fallback_model_answers_and_the_record_says_so() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), attempts=1, fallbacks=("n",)), model("n", sample_target("b/n")))
        house = House(shop, ScriptedUpstream([BROKEN, GOOD]))
        record = await answered(house, ask(shop))
        assert targets_tried(record) == ["a/m", "b/n"]
        assert record.tried[1].why == "fallback after upstream_error"
        assert [tried.served for tried in record.tried] == [False, True]

    asyncio.run(scenario())


def test_a_fallback_that_the_caller_may_not_use_is_passed_over() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), attempts=1, fallbacks=("n",)), model("n", sample_target("b/n")))
        only_m = Principal(id="p", models=("m",), allows_all=False)
        house = House(shop, ScriptedUpstream([BROKEN]), principal=only_m)
        with pytest.raises(Fault) as raised:
            await house.serve(ask(shop))
        assert raised.value.code == "upstream_error"
        assert len(house.upstream.sent) == 1

    asyncio.run(scenario())


def test_what_the_caller_did_wrong_is_never_tried_twice() -> None:
    async def scenario() -> None:
        shop = snapshot(
            model("m", sample_target("a/m"), sample_target("b/m"), fallbacks=("n",)), model("n", sample_target("c/n"))
        )
        house = House(shop, ScriptedUpstream([Script(status=422, pieces=(b"no",))]))
        with pytest.raises(Fault) as raised:
            await house.serve(ask(shop))
        assert raised.value.status == 422
        assert len(house.upstream.sent) == 1

    asyncio.run(scenario())


def test_no_new_attempt_starts_after_the_deadline() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("only/m"), attempts=9, deadline=10.0))
        house = House(shop, ScriptedUpstream([Script(status=429, headers=((b"retry-after", b"4"),))] * 9))
        serving = asyncio.create_task(house.serve(ask(shop)))
        await house.clock.run(20.0)
        with pytest.raises(Fault):
            await serving
        # At 0, 4 and 8 seconds; a fourth would begin after the tenth.
        assert len(house.upstream.sent) == 3
        assert house.journal.ended[0].notes["gave_up"] == "deadline"

    asyncio.run(scenario())


def test_failures_in_a_row_open_the_circuit_and_a_probe_closes_it_again() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("only/m"), attempts=1))
        house = House(shop, ScriptedUpstream([BROKEN, BROKEN, GOOD, GOOD]))
        house.health.breaker = lambda: Breaker(failures=2, open_for=10.0)
        for _ in range(2):
            with pytest.raises(Fault):
                await house.serve(ask(shop))
        with pytest.raises(Fault) as refused:
            await house.serve(ask(shop))
        assert (refused.value.code, refused.value.retry_after) == ("circuit_open", 10.0)
        assert "(last: upstream_error)" in refused.value.message
        assert len(house.upstream.sent) == 2
        house.clock.advance(10.1)
        await answered(house, ask(shop))
        await answered(house, ask(shop))
        assert len(house.upstream.sent) == 4

    asyncio.run(scenario())


def test_retries_stop_when_their_budget_is_spent() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m", weight=1), sample_target("b/m", weight=1), attempts=2))
        house = House(shop, ScriptedUpstream([BROKEN] * 400))
        house.health.breaker = lambda: Breaker(failures=10_000)
        for _ in range(150):
            with pytest.raises(Fault):
                await house.serve(ask(shop))
        retries = len(house.upstream.sent) - 150
        # 100 for free, then a fifth of a retry for each request.
        assert 100 <= retries <= 100 + 150 * 0.2 + 1
        assert house.journal.ended[-1].notes["gave_up"] == "retry budget spent"

    asyncio.run(scenario())


def test_every_attempt_is_on_the_tally_and_the_caller_pays_for_the_served_one_alone() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m", order=0), sample_target("b/m", order=1)))
        lost = Script(status=0, fault=Fault("first_byte_timeout", "nothing came"))
        house = House(shop, ScriptedUpstream([lost, GOOD]))
        record = await answered(house, ask(shop))
        first, second = record.tried
        assert (first.fault, first.certainty, first.usage.input) == ("first_byte_timeout", Certainty.ESTIMATED, 7)
        assert (second.certainty, second.usage.input, second.usage.output) == (Certainty.REPORTED, 10, 5)
        # 7 + 10 tokens in at $1, 5 out at $2 a million; the caller pays without the 7.
        assert (record.cost, record.price) == (27_000, 20_000)

    asyncio.run(scenario())


def test_a_price_that_depends_on_a_field_of_the_request_is_the_one_charged() -> None:
    async def scenario() -> None:
        flex = PriceVariant({"service_tier": "flex"}, {"input": Rate(500_000_000)})
        card = PriceCard(input=Rate(1_000_000_000), output=Rate(2_000_000_000), variants=(flex,))
        shop = snapshot(model("m", sample_target("a/m", price=card)))
        house = House(shop, ScriptedUpstream([GOOD, GOOD]), principal=Principal(id="p", features=("service_tier",)))
        plain = await answered(house, ask(shop))
        cheap = await answered(house, msgspec.structs.replace(ask(shop), body=Whole(b'{"model": "m", "service_tier": "flex"}')))
        assert (plain.price, cheap.price) == (20_000, 15_000)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("asked", "told", "price"),
    [
        ("", "", 20_000),
        ("", "flex", 15_000),
        ("auto", "flex", 15_000),
        ("flex", "default", 20_000),
        ("flex", "", 15_000),
        ("flex", "flex", 15_000),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_the_tier_that_the_answer_names_is_the_one_charged(asked: str, told: str, price: int, *, stream: bool) -> None:
    async def scenario() -> None:
        flex = PriceVariant({"service_tier": "flex"}, {"input": Rate(500_000_000)})
        card = PriceCard(input=Rate(1_000_000_000), output=Rate(2_000_000_000), variants=(flex,))
        shop = snapshot(model("m", sample_target("a/m", price=card)))
        words = f"hello usage:10,5\n tier:{told} \n" if told else "hello usage:10,5\n"
        answer = Script.sse(words, "[DONE]") if stream else Script(pieces=(words.encode(),))
        house = House(shop, ScriptedUpstream([answer]), principal=Principal(id="p", features=("service_tier",)))
        body = {"model": "m", "stream": stream, **({"service_tier": asked} if asked else {})}
        reply = await house.serve(msgspec.structs.replace(ask(shop), body=Whole(msgspec.json.encode(body))))
        sink = CollectingSink()
        reply.start(sink)
        await sink.ended()

        assert house.journal.ended[0].price == price

    asyncio.run(scenario())


def test_a_default_header_is_sent_unless_the_callers_own_travels() -> None:
    async def scenario() -> None:
        trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        defaults = {b"anthropic-version": b"2023-06-01", b"traceparent": b"none"}
        shop = snapshot(model("m", sample_target("a/m", default_headers=defaults)))
        house = House(shop, ScriptedUpstream([GOOD]))
        sent_by_client = {b"anthropic-version": b"client", b"traceparent": trace}  # only the second one is forwarded
        call = ask(shop)
        await answered(house, msgspec.structs.replace(call, headers={**call.headers, **sent_by_client}))
        lines = house.upstream.sent[0].head.split(b"\r\n")
        assert b"anthropic-version: 2023-06-01" in lines
        assert b"traceparent: " + trace in lines
        assert b"traceparent: none" not in lines

    asyncio.run(scenario())


def test_a_trace_header_that_is_none_is_not_passed_on() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m")))
        house = House(shop, ScriptedUpstream([GOOD]))
        call = ask(shop)
        await answered(house, msgspec.structs.replace(call, headers={**call.headers, b"traceparent": b"junk"}))
        assert b"traceparent" not in house.upstream.sent[0].head

    asyncio.run(scenario())


def test_a_fallback_that_the_budget_does_not_cover_is_not_begun() -> None:
    async def scenario() -> None:
        dear = PriceCard(input=Rate(10**15), output=Rate(10**15))
        shop = snapshot(
            model("m", sample_target("a/m"), attempts=1, fallbacks=("n",)), model("n", sample_target("b/n", price=dear))
        )
        poor = Principal(id="p", limits=limited(budget_nanos=10_000_000))
        house = House(shop, ScriptedUpstream([BROKEN]), principal=poor)
        with pytest.raises(Fault) as raised:
            await house.serve(ask(shop))
        assert raised.value.code == "upstream_error"
        assert (
            house.journal.ended[0]
            .notes["gave_up"]
            .startswith("the fallback 'n' is not covered: The limit 'key/p/budget' allows")
        )
        assert house.account() == (0, 0, 0)

    asyncio.run(scenario())


def test_no_fallback_is_begun_after_the_deadline() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), deadline=0.0, fallbacks=("n",)), model("n", sample_target("b/n")))
        house = House(shop, ScriptedUpstream([BROKEN]))
        with pytest.raises(Fault):
            await house.serve(ask(shop))
        assert len(house.upstream.sent) == 1

    asyncio.run(scenario())


def test_a_target_that_cannot_say_it_leaves_it_to_one_that_can() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("mute/m", order=0), sample_target("b/m", order=1)))
        house = House(shop, ScriptedUpstream([GOOD]))
        house.interpreter.mute = frozenset({"mute/m"})
        record = await answered(house, ask(shop))
        assert targets_tried(record) == ["b/m"]

    asyncio.run(scenario())


def test_an_idempotency_key_outlives_an_edit_of_the_configuration() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m")))
        edited = msgspec.structs.replace(shop, revision="another")
        house = House(shop, ScriptedUpstream([GOOD]))
        for now in (shop, edited):
            call = ask(now)
            reply = await house.serve(
                msgspec.structs.replace(call, headers={**call.headers, b"idempotency-key": b"one", b"x": b"y"})
            )
            reply.start(CollectingSink())
        assert len(house.upstream.sent) == 1

    asyncio.run(scenario())


def test_with_zero_retention_an_idempotency_key_tells_no_more_than_conflicts() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m")))
        shop = msgspec.structs.replace(shop, cache=CacheSettings(zero_retention=True))
        house = House(shop, ScriptedUpstream([GOOD, GOOD]))
        first, again, other = (
            msgspec.structs.replace(call, headers={**call.headers, b"idempotency-key": b"one"})
            for call in (ask(shop), ask(shop), ask(shop))
        )
        for call in (first, again):
            (await house.serve(call)).start(CollectingSink())
        assert len(house.upstream.sent) == 2, "there is no answer to repeat"
        with pytest.raises(Fault, match="different request"):
            await house.serve(msgspec.structs.replace(other, body=Whole(b'{"model": "m", "n": 2}')))

    asyncio.run(scenario())


def test_a_stream_left_after_its_final_counts_costs_what_was_reported() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m")))
        house = House(shop, ScriptedUpstream([Script.sse("word " * 50, "usage:10,5", stays_open=True)]))
        call = msgspec.structs.replace(ask(shop), body=Whole(b'{"model": "m", "stream": true}'))
        reply = await house.serve(call)
        sink = CollectingSink()
        reply.start(sink)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(sink.frames) == 2
        reply.abandon(Outcome(Ending.CLIENT_GONE, 499, "client_gone"))
        record = house.journal.ended[0]
        assert (record.usage.output, record.certainty, record.price) == (5, Certainty.REPORTED, 20_000)

    asyncio.run(scenario())


def test_an_upstreams_error_is_read_with_the_credentials_that_it_must_not_repeat() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m", secrets=(b"sk-secret",))))
        house = House(shop, ScriptedUpstream([Script(status=422, pieces=(b"no",))]))
        with pytest.raises(Fault):
            await house.serve(ask(shop))
        assert house.interpreter.secrets_seen == (b"sk-secret",)

    asyncio.run(scenario())


def test_the_record_of_a_refusal_tells_the_name_that_was_asked_for() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m")))
        house = House(shop, ScriptedUpstream())
        with pytest.raises(Fault) as refused:
            await house.serve(ask(shop, "mm"))
        assert refused.value.code == "model_not_found"
        assert house.journal.ended[0].asked == "mm"

    asyncio.run(scenario())


def test_an_estimate_never_passes_what_the_model_was_allowed_to_say() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), attempts=1))
        flood = Script(pieces=(b"x" * 100_000,), fault=Fault("severed", "cut"))
        house = House(shop, ScriptedUpstream([flood]))
        call = msgspec.structs.replace(ask(shop), body=Whole(b'{"model": "m", "max_tokens": 9}'))
        with pytest.raises(Fault):
            await house.serve(call)
        assert house.journal.ended[0].tried[0].usage.output == 9

    asyncio.run(scenario())


def test_a_broken_stream_without_a_cap_is_charged_for_all_that_was_delivered() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m", max_output=3)))
        cut = Script.sse(*["word"] * 8, fault=Fault("severed", "cut"))
        house = House(shop, ScriptedUpstream([cut]))
        reply = await house.serve(msgspec.structs.replace(ask(shop), body=Whole(b'{"model": "m", "stream": true}')))
        sink = CollectingSink()
        reply.start(sink)
        await sink.ended()
        assert house.journal.ended[0].usage.output == 8

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("scripts", "tried"),
    [
        ([Script(status=500, headers=((b"x-request-id", b"req_1"),)), GOOD], ["req_1", ""]),
        ([Script(status=400, headers=((b"x-request-id", b"req_2"),))], ["req_2"]),
        ([Script(headers=((b"x-request-id", b"req_3"),), pieces=(b"{",), fault=Fault("severed"))], ["req_3"]),
        ([Script.unreachable(Fault("connect_refused")), GOOD], ["", ""]),
    ],
)
def test_the_record_of_a_failed_attempt_has_the_providers_request_id(scripts: list[Script], tried: list[str]) -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), sample_target("b/m", order=1), attempts=len(scripts)))
        house = House(shop, ScriptedUpstream(scripts))
        with contextlib.suppress(Fault):
            await answered(house, ask(shop))

        assert [each.request_id for each in house.journal.ended[-1].tried] == tried

    asyncio.run(scenario())


def test_who_chose_a_target_hears_how_each_attempt_went() -> None:
    async def scenario() -> None:
        shop = snapshot(model("m", sample_target("a/m"), sample_target("b/m"), sample_target("c/m")))
        stream = Script.sse("one", "two", "usage:7,3", "[DONE]")
        house = House(shop, ScriptedUpstream([BROKEN, Script.unreachable(Fault("connect_refused", "no")), stream]))
        body = Whole(msgspec.json.encode({"model": "m", "stream": True}))
        sink = CollectingSink()
        (await house.serve(msgspec.structs.replace(ask(shop), body=body))).start(sink)
        await sink.ended()
        assert [heard.words for heard in house.following.attempts] == [
            ["sent", "headed 500", "ended upstream_error"],
            ["sent", "ended connect_refused"],
            ["sent", "headed 200", "began", "ended"],
        ]
        usage = house.following.attempts[-1].usage
        assert usage is not None
        assert (usage.input, usage.output) == (7, 3)

    asyncio.run(scenario())
