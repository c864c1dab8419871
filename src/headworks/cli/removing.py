"""How records are removed: as they were just read, and not where somebody has changed them meanwhile."""

from __future__ import annotations

from headworks.cli.administering import Removing
from headworks.cli.telling import tell
from headworks.client.collections import Keys, Parties
from headworks.client.people import Administrators


def remove_one(records: Parties | Keys | Administrators, id_: str, removing: Removing) -> None:
    """It is told as it was."""
    found = records.read(id_)
    records.remove(found.id, version=found.version)
    tell(found, f"{found.name} ({found.id}) is removed.", json=removing.json)
