"""Requests that no language here knows, carried as they are: to those methods and paths of a provider that are allowed, and no others.

A path is compared as it was sent, letter by letter; only what stands in a placeholder's place is decoded, once. What is sent on is
written anew from the row: nothing that a caller has hidden in a path or a query reaches a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, unquote, urlencode

import msgspec

from headworks.domain.money import PriceCard
from headworks.domain.target import Target

FEATURE = "passthrough"
"""What it takes to use any of it; and the name, before a provider's, of requests that name no model: `passthrough/openai`."""
MODEL = "model"
"""The placeholder, and the field, that names a model."""
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_VALUE = r"[A-Za-z0-9._~%:@+=,-]{1,1024}"
_DECODED = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._~:@+=,-]*")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One method and path of a provider. `line` is how it is allowed (`GET /v1/batches/{id}`), `path` what is asked for it below the host.

    `head` holds the fixed headers, credential included, as a `Target`'s heads do: `repr` hides it.
    """

    line: str
    method: str
    path: str
    head: bytes
    pattern: re.Pattern[str]
    """Fits the paths that callers may send, with a group for each placeholder."""
    query: frozenset[str] = frozenset()
    """Parameters that travel on. All others are refused."""
    headers: frozenset[bytes] = frozenset()
    """Likewise, beside those that always do; these are left out silently."""
    content_types: frozenset[str] = frozenset()
    """What a body may be, beside JSON."""
    ids: frozenset[str] = frozenset()
    """Members, in bodies and answers, and parameters that hold ids which the provider made."""
    mark: re.Pattern[bytes] | None = None
    """What makes such an id in an answer known; None where they are everybody's."""
    shared: bool = False
    """What it names and tells is for all callers: ids are neither sealed nor opened."""
    by_model: bool = False
    """It costs what its model's tokens and pages cost."""
    price: PriceCard | None = None
    """What it costs otherwise; None, too, where nobody says."""
    reserve: int = 0
    """Set aside with each request for what cannot be bounded, nano-units."""

    @property
    def names_model(self) -> bool:
        """Whether the path names the model."""
        return f"{{{MODEL}}}" in self.path

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """What stands for the placeholders, decoded; None where it is another line that was sent."""
        found = self.pattern.fullmatch(path) if method == self.method else None
        if found is None:
            return None
        values = {name: unquote(value) for name, value in found.groupdict().items()}
        return values if all(_DECODED.fullmatch(value) for value in values.values()) else None

    def filled(self, values: Mapping[str, str], parameters: Sequence[tuple[str, str]]) -> str:
        """The path with these values, and a query of these parameters behind what the path itself says."""
        path = PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.path)
        return f"{path}{'&' if '?' in path else '?'}{urlencode(parameters)}" if parameters else path

    def __repr__(self) -> str:
        return f"<Passage {self.line}>"


class PassThrough(msgspec.Struct, frozen=True):
    """What may be asked of one provider so. `target` makes the target of a model by the provider's name of it, or of none (empty)."""

    passages: tuple[Passage, ...]
    target: Callable[[str], Target]
    known_as: Mapping[str, tuple[str, ...]] = {}
    """The provider's names of models → the names that callers may ask for, where they are others."""

    def find(self, method: str, path: str) -> tuple[Passage, dict[str, str]] | None:
        """The passage for a request, and what stands for its placeholders. What is written out goes before what a placeholder takes."""
        for passage in self.passages:
            values = passage.match(method, path)
            if values is not None:
                return passage, values
        return None


class Passed(msgspec.Struct, frozen=True):
    """Where one request goes: `path` is written out, query and all."""

    passage: Passage
    path: str
    content_type: bytes = b""


def pattern_of(path: str) -> re.Pattern[str]:
    """What fits a path with placeholders. Each stands for a segment, or for a part of one (`{model}:predict`)."""
    parts = PLACEHOLDER.split(path)
    return re.compile("".join(f"(?P<{part}>{_VALUE})" if place % 2 else re.escape(part) for place, part in enumerate(parts)))
