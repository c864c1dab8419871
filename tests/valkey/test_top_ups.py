"""Gateways that share counters judge by a budget as it is topped up."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.limits import Exceeded
from headworks.domain.usage import NO_USAGE
from tests.valkey.conftest import Server
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
