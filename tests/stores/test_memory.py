"""The stores of one process."""

from __future__ import annotations

from hashlib import sha256

import pytest

from headworks.domain.errors import Fault
from headworks.ports.stores import Answer
from headworks.stores.memory import MemoryAnswers, MemoryReplays
from headworks.testing import FrozenClock

ONE, TWO = (sha256(what).digest() for what in (b"one", b"two"))


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
    assert replays.claim(b"key", ONE) is None
    with pytest.raises(Fault, match="still being answered"):
        replays.claim(b"key", ONE)
    replays.keep(b"key", answer)
    assert replays.claim(b"key", ONE) == answer
    with pytest.raises(Fault, match="different request"):
        replays.claim(b"key", TWO)


def test_nothing_of_an_answer_is_kept_in_the_clear() -> None:
    replays = MemoryReplays(FrozenClock())
    answer = Answer(200, ((b"x-name", b"a secret"),), b"the secret answer")
    for key in (b"key", b"another"):
        replays.claim(key, ONE)
        replays.keep(key, answer)
    kept = [replays._kept.get(key) for key in (b"key", b"another")]
    assert all(each is not None and not each.headers and b"secret" not in each.body for each in kept)
    assert kept[0] != kept[1], "no two answers are sealed alike"
    assert replays.claim(b"key", ONE) == answer


def test_without_the_answer_only_conflicts_are_known() -> None:
    replays = MemoryReplays(FrozenClock())
    replays.claim(b"key", ONE)
    replays.note(b"key")
    with pytest.raises(Fault, match="different request"):
        replays.claim(b"key", TWO)
    assert replays.claim(b"key", ONE) is None
    with pytest.raises(Fault, match="still being answered"):
        replays.claim(b"key", ONE)


def test_a_failed_request_lets_its_idempotency_key_go() -> None:
    replays = MemoryReplays(FrozenClock())
    replays.claim(b"key", ONE)
    replays.keep(b"key", None)
    assert replays.claim(b"key", TWO) is None
