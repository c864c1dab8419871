"""The key that seals the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headworks.identity.pepper import Pepper
from headworks.stores.sql.audit import Seal

AUDIT_KEY = "HEADWORKS_AUDIT_KEY"


def seals_of(environment: Mapping[str, str], peppers: Sequence[Pepper]) -> tuple[Seal, ...]:
    """The audit's key, and older ones that verify only. Made from the pepper unless HEADWORKS_AUDIT_KEY says it: one to start with
    and, separated by commas, those that it replaced. Raises `ValueError` for one that is too short.
    """
    written = [text.strip().encode() for text in environment.get(AUDIT_KEY, "").split(",") if text.strip()]
    return tuple(Seal(secret) for secret in (*written, *(pepper.digest(b"headworks audit") for pepper in peppers)))
