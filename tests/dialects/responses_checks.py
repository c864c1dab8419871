"""What must hold for every recording of the Responses language, whoever spoke it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import msgspec
from genai_prices import extract_usage

from headworks.domain.call import Ask, Kind
from headworks.domain.events import Ended, Event, Failed, SignatureDelta, Stopped, UsageSeen
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from headworks.providers.price_table import shipped_prices
from tests.dialects.crossing import meaning
from tests.dialects.openai_checks import FINEST, GENAI_IDS
from tests.dialects.recordings import Check, LeftOut, Recording, merged, plain, random_cuts
from tests.dialects.responses_wire import DIALECT, Json, ask, decode, target, told

OPS = ("responses", "responses.aux")
EXCEPTIONS = "left_out_responses.toml"
PRICES = shipped_prices()
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATE = ("conversation", "background")


def _stateless(recording: Recording) -> Json:
    """The recorded request; left out where it needs a memory that the gateway refuses."""
    body = recording.request
    if recording.content["request"]["path"].endswith("/compact"):
        raise LeftOut("compaction is another endpoint, which is not served")
    if not body.get("model"):
        raise LeftOut("the request names no model: a stored prompt does")
    if any(body.get(name) for name in STATE):
        raise LeftOut("asks for a provider's memory: refused with words")
    return body


def request_comes_out_equal(recording: Recording) -> None:
    body = _stateless(recording)

    out, losses = DIALECT.write_request(DIALECT.read_request(ask(body)), target(body["model"]))

    assert msgspec.json.decode(out) == body
    assert losses == ()


def patch_changes_little(recording: Recording) -> None:
    body = _stateless(recording)
    kind = Kind.COUNT_TOKENS if recording.op == "responses.aux" else Kind.CHAT

    asked = msgspec.structs.replace(ask(body, kind), keep=body.get("store") is True)
    out = msgspec.json.decode(DIALECT.patch(kind, asked, target("other"), None))

    store = {} if kind is Kind.COUNT_TOKENS else {"store": body.get("store") is True}
    assert out == {**body, "model": "other", **store}


def any_cut_decodes_the_same(recording: Recording) -> None:
    if not recording.is_stream:
        raise LeftOut("the answer was not streamed")

    assert plain(decode(random_cuts(recording.answer, recording.file))) == plain(decode([recording.answer]))


def encoded_as_a_stream_it_means_the_same(recording: Recording) -> None:
    """Through our own encoder and decoder, whole and streamed; the numbers of a stream's events go up by one."""
    events = _ended(recording)
    asked = Ask(model=AskedModel("m"), stream=True)

    stream = DIALECT.encoder(asked).feed(events)
    whole = DIALECT.read_answer(DIALECT.write_answer(events, asked), target())

    assert _spoken(decode([stream])) == _spoken(events)
    assert _spoken(whole) == _spoken(events)
    assert [event["sequence_number"] for event in told(stream)] == list(range(len(told(stream))))


def a_stream_says_what_its_last_event_repeats(recording: Recording) -> None:
    """Deltas add up to the whole response at the end."""
    events = _ended(recording)
    if not recording.is_stream:
        raise LeftOut("the answer was not streamed")
    response = next(event["response"] for event in reversed(told(recording.answer)) if "response" in event)
    if not response.get("output"):
        raise LeftOut("the last event repeats no items")

    repeated = _spoken(DIALECT.read_answer(json.dumps(response).encode(), target()))
    assert _unsealed(repeated) == _unsealed(_spoken(events))


def usage_is_as_recorded(recording: Recording) -> None:
    raw, usage = _usages(recording)

    assert (usage.input, usage.output) == (raw["input_tokens"], raw["output_tokens"])
    assert usage.cache_read == ((raw.get("input_tokens_details") or {}).get("cached_tokens") or 0)
    assert usage.reasoning == ((raw.get("output_tokens_details") or {}).get("reasoning_tokens") or 0)


def usage_is_what_genai_prices_extracts(recording: Recording) -> None:
    _, usage = _usages(recording)

    theirs = _theirs(recording)

    ours = {"input_tokens": usage.input, "output_tokens": usage.output, "cache_read_tokens": usage.cache_read}
    assert {name: theirs[name] for name in ours if theirs[name] is not None} == {
        name: ours[name] for name in ours if theirs[name] is not None
    }


def cost_is_what_genai_prices_makes_of_it(recording: Recording) -> None:
    _, usage = _usages(recording)
    provider = GENAI_IDS.get(recording.provider, recording.provider)
    model = str(_response(recording).get("model") or "")
    try:
        theirs = genai_prices.calc_price(
            genai_prices.Usage(
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_read_tokens=usage.cache_read,
                cache_write_tokens=usage.cache_write,
                web_searches=usage.web_searches,
            ),
            model_ref=model,
            provider_id=provider,
            genai_request_timestamp=NOON,
        ).total_price
    except LookupError:
        raise LeftOut("genai-prices has no price for this model") from None
    quote = PRICES.quote(provider, model, NOON)
    if quote is None:
        raise LeftOut("a place without a price list of its own")
    if quote.card is None:
        raise LeftOut("priced in units that the gateway does not count")

    assert abs(Decimal(quote.card.exact(usage)).scaleb(-15) - theirs) <= FINEST


def bytes_pass_untouched(recording: Recording) -> None:
    """The same-dialect relay hands on exactly what it got, in any cuts, and sees what the decoder sees."""
    answer = recording.answer
    if recording.content["request"]["path"].endswith("/compact"):
        raise LeftOut("compaction is another endpoint, which is not served")
    for pieces in [[answer], random_cuts(answer, recording.file)][: 1 + recording.is_stream]:
        _check_relay(recording, *_relayed(recording, pieces))


def _check_relay(recording: Recording, relay: Relay, out: bytes) -> None:
    if relay.fault is not None:
        assert recording.answer.startswith(out)
        assert relay.fault.code != "severed"
        return
    assert out == recording.answer
    assert relay.ended
    assert relay.began
    if recording.op == "responses":
        events = _events(recording)
        seen = _last_usage(events)
        assert relay.usage == (seen if seen is not None and seen.input + seen.output else None)
        assert relay.served_model == str(_response(recording).get("model") or "")


def an_error_becomes_the_fault_of_its_status(recording: Recording) -> None:
    if recording.status == 200:
        raise LeftOut("the answer is no error")

    fault = DIALECT.read_fault(recording.status, recording.headers, recording.body)

    if recording.status == 401:
        assert fault.code == "upstream_credentials"
        return
    assert (fault.code, fault.status) == ("upstream_rejected", recording.status)
    assert json.loads(DIALECT.write_fault(fault, "r")) == json.loads(recording.body)


CHECKS: dict[str, Check] = {
    "request": request_comes_out_equal,
    "patch": patch_changes_little,
    "cuts": any_cut_decodes_the_same,
    "encode": encoded_as_a_stream_it_means_the_same,
    "stream=whole": a_stream_says_what_its_last_event_repeats,
    "usage": usage_is_as_recorded,
    "genai-prices": usage_is_what_genai_prices_extracts,
    "cost": cost_is_what_genai_prices_makes_of_it,
    "untouched": bytes_pass_untouched,
    "error": an_error_becomes_the_fault_of_its_status,
}


def _relayed(recording: Recording, pieces: list[bytes]) -> tuple[Relay, bytes]:
    kind = Kind.COUNT_TOKENS if recording.op == "responses.aux" else Kind.CHAT
    relay = DIALECT.untouched(kind, Ask(model=AskedModel("m"), stream=recording.is_stream), target())
    return relay, b"".join([*map(relay.feed, pieces), relay.close()])


def _events(recording: Recording) -> list[Event]:
    if recording.op != "responses":
        raise LeftOut("the answer is a count or a compaction")
    answer = recording.answer
    return decode([answer]) if recording.is_stream else DIALECT.read_answer(answer, target())


def _ended(recording: Recording) -> list[Event]:
    events = merged(_events(recording))
    if any(isinstance(event, Failed | tuple) for event in events):
        raise LeftOut("the answer is an error inside a stream")
    assert isinstance(events[-1], Ended)
    return events


def _spoken(events: list[Event]) -> Json:
    """What is said, and why it stopped."""
    merely = merged(events)
    sealed = [event.signature for event in merely if isinstance(event, SignatureDelta)]
    stops = [(event.reason, event.raw) for event in merely if isinstance(event, Stopped)]
    return {**meaning(merely), "sealed": sealed, "stops": stops, "usage": _last_usage(merely)}


def _unsealed(said: Json) -> Json:
    """OpenAI seals reasoning anew in every event."""
    parts = [{**part, "signature": bool(part.get("signature"))} for part in said["parts"]]
    return {**said, "sealed": len(said["sealed"]), "parts": parts}


def _response(recording: Recording) -> Json:
    if not recording.is_stream:
        return json.loads(recording.answer)
    return next(event["response"] for event in reversed(told(recording.answer)) if "response" in event)


def _usages(recording: Recording) -> tuple[Json, Usage]:
    raw = _response(recording).get("usage")
    usage = _last_usage(_events(recording))
    if not raw or usage is None:
        raise LeftOut("no usage is reported")
    return raw, usage


def _last_usage(events: list[Any]) -> Usage | None:
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSeen)), None)


def _theirs(recording: Recording) -> dict[str, int | None]:
    found = extract_usage({**_response(recording), "model": "gpt-5"}, provider_id="openai", api_flavor="responses").usage
    return {name: getattr(found, name) for name in ("input_tokens", "output_tokens", "cache_read_tokens")}
