"""Anthropic's tongue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from headworks.testing.emulator import anthropic_read, anthropic_write
from headworks.testing.emulator.allowance import Grant, PromptCache
from headworks.testing.emulator.draft import Draft
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.question import JsonObject, Question, Rejection
from headworks.testing.emulator.tongue import Grants, Header
from headworks.testing.emulator.trouble import Trouble

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_WORDS = {429: "This request would exceed your account's rate limit. Please try again later.", 529: "Overloaded"}


class AnthropicTongue:
    """See `Tongue`. One per provider."""

    def __init__(self, personality: Personality, cache: PromptCache) -> None:
        self._personality = personality
        self._cache = cache

    def key_in(self, headers: Mapping[str, str]) -> str:
        """`x-api-key`, or a bearer token."""
        return headers.get("x-api-key", "") or headers.get("authorization", "").removeprefix("Bearer ")

    def bad_key(self, key: str) -> Rejection:
        """401."""
        words = "invalid x-api-key" if key else "x-api-key header is required"
        return Rejection(401, "authentication_error", words)

    def unknown_model(self, model: str) -> Rejection:
        """404."""
        return Rejection(404, "not_found_error", f"model: {model}")

    def too_long(self, question: Question, window: int) -> Rejection:
        """400."""
        if question.prompt_tokens > window:
            words = f"prompt is too long: {question.prompt_tokens} tokens > {window} maximum"
        else:
            cap = question.max_tokens or 0
            words = f"input length and `max_tokens` exceed context limit: {question.prompt_tokens} + {cap} > {window}"
        return Rejection(400, "invalid_request_error", words)

    def throttled(self, grant: Grant, what: str) -> Rejection:
        """429."""
        words = f"This request would exceed the rate limit for your organization of {grant.limit} {what} per minute."
        rejection = Rejection(429, "rate_limit_error", words)
        rejection.headers = (("retry-after", f"{grant.reset:g}"),)
        return rejection

    def troubled(self, trouble: Trouble) -> Rejection:
        """Whatever status was asked for."""
        words = trouble.message or _WORDS.get(trouble.status, "Internal server error")
        rejection = Rejection(trouble.status, trouble.type or _TYPES.get(trouble.status, "api_error"), words)
        if trouble.retry_after is not None:
            rejection.headers = (("retry-after", f"{trouble.retry_after:g}"),)
        return rejection

    def nowhere(self, method: str, path: str) -> Rejection:  # noqa: ARG002 - Anthropic does not name the place
        """404."""
        return Rejection(404, "not_found_error", "Not found")

    def read(self, body: JsonObject, path: str) -> Question:
        """A message, or one to be counted only."""
        return anthropic_read.read_messages(body, self._personality, self._cache, counting=path.endswith("/count_tokens"))

    def whole(self, draft: Draft, question: Question) -> bytes:  # noqa: ARG002 - nothing in the question changes the shape
        """A message object."""
        return anthropic_write.whole(draft)

    def stream(self, draft: Draft, question: Question) -> Iterator[tuple[bytes, int]]:  # noqa: ARG002 - likewise
        """Named events, `message_start` to `message_stop`."""
        return anthropic_write.stream(draft)

    def rejected(self, rejection: Rejection, request_id: str) -> bytes:
        """`{"type": "error", …}`."""
        return anthropic_write.rejection_body(rejection, request_id)

    def rejected_event(self, rejection: Rejection, request_id: str) -> bytes:
        """`event: error`."""
        return b"event: error\ndata: " + anthropic_write.rejection_body(rejection, request_id) + b"\n\n"

    def models(self, names: Sequence[str]) -> bytes:
        """A page that is the only one."""
        first, last = (names[0], names[-1]) if names else (None, None)
        data = [_entry(name) for name in names]
        return msgspec.json.encode({"data": data, "has_more": False, "first_id": first, "last_id": last})

    def model(self, name: str) -> bytes:
        """A model object."""
        return msgspec.json.encode(_entry(name))

    def headers(self, request_id: str, grants: Grants) -> list[Header]:
        """Request id and rate limits."""
        headers = [("request-id", request_id), ("anthropic-organization-id", "00000000-0000-0000-0000-00000000e301")]
        for what, grant in (("requests", grants.requests), ("tokens", grants.tokens)):
            reset = datetime.fromtimestamp(grants.wall + grant.reset, UTC)
            headers += [
                (f"anthropic-ratelimit-{what}-limit", str(grant.limit)),
                (f"anthropic-ratelimit-{what}-remaining", str(grant.left)),
                (f"anthropic-ratelimit-{what}-reset", reset.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ]
        return headers


def _entry(name: str) -> JsonObject:
    return {"type": "model", "id": name, "display_name": name.replace("-", " ").title(), "created_at": "2025-01-01T00:00:00Z"}
