"""The table of recordings that replay: `python -m tests.dialects.recordings_report`."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.dialects import (
    anthropic_checks,
    bedrock_checks,
    bedrock_invoke_checks,
    cohere_checks,
    cross_checks,
    gemini_checks,
    ollama_checks,
    openai_checks,
    responses_checks,
)
from tests.dialects.recordings import Check, Tally, named_exceptions, recordings, run

Family = tuple[str, dict[str, Check], tuple[str, ...], str]
"""Title, checks, operations of the recordings, file of the named exceptions, where there are any."""

FAMILIES: tuple[Family, ...] = (
    ("OpenAI chat", openai_checks.CHAT_CHECKS, ("chat.completions",), openai_checks.EXCEPTIONS),
    (
        "OpenAI completions and embeddings",
        openai_checks.CARRIED_CHECKS,
        ("completions", "embeddings"),
        openai_checks.EXCEPTIONS,
    ),
    ("OpenAI Responses", responses_checks.CHECKS, responses_checks.OPS, responses_checks.EXCEPTIONS),
    ("Bedrock Converse", bedrock_checks.CHECKS, bedrock_checks.OPS, bedrock_checks.EXCEPTIONS),
    ("Anthropic on Bedrock", bedrock_invoke_checks.CHECKS, bedrock_invoke_checks.OPS, bedrock_checks.EXCEPTIONS),
    ("Gemini", gemini_checks.CHECKS, gemini_checks.OPS, gemini_checks.EXCEPTIONS),
    ("Anthropic messages", anthropic_checks.CHECKS, anthropic_checks.OPS, anthropic_checks.EXCEPTIONS),
    ("Ollama", ollama_checks.CHECKS, ollama_checks.OPS, ollama_checks.EXCEPTIONS),
    *((title, checks, ops, "") for title, (ops, checks) in cohere_checks.FAMILIES.items()),
    *((title, checks, ops, cross_checks.EXCEPTIONS) for title, (ops, checks) in cross_checks.FAMILIES.items()),
)

NOT_REPLAYED = {
    "models": "lists of models: the gateway answers them itself",
    "ollama.embed": "Ollama's older door for vectors, which takes one text: `/api/embed` is asked instead",
    "ollama.generate": "Ollama's door for bare prompts: nobody asks it here",
    "hf.inference": "the language of Hugging Face's older API: its router and TGI are asked in OpenAI's",
    "tgi.generate": "the language of Hugging Face's older API: its router and TGI are asked in OpenAI's",
    "predictions": "Replicate's own language: carried by pass-through at most",
    "gemini.interactions": "Gemini's interactions: no front of the gateway's",
    "gemini.cached_contents": "Gemini's cached contents: carried by pass-through at most",
    "vertex.predict": "Vertex AI's older `predict`: carried by pass-through at most",
    "batches": "batches: carried by pass-through at most",
    "messages.batches": "batches: carried by pass-through at most",
    "files": "files: carried by pass-through at most",
    "responses.aux": "Responses' side doors: no operation of the gateway's",
    "responses.get": "answers fetched by id: the ids are tokens of the gateway's, so that nothing can be replayed",
    "bedrock.count_tokens": "Bedrock's counts: the gateway estimates there",
    "ocr": "Mistral's OCR: carried by pass-through, its own tests replay the shape",
    "cohere.v1_chat": "Cohere's v1 chat: not spoken, its errors alone are read",
    "tokenize": "tokenizers: carried by pass-through",
    "audio": "speech and transcriptions: speech is replayed by the tests of media, transcriptions are not served",
    "images": "pictures: replayed by the tests of media, edits are not served",
    "moderations": "judgements: replayed by tests of their own",
}
"""Of operations that no family replays, or that it replays in part: why the rest is left out."""


def main() -> int:
    """Print every family's table; 1 if anything failed."""
    failed = 0
    tallies: list[Tally] = []
    for title, checks, ops, exceptions in FAMILIES:
        tally = run(checks, ops, named_exceptions(exceptions) if exceptions else {})
        sys.stdout.write("\n".join([f"\n{title}: passed / total", *tally.lines(checks), *tally.failures, ""]))
        failed += len(tally.failures)
        tallies.append(tally)
    sys.stdout.write("\n".join(["\nEvery recording", *everything(tallies), ""]))
    return 1 if failed else 0


def everything(tallies: Iterable[Tally]) -> Iterator[str]:
    """Of each provider all recordings, those judged, and those left out; then why."""
    judged: set[str] = set()
    silent: dict[str, str] = {}
    for tally in tallies:
        judged |= tally.judged
        silent = {**tally.silent, **silent}
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    for recording in recordings():
        counts[recording.provider][recording.file in judged] += 1
        if recording.file not in judged:
            reasons[NOT_REPLAYED.get(recording.op) or silent[recording.file]] += 1
    yield f"{'':24}{'all':>8}{'judged':>8}{'left out':>10}"
    for provider, count in sorted(counts.items()):
        yield f"{provider:24}{count.total():>8}{count[True]:>8}{count[False]:>10}"
    total = sum(counts.values(), Counter[bool]())
    yield f"{'all':24}{total.total():>8}{total[True]:>8}{total[False]:>10}"
    yield from (f"left out: {count} × {reason}" for reason, count in reasons.most_common())


if __name__ == "__main__":
    sys.exit(main())
