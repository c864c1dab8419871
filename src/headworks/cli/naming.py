"""How the command line names what it is about: parties and keys by id, parties by name, too.

Where only one kind of party can be meant, its name will do (`research`); elsewhere its kind stands before it (`team:research`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from headworks.client import Client
from headworks.client.collections import Keys, Parties
from headworks.domain.records import PartyKind

_ID = re.compile(r"([a-z]+)_[0-9a-f]{32}")
_KINDS = {
    "org": PartyKind.ORGANISATION,
    "team": PartyKind.TEAM,
    "proj": PartyKind.PROJECT,
    "user": PartyKind.USER,
    "svc": PartyKind.SERVICE_ACCOUNT,
}
"""How their ids begin."""
_KEY = "key"
_SHOWN = 11
"""Characters of a key that lists show; whoever gives all of it has no more of it sent."""
_SEVERAL = 2


def parties_of(client: Client, kind: PartyKind) -> Parties:
    """The collection of that kind."""
    kinds: Mapping[PartyKind, Parties] = {
        PartyKind.ORGANISATION: client.organisations,
        PartyKind.TEAM: client.teams,
        PartyKind.PROJECT: client.projects,
        PartyKind.USER: client.users,
        PartyKind.SERVICE_ACCOUNT: client.service_accounts,
    }
    return kinds[kind]


def spoken(kind: PartyKind) -> str:
    """As it is written on the command line: `service-account`."""
    return kind.replace("_", "-")


def kind_of(id_: str) -> PartyKind | None:
    """Of a party's id; None for what is none."""
    return _KINDS.get(id_.partition("_")[0]) if _ID.fullmatch(id_) else None


def party_id(client: Client, named: str, kinds: Iterable[PartyKind] = PartyKind) -> str:
    """The id of a party that is one of `kinds`. Raises `ValueError` where none is called so, or several are."""
    if _ID.fullmatch(named):
        return named
    asked = sorted(kinds)
    written, colon, name = named.partition(":")
    name = name if colon else named
    if colon:
        asked = [kind for kind in asked if spoken(kind) == written]
    elif len(asked) == len(PartyKind):
        raise ValueError(f"{named!r} may be any kind of party. Write team:{named}, project:{named}, …, or its id.")
    found = [party.id for kind in asked for party in parties_of(client, kind).list(name=name)]
    if len(found) == 1:
        return found[0]
    several = f"{len(found)} parties are" if found else f"no {' or '.join(map(spoken, asked)) or 'kind of party'} is"
    lists = ", ".join(f"headworks {spoken(kind)}s list" for kind in asked or PartyKind)
    raise ValueError(
        f"{several} called {name if asked else written!r} within your reach. {'Give the id' if found else 'See'}: {lists}"
    )


def holder_of(client: Client, named: str) -> tuple[Parties | Keys, str]:
    """Where the party or key is kept that has limits and budgets, and its id. Raises as `party_id` does."""
    if (id_ := _ID.fullmatch(named)) and id_[1] == _KEY:
        return client.keys, named
    found = party_id(client, named)
    kind = kind_of(found)
    if kind is None:
        raise ValueError(f"{named!r} is no id of a party or key. Lists show them: headworks teams list, headworks keys list.")
    return parties_of(client, kind), found


def key_id(client: Client, named: str) -> str:
    """The id of a key, given by it or by its beginning as lists show it. Raises `ValueError` where that is none's, or several begin so."""
    if _ID.fullmatch(named):
        return named
    found = list(islice(client.keys.list(prefix=named[:_SHOWN]), _SEVERAL))
    if len(found) == 1:
        return found[0].id
    several = "several keys begin" if found else "no key begins"
    raise ValueError(
        f"{several} with {named[:_SHOWN]!r} within your reach. Give the id, or the beginning as a list shows it: headworks keys list"
    )


def administrator_id(client: Client, named: str) -> str:
    """The id of an administrator, given by it or by the name. Raises `ValueError` where nobody is called so."""
    if _ID.fullmatch(named):
        return named
    found = [person.id for person in client.administrators.list() if person.name == named]
    if not found:
        raise ValueError(f"nobody is called {named!r} within your reach. See: headworks administrators list")
    return found[0]
