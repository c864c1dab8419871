"""Engines of providers that are your own machines, as operators write them."""

from __future__ import annotations

from headworks.domain.config.written import Written


class EngineRule(Written, frozen=True):
    """What serves the models of a provider, and tells by its metrics how busy it is. Short form: its type."""

    type: str = ""
    """`vllm`, `sglang`, `tgi`, `llamacpp`, `triton`; `prometheus` for any other that `series` are named for."""
    metrics: str = ""
    """Path of its page of metrics; left out, the engine's usual one."""
    every: float = 0.5
    """Seconds between two looks, 0.1 to 2.5."""
    series: dict[str, str] = {}
    """Signal → your own name of its series, over the usual one: `waiting: 'my_queue{kind="chat"}'`."""


def as_engine(written: EngineRule | str | None) -> EngineRule | None:
    """The long form of either form; None where nothing is told."""
    return EngineRule(type=written) if isinstance(written, str) else written
