"""Troubles that strike one request together: the answer is spoiled as one of them says, and never by accident."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.testing import FrozenClock, seeded
from headworks.testing.emulator import Fate, Personality
from headworks.testing.emulator.counts import Counts
from headworks.testing.emulator.personality import INSTANT, Pace
from headworks.testing.emulator.provider import Provider
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import End, Score, whole

WHERE = st.sampled_from(["", " after=0", " after=1", " after=3", " after=1000"])
TROUBLES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["reset", "cut", "unfinished", "stall", "stall seconds=0.5"]), WHERE),
    st.builds("garbage form={}".format, st.sampled_from(["json", "html", "sse", "http", "empty"])),
    st.builds("drip bytes={}".format, st.sampled_from([1, 7, 400])),
    st.builds("oversize form={} bytes=70000".format, st.sampled_from(["head", "json"])),
    st.sampled_from(["refusal", "slow seconds=0.3 rate=50"]),
)
TOGETHER = st.lists(TROUBLES, max_size=4)
ENDED_EARLY = {End.CUT, End.RESET, End.HANG}


def answered(troubles: list[str], *, stream: bool, pace: Pace = INSTANT, text: str = "Explain rain.") -> tuple[Score, bytes]:
    """The score under these troubles, and all that it plays."""
    content = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
    provider = Provider(Personality(troubles=tuple(troubles), pace=pace), Counts(10), FrozenClock())
    path, headers = "/v1/chat/completions", {"authorization": "Bearer any"}
    score = provider.respond(Request(method="POST", path=path, headers=headers, body=msgspec.json.encode(content)))
    return score, b"".join(beat.data for beat in score.beats)


@given(TOGETHER, st.booleans(), st.sampled_from([INSTANT, Pace()]))
def test_whatever_strikes_together_the_request_is_never_blamed(troubles: list[str], stream: bool, pace: Pace) -> None:  # noqa: FBT001 - drawn
    score, _ = answered(troubles, stream=stream, pace=pace)

    assert score.sighting.status == 200


@given(TROUBLES, TOGETHER, st.booleans())
def test_an_answer_ends_by_the_first_that_ends_it(first: str, more: list[str], stream: bool) -> None:  # noqa: FBT001 - drawn
    alone, _ = answered([first], stream=stream)
    together, _ = answered([first, *more], stream=stream)

    if alone.end in ENDED_EARLY or alone.fate is Fate.SPOILED:
        assert (together.end, together.fate) == (alone.end, alone.fate)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("trouble", ["cut after=3", "unfinished after=3", "garbage form=html", "oversize bytes=70000"])
def test_dripping_changes_no_byte_of_what_another_trouble_leaves(trouble: str, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    alone, undripped = answered([trouble], stream=stream)

    for troubles in ([trouble, "drip bytes=7"], ["drip bytes=7", trouble]):
        score, dripped = answered(troubles, stream=stream)
        assert dripped == undripped
        assert (score.end, score.fate) == (alone.end, alone.fate)


def test_an_answer_without_a_token_takes_its_time_too() -> None:
    """The wait is split by tokens, of which there may be none."""
    beats = list(whole(b"head", b"body", 0, Pace(first_token_spread=0.0), seeded(1)))

    assert sum(beat.delay for beat in beats) == pytest.approx(0.35)
    assert b"".join(beat.data for beat in beats) == b"headbody"
