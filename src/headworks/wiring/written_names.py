"""What the configuration that runs has names for, for who administers keys: their bounds are told where they name nothing."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.names import Names
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.written import Document, Reread

Load = Callable[[str], Compiled]
"""From a document. Raises `ConfigRefused`."""


class WrittenNames(Reread[Names | None]):
    """Those of a document. None before one could be read."""

    def __init__(self, document: Document, load: Load) -> None:
        super().__init__(document, lambda text: _names_in(text, load), None)

    async def now(self) -> Names | None:
        """As they stand there, or as they were known last."""
        try:
            return await super().now()
        except OSError:
            return self._found


def _names_in(text: str, load: Load) -> Names | None:
    try:
        compiled = load(text)
    except ConfigRefused:
        return None
    return compiled.names
