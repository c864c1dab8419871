"""Any bytes in any cuts: a short version of `python -m tests.edge.fuzz_edge`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge.rig import run
from tests.edge.wild import SNIPPETS, Wild

STEPS = st.one_of(
    st.binary(max_size=40),
    st.integers(0, len(SNIPPETS) - 1).map(lambda number: bytes([(number << 3) | 2])),
    st.sampled_from([bytes([(size << 3) | kind]) for kind in range(3, 8) for size in range(6)]),
)


@given(steps=st.lists(STEPS, max_size=40))
@settings(max_examples=400, deadline=None)
def test_nothing_that_a_client_does_escapes_hangs_or_leaks(steps: list[bytes]) -> None:
    async def job() -> None:
        wild = Wild()
        await wild.run(b"".join(steps))
        assert wild.client.transport.closed

    run(job())
