"""Ids of providers, which share their credentials between tenants, made into something that is of use to one tenant alone."""

from __future__ import annotations

from typing import Protocol

from headworks.domain.foreign import ForeignId


class ForeignIds(Protocol):
    """Tokens in place of ids. One id of one tenant has one token, so that clients can compare."""

    def seal(self, tenant: str, foreign: ForeignId) -> str:
        """The token, which begins as the id does (`resp_…`, `file-…`)."""
        ...

    def open(self, tenant: str, token: str) -> ForeignId | None:
        """What was sealed. None for all else, whatever it is: another tenant's token, one that was changed, an id in the open."""
        ...
