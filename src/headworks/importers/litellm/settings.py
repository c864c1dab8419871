"""Settings that are told about and not read: rows of settings.toml."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec

from headworks.importers.litellm.section import Section, line_of, text_of
from headworks.importers.notes import Notes
from headworks.wiring.config_file.tree import Scalar

_SECRET = ("key", "secret", "password", "token", "url")
_UNKNOWN = "The importer does not know it. Look in configuration.md whether there is something like it."
_COSTS = "cost"
_NO_COST = "Add it to the price of the target, if it is counted here (configuration.md#prices)."


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row: exactly one of these."""

    mapped: str = ""
    approximated: str = ""
    instead: str = ""


class Settings:
    """What becomes of a setting that nobody has read."""

    def __init__(self, notes: Notes) -> None:
        text = files("headworks.importers.litellm").joinpath("settings.toml").read_text("utf-8")
        self._advice = msgspec.convert(tomllib.loads(text), dict[str, dict[str, Advice]])
        self._notes = notes

    def tell(self, name: str, section: Section) -> None:
        """Of all that is left of a section."""
        known = self._advice.get(name, {})
        for key in section.untaken():
            line, what = section.line_at(key), f"{name}.{key}{_shown(section, key)}".removeprefix("top.")
            advice = known.get(key, Advice(instead=_NO_COST if _COSTS in key else _UNKNOWN))
            if advice.instead:
                self._notes.unsupported(line, what, advice.instead)
            elif advice.approximated:
                self._notes.approximated(line, what, advice.approximated)
            else:
                self._notes.mapped(line, what, advice.mapped)


def _shown(section: Section, key: str) -> str:
    """A short value, if it can't be a secret."""
    node = section.node(key)
    if not isinstance(node, Scalar) or any(word in key for word in _SECRET):
        return ""
    text = text_of(node)
    return f": {text}" if len(text) <= 40 and line_of(node) else ""  # noqa: PLR2004 - what fits beside its name
