"""What an emulated provider saw: its side of every accounting proof."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from enum import StrEnum

import msgspec


class Fate(StrEnum):
    """How an exchange ended, as the provider sees it."""

    OPEN = "open"
    WHOLE = "whole"
    """Answered in full: the last byte was written."""
    CUT_BY_PEER = "cut_by_peer"
    """The peer hung up before that."""
    SPOILED = "spoiled"
    """A trouble that was asked for ended it."""
    REJECTED = "rejected"
    """Answered with an error."""


class Sighting(msgspec.Struct, kw_only=True):
    """What a provider saw of one exchange. Tokens are those billed so far: the prompt once the model began, output as it was generated."""

    provider: str
    path: str
    id: str = ""
    """The id that the caller sent along, if any."""
    request_id: str = ""
    """The provider's own."""
    label: str = ""
    model: str = ""
    stream: bool = False
    status: int = 0
    fate: Fate = Fate.OPEN
    input_tokens: int = 0
    output_tokens: int = 0
    chunks: int = 0


class ModelCounts(msgspec.Struct):
    """Of one model."""

    requests: int = 0
    whole: int = 0
    cut_by_peer: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    documents: int = 0


class Counts:
    """Everything that one emulator saw. Belongs to its loop."""

    def __init__(self, remember: int) -> None:
        """Keeps the latest `remember` exchanges and ids; sums go on for ever."""
        self._remember = remember
        self.live: set[asyncio.Transport] = set()
        """Connections open now."""
        self.reset()

    def reset(self) -> None:
        """Start again from nothing."""
        self.begun = 0
        self.fates: Counter[str] = Counter()
        self.models: dict[str, ModelCounts] = {}
        self.statuses: Counter[int] = Counter()
        self.ids: Counter[str] = Counter()
        self.sightings: deque[Sighting] = deque(maxlen=self._remember)

    def begin(self, sighting: Sighting) -> None:
        """A request came, all of it."""
        self.begun += 1
        self.sightings.append(sighting)
        if sighting.id and (len(self.ids) < self._remember or sighting.id in self.ids):
            self.ids[sighting.id] += 1

    def model(self, name: str) -> ModelCounts:
        """The counts of that model."""
        return self.models.setdefault(name, ModelCounts())

    def end(self, sighting: Sighting, fate: Fate) -> None:
        """It is over. Only the first call for a sighting counts."""
        if sighting.fate is not Fate.OPEN:
            return
        sighting.fate = fate
        self.fates[fate] += 1
        self.statuses[sighting.status] += 1
        if not sighting.model:
            return
        model = self.model(sighting.model)
        model.requests += 1
        model.whole += fate is Fate.WHOLE
        model.cut_by_peer += fate is Fate.CUT_BY_PEER
        model.input_tokens += sighting.input_tokens
        model.output_tokens += sighting.output_tokens

    def tally(self, model: str, input_tokens: int, output_tokens: int, *, whole: bool) -> None:
        """Count one that had no `Sighting` made for it: bench mode."""
        self.fates[Fate.WHOLE if whole else Fate.CUT_BY_PEER] += 1
        counts = self.model(model)
        counts.requests += 1
        counts.whole += whole
        counts.cut_by_peer += not whole
        counts.input_tokens += input_tokens
        counts.output_tokens += output_tokens

    def report(self) -> dict[str, object]:
        """What `/_emulator/counts` says."""
        models = {name: msgspec.structs.asdict(counts) for name, counts in self.models.items()}
        return {
            "begun": self.begun,
            "open": self.begun - sum(self.fates.values()),
            "answered_whole": self.fates[Fate.WHOLE],
            "cut_by_peer": self.fates[Fate.CUT_BY_PEER],
            "spoiled": self.fates[Fate.SPOILED],
            "rejected": self.fates[Fate.REJECTED],
            "input_tokens": sum(counts.input_tokens for counts in self.models.values()),
            "output_tokens": sum(counts.output_tokens for counts in self.models.values()),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "connections": len(self.live),
            "models": models,
            "ids": dict(self.ids),
        }
