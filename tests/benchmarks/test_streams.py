"""Many slow streams at once, over TLS to the providers, through one gateway process."""

from __future__ import annotations

import shutil

import pytest
from bench.streams import SECONDS, STREAMS, Held, hold

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed (Debian package wrk)")


def complaints(held: Held) -> list[str]:
    return [f"{bar.what}: {bar.measured}, asked {bar.asked}" for bar in held.bars() if not bar.met]


def test_a_few_streams_are_carried_whole() -> None:
    """The bars on time and memory are for the long proof: a handful of streams on a busy machine proves neither."""
    held = hold(20, 1, keys=20)

    assert held.broken == 0
    assert held.chunks == 20 * 5


@pytest.mark.long
def test_two_thousand_streams_are_carried_whole_in_time_and_in_little_memory() -> None:
    held = hold(STREAMS, SECONDS)

    print(f"{held.streams} streams, {held.chunks} chunks, {100 * held.cpu_share:.0f} % of a core")
    assert complaints(held) == []
