"""One HTTP request, all of it."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.testing.emulator.forms import read_form
from headworks.testing.emulator.question import JsonObject, Rejection

_VERSIONS = ("/openai/v1", "/v1")
_ID_HEADERS = ("x-headworks-exchange", "x-request-id", "x-client-request-id", "traceparent")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`path` has neither query nor a provider's prefix; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool = True

    @property
    def endpoint(self) -> str:
        """The path without its version: `/v1/models` and `/models` are the same place."""
        for version in _VERSIONS:
            if self.path.startswith(version + "/"):
                return self.path[len(version) :]
        return self.path

    @property
    def foreign_id(self) -> str:
        """The id that the caller gave it, if any."""
        return next((self.headers[name] for name in _ID_HEADERS if name in self.headers), "")

    @property
    def is_form(self) -> bool:
        """Whether the body is fields and files."""
        return self.headers.get("content-type", "").lower().startswith("multipart/form-data")

    def content(self) -> JsonObject:
        """The body, whichever it is. Raises `Rejection`."""
        return read_form(self.headers["content-type"], self.body) if self.is_form else self.json()

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `Rejection`."""
        try:
            content = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            words = "We could not parse the JSON body of your request. The API expects a JSON payload, but what was sent was not valid JSON."
            raise Rejection(400, "invalid_request_error", f"{words} ({wrong})") from wrong
        if not isinstance(content, dict):
            raise Rejection(400, "invalid_request_error", "The body of the request should be a JSON object.")
        return content
