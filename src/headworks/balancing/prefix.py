"""Which target has probably read which beginnings of prompts: an approximate index, corrected by what answers report."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

BLOCKS = 32_768
"""Blocks that a target is taken to remember, where nobody says."""
FEWEST = 64
MOST_BLOCKS = 8 * BLOCKS
"""Of all targets together: some 60 MB."""
_MOST_KEPT = 16
"""Times `BLOCKS`: the most that one target is taken to remember."""
_MOST_UNTOLD = 8_192
"""Blocks of one target that wait for others to be told of them. The oldest are left out."""
_ENOUGH = 200_000
"""Predicted tokens before reports correct a size."""
_TOO_FEW, _TOO_MANY = 0.5, 1.1


class _Shelf:
    """What one target remembers: its bit, its blocks in the order of their last use, and how true the guesses were."""

    __slots__ = ("bit", "blocks", "guessed", "most", "tells", "told")

    def __init__(self, bit: int) -> None:
        self.bit = bit
        self.blocks: OrderedDict[int, None] = OrderedDict()
        self.most = BLOCKS
        self.guessed = 0.0
        self.told = 0.0
        self.tells = False
        """Whether any answer has ever said that something was remembered."""


class PrefixIndex:
    """One per gateway process; targets are known by name. Hash → set of targets, as the bits of an integer."""

    def __init__(self) -> None:
        self._holders: dict[int, int] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._free: list[int] = []
        """Bits of targets that are gone."""
        self._added: dict[str, deque[int]] | None = None
        """What nobody was told of yet; None until somebody asks."""

    @property
    def targets(self) -> int:
        """Of how many something is known."""
        return len(self._shelves)

    def matches(self, blocks: Sequence[int], names: Sequence[str]) -> list[int]:
        """How many leading blocks each of these targets holds."""
        found = [0] * len(names)
        places: dict[int, int] = {}
        for place, name in enumerate(names):
            shelf = self._shelves.get(name)
            if shelf is not None:
                places[shelf.bit] = place
        alive = sum(places)
        for depth, block in enumerate(blocks):
            if not alive:
                return found
            still = alive & self._holders.get(block, 0)
            if still != alive:
                _settle(found, places, alive ^ still, depth)
                alive = still
        _settle(found, places, alive, len(blocks))
        return found

    def record(self, name: str, blocks: Sequence[int]) -> None:
        """The target is about to read them. To be called after the choice, before the answer."""
        self._add(name, blocks)
        if blocks and self._added is not None:
            self._added.setdefault(name, deque(maxlen=_MOST_UNTOLD)).extend(blocks)

    def additions(self) -> dict[str, list[int]]:
        """What was recorded here since the last time that anybody asked: for other gateways."""
        added, self._added = self._added or {}, {}
        return {name: list(blocks) for name, blocks in added.items()}

    def learn(self, additions: dict[str, list[int]]) -> None:
        """What another gateway has recorded."""
        for name, blocks in additions.items():
            self._add(name, blocks)

    def resize(self, name: str, most: int) -> None:
        """What the target can remember, in blocks."""
        shelf = self._shelf(name)
        shelf.most = min(max(most, FEWEST), BLOCKS * _MOST_KEPT)
        self._shrink(shelf)

    def told(self, name: str, guessed: float, told: float) -> None:
        """An answer said that `told` tokens of its prompt were remembered, where `guessed` were expected. Who forgets more than we
        thought remembers less than we thought. Who has never said of any perhaps does not say: many engines don't, unless told to.
        """
        shelf = self._shelves.get(name)
        if shelf is None:  # it is gone by now
            return
        shelf.tells = shelf.tells or told > 0.0
        if not shelf.tells:
            return
        shelf.guessed += guessed
        shelf.told += min(told, guessed * 2)
        if shelf.guessed >= _ENOUGH:
            share = shelf.told / shelf.guessed
            shelf.guessed = shelf.told = 0.0
            if share < _TOO_FEW:
                self.resize(name, shelf.most // 2)
            elif share > _TOO_MANY:
                self.resize(name, shelf.most + shelf.most // 4)

    def forget(self, name: str) -> None:
        """The target is gone, or remembers nothing any more."""
        shelf = self._shelves.pop(name, None)
        if shelf is not None:
            for block in shelf.blocks:
                self._drop(block, shelf.bit)
            self._free.append(shelf.bit)
        if self._added is not None:
            self._added.pop(name, None)

    def _add(self, name: str, blocks: Sequence[int]) -> None:
        shelf = self._shelf(name)
        holders, kept, bit = self._holders, shelf.blocks, shelf.bit
        for block in reversed(blocks):  # so that the end of a prompt is forgotten before its beginning
            if block in kept:
                kept.move_to_end(block)
            else:
                kept[block] = None
                holders[block] = holders.get(block, 0) | bit
        self._shrink(shelf)

    def _shrink(self, shelf: _Shelf) -> None:
        most = min(shelf.most, max(MOST_BLOCKS // len(self._shelves), FEWEST))
        while len(shelf.blocks) > most:
            self._drop(shelf.blocks.popitem(last=False)[0], shelf.bit)

    def _drop(self, block: int, bit: int) -> None:
        left = self._holders[block] & ~bit
        if left:
            self._holders[block] = left
        else:
            del self._holders[block]

    def _shelf(self, name: str) -> _Shelf:
        shelf = self._shelves.get(name)
        if shelf is None:
            bit = self._free.pop() if self._free else 1 << len(self._shelves)
            shelf = self._shelves[name] = _Shelf(bit)
            for other in self._shelves.values():  # each has less room from now on
                self._shrink(other)
        return shelf


def _settle(found: list[int], places: dict[int, int], bits: int, depth: int) -> None:
    while bits:
        bit = bits & -bits
        found[places[bit]] = depth
        bits ^= bit
