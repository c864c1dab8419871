"""`headworks budgets`: money added to budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import Json, Url, administer, tell, tell_all
from headworks.client import Client
from headworks.client.collections import Bounded
from headworks.domain.administration.wire.top_ups import TopUpAsked, Which

_COLUMNS = ("id", "period", "group", "amount", "currency", "actor", "at")
Group = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]


def top_up(  # noqa: PLR0913 - one parameter a flag
    owner: str,
    budget: str,
    amount: str,
    *,
    period: Which = Which.CURRENT,
    group: Group = (),
    url: Url = None,
    json: Json = False,
) -> int:
    """Add money to a budget for one period. What was spent stays counted, and later periods have what the budget says.

    Args:
        owner: Id of the party or key whose budget it is.
        budget: Its name.
        amount: In the budget's currency: 12.50.
        period: The one under way, or the next.
        group: Of a grouped budget, for whom: customer=acme.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        asked = TopUpAsked(amount=amount, period=period, group=_values(group))
        made = _holder(client, owner).top_up(owner, budget, asked)
        during = f" of {made.period}" if made.period else ""
        tell(made, f"{made.amount} {made.currency} were added to budget {made.budget!r}{during}: {made.id}.", json=json)

    return administer(url, work)


def top_ups(owner: str, budget: str, *, url: Url = None, json: Json = False) -> int:
    """List what was added to a budget, oldest first.

    Args:
        owner: Id of the party or key whose budget it is.
        budget: Its name.
        url: The control plane.
        json: Print JSON, for programs.
    """
    return administer(url, lambda client: tell_all(_holder(client, owner).top_ups(owner, budget), _COLUMNS, json=json))


def _holder(client: Client, owner: str) -> Bounded:
    holders: Mapping[str, Bounded] = {
        "org": client.organisations,
        "team": client.teams,
        "proj": client.projects,
        "user": client.users,
        "svc": client.service_accounts,
        "key": client.keys,
    }
    found = holders.get(owner.partition("_")[0])
    if found is None:
        raise ValueError(f"{owner!r} is no id of a party or key. Lists show them: headworks teams list, headworks keys list.")
    return found


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    values = {name: value for name, sign, value in (pair.partition("=") for pair in pairs) if sign}
    if len(values) < len(pairs):
        raise ValueError("write each --group as FACT=VALUE: customer=acme")
    return values
