"""Label values are counted: a client that makes up names must not fill the memory of everybody who scrapes."""

from __future__ import annotations

OTHER = "_other"
"""Stands for all values beyond the bound."""
_LONGEST = 200


class BoundedLabel:
    """The first so many values of a label, each as itself; later ones are `_other`. One per label and exporter."""

    __slots__ = ("_known", "_largest", "overflows")

    def __init__(self, largest: int) -> None:
        self._known: set[str] = {""}
        self._largest = largest
        self.overflows = 0
        """How often a value was beyond the bound."""

    def value(self, text: str) -> str:
        """The label for `text`."""
        if text in self._known:
            return text
        if len(self._known) > self._largest or len(text) > _LONGEST:
            self.overflows += 1
            return OTHER
        self._known.add(text)
        return text

    def __repr__(self) -> str:
        return f"<BoundedLabel {len(self._known) - 1} of {self._largest}>"
