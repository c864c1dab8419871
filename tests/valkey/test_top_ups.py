"""Gateways that share counters judge by a budget as it is topped up."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Exceeded
from headworks.domain.usage import NO_USAGE
from headworks.stores.valkey.allowance import Allowance
from headworks.testing.clock import FrozenClock
from headworks.testing.valkey import Server
from tests.valkey.plain import claim
from tests.valkey.rig import BUDGET, counters, look, run, until


def test_gateways_judge_by_a_budget_as_it_is_topped_up(server: Server) -> None:
    async def scene() -> None:
        raised = msgspec.structs.replace(BUDGET, extra=(("", "", 5 * 10**9),)).raised
        assert raised is not None
        more = claim(raised[BUDGET.stem], 4 * 10**9)
        async with counters(server, "one") as one, counters(server, "two") as two:
            hold = await one.reserve("a", (claim(BUDGET, 10**10),))
            hold.settle(NO_USAGE, 10**10, counts=True)
            await until(lambda: look(server, BUDGET) == (10**10, 0))
            with pytest.raises(Exceeded):
                await two.reserve("b", (claim(BUDGET, 1),))
            held = await two.reserve("c", (more,))
            with pytest.raises(Exceeded):
                await one.reserve("d", (more,))
            held.settle(NO_USAGE, 4 * 10**9, counts=True)
            await until(lambda: look(server, BUDGET) == (14 * 10**9, 0))

    run(scene())


def nothing(call_id: str, claims: tuple[Claim, ...], used: tuple[int, ...]) -> None:
    """Nobody is told what was spent."""


def test_what_is_added_during_an_outage_raises_the_share_that_a_gateway_admits_alone() -> None:
    async def scene() -> None:
        raised = msgspec.structs.replace(BUDGET, extra=(("", "", 5 * 10**9),)).raised
        assert raised is not None
        alone = Allowance(FrozenClock(), 0.5, nothing)
        await alone.reserve("a", (claim(BUDGET, 5 * 10**9),))
        with pytest.raises(Fault, match="can't be checked"):
            await alone.reserve("b", (claim(BUDGET, 10**9),))
        await alone.reserve("c", (claim(raised[BUDGET.stem], 2 * 10**9),))
        with pytest.raises(Fault, match="can't be checked"):
            await alone.reserve("d", (claim(raised[BUDGET.stem], 10**9),))

    run(scene())
