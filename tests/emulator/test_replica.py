"""An emulated engine in steps."""

from __future__ import annotations

import msgspec

from headworks.testing.engine import Engine, EngineModel, Job


class Asked(msgspec.Struct, frozen=True):
    """A prompt that nobody has asked before."""

    tokens: int
    output: int
    blocks: tuple[str, ...] = ()


def test_an_empty_prompt_is_answered_and_nothing_of_it_was_remembered() -> None:
    engine, seen = Engine("e", EngineModel()), list[str]()
    job = Job(Asked(0, 3), lambda _: seen.append("began"), lambda _: seen.append("ended"), lambda _: seen.append("lost"))
    engine.take(job, 0.0)
    while engine.due is not None:
        engine.advance()

    assert seen == ["began", "ended"]
    assert (job.cached, engine.hit) == (0, 0)
