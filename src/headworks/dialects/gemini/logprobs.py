"""How likely each token was: Gemini's `logprobsResult`, and the shape of OpenAI's that canonical events have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headworks.domain.message import JsonObject


def read_logprobs(result: JsonObject) -> JsonObject:
    """As OpenAI shapes them."""
    tops: list[Any] = result.get("topCandidates") or []
    chosen: list[Any] = result.get("chosenCandidates") or []
    beside = [[_token(top) for top in step.get("candidates") or ()] for step in tops]
    beside += [[] for _ in chosen[len(beside) :]]
    content = [_token(one) | {"top_logprobs": others} for one, others in zip(chosen, beside, strict=False)]
    return {"content": content}


def write_logprobs(tokens: Sequence[JsonObject]) -> JsonObject:
    """As Gemini shapes them. Other candidates are told only where any were."""
    beside = [{"candidates": [_candidate(top) for top in token.get("top_logprobs") or ()]} for token in tokens]
    told: JsonObject = {"chosenCandidates": [_candidate(token) for token in tokens]}
    return told | ({"topCandidates": beside} if any(step["candidates"] for step in beside) else {})


def _token(one: JsonObject) -> JsonObject:
    token = str(one.get("token") or "")
    return {"token": token, "logprob": one.get("logProbability") or 0.0, "bytes": list(token.encode())}


def _candidate(token: JsonObject) -> JsonObject:
    return {"token": token.get("token") or "", "logProbability": token.get("logprob") or 0.0}
