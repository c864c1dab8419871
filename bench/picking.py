"""`python -m bench.picking`: what one choice by seconds costs, in one process, beside drawing by weight."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import perf_counter_ns

from msgspec import Raw, structs

from headworks.balancing.headroom import Headroom
from headworks.balancing.strategies import Strategies
from headworks.domain.call import Ask
from headworks.domain.engine_load import EngineLoad
from headworks.domain.plan import plan_for
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel
from headworks.testing import FixedPulse, FrozenClock, sample_call, sample_snapshot, sample_target

TARGETS = (8, 32)
PROMPT = 16_000
"""Bytes of JSON: some 4,000 tokens."""
TIMES = 5_000
SHARED = 8
"""Prompts begin alike by so many."""


def main() -> None:
    """Print microseconds: median and 99th percentile."""
    for targets in TARGETS:
        for strategy in ("weighted", "balanced"):
            times = sorted(_times(targets, strategy))
            print(
                f"{strategy:9} {targets:3} targets: p50 {times[len(times) // 2] / 1e3:6.1f} µs  p99 {times[len(times) * 99 // 100] / 1e3:6.1f} µs"
            )


def _times(number: int, strategy: str) -> list[int]:
    chance, clock = random.Random(1), FrozenClock()  # noqa: S311 - it draws prompts
    card = sample_target().price  # replicas of a pool have one
    targets = tuple(sample_target(f"replica-{each}/m", price=card) for each in range(number))
    model = Model(name=AskedModel("m"), targets=targets, strategy=strategy)
    snapshot = structs.replace(sample_snapshot(), models={model.name: model})
    plan = plan_for(snapshot, model, sample_call().kind, "openai_chat")
    strategies = Strategies(chance, FixedPulse(), clock, Headroom())
    for target in targets:
        strategies.loads.report(target.name, EngineLoad(at=clock.now(), waiting=2, running=8, memory=0.4, cache_tokens=500_000))
    beginnings = [chance.randbytes(PROMPT // 4).hex().encode() for _ in range(SHARED)]
    times: list[int] = []
    for _ in range(TIMES):
        clock.advance(0.01)
        body = b'[{"role":"user","content":"%b%b"}]' % (chance.choice(beginnings), chance.randbytes(PROMPT // 4).hex().encode())
        fields = {"messages": Raw(body)}
        ask = Ask(model=AskedModel("m"), stream=True, prompt_tokens=4_000, fields=fields)
        call = sample_call(snapshot=snapshot, ask=ask, plan=plan, principal=Principal(id="p", organisation="o"))
        times.append(_timed(lambda call=call: strategies.choose(call, plan, plan.targets)))
    return times


def _timed(choose: Callable[[], object]) -> int:
    began = perf_counter_ns()
    choice = choose()
    took = perf_counter_ns() - began
    dispatch = getattr(choice, "dispatch", None)
    if dispatch is not None:
        dispatch.sent()
        dispatch.began()
        dispatch.ended(None, None)
    return took


if __name__ == "__main__":
    main()
