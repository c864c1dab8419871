"""Budgets that refuse nothing: what is spent of them is noted in the journal, as exactly as of those that do."""

from __future__ import annotations

import gc
from typing import Any

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.limits import Calendar, Limit, Unit
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.stores.memory.counters import MemoryHold
from headworks.testing import CollectingSink, Script, ScriptedUpstream
from tests.journey.plain import KEY, House

from .making import limit, run
from .shop import GOOD, ask, model, shop

SPENT = 15_000
"""What `GOOD` comes to, nano-units."""


SET_ASIDE = 1_053_000
"""What a request may come to at most."""


def soft(rule: str = "soft", **changes: Any) -> Limit:
    return limit(Unit.COST, 1, rule=rule, budget=True, soft=True, **changes)


def house(snapshot: Snapshot, *budgets: Limit, limits: tuple[Limit, ...] = (), scripts: tuple[Script, ...] = (GOOD,)) -> House:
    principal = Principal(id="k", name="k", limits=limits, soft_budgets=budgets)
    return House(snapshot, ScriptedUpstream(scripts), principal=principal)


async def served(at: House, snapshot: Snapshot, name: str = "m") -> Exchange:
    (await at.serve(ask(snapshot, name))).start(CollectingSink())
    return at.journal.ended[-1]


def charged(exchange: Exchange) -> dict[str, int]:
    return {charge.counter: charge.units for charge in exchange.counters}


@pytest.mark.parametrize("hard", [(), (limit(Unit.COST, 10**12, rule="hard", budget=True),)])
def test_a_spent_one_refuses_nothing_and_is_charged_beside_those_that_would(hard: tuple[Limit, ...]) -> None:
    async def scenario() -> None:
        snapshot, budget = shop(model("m")), soft()
        at = house(snapshot, budget, limits=hard)
        exchange = await served(at, snapshot)
        assert charged(exchange) == {each.stem: SPENT for each in (*hard, budget)}
        (begun,) = at.journal.begun
        assert {charge.counter for charge in begun.counters} == {each.stem for each in (*hard, budget)}
        assert [(account.spent, account.held) for account in at.counters.accounts()] == [(SPENT, 0)] * (len(hard) + 1)

    run(scenario())


@pytest.mark.parametrize("changes", [{}, {"calendar": Calendar.MONTH}, {"seconds": 86_400.0}, {"group_by": ("model",)}])
def test_made_hard_it_counts_what_was_spent_before(changes: dict[str, Any]) -> None:
    async def scenario() -> None:
        snapshot, budget = shop(model("m")), soft(**changes)
        at = house(snapshot, budget, scripts=(GOOD,) * 3)
        await served(at, snapshot)
        await served(at, snapshot)
        (account,) = at.counters.accounts()
        assert (account.spent, account.held) == (2 * SPENT, 0)

        def now_hard(amount: int) -> None:
            hard = msgspec.structs.replace(budget, soft=False, amount=amount)
            at.others[KEY] = msgspec.structs.replace(at.principal, soft_budgets=(), limits=(hard,))

        now_hard(2 * SPENT + SET_ASIDE - 1)
        with pytest.raises(Fault) as refused:
            await at.serve(ask(snapshot, "m"))
        assert refused.value.code == "project_spend_limit_exceeded"
        now_hard(2 * SPENT + SET_ASIDE)
        await served(at, snapshot)

    run(scenario())


def test_one_of_all_callers_counts_what_each_of_them_spends() -> None:
    async def scenario() -> None:
        of_all, own = soft("all"), soft("own")
        snapshot = msgspec.structs.replace(shop(model("m")), soft_budgets=(of_all,))
        assert charged(await served(house(snapshot), snapshot)) == {of_all.stem: SPENT}
        assert charged(await served(house(snapshot, own), snapshot)) == {of_all.stem: SPENT, own.stem: SPENT}

    run(scenario())


def test_a_request_that_is_over_leaves_no_circle_to_the_collector() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, soft(), limits=(limit(Unit.COST, 10**12, rule="hard", budget=True),), scripts=(GOOD,) * 5)
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await served(at, snapshot)
            assert [held for held in gc.get_objects() if isinstance(held, MemoryHold)] == []
        finally:
            gc.enable()

    run(scenario())


def test_it_counts_its_models_only_and_those_that_a_fallback_led_to() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m", fallbacks=("n",)), model("n"), model("other"))
        of_n = soft("n", models=("n",))
        at = house(snapshot, soft("m", models=("m",)), of_n, scripts=(GOOD, GOOD, Script(status=500), GOOD))
        assert charged(await served(at, snapshot, "other")) == {}
        assert charged(await served(at, snapshot, "n")) == {of_n.stem: SPENT}
        assert of_n.stem in charged(await served(at, snapshot, "m"))

    run(scenario())
