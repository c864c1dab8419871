"""What must hold for every recording of Cohere's v2 language: chat, vectors and rankings."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import genai_prices
import msgspec
from genai_prices.types import Usage as GenaiUsage

from headworks.dialects.cohere import Cohere
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Ended, Event, PartKind, PartStarted, RawDelta, UsageSeen
from headworks.domain.target import AskedModel
from headworks.domain.usage import NO_USAGE, Usage
from headworks.testing.samples import sample_target
from tests.dialects.crossing import DIALECTS, OPENAI, meaning
from tests.dialects.openai_checks import FINEST, NOON, PRICES, PROVIDERS
from tests.dialects.recordings import Check, LeftOut, Recording, plain, random_cuts

DIALECT = Cohere()
TARGET = sample_target(dialect="cohere")
PLAIN = Ask(model=AskedModel("m"))
Json = dict[str, Any]
_TEXTS = (PartKind.TEXT, PartKind.REASONING)


@lru_cache(maxsize=2)
def events_of(recording: Recording) -> list[Event]:
    """The answer's events, fed at once."""
    return decode(recording, [recording.answer])


def decode(recording: Recording, pieces: list[bytes]) -> list[Event]:
    """The answer's events, a stream fed in these pieces."""
    if not recording.is_stream:
        return DIALECT.read_answer(recording.answer, TARGET)
    decoder = DIALECT.decoder(TARGET)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def question_comes_out_equal(recording: Recording) -> None:
    """Read and written again; and carried, the same but for the model."""
    body = recording.request
    asked = DIALECT.read_ask(Kind.CHAT, json.dumps(body).encode())

    written, losses = DIALECT.write_request(DIALECT.read_request(asked), TARGET)

    wanted = {**body, "model": TARGET.model}
    assert _plainly(json.loads(written)) == _plainly(wanted)
    assert losses == ()
    assert json.loads(DIALECT.patch(Kind.CHAT, asked, TARGET, None)) == wanted


def encoded_it_means_the_same(recording: Recording) -> None:
    """Through our own encoder and decoder, whole and streamed; citations as they came."""
    events = events_of(recording)
    decoder = DIALECT.decoder(TARGET)
    streamed = DIALECT.encoder(PLAIN).feed(events)
    whole = DIALECT.write_answer(events, PLAIN)

    for again in (DIALECT.read_answer(whole, TARGET), decoder.feed(streamed) + decoder.close()):
        assert meaning(again) == meaning(events)
        assert _citations(again) == _citations(events)
    for name in ("usage", "id"):
        assert json.loads(whole).get(name) == _stated(recording, name)


def relay_passes_the_bytes(recording: Recording) -> None:
    """Untouched, whatever the cuts, with the counts that a reader of them finds."""
    answer = recording.answer
    asked = msgspec.structs.replace(PLAIN, stream=recording.is_stream)
    for pieces in ([answer], random_cuts(answer, recording.file) if recording.is_stream else [answer]):
        relay = DIALECT.untouched(Kind.CHAT, asked, TARGET)
        assert b"".join([*map(relay.feed, pieces), relay.close()]).rstrip() == answer.rstrip()
        assert (relay.fault, relay.began, relay.ended) == (None, True, True)
        assert relay.usage == _usage(recording)
        assert relay.upstream_id == _stated(recording, "id")


def cuts_do_not_matter(recording: Recording) -> None:
    """Fed at once, in random cuts or byte by byte, the same events; and the answer ends."""
    at_once = events_of(recording)

    assert plain(decode(recording, random_cuts(recording.answer, recording.file))) == plain(at_once)
    assert isinstance(at_once[-1], Ended)


def all_is_read(recording: Recording) -> None:
    """Every text, thought, plan and call that the answer holds, by a reading of its JSON that is not ours."""
    said = _said_in(recording)
    found = meaning(events_of(recording))["parts"]

    def joined(kind: PartKind) -> str:
        return "".join(part.get("text", "") for part in found if part["kind"] is kind)

    calls = [(part["id"], part["name"], part["text"]) for part in found if part["kind"] is PartKind.TOOL_CALL]
    assert joined(PartKind.TEXT) == said["plan"] + said["text"]
    assert joined(PartKind.REASONING) == said["thinking"]
    assert calls == [(call["id"], call["name"], json.loads(call["arguments"] or "{}") or {}) for call in said["calls"]]


def told_to_an_openai_client(recording: Recording) -> None:
    """Whole and streamed, an OpenAI client gets the same words, calls, reason to stop and counts."""
    events = events_of(recording)
    front = DIALECTS[OPENAI]
    ask = msgspec.structs.replace(front.read_ask(Kind.CHAT, b'{"model":"m","messages":[]}'), stream=True, include_usage=True)
    target = sample_target()

    whole = front.read_answer(front.write_answer(events, ask), target)
    decoder = front.decoder(target)
    streamed = decoder.feed(front.encoder(ask).feed(events)) + decoder.close()

    for again in (whole, streamed):
        assert _shared(again) == _shared(events)


def usage_is_as_billed(recording: Recording) -> None:
    """Input and output are what Cohere bills."""
    usage, billed = _usage(recording), _billed(recording)

    assert (usage.input, usage.output) == (
        billed.get("input_tokens", 0) + billed.get("image_tokens", 0),
        billed.get("output_tokens", 0),
    )


def usage_is_what_genai_prices_reads(recording: Recording) -> None:
    """Every count that genai-prices finds in a bill, we find."""
    usage, theirs = _usage(recording), _genai_usage(recording)

    assert {"input_tokens": usage.input, "output_tokens": usage.output}.items() >= theirs.items()


def cost_is_what_genai_prices_makes_of_it(recording: Recording) -> None:
    """To the cent."""
    model = str(recording.request.get("model"))
    theirs = _genai_usage(recording)
    try:
        price = genai_prices.calc_price(
            GenaiUsage(**theirs), model_ref=model, provider_id="cohere", genai_request_timestamp=NOON
        ).total_price
    except LookupError:
        raise LeftOut("genai-prices has no price for this model") from None

    quote = PRICES.quote("cohere", model, NOON)

    assert quote is not None
    assert quote.card is not None
    assert abs(Decimal(quote.card.exact(_usage(recording))).scaleb(-15) - price) <= FINEST


def error_becomes_its_fault(recording: Recording) -> None:
    """Refusals keep Cohere's words."""
    if recording.status == 200:
        raise LeftOut("the answer is not an error")

    fault = DIALECT.read_fault(recording.status, recording.headers, recording.body)

    assert (fault.code, fault.status) == ("upstream_rejected", recording.status)
    assert fault.message == json.loads(recording.body)["message"]
    assert DIALECT.write_fault(fault, "r") == recording.body


def vectors_are_the_recorded_ones(recording: Recording) -> None:
    """In their order, with their counts."""
    said = json.loads(recording.answer)
    told = said["embeddings"]
    if isinstance(told, dict) and "float" not in told:
        raise LeftOut("vectors in another form than numbers are not asked for")

    answer = DIALECT.read_embedding_answer(recording.answer, TARGET)

    assert [list(vector) for vector in answer.vectors] == (told["float"] if isinstance(told, dict) else told)
    assert answer.id == said["id"]
    relay = DIALECT.untouched(Kind.EMBEDDINGS, PLAIN, TARGET)
    assert relay.feed(recording.answer) + relay.close() == recording.answer
    assert (relay.fault, relay.ended, relay.usage) == (None, True, answer.usage)


def ranking_is_the_recorded_one(recording: Recording) -> None:
    """Best first, with the search units."""
    if recording.provider != "cohere":
        raise LeftOut("of another language")
    said = json.loads(recording.answer)

    answer = DIALECT.read_ranking_answer(recording.answer, TARGET)

    assert [(each.index, each.score) for each in answer.results] == [
        (each["index"], each["relevance_score"]) for each in said["results"]
    ]
    billed = said.get("meta")
    assert answer.usage == (Usage(searches=billed["billed_units"]["search_units"]) if billed else None)


CHAT_CHECKS: dict[str, Check] = {
    "question": question_comes_out_equal,
    "meaning": encoded_it_means_the_same,
    "relay": relay_passes_the_bytes,
    "cuts": cuts_do_not_matter,
    "all read": all_is_read,
    "openai client": told_to_an_openai_client,
    "usage": usage_is_as_billed,
    "genai-prices": usage_is_what_genai_prices_reads,
    "cost": cost_is_what_genai_prices_makes_of_it,
}
EMBED_CHECKS: dict[str, Check] = {
    "vectors": vectors_are_the_recorded_ones,
    "usage": usage_is_as_billed,
    "genai-prices": usage_is_what_genai_prices_reads,
    "cost": cost_is_what_genai_prices_makes_of_it,
}
FAMILIES: dict[str, tuple[tuple[str, ...], dict[str, Check]]] = {
    "Cohere chat": (("cohere.v2_chat",), CHAT_CHECKS),
    "Cohere embed": (("cohere.embed",), EMBED_CHECKS),
    "Cohere rerank": (("rerank",), {"ranking": ranking_is_the_recorded_one}),
    "Cohere v1 chat: errors alone, its language is not spoken": (("cohere.v1_chat",), {"error": error_becomes_its_fault}),
}


# ── what they need ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plainly(body: Json) -> Json:
    """With every content in its bare form, and without what says nothing."""
    said = {name: value for name, value in body.items() if value not in (None, [])}
    return {**said, "messages": [_bare(message) for message in body["messages"]]}


def _bare(message: Json) -> Json:
    content, role = message.get("content"), message["role"]
    if role != "tool" and isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        content = content[0]["text"]
    return {
        **{name: value for name, value in message.items() if name != "content"},
        **({"content": content} if content else {}),
    }


def _citations(events: list[Event]) -> list[Json]:
    said = [event.raw for event in events if isinstance(event, RawDelta | PartStarted)]
    return [raw["citations"] for raw in said if "citations" in raw]


def _stated(recording: Recording, name: str) -> Any:
    """A field of the answer, wherever a stream says it."""
    said = [each.get(name) or each.get("delta", {}).get(name) for each in _documents(recording)]
    return next((value for value in said if value), None)


def _documents(recording: Recording) -> list[Json]:
    """The answer's JSON: one document, or all events."""
    if not recording.is_stream:
        return [json.loads(recording.answer)]
    lines = recording.answer.decode().splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:") and "[DONE]" not in line]


def _said_in(recording: Recording) -> Json:
    said: Json = {"plan": "", "text": "", "thinking": "", "calls": []}
    for document in _documents(recording):
        message = document["message"] if not recording.is_stream else (document.get("delta") or {}).get("message") or {}
        said["plan"] += message.get("tool_plan") or ""
        content, calls = message.get("content") or [], message.get("tool_calls") or []
        for block in content if isinstance(content, list) else [content]:
            said["text"] += block.get("text", "")
            said["thinking"] += block.get("thinking", "")
        for call in calls if isinstance(calls, list) else [calls]:
            if "id" in call:
                said["calls"].append({"id": call["id"], "name": call["function"]["name"], "arguments": ""})
            said["calls"][-1]["arguments"] += call["function"]["arguments"]
    return said


def _shared(events: list[Event]) -> Any:
    """What OpenAI's language can say: the texts, joined, the calls, the reason to stop, and the counts."""
    said = meaning(events)
    texts = {kind: "".join(str(part.get("text", "")) for part in said["parts"] if part["kind"] is kind) for kind in _TEXTS}
    calls = [part for part in said["parts"] if part["kind"] is PartKind.TOOL_CALL]
    stops = ["end" if stop.value == "stop_sequence" else stop.value for stop in said["stop"]]
    return texts, calls, stops, said["usage"]


def _billed(recording: Recording) -> Json:
    for document in reversed(_documents(recording)):
        usage = document.get("usage") or document.get("meta") or (document.get("delta") or {}).get("usage")
        if usage and usage.get("billed_units"):
            return usage["billed_units"]
    raise LeftOut("no bill was recorded")


def _usage(recording: Recording) -> Usage:
    if recording.op == "cohere.embed":
        vectors_are_the_recorded_ones(recording)
        usage = DIALECT.read_embedding_answer(recording.answer, TARGET).usage or NO_USAGE
    else:
        usage = next((event.usage for event in reversed(events_of(recording)) if isinstance(event, UsageSeen)), None)
    assert usage is not None
    return usage


def _genai_usage(recording: Recording) -> dict[str, int]:
    billed = _billed(recording)
    if billed.get("image_tokens") or "input_tokens" not in billed:
        raise LeftOut("genai-prices counts no tokens of pictures here")
    flavour, place = ("embeddings", "meta") if recording.op == "cohere.embed" else ("default", "usage")
    extractor = next(
        each for known in PROVIDERS if known.id == "cohere" for each in known.extractors or () if each.api_flavor == flavour
    )
    _, usage = extractor.extract({"model": "m", place: {"billed_units": billed}})
    return {name: int(value) for name, value in usage._reported_values().items()}
