"""Every picker, and what to choose among."""

from __future__ import annotations

from hypothesis import strategies as st

from headworks.balancing.pickers import Cheapest, Fastest, Hashed, LeastBusy, Ordered, PowerOfTwo, Sticky, Weighted
from headworks.balancing.recent import Recent
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.extension import Picker
from headworks.testing import FixedPulse, FrozenClock, sample_target, seeded

NAMES = ("weighted", "ordered", "least_busy", "power_of_two", "cheapest", "fastest", "sticky", "hashed")


def picker(name: str, seed: int = 0, recent: Recent | None = None) -> Picker:
    """One by its name, with chance of its own."""
    chance, recent = seeded(seed), recent or Recent(FrozenClock())
    pickers: dict[str, Picker] = {
        "weighted": Weighted(chance),
        "ordered": Ordered(),
        "least_busy": LeastBusy(chance),
        "power_of_two": PowerOfTwo(chance, recent),
        "cheapest": Cheapest(chance),
        "fastest": Fastest(chance, recent),
        "sticky": Sticky(),
        "hashed": Hashed(),
    }
    return pickers[name]


def named(*names: str) -> list[Target]:
    """Targets of these names that are alike otherwise."""
    return [sample_target(name) for name in names]


@st.composite
def pools(draw: st.DrawFn) -> tuple[list[Target], FixedPulse]:
    """One to six targets of some orders and weights, some of them down, some at work."""
    targets = [
        sample_target(f"t{number}/m", order=draw(st.integers(0, 2)), weight=draw(st.integers(0, 3)))
        for number in range(draw(st.integers(1, 6)))
    ]
    down = frozenset(target.name for target in targets if draw(st.booleans()))
    return targets, FixedPulse({target.name: draw(st.integers(0, 9)) for target in targets}, down)


ENVELOPES = st.builds(
    Envelope,
    tenant=st.sampled_from(("", "a", "b")),
    affinity=st.text(max_size=8),
    prompt_tokens=st.integers(0, 100_000),
    output_tokens=st.integers(0, 10_000),
    streamed=st.booleans(),
)
