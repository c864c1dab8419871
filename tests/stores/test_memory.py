"""The stores of one process."""

from __future__ import annotations

import pytest

from headworks.domain.errors import Fault
from headworks.ports.stores import Answer
from headworks.stores.memory import MemoryAnswers, MemoryReplays
from headworks.testing import FrozenClock


def test_answers_grow_old_and_make_room() -> None:
    clock = FrozenClock()
    answers = MemoryAnswers(clock, max_bytes=1000)
    answers.put(b"old", Answer(200, (), b"x" * 300), 10.0)
    answers.put(b"new", Answer(200, (), b"y" * 300), 20.0)
    assert answers.get(b"old") is not None  # read last, so the other one goes first
    answers.put(b"third", Answer(200, (), b"z" * 300), 20.0)
    assert answers.get(b"new") is None
    assert answers.get(b"third") is not None
    clock.advance(10.1)
    assert answers.get(b"old") is None
    assert repr(answers) == "<MemoryAnswers 1 answers · 500 bytes>"


def test_an_idempotency_key_answers_repeats_and_refuses_what_conflicts() -> None:
    replays = MemoryReplays(FrozenClock())
    answer = Answer(200, (), b"done")
    assert replays.claim(b"key", b"one") is None
    with pytest.raises(Fault, match="still being answered"):
        replays.claim(b"key", b"one")
    replays.keep(b"key", answer)
    assert replays.claim(b"key", b"one") == answer
    with pytest.raises(Fault, match="different request"):
        replays.claim(b"key", b"two")


def test_a_failed_request_lets_its_idempotency_key_go() -> None:
    replays = MemoryReplays(FrozenClock())
    replays.claim(b"key", b"one")
    replays.keep(b"key", None)
    assert replays.claim(b"key", b"two") is None
