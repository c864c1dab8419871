"""What must hold for every recording of OpenAI's chat language, whoever spoke it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import genai_prices
import genai_prices.data_snapshot as genai
import msgspec
from genai_prices.types import Usage as GenaiUsage

from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Failed,
    PartKind,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    UsageSeen,
)
from headworks.domain.target import AskedModel, Quirks, SentModel, Target
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from headworks.providers.price_table import shipped_prices
from headworks.testing.samples import sample_target
from tests.dialects.recordings import SEED, Check, LeftOut, Recording, merged, plain, random_cuts

DIALECT = OpenAIChat()
KINDS = {"chat.completions": Kind.CHAT, "completions": Kind.COMPLETIONS, "embeddings": Kind.EMBEDDINGS}
PRICES = shipped_prices()
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FINEST = Decimal("1e-12")
"""Dollars: prices with more digits than a card holds are rounded."""
PROVIDERS = genai.get_snapshot().providers
EXCEPTIONS = "left_out_openai.toml"
LENGTHS = frozenset((512, 1024, 1536, 3072, 4096))
"""Of the recorded vectors in base64."""
BYTEWISE_SHARE = 0.1
"""Of the streams, in the short run: feeding byte by byte is slow."""

GENAI_IDS = {
    "azure-ai": "azure",
    "azure-openai": "azure",
    "google-gemini": "google",
    "moonshot": "moonshotai",
    "xai": "x-ai",
    "zai": "zai",
    "aws-bedrock": "aws",
}
"""Our provider names → genai-prices', where they differ."""

STATUS_FAULTS = {
    401: "upstream_credentials",
    403: "upstream_credentials",
    429: "upstream_throttled",
    503: "upstream_overloaded",
}


def target(recording: Recording, **quirks: Any) -> Target:
    """A target that is asked for the very model of the recording."""
    return sample_target(
        f"{recording.provider}/model", model=SentModel(str(recording.request.get("model"))), quirks=Quirks(**quirks)
    )


def read_ask(recording: Recording) -> Ask:
    """The recorded request as the gateway reads it."""
    body = recording.request
    if not body.get("model"):
        raise LeftOut("the request names no model: an old Azure deployment path did")
    return DIALECT.read_ask(KINDS[recording.op], msgspec.json.encode(body))


def quirks(recording: Recording) -> Quirks:
    """What the catalogue knows of this provider's counting."""
    return Quirks(reasoning_beside_output=recording.provider in {"xai", "perplexity"})


@lru_cache(maxsize=2)
def events_of(recording: Recording) -> list[Event]:
    """The answer's events, fed at once. The checks of one recording follow each other, so it is decoded once for all."""
    return decode(recording, [recording.answer])


def decode(recording: Recording, pieces: list[bytes]) -> list[Event]:
    """The answer's events, the stream fed in these pieces."""
    known = sample_target(quirks=quirks(recording))
    if not recording.is_stream:
        return DIALECT.read_answer(recording.answer, known)
    decoder = DIALECT.decoder(known)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


# ── the checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def request_survives(recording: Recording) -> None:
    """Through the canonical form and back, a request is what it was."""
    ask = read_ask(recording)

    body, downgrades = DIALECT.write_request(DIALECT.read_request(ask), target(recording, stream_usage=False))

    assert json.loads(body) == recording.request
    assert not downgrades


def embedding_request_survives(recording: Recording) -> None:
    """Through the canonical form and back, a request for vectors is what it was."""
    if recording.op != "embeddings":
        raise LeftOut("completions are carried only")

    body, downgrades = DIALECT.write_embedding_ask(DIALECT.read_embedding_ask(read_ask(recording)), target(recording))

    assert json.loads(body) == recording.request
    assert not downgrades


def vectors_keep_their_numbers(recording: Recording) -> None:
    """The vectors are the recorded numbers, and so they are written again, as numbers and in base64."""
    if recording.op != "embeddings":
        raise LeftOut("completions are carried only")
    known = sample_target(quirks=Quirks(vectors="int8" if recording.provider == "perplexity" else ""))
    wanted = EmbeddingAsk(dialect="openai_chat", model="m", inputs=("x",))

    answer = DIALECT.read_embedding_answer(recording.answer, known)
    numbers = json.loads(DIALECT.write_embedding_answer(answer, wanted))
    packed = json.loads(DIALECT.write_embedding_answer(answer, msgspec.structs.replace(wanted, encoding="base64")))

    for row, written, coded in zip(json.loads(recording.answer)["data"], numbers["data"], packed["data"], strict=True):
        if isinstance(row["embedding"], list):
            assert written["embedding"] == row["embedding"]
        elif recording.provider != "perplexity":
            assert coded["embedding"] == row["embedding"]
    assert answer.usage == watched(recording).usage
    lengths = {len(vector) for vector in answer.vectors}
    assert len(lengths) == 1
    assert lengths <= LENGTHS | {len(row["embedding"]) for row in json.loads(recording.answer)["data"]}


def patch_changes_little(recording: Recording) -> None:
    """The same-dialect body differs in model and stream options alone."""
    ask = read_ask(recording)
    known = target(recording)

    body = json.loads(DIALECT.patch(KINDS[recording.op], ask, msgspec.structs.replace(known, model=SentModel("other")), None))

    expected: dict[str, Any] = {**recording.request, "model": "other"}
    if expected.get("stream"):
        expected["stream_options"] = (expected.get("stream_options") or {}) | {"include_usage": True}
    assert body == expected


def cuts_do_not_matter(recording: Recording) -> None:
    """Fed at once or in random cuts, the same events; and the answer ends, or says that it failed."""
    at_once = events_of(recording)

    assert plain(decode(recording, random_cuts(recording.answer, recording.file))) == plain(at_once)
    assert isinstance(at_once[-1], Ended | Failed), at_once[-1]


def bytes_do_not_matter(recording: Recording) -> None:
    """Fed byte by byte, the same events."""
    if not recording.is_stream:
        raise LeftOut("a whole answer is not cut")
    data = recording.answer

    assert plain(decode(recording, [data[at : at + 1] for at in range(len(data))])) == plain(decode(recording, [data]))


def some_bytes_do_not_matter(recording: Recording) -> None:
    """As `bytes_do_not_matter`, for a fixed sample."""
    if random.Random(f"{SEED}{recording.file}").random() > BYTEWISE_SHARE:  # noqa: S311 - a reproducible choice
        raise LeftOut("byte by byte only in `make prove`")
    bytes_do_not_matter(recording)


def encoding_keeps_meaning(recording: Recording) -> None:
    """What is written from events reads as the same events, whole and streamed."""
    events = [event for event in events_of(recording) if not isinstance(event, Failed)]
    ask = Ask(model=AskedModel("m"), stream=recording.is_stream, include_usage=True)
    known = sample_target(quirks=quirks(recording))
    if not recording.is_stream:
        assert merged(DIALECT.read_answer(DIALECT.write_answer(events, ask), known)) == merged(events)
        return

    decoder = DIALECT.decoder(known)
    again = decoder.feed(DIALECT.encoder(ask).feed(events)) + decoder.close()

    # usage is shown once, last; so it moves and its intermediate states go
    assert merged(e for e in again if not isinstance(e, UsageSeen)) == merged(e for e in events if not isinstance(e, UsageSeen))
    assert last_usage(again) == last_usage(events)


def stream_and_whole_agree(recording: Recording) -> None:
    """A stream written as a whole answer reads as the same parts and the same stop."""
    events = events_of(recording)
    if not recording.is_stream or isinstance(events[-1], Failed):
        raise LeftOut("not a stream that ended")
    ask = Ask(model=AskedModel("m"))

    again = DIALECT.read_answer(DIALECT.write_answer(events, ask), sample_target(quirks=quirks(recording)))

    assert spoken(again) == spoken(events)
    assert last_usage(again) == last_usage(events)


def usage_is_as_recorded(recording: Recording) -> None:
    """Input, output and cached tokens are the provider's own numbers."""
    raw = raw_usage(recording)
    usage = last_usage(events_of(recording)) if recording.op == "chat.completions" else watched(recording).usage

    assert usage is not None
    details = raw.get("completion_tokens_details") or {}
    reasoning = details.get("reasoning_tokens") or raw.get("reasoning_tokens") or 0
    cached = (raw.get("prompt_tokens_details") or {}).get("cached_tokens")
    assert usage.input == raw["prompt_tokens"]
    assert usage.output in {raw.get("completion_tokens") or 0, (raw.get("completion_tokens") or 0) + reasoning}
    assert usage.reasoning == reasoning
    assert usage.cache_read == (cached or raw.get("prompt_cache_hit_tokens") or raw.get("cached_tokens") or usage.cache_read)
    assert usage.input + usage.output == raw.get("total_tokens", usage.input + usage.output)


def the_tier_is_the_one_that_the_answer_names(recording: Recording) -> None:
    """It decides the price, whichever way the answer goes."""
    named = [answer.get("service_tier") or (answer.get("usage") or {}).get("service_tier") for answer in answered(recording)]
    told = [tier for tier in named if tier]
    if not told:
        raise LeftOut("no tier is named")

    assert watched(recording).service_tier == told[-1]
    if recording.op == "chat.completions":
        heard = [event.service_tier for event in events_of(recording) if isinstance(event, Started | UsageSeen)]
        assert [tier for tier in heard if tier][-1] == told[-1]


def usage_is_what_genai_prices_reads(recording: Recording) -> None:
    """Every count that genai-prices finds, we find."""
    raw_usage(recording)
    usage = last_usage(events_of(recording)) if recording.op == "chat.completions" else watched(recording).usage
    theirs = genai_usage(recording)

    assert usage is not None
    ours = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "output_reasoning_tokens": usage.reasoning,
        "input_audio_tokens": usage.input_audio,
        "output_audio_tokens": usage.output_audio,
        "output_citation_tokens": usage.citation,
        "web_searches": usage.web_searches,
    }
    assert {name: ours[name] for name in theirs} == theirs


def cost_is_what_genai_prices_makes_of_it(recording: Recording) -> None:
    """Our price card on our counts comes to the cent to genai-prices' price on its own."""
    provider = GENAI_IDS.get(recording.provider, recording.provider)
    theirs = genai_usage(recording)
    model = str(answered(recording)[-1].get("model") or "")
    try:
        price = genai_prices.calc_price(
            GenaiUsage(**theirs), model_ref=model, provider_id=provider, genai_request_timestamp=NOON
        ).total_price
    except LookupError:
        raise LeftOut("genai-prices has no price for this model") from None
    except ValueError:
        raise LeftOut("genai-prices refuses the provider's counts: parts larger than their totals") from None

    quote = PRICES.quote(provider, model, NOON)
    usage = last_usage(events_of(recording)) if recording.op == "chat.completions" else watched(recording).usage

    assert quote is not None
    if quote.card is None:
        raise LeftOut("priced in units that the gateway does not count")
    assert usage is not None
    assert abs(Decimal(quote.card.exact(usage)).scaleb(-15) - price) <= FINEST


def bytes_pass_untouched(recording: Recording) -> None:
    """The same-dialect relay hands on exactly what it got, in any cuts, and sees what the decoder sees."""
    relay = watched(recording)

    if recording.op == "chat.completions":
        events = events_of(recording)
        failed = next((event for event in events if isinstance(event, Failed)), None)
        assert relay.usage == last_usage(events)
        assert (relay.fault is not None and relay.fault.code) == (failed is not None and failed.fault.code)
        assert relay.began
    assert relay.ended or relay.fault is not None


def hidden_usage_is_all_that_goes(recording: Recording) -> None:
    """Where the caller did not ask for usage, nothing but usage is missing."""
    if not recording.is_stream or recording.op == "embeddings":
        raise LeftOut("only streams hide usage")
    relay, out = relayed(recording, include_usage=False)
    if relay.fault is not None:
        raise LeftOut("the stream fails")
    before, after = chunks(recording.answer), chunks(out)

    shown = [chunk for chunk in before if not chunk.get("usage") or chunk.get("choices")]
    assert [without_null_usage(chunk) for chunk in after] == [without_null_usage(chunk) for chunk in shown]
    assert b',"usage":null' not in out


def error_becomes_its_fault(recording: Recording) -> None:
    """An error answer is classed by its status, keeps the provider's words where they are the caller's business, and no others."""
    status = recording.status
    if status == 200:
        raise LeftOut("the answer is not an error")

    fault = DIALECT.read_fault(status, recording.headers, recording.body)

    expected = STATUS_FAULTS.get(status, "upstream_rejected" if status < 500 else "upstream_error")
    assert fault.code == expected
    if expected == "upstream_rejected":
        assert fault.status == status
        assert fault.message
        assert json.loads(DIALECT.write_fault(fault, "id")) == json.loads(recording.body)
    else:
        assert "sk-" not in fault.message + fault.detail


CHAT_CHECKS: dict[str, Check] = {
    "request": request_survives,
    "patch": patch_changes_little,
    "cuts": cuts_do_not_matter,
    "encode": encoding_keeps_meaning,
    "whole=stream": stream_and_whole_agree,
    "usage": usage_is_as_recorded,
    "tier": the_tier_is_the_one_that_the_answer_names,
    "genai-prices": usage_is_what_genai_prices_reads,
    "cost": cost_is_what_genai_prices_makes_of_it,
    "untouched": bytes_pass_untouched,
    "hidden": hidden_usage_is_all_that_goes,
    "error": error_becomes_its_fault,
}
CARRIED_CHECKS: dict[str, Check] = {
    "request": embedding_request_survives,
    "vectors": vectors_keep_their_numbers,
    **{name: CHAT_CHECKS[name] for name in ("patch", "usage", "genai-prices", "cost", "untouched", "hidden", "error")},
}


# ── what they need ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def relayed(recording: Recording, *, include_usage: bool) -> tuple[Relay, bytes]:
    """The answer through the same-dialect relay, in random cuts."""
    ask = Ask(model=AskedModel("m"), stream=recording.is_stream, include_usage=include_usage)
    relay = DIALECT.untouched(KINDS[recording.op], ask, sample_target(quirks=quirks(recording)))
    pieces = random_cuts(recording.answer, recording.file) if recording.is_stream else [recording.answer]
    out = b"".join(relay.feed(piece) for piece in pieces)
    return relay, out + relay.close()


def watched(recording: Recording) -> Relay:
    """The relay after the whole answer. Its bytes are the recorded ones; a failure and what follows it are withheld."""
    relay, out = relayed(recording, include_usage=True)
    if relay.fault is None:
        assert out == recording.answer
    else:
        assert recording.answer.startswith(out)
    return relay


def last_usage(events: list[Event]) -> Usage | None:
    """The last word on usage."""
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSeen)), None)


def spoken(events: list[Event]) -> dict[Any, Any]:
    """What is said of each kind in each choice, each call's arguments, and why it stopped: however it was interleaved."""
    said: dict[Any, Any] = {}
    kinds: dict[tuple[int, int], Any] = {}
    for event in events:
        match event:
            case PartStarted():
                call = (event.call_id, event.name) if event.kind is PartKind.TOOL_CALL else ()
                kinds[event.choice, event.part] = (event.choice, event.kind, *call)
            case TextDelta():
                key = kinds[event.choice, event.part]
                said[key] = said.get(key, "") + event.text
            case ArgumentsDelta():
                key = kinds[event.choice, event.part]
                said[key] = said.get(key, "") + event.json
            case Stopped():
                said[event.choice] = (event.reason, event.raw)
            case _:
                pass
    return said


def chunks(data: bytes) -> list[dict[str, Any]]:
    """The JSON of a stream's events."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    payloads = [line[5:].strip() for line in lines if line.startswith(b"data:")]
    return [json.loads(payload) for payload in payloads if payload.startswith(b"{")]


def without_null_usage(chunk: dict[str, Any]) -> dict[str, Any]:
    """A null says nothing, so it does not matter whether it goes."""
    return {name: value for name, value in chunk.items() if name != "usage" or value is not None}


@lru_cache(maxsize=2)
def answered(recording: Recording) -> list[dict[str, Any]]:
    """The answer's JSON: one document, or all chunks."""
    return chunks(recording.answer) if recording.is_stream else [json.loads(recording.answer)]


def raw_usage(recording: Recording) -> dict[str, Any]:
    """The usage object as it stands in the answer, read without our decoder."""
    found: list[dict[str, Any]] = []
    for answer in answered(recording):
        usage = answer.get("usage") or (answer.get("x_groq") or {}).get("usage")
        if usage:
            found.append(usage)
    if not found:
        raise LeftOut("no usage was reported")
    if recording.provider == "voyage":  # counts nothing but a total
        return {"prompt_tokens": found[-1]["total_tokens"], **found[-1]}
    if "prompt_tokens" not in found[-1]:
        raise LeftOut("usage without a prompt count: not OpenAI's")
    return found[-1]


def genai_usage(recording: Recording) -> Mapping[str, int]:
    """What genai-prices extracts from the answer. It wants whole answers, so a stream's last usage is put into one."""
    provider = GENAI_IDS.get(recording.provider, recording.provider)
    flavours = ("embeddings",) if recording.op == "embeddings" else ("chat", "default")
    answer = {"model": "m", "usage": raw_usage(recording)}
    extractors = [extractor for known in PROVIDERS if known.id == provider for extractor in known.extractors or ()]
    if not extractors:
        raise LeftOut("genai-prices has no extractor for this provider")
    for flavour in flavours:
        for extractor in extractors:
            if extractor.api_flavor == flavour:
                try:
                    _, usage = extractor.extract(answer)
                except ValueError:
                    continue
                return {name: int(value) for name, value in usage._reported_values().items()}
    raise LeftOut("genai-prices cannot read this provider's usage in OpenAI's form")
