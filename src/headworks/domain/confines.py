"""Where a request may be served at all: bounds that hold whatever else is said of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headworks.domain.target import Target

DATA_CLASS = "data_class"
"""The tag that says of what class the data of a request is."""


class Confines(msgspec.Struct, frozen=True):
    """Of one caller, and of what it says its request holds. None: not narrowed."""

    providers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    data_class: str = ""
    """Empty: of none."""

    def admit(self, target: Target) -> bool:
        """Whether such a request may be served there. A target that tells no region is in none that a list could name, and one that
        tells no class of data is not shown what is in one.
        """
        return (
            (self.providers is None or target.provider in self.providers)
            and (self.regions is None or target.region in self.regions)
            and (not self.data_class or self.data_class in target.data_classes)
        )

    def words(self) -> str:
        """What is admitted, for people."""
        return " and ".join(self._words())

    def _words(self) -> Iterator[str]:
        for what, names in (("providers", self.providers), ("regions", self.regions)):
            if names is not None:
                yield f"{what} {', '.join(names) or 'none'}"
        if self.data_class:
            yield f"targets that may be shown data of the class '{self.data_class}'"
