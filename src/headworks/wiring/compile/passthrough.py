"""What may be passed through to providers: the catalogue's rows and the operator's lines, checked, and ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from headworks.domain.config import Config, PassThroughRule, TargetRule, nanos_of
from headworks.domain.foreign_fields import KEPT, mark_of_members
from headworks.domain.money import PriceCard
from headworks.domain.passthrough import FEATURE, MODEL, PLACEHOLDER, Passage, PassThrough, pattern_of
from headworks.domain.patterns import overlap
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.passthrough_check import check_rule
from headworks.wiring.compile.places import Place, Provider
from headworks.wiring.compile.targets import Targets
from headworks.wiring.config_file.tree import Path

_REMEMBERED = 1024
_USUAL_IDS = ("id", "first_id", "last_id", "after", "before")
_LINE = re.compile(
    r"(GET|POST|PUT|PATCH|DELETE) ((?:/(?!\.{1,2}(?:/|\?|$))[A-Za-z0-9._~:@=+,!$'()*{}-]+)+)(\?[A-Za-z0-9._~=&%-]+)?"
)


class _Line(NamedTuple):
    """What is allowed, as written: `query` is what the line itself fixes, `?` included."""

    method: str
    path: str
    query: str


def compile_passthrough(bench: Bench, config: Config, targets: Targets, models: Mapping[str, Model]) -> dict[str, PassThrough]:
    """By provider; those without a line are left out."""
    made = ((name, provider) for name, provider in targets.providers.made.items() if provider is not None)
    return {
        name: PassThrough(
            _Compiler(bench, config, targets, provider).passages(), _maker(targets, provider), _known_as(name, models)
        )
        for name, provider in made
        if provider.passthrough
    }


class _Compiler:
    """Of the lines of one provider."""

    def __init__(self, bench: Bench, config: Config, targets: Targets, provider: Provider) -> None:
        self._bench = bench
        self._config = config
        self._pricing = targets.pricing
        self._provider = provider
        paths = (line.partition(" ")[2] for line, rule in provider.passthrough.items() if not rule.shared)
        self._collections = [path[: path.index(f"{{{names[0]}}}")] for path in paths if (names := _id_names(path))]

    def passages(self) -> tuple[Passage, ...]:
        """All of them, those with fewer placeholders first."""
        rules = self._provider.passthrough
        passages = [passage for line, rule in rules.items() if (passage := self._passage(line, rule)) is not None]
        return tuple(sorted(passages, key=lambda passage: len(PLACEHOLDER.findall(passage.path))))

    def _passage(self, written: str, rule: PassThroughRule) -> Passage | None:
        path = ("providers", self._provider.name, "passthrough", written)
        line = _read(written)
        if line is None:
            example = "Write it like 'POST /v1/ocr' or 'GET /v1/batches/{id}', below the provider's host."
            self._bench.wrong(path, f"'{written}' is no method and path.", example, on_key=True)
            return None
        check_rule(self._bench, written, rule, path)
        self._check_unserved(line, path)
        ids = KEPT.union(_USUAL_IDS if rule.ids is None and self._of_collection(line.path) else rule.ids or ())
        return Passage(
            line=written,
            method=line.method,
            path=f"{self._provider.prefix}{line.path}{line.query}",
            head=_place_of(self._provider, line.path).carried,
            pattern=pattern_of(line.path),
            query=frozenset(rule.query or ()),
            headers=frozenset(name.lower().encode() for name in rule.headers or ()),
            content_types=frozenset(each.lower() for each in rule.content_types or ()),
            ids=ids,
            mark=None if rule.shared else mark_of_members(ids),
            shared=bool(rule.shared),
            by_model=rule.price == "model",
            price=self._price(line, rule, path),
            reserve=self._reserve(rule, path),
        )

    def _check_unserved(self, line: _Line, path: Path) -> None:
        own = _own_endpoint(self._provider, line.method, self._provider.prefix + line.path)
        if own is not None:
            what = f"The gateway serves this itself, as '{own}', and looks at all that is asked there."
            self._bench.wrong(path, what, "Leave it out.", on_key=True)

    def _of_collection(self, path: str) -> bool:
        """Whether a path is that of things, or of what is in things, which some line names by an id."""
        return any(f"{path}/".startswith(collection) for collection in self._collections)

    def _price(self, line: _Line, rule: PassThroughRule, path: Path) -> PriceCard | None:
        if rule.price == "model":
            return None
        if rule.price is not None:
            return self._pricing.card(rule.price, (*path, "price"))
        if line.method in {"GET", "DELETE"} and _id_names(line.path):
            return self._pricing.card("free", path)
        if self._config.unpriced != "free":
            what = f"Nobody says what '{path[-1]}' costs, and what has no price is not served."
            hint = "Add price: {request: 0.01} (dollars each), price: model (what its model costs), or price: free."
            self._bench.wrong(path, what, hint, on_key=True)
        return None

    def _reserve(self, rule: PassThroughRule, path: Path) -> int:
        try:
            return nanos_of(rule.reserve) if rule.reserve is not None else 0
        except ValueError as trouble:
            self._bench.wrong((*path, "reserve"), f"'{rule.reserve}' {trouble}.")
            return 0


def _read(written: str) -> _Line | None:
    """The parts of a line; None where it is none."""
    found = _LINE.fullmatch(written)
    names = PLACEHOLDER.findall(written)
    if found is None or not {"{", "}"}.isdisjoint(PLACEHOLDER.sub("", written)) or len(names) != len(set(names)):
        return None
    return _Line(*found.groups(default=""))


def _id_names(path: str) -> list[str]:
    """Placeholders that stand for ids."""
    return [name for name in PLACEHOLDER.findall(path) if name != MODEL]


def _place_of(provider: Provider, path: str) -> Place:
    """By whose credential it is asked: that of the dialect spoken below the same path, else of the preferred one."""
    fitting = [place for place in provider.places if f"{path}/".startswith(f"{place.below}/")]
    return max(fitting, key=lambda place: len(place.below), default=provider.places[0])


def _own_endpoint(provider: Provider, method: str, path: str) -> str | None:
    """The kind of request that the gateway itself serves by this method and path."""
    for place in provider.places:
        for kind, head in (*place.heads.whole.items(), *place.heads.stream.items()):
            verb, there, _ = head.partition(b"\r\n")[0].decode().split(" ")
            if verb == method and _meet(there.partition("?")[0], path):
                return kind
    return None


def _meet(one: str, other: str) -> bool:
    """Whether there is a path that fits both."""
    segments = [PLACEHOLDER.sub("*", path).split("/") for path in (one, other)]
    return len(segments[0]) == len(segments[1]) and all(overlap(*pair) for pair in zip(*segments, strict=True))


def _maker(targets: Targets, provider: Provider) -> Callable[[str], Target]:
    """Remembers the last thousand models: callers may invent names."""

    def make(model: str) -> Target:
        return targets.alone(TargetRule(), provider, model or FEATURE)

    return lru_cache(_REMEMBERED)(make)


def _known_as(provider: str, models: Mapping[str, Model]) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}
    for model, target in _targets(provider, models):
        known[target.model] = (*known.get(target.model, ()), model.name)
    return known


def _targets(provider: str, models: Mapping[str, Model]) -> Iterator[tuple[Model, Target]]:
    return ((model, target) for model in models.values() for target in model.every_target if target.provider == provider)
