"""The grid as a page: a table for each front, and the gateway's words for whatever did not simply pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from tests.grid.cases import CASES
from tests.grid.grid import SERVERS, Cell, Verdict, cells

_MARKS = {
    Verdict.PASSED: "✓",
    Verdict.DOWNGRADED: "▽",
    Verdict.REFUSED: "✗",
    Verdict.UNSAYABLE: "·",
    Verdict.WRONG: "WRONG",
}
_TITLES = {
    "openai_chat": "OpenAI's chat",
    "openai_responses": "OpenAI's Responses",
    "anthropic": "Anthropic",
    "bedrock-anthropic": "Anthropic on Bedrock",
    "gemini": "Gemini",
    "bedrock": "Bedrock Converse",
    "cohere": "Cohere",
    "ollama": "Ollama",
}


def page() -> str:
    """All tables."""
    return "\n".join(_front(front, list(found)) for front, found in groupby(cells(), key=lambda cell: cell.front))


def _front(front: str, found: Sequence[Cell]) -> str:
    notes = _Notes()
    by_place = {(cell.case, cell.upstream, cell.streamed): cell for cell in found}
    lines = [["", *(_TITLES[upstream] for upstream in SERVERS)], ["---"] * (len(SERVERS) + 1)]
    for case in CASES:
        pairs = [(by_place[case.name, upstream, False], by_place[case.name, upstream, True]) for upstream in SERVERS]
        lines.append([case.name, *(notes.shown(whole, streamed) for whole, streamed in pairs)])
    counts = Counter(cell.verdict for cell in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"## A client of {_TITLES[front]}\n\n{len(found)} cells: {told}.\n\n{table}\n{notes.listed()}"


class _Notes:
    """Numbered, each once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def shown(self, whole: Cell, streamed: Cell) -> str:
        """What a cell of the table says: once where both forms fare alike."""
        one, other = self._mark(whole), self._mark(streamed)
        return one if one == other else f"{one} / {other}"

    def listed(self) -> str:
        """What the numbers mean."""
        return "".join(f"{number}. {'; '.join(words)}\n" for words, number in self._numbers.items())

    def _mark(self, cell: Cell) -> str:
        if not cell.words:
            return _MARKS[cell.verdict]
        number = self._numbers.setdefault(cell.words, len(self._numbers) + 1)
        return f"{_MARKS[cell.verdict]} {number}"
