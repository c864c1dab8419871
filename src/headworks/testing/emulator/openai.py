"""OpenAI's tongue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from headworks.testing.emulator import openai_read, openai_write
from headworks.testing.emulator.allowance import Grant, PromptCache
from headworks.testing.emulator.draft import Draft
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.question import JsonObject, Question, Rejection
from headworks.testing.emulator.tongue import Grants, Header
from headworks.testing.emulator.trouble import Trouble

_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "requests",
}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_WORDS = {400: "Invalid request.", 401: "Incorrect API key provided.", 429: "Rate limit reached. Please try again later."}
_CREATED = 1_735_689_600


class OpenAITongue:
    """See `Tongue`. One per provider."""

    def __init__(self, personality: Personality, cache: PromptCache) -> None:
        self._personality = personality
        self._cache = cache

    def key_in(self, headers: Mapping[str, str]) -> str:
        """The bearer token, or Azure's `api-key`."""
        return headers.get("authorization", "").removeprefix("Bearer ") or headers.get("api-key", "")

    def bad_key(self, key: str) -> Rejection:
        """401, with most of the key starred out."""
        site = "https://platform.openai.com/account/api-keys"
        if not key:
            words = f"You didn't provide an API key. You need to provide your API key in an Authorization header. See {site}."
            return Rejection(401, "invalid_request_error", words)
        shown = f"{key[:3]}{'*' * 8}{key[-4:]}"
        words = f"Incorrect API key provided: {shown}. You can find your API key at {site}."
        return Rejection(401, "invalid_request_error", words, code="invalid_api_key")

    def unknown_model(self, model: str) -> Rejection:
        """404 `model_not_found`."""
        words = f"The model `{model}` does not exist or you do not have access to it."
        return Rejection(404, "invalid_request_error", words, code="model_not_found")

    def too_long(self, question: Question, window: int) -> Rejection:
        """400 `context_length_exceeded`."""
        words = f"This model's maximum context length is {window} tokens. However, your messages resulted in {question.prompt_tokens} tokens."
        return Rejection(
            400,
            "invalid_request_error",
            f"{words} Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )

    def throttled(self, grant: Grant, what: str) -> Rejection:
        """429 `rate_limit_exceeded`."""
        words = f"Rate limit reached on {what} per min: Limit {grant.limit}. Please try again in {grant.reset:.3f}s."
        return _retry_after(Rejection(429, what, words, code="rate_limit_exceeded"), grant.reset)

    def troubled(self, trouble: Trouble) -> Rejection:
        """Whatever status was asked for."""
        kind = trouble.type or _TYPES.get(trouble.status, "server_error")
        words = trouble.message or _WORDS.get(
            trouble.status, "The server had an error while processing your request. Sorry about that!"
        )
        code = trouble.code or _CODES.get(trouble.status)
        return _retry_after(Rejection(trouble.status, kind, words, code=code), trouble.retry_after)

    def nowhere(self, method: str, path: str) -> Rejection:
        """404."""
        return Rejection(404, "invalid_request_error", f"Invalid URL ({method} {path})")

    def read(self, body: JsonObject, path: str) -> Question:
        """A chat or a legacy completion."""
        if path == "/completions":
            return openai_read.read_completion(body)
        return openai_read.read_chat(body, self._personality, self._cache)

    def whole(self, draft: Draft, question: Question) -> bytes:
        """A completion object."""
        return openai_write.whole(draft, question, self._personality)

    def stream(self, draft: Draft, question: Question) -> Iterator[tuple[bytes, int]]:
        """Chunk objects and `[DONE]`."""
        return openai_write.stream(draft, question, self._personality)

    def rejected(self, rejection: Rejection, request_id: str) -> bytes:  # noqa: ARG002 - OpenAI's errors carry no id
        """`{"error": {…}}`."""
        return openai_write.rejection_body(rejection)

    def rejected_event(self, rejection: Rejection, request_id: str) -> bytes:  # noqa: ARG002 - OpenAI's errors carry no id
        """`data: {"error": {…}}`."""
        return b"data: " + openai_write.rejection_body(rejection) + b"\n\n"

    def models(self, names: Sequence[str]) -> bytes:
        """A list object."""
        return msgspec.json.encode({"object": "list", "data": [self._entry(name) for name in names]})

    def model(self, name: str) -> bytes:
        """A model object."""
        return msgspec.json.encode(self._entry(name))

    def headers(self, request_id: str, grants: Grants) -> list[Header]:
        """Request id, version, rate limits."""
        requests, tokens = grants.requests, grants.tokens
        return [
            ("x-request-id", request_id),
            ("openai-organization", "emulated"),
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", "12"),
            ("x-ratelimit-limit-requests", str(requests.limit)),
            ("x-ratelimit-limit-tokens", str(tokens.limit)),
            ("x-ratelimit-remaining-requests", str(requests.left)),
            ("x-ratelimit-remaining-tokens", str(tokens.left)),
            ("x-ratelimit-reset-requests", f"{requests.reset * 1000:.0f}ms"),
            ("x-ratelimit-reset-tokens", f"{tokens.reset * 1000:.0f}ms"),
        ]

    def _entry(self, name: str) -> JsonObject:
        return {"id": name, "object": "model", "created": _CREATED, "owned_by": self._personality.name}


def _retry_after(rejection: Rejection, seconds: float | None) -> Rejection:
    if seconds is not None:
        rejection.headers = (("retry-after", f"{seconds:g}"), ("retry-after-ms", f"{seconds * 1000:.0f}"))
    return rejection
