"""Names for ids in tables: what people know things by, where the API tells what does not change."""

from __future__ import annotations

from collections.abc import Callable

from headworks.cli.naming import kind_of, parties_of, spoken
from headworks.client import Client, Refused


class Called:
    """Asks for each name once. What is removed, or out of reach, goes by its id; so do callers of the configuration: it is their name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def name(self, id_: str) -> str:
        """Of a key or party: `research`."""
        kind = kind_of(id_)
        if kind is not None:
            return self._once(id_, lambda: parties_of(self._client, kind).read(id_).name)
        return self._once(id_, lambda: self._client.keys.read(id_).name) if id_.startswith("key_") else id_

    def party(self, id_: str) -> str:
        """As it is written on the command line: `team:research`."""
        kind, name = kind_of(id_), self.name(id_)
        return id_ if kind is None or name == id_ else f"{spoken(kind)}:{name}"

    def administrator(self, id_: str) -> str:
        """Who it is."""
        return self._once(id_, lambda: self._client.administrators.read(id_).name) if id_.startswith("adm_") else id_

    def _once(self, id_: str, read: Callable[[], str]) -> str:
        if id_ not in self._names:
            try:
                self._names[id_] = read()
            except Refused:
                self._names[id_] = id_
        return self._names[id_]
