"""What must hold for every recorded answer that genai-prices can price: with us it costs what it costs there, to the last digit.

The counts are genai-prices' own here, so that only prices and arithmetic are compared; whether dialects read the same counts is
tested with the dialects.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import genai_prices.data_snapshot as genai
from genai_prices.types import Usage as GenaiUsage

from headworks.domain.usage import Usage
from headworks.providers.price_table import shipped_prices
from tests.dialects.recordings import Check, LeftOut, Recording

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TABLE = shipped_prices()
GENAI = genai.get_snapshot()
OPS = ("chat.completions", "messages", "embeddings", "completions", "gemini.generate", "gemini.stream")
LISTS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure-openai": "azure",
    "azure-ai": "azure",
    "cerebras": "cerebras",
    "deepseek": "deepseek",
    "doubleword": "doubleword",
    "github-copilot": "github-copilot",
    "google-gemini": "google",
    "google-vertex": "google",
    "groq": "groq",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "voyage": "voyageai",
    "xai": "x-ai",
    "zai": "zai",
}
"""Provider of the recording → id of its price list."""
FLAVOURS = {"chat.completions": "chat", "completions": "chat", "messages": "anthropic", "embeddings": "embeddings"}
"""Operation → genai-prices' name for its usage; of the others there is but one form."""
OF_OURS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "reasoning": "output_reasoning_tokens",
    "citation": "output_citation_tokens",
    "input_audio": "input_audio_tokens",
    "input_image": "input_image_tokens",
    "output_image": "output_image_tokens",
    "output_audio": "output_audio_tokens",
    "cache_audio_read": "cache_audio_read_tokens",
    "web_searches": "web_searches",
}


def told(recording: Recording) -> dict[str, Any]:
    """Model and usage, from a whole answer or put together from a stream."""
    if recording.op.startswith("gemini."):
        return _told_by_gemini(recording.answer.decode())
    if not recording.is_stream:
        whole = json.loads(recording.answer)
        return whole if isinstance(whole, dict) else {}
    answer: dict[str, Any] = {}
    for line in recording.answer.decode().splitlines():
        text = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not text.startswith("{"):
            continue
        event = json.loads(text)
        part = event["message"] if event.get("type") == "message_start" else event
        usage = part.get("usage") or (part.get("x_groq") or {}).get("usage")
        if part.get("model"):
            answer["model"] = part["model"]
        if usage:
            before = answer.get("usage", {}) if "type" in event else {}  # Anthropic tells it in two parts
            answer["usage"] = before | {name: count for name, count in usage.items() if count or name not in before}
    return answer


def _told_by_gemini(text: str) -> dict[str, Any]:
    lines = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")]
    answers = [json.loads(line) for line in lines] if lines else json.loads(text)
    chunks = answers if isinstance(answers, list) else [answers]
    return next((chunk for chunk in reversed(chunks) if chunk.get("usageMetadata")), {})


def as_ours(usage: GenaiUsage) -> Usage:
    return Usage(**{ours: int(vars(usage).get(theirs, 0)) for ours, theirs in OF_OURS.items()})


def costs_the_same(recording: Recording) -> None:
    """Our card on genai-prices' counts gives genai-prices' sum."""
    listed = LISTS.get(recording.provider)
    if listed is None:
        raise LeftOut("the provider has no price list")
    answer = told(recording)
    counted = answer.get("usage", answer.get("usageMetadata"))
    if not counted:
        raise LeftOut("no usage was recorded")
    if any(isinstance(detail["modality"], int) for detail in counted.get("promptTokensDetails") or ()):
        raise LeftOut("a library's dump, with numbers for modalities, which genai-prices does not read")
    provider = GENAI.find_provider(None, listed, None)
    flavours = [extractor.api_flavor for extractor in provider.extractors or ()]
    if not flavours:
        raise LeftOut("genai-prices reads no answers of this provider")
    flavour = FLAVOURS.get(recording.op)
    try:
        extracted = GENAI.extract_usage(answer, listed, None, flavour if flavour in flavours else "default")
        theirs = extracted.calc_price(genai_request_timestamp=AT).total_price
    except LookupError:
        raise LeftOut("genai-prices does not know the model") from None
    except ValueError as trouble:
        raise LeftOut(f"genai-prices cannot read it: {str(trouble).partition(':')[0].partition('`')[0].strip()}") from None
    quote = TABLE.quote(listed, answer.get("model") or answer["modelVersion"], AT)
    assert quote is not None
    if quote.card is None:
        assert theirs == 0
        raise LeftOut("no price is published: genai-prices counts it as free, we refuse it")

    assert quote.card.exact(as_ours(extracted.usage)) == theirs * 10**15


CHECKS: dict[str, Check] = {"cost": costs_the_same}
