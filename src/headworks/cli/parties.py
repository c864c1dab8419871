"""`headworks organisations`, `teams`, `projects` and `users`: who there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import Json, Url, administer, one_named, tell, tell_all
from headworks.client import Client
from headworks.client.collections import Parties
from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.parties import PartyAsked, PartyView

_COLUMNS = ("id", "name", "parent", "disabled", "expires_at")
Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
_Of = Callable[[Client], Parties]


def create_organisation(name: str, *, models: Names, features: Names = (), url: Url = None, json: Json = False) -> int:
    """Make an organisation. Whoever is below it may use these models and governed features at most.

    Args:
        name: Unique in the installation.
        models: Names or patterns; '*' for all.
        features: Features; '*' for all. Left out: no governed one.
        url: The control plane.
        json: Print JSON, for programs.
    """
    asked = PartyAsked(name=name, bounds=BoundsBody(models=models, features=features or None))
    return _create(lambda client: client.organisations, asked, url, json=json)


def create_team(name: str, *, organisation: str, url: Url = None, json: Json = False) -> int:
    """Make a team.

    Args:
        name: Unique in its organisation.
        organisation: Name or id.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        parent = one_named(client.organisations, "organisation", organisation)
        _told(client.teams.create(PartyAsked(name=name, parent=parent)), json=json)

    return administer(url, work)


def create_project(name: str, *, team: str, url: Url = None, json: Json = False) -> int:
    """Make a project.

    Args:
        name: Unique in its team.
        team: Name or id.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        _told(client.projects.create(PartyAsked(name=name, parent=one_named(client.teams, "team", team))), json=json)

    return administer(url, work)


def create_user(name: str, *, team: str, email: str = "", url: Url = None, json: Json = False) -> int:
    """Make a user.

    Args:
        name: Unique in the team.
        team: Name or id.
        email: Address, for people's own login.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        asked = PartyAsked(name=name, email=email, parent=one_named(client.teams, "team", team))
        _told(client.users.create(asked), json=json)

    return administer(url, work)


def list_organisations(*, url: Url = None, json: Json = False) -> int:
    """List organisations within your reach."""
    return _list(lambda client: client.organisations, None, url, json=json)


def list_teams(*, under: str | None = None, url: Url = None, json: Json = False) -> int:
    """List teams within your reach.

    Args:
        under: Id of a party above them.
        url: The control plane.
        json: Print JSON, for programs.
    """
    return _list(lambda client: client.teams, under, url, json=json)


def list_projects(*, under: str | None = None, url: Url = None, json: Json = False) -> int:
    """List projects within your reach.

    Args:
        under: Id of a party above them.
        url: The control plane.
        json: Print JSON, for programs.
    """
    return _list(lambda client: client.projects, under, url, json=json)


def list_users(*, under: str | None = None, url: Url = None, json: Json = False) -> int:
    """List users within your reach.

    Args:
        under: Id of a party above them.
        url: The control plane.
        json: Print JSON, for programs.
    """
    return _list(lambda client: client.users, under, url, json=json)


def _create(of: _Of, asked: PartyAsked, url: str | None, *, json: bool) -> int:
    return administer(url, lambda client: _told(of(client).create(asked), json=json))


def _list(of: _Of, under: str | None, url: str | None, *, json: bool) -> int:
    return administer(url, lambda client: tell_all(of(client).list(under=under), _COLUMNS, json=json))


def _told(made: PartyView, *, json: bool) -> None:
    tell(made, f"{made.name} is {made.id}.", json=json)
