"""Every recording of Ollama's own language holds to every check. `python -m tests.dialects.recordings_report` prints the table."""

from __future__ import annotations

import json

import pytest

from headworks.domain.call import Kind
from headworks.domain.usage import Usage
from tests.dialects.ollama_checks import CHECKS, DIALECT, EXCEPTIONS, OPS, TARGET
from tests.dialects.recordings import Recording, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")


def test_recordings() -> None:
    tally = run(CHECKS, OPS, named_exceptions(EXCEPTIONS))

    assert tally.failures == []
    assert all(tally.passed["ollama"][check] > 0 for check in CHECKS)


def test_a_recorded_prompt() -> None:
    """Asked and answered at Ollama's path for one prompt: it travels, and is counted."""
    recording = Recording("ollama/ollama-generate-cc0af25e6ea5.json", "ollama", "ollama.generate", 200, (), "recorded")
    asked = json.dumps(recording.request).encode()
    ask = DIALECT.read_ask(Kind.CHAT, asked)
    relay = DIALECT.untouched(Kind.CHAT, ask, TARGET)

    assert ask.native is Kind.COMPLETIONS
    assert json.loads(DIALECT.patch(Kind.CHAT, ask, TARGET, None)) == {**recording.request, "model": TARGET.model}
    assert relay.feed(recording.answer) + relay.close() == recording.answer
    last = json.loads(recording.answer.splitlines()[-1])
    assert relay.usage == Usage(input=last["prompt_eval_count"], output=last["eval_count"])


def test_recorded_vectors() -> None:
    recording = Recording("ollama/ollama-chat-57338a4ecdcd.json", "ollama", "ollama.chat", 200, (), "response-only")
    said = json.loads(recording.answer)

    answer = DIALECT.read_embedding_answer(recording.answer, TARGET)

    assert [list(vector) for vector in answer.vectors] == said["embeddings"]
    assert answer.usage is not None
    assert (answer.model, answer.usage.input) == (said["model"], said["prompt_eval_count"])
