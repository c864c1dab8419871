"""The short version of the fuzzing: `fuzz_transport` is the long one."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.transport.hostility import RAW, SNIPPETS, play

operations = st.lists(
    st.one_of(st.integers(0, RAW - 1).map(lambda number: bytes([number])), st.binary(max_size=30)), max_size=25
)


@given(operations)
@settings(max_examples=1500, deadline=None)
@example([b"\0", bytes([25, 25])])
def test_no_server_and_no_taker_breaks_a_promise(script: list[bytes]) -> None:
    play(b"".join(script))


@given(st.lists(st.sampled_from(SNIPPETS), max_size=12), st.integers(0, 2000), st.booleans())
@settings(max_examples=500, deadline=None)
def test_plausible_nonsense(snippets: list[bytes], place: int, rude: bool) -> None:  # noqa: FBT001 - hypothesis draws it
    """Snippets in any order, in reads that ignore their borders."""
    wire = b"".join(snippets)
    script = bytes([int(rude)])
    for piece in (wire[: place % (len(wire) + 1)], wire[place % (len(wire) + 1) :]):
        for start in range(0, len(piece), 100):
            part = piece[start : start + 100]
            script += bytes([RAW + len(part)]) + part
    play(script)
