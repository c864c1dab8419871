"""What is wrong with a configuration, said so that it can be mended: where, why, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from headworks.wiring.config_file.tree import Node, Path, Places, Spot, places_of

MASK = "•••"
_SECRET_FIELDS = frozenset(("api_key", "key", "sha256", "headers", "proxy", "database", "url"))
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_LIKE_A_SECRET = re.compile(r"(sk|hw|pk|rk|gsk|xai|key|nvapi|Bearer|AIza)[-_ ][\w-]{8,}|[A-Za-z0-9+/_=-]{40,}")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `spot` overrides what the document says of `path`; `on_key` points at the key, not the value."""

    path: Path
    message: str
    hint: str = ""
    on_key: bool = False
    spot: Spot | None = None

    @property
    def text(self) -> str:
        """Message and hint in one line."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigRefused(Exception):
    """The configuration cannot be used. `str()` is the full report; `problems` the list of them."""

    def __init__(self, problems: Sequence[Problem], report: str) -> None:
        super().__init__(report)
        self.problems = tuple(problems)


class Source(msgspec.Struct, frozen=True):
    """A document as written, to show lines of. `name` is how the reader knows it, usually a path."""

    name: str
    text: str
    root: Node | None = None

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """The same problems in the order of the document, each with its spot."""
        places = Places() if self.root is None else places_of(self.root)
        found = [msgspec.structs.replace(problem, spot=_spot(problem, places)) for problem in problems]
        return sorted(
            found, key=lambda problem: (problem.spot.line, problem.spot.column) if problem.spot is not None else (0, 0)
        )

    def report(self, problems: Sequence[Problem]) -> str:
        """All problems in the order of the document, each with its line and a mark under what is meant. Secrets are masked."""
        lines = self.text.split("\n")
        masked = _masked(Places() if self.root is None else places_of(self.root))
        return "\n".join(self._render(problem, problem.spot or Spot(0, 0), lines, masked) for problem in self.located(problems))

    def _render(self, problem: Problem, spot: Spot, lines: Sequence[str], masked: Mapping[int, Sequence[Spot]]) -> str:
        head = f"{self.name}:{spot.line + 1}:{spot.column + 1}: {problem.text}"
        line = lines[spot.line] if spot.line < len(lines) else ""
        if not line.strip():
            return head
        shown, column, length = _masking(line.rstrip("\r"), spot, masked.get(spot.line, ()))
        return f"{head}\n{spot.line + 1:6} | {shown}\n       | {' ' * column}{'^' * max(1, min(length, len(shown) - column))}"


def _spot(problem: Problem, places: Places) -> Spot:
    if problem.spot is not None:
        return problem.spot
    return places.key(problem.path) if problem.on_key else places.value(problem.path)


def _masked(places: Places) -> dict[int, list[Spot]]:
    """The stretches of each line that may hold a secret."""
    stretches: dict[int, list[Spot]] = {}
    for path, spot in places.scalars.items():
        if _may_be_secret(path):
            stretches.setdefault(spot.line, []).append(spot)
    return stretches


def _may_be_secret(path: Path) -> bool:
    if len(path) == 2 and path[0] in ("keys", "providers"):  # noqa: PLR2004 - a key written where its rule belongs
        return True
    return any(part in _SECRET_FIELDS or (isinstance(part, str) and _close_to_secret(part)) for part in path[1:])


def _close_to_secret(name: str) -> bool:
    """Whether a key is, or was perhaps meant to be, one that holds a secret."""
    plain = name.lower().replace("-", "").replace("_", "")
    return any(word in plain for word in ("apikey", "secret", "token", "password", "authorization")) and not plain.startswith(
        "max"
    )


def _masking(line: str, spot: Spot, stretches: Sequence[Spot]) -> tuple[str, int, int]:
    """The line with secrets masked, and where the mark goes then."""
    pieces: list[str] = []
    done, column, length = 0, spot.column, spot.length
    for stretch in sorted(stretches, key=lambda stretch: stretch.column):
        start, end = stretch.column, min(len(line), stretch.column + stretch.length)
        if (
            start < done
            or _REFERENCE.fullmatch(line[start:end].strip("'\""))
            or line[start:end].startswith(("file:", "secret:", "{", "["))
        ):
            continue
        pieces.append(line[done:start] + MASK)
        done = end
        if start < spot.column:
            column -= (end - start) - len(MASK)
        elif start == spot.column:
            length = len(MASK)
    pieces.append(line[done:])
    return _LIKE_A_SECRET.sub(MASK, "".join(pieces)), column, length


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A hint that names the nearest known word, or all of them where they are few and none is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    if 0 < len(known) <= 8:  # noqa: PLR2004 - what still reads as a sentence
        return f"Known: {', '.join(sorted(known))}."
    return ""
