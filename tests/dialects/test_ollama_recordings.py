"""Every recording of Ollama's own language holds to every check. `python -m tests.dialects.recordings_report` prints the table."""

from __future__ import annotations

import json

import pytest

from tests.dialects.ollama_checks import CHECKS, DIALECT, EXCEPTIONS, OPS, TARGET
from tests.dialects.recordings import Recording, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")


def test_recordings() -> None:
    tally = run(CHECKS, OPS, named_exceptions(EXCEPTIONS))

    assert tally.failures == []
    assert all(tally.passed["ollama"][check] > 0 for check in CHECKS)


def test_recorded_vectors() -> None:
    recording = Recording("ollama/ollama-chat-57338a4ecdcd.json", "ollama", "ollama.chat", 200, (), "response-only")
    said = json.loads(recording.answer)

    answer = DIALECT.read_embedding_answer(recording.answer, TARGET)

    assert [list(vector) for vector in answer.vectors] == said["embeddings"]
    assert answer.usage is not None
    assert (answer.model, answer.usage.input) == (said["model"], said["prompt_eval_count"])
