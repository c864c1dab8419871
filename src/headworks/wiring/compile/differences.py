"""In what two configurations differ, without telling any value: some are secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from headworks.domain.config import Config
from headworks.domain.revision import Difference
from headworks.wiring.compile.revision import Plain, plain

_MAPS = frozenset(name for name in Config.__struct_fields__ if isinstance(getattr(Config(), name), dict))
"""Sections that are maps from the operator's own names to rules."""


def differences(before: Config, after: Config) -> Iterator[Difference]:
    """Section by section, in the order of the document's definition."""
    earlier, later = plain(before), plain(after)
    for section in Config.__struct_fields__:
        at = Difference(change="changed", section=section)
        was, now = earlier.get(section, {}), later.get(section, {})
        if section in _MAPS and isinstance(was, dict) and isinstance(now, dict):
            yield from _of_map(at, was, now)
        else:
            yield from _within(at, was, now)


def _of_map(at: Difference, was: Mapping[str, Plain], now: Mapping[str, Plain]) -> Iterator[Difference]:
    for name in dict.fromkeys((*was, *now)):
        below = replace(at, name=name)
        if name in was and name in now:
            yield from _within(below, was[name], now[name])
        else:
            yield replace(below, change="added" if name in now else "removed")


def _within(at: Difference, was: Plain, now: Plain) -> Iterator[Difference]:
    """Down to the single values that differ; what is there on one side only is told as a whole."""
    if was == now:
        return
    if not (isinstance(was, dict) and isinstance(now, dict)):
        yield at
        return
    for part in dict.fromkeys((*was, *now)):
        below = replace(at, field=f"{at.field}.{part}" if at.field else part)
        if part in was and part in now:
            yield from _within(below, was[part], now[part])
        else:
            yield replace(below, change="added" if part in now else "removed")
