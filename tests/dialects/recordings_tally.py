"""One tally of all recordings: of each provider those that were judged, by what of them was, and those left out, with the reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.dialects.recordings import Tally, chosen, recordings

ASKED = {
    "decode": ("cuts", "frames", "untouched", "relay", "all read", "vectors", "ranking"),
    "re-encode": (
        "request",
        "patch",
        "encode",
        "meaning",
        "whole=stream",
        "stream=whole",
        "hidden",
        "openai client",
        "own client",
        "read",
        "as it is",
        "question",
        "answer",
    ),
    "usage": ("usage", "genai-prices", "tier"),
    "cost": ("cost",),
    "errors": ("error", "fault"),
}
"""What is asked of a recording → the checks that answer it."""
HEAD = ("all", "judged", *ASKED, "left out")
WORDS = """# Recorded traffic

Real answers of 40 providers, recorded by 31 public projects, are the judge of the dialects. Passed of total:

| | |
|---|---|
| decode | read to the end, in any cuts, and what a relay sees of it is the same |
| re-encode | request and answer, written again, mean the same: in their own language, and in the other ones |
| usage | the counts are the provider's own, and those that [genai-prices](https://github.com/pydantic/genai-prices) reads |
| cost | it costs what it costs in genai-prices, to the last digit |
| errors | an error answer becomes the fault of its status |

Not all can be asked of each: an error has no usage, and nobody publishes a price for a model of one's own. What is judged in no way is
counted, with the reason, in the second table. `python -m tests.dialects.recordings_report` prints all of it, and what each check left out;
with `--write` it writes this page. The recordings are not part of the repository.

"""

NOT_REPLAYED = {
    "models": "lists of models: the gateway answers them itself",
    "ollama.embed": "Ollama's older door for vectors, which takes one text: read by a test of its own",
    "ollama.generate": "Ollama's door for bare prompts: read by a test of its own",
    "hf.inference": "the language of Hugging Face's older API: its router and TGI are asked in OpenAI's",
    "tgi.generate": "the language of Hugging Face's older API: its router and TGI are asked in OpenAI's",
    "predictions": "Replicate's own language: carried by pass-through at most",
    "gemini.interactions": "Gemini's interactions: no front of the gateway's",
    "gemini.cached_contents": "Gemini's cached contents: carried by pass-through at most",
    "batches": "batches: carried by pass-through at most",
    "messages.batches": "batches: carried by pass-through at most",
    "files": "files: carried by pass-through at most",
    "responses.aux": "Responses' side doors: no operation of the gateway's",
    "responses.get": "answers fetched by id: the ids are tokens of the gateway's, so that nothing can be replayed",
    "ocr": "Mistral's OCR: carried by pass-through, its own tests replay the shape",
    "cohere.v1_chat": "Cohere's v1 chat: not spoken, its errors alone are read",
    "tokenize": "tokenizers: carried by pass-through",
    "audio": "speech and transcriptions: replayed by the tests of media",
    "images": "pictures, and pictures made of others: replayed by the tests of media",
    "moderations": "judgements: replayed by tests of their own",
}
"""Of operations that no family replays, or that it replays in part: why the rest is left out."""


@dataclass
class Row:
    """A provider's recordings."""

    total: int = 0
    judged: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def count(self, held: dict[str, bool]) -> None:
        """A recording that was judged."""
        self.judged += 1
        for question, checks in ASKED.items():
            answers = [held[check] for check in checks if check in held]
            if answers:
                self.asked[question] += 1
                self.passed[question] += all(answers)

    def cells(self) -> Iterator[str]:
        """As the table has them."""
        yield str(self.total)
        yield str(self.judged)
        for question in ASKED:
            yield f"{self.passed[question]}/{self.asked[question]}" if self.asked[question] else "–"
        yield str(self.left_out.total())


def by_provider(tallies: Iterable[Tally], share: float = 1) -> dict[str, Row]:
    """Every recording, or that share of them which was replayed, once. Raises `KeyError` for one that nobody judged or gave a reason for."""
    held: dict[str, dict[str, bool]] = defaultdict(dict)
    silent: dict[str, str] = {}
    for tally in tallies:
        for file, answers in tally.held.items():
            held[file].update({check: held[file].get(check, True) and answer for check, answer in answers.items()})
        silent = {**tally.silent, **silent}
    rows: dict[str, Row] = defaultdict(Row)
    for recording in chosen(recordings(), share):
        row = rows[recording.provider]
        row.total += 1
        if recording.file in held:
            row.count(held[recording.file])
        else:
            row.left_out[NOT_REPLAYED.get(recording.op) or silent[recording.file]] += 1
    return dict(sorted(rows.items()))


def lines(tallies: Iterable[Tally]) -> Iterator[str]:
    """The table, and below it why recordings are left out."""
    rows = by_provider(tallies)
    yield f"{'':24}" + "".join(f"{head:>11}" for head in HEAD)
    for provider, row in [*rows.items(), ("all", together(rows.values()))]:
        yield f"{provider:24}" + "".join(f"{cell:>11}" for cell in row.cells())
    for provider, row in rows.items():
        yield from (f"left out of {provider}: {count} × {reason}" for reason, count in row.left_out.most_common())


def page(tallies: Iterable[Tally]) -> str:
    """The same for the documentation."""
    rows = by_provider(tallies)
    cells = [("provider", *HEAD), ("---",) * (len(HEAD) + 1)]
    cells += [(provider, *row.cells()) for provider, row in rows.items()]
    cells += [tuple(f"**{cell}**" for cell in ("all", *together(rows.values()).cells()))]
    reasons = [("provider", "left out", "why"), ("---",) * 3]
    reasons += [
        (provider, str(count), reason) for provider, row in rows.items() for reason, count in row.left_out.most_common()
    ]
    tables = ("".join(f"| {' | '.join(row)} |\n" for row in table) for table in (cells, reasons))
    return WORDS + "\n".join(tables)


def together(rows: Iterable[Row]) -> Row:
    """The sum."""
    total = Row()
    for row in rows:
        total.total += row.total
        total.judged += row.judged
        total.passed += row.passed
        total.asked += row.asked
        total.left_out += row.left_out
    return total
