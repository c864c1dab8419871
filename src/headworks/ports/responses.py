"""Where answers are kept that can be had again by their ids."""

from __future__ import annotations

from typing import Protocol

from headworks.domain.kept import Kept


class Responses(Protocol):
    """Of all tenants; each finds its own alone. Enciphered, and forgotten after `KEPT_SECONDS` or when space runs out."""

    def keep(self, tenant: str, kept: Kept) -> None:
        """Never waits. From now on it is found."""
        ...

    async def find(self, tenant: str, id: str) -> Kept | None:  # noqa: A002 - the field's name
        """Raises `Fault` `responses_unavailable` where nobody can say now."""
        ...

    async def forget(self, tenant: str, id: str) -> bool:  # noqa: A002 - the field's name
        """Whether there was one. Raises as `find` does."""
        ...
