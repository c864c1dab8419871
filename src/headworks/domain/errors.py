"""What can go wrong, and to whom it is said how. Drawn as a tree, settled by one table.

    Fault
    ├── Refused        the caller asked for what it may not or cannot have
    ├── Unreachable    no byte of the request reached a model
    ├── Throttled      the model's host asks us to come back later
    ├── Broken         the model's host failed before an answer began
    ├── Severed        the answer began and did not end
    ├── Unfit          the gateway itself is at fault
    └── ClientGone     nobody is at fault: the caller hung up

`FAULTS` is the only place that knows a fault's HTTP status, its names on the wire and whether a client's retry can help;
`fault_words.py` holds what callers are told where nobody knows better.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from headworks.domain.fault_words import WORDS

RetryHint = Literal["yes", "no", "default"]


class Blame(StrEnum):
    """Whose fault a fault is: it decides what is logged loudly and what counts against a target's health."""

    CALLER = "caller"
    UPSTREAM = "upstream"
    GATEWAY = "gateway"
    NOBODY = "nobody"


class FaultClass(StrEnum):
    """The branch of the tree: what the retry table and the breaker read."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    BROKEN = "broken"
    SEVERED = "severed"
    UNFIT = "unfit"
    CLIENT_GONE = "client_gone"


class FaultRow(msgspec.Struct, frozen=True):
    """One row of `FAULTS`. `retry` becomes `x-should-retry`; «default» leaves the header out."""

    kind: FaultClass
    blame: Blame
    status: int
    openai: str
    anthropic: str
    retry: RetryHint = "default"


def _refused(status: int, openai: str, anthropic: str, retry: RetryHint = "no") -> FaultRow:
    return FaultRow(FaultClass.REFUSED, Blame.CALLER, status, openai, anthropic, retry)


def _upstream(kind: FaultClass, status: int, anthropic: str, retry: RetryHint = "default") -> FaultRow:
    return FaultRow(kind, Blame.UPSTREAM, status, "upstream_error", anthropic, retry)


def _queued(status: int, openai: str, anthropic: str) -> FaultRow:
    return FaultRow(FaultClass.THROTTLED, Blame.GATEWAY, status, openai, anthropic)


def _unfit(status: int, openai: str, anthropic: str) -> FaultRow:
    return FaultRow(FaultClass.UNFIT, Blame.GATEWAY, status, openai, anthropic)


FAULTS: dict[str, FaultRow] = {
    # the caller's
    "invalid_request": _refused(400, "invalid_request_error", "invalid_request_error"),
    "invalid_json": _refused(400, "invalid_request_error", "invalid_request_error"),
    "malformed_request": _refused(400, "invalid_request_error", "invalid_request_error"),
    "upgrade_refused": _refused(400, "invalid_request_error", "invalid_request_error"),
    "duplicate_field": _refused(400, "invalid_request_error", "invalid_request_error"),
    "inexpressible": _refused(400, "invalid_request_error", "invalid_request_error"),
    "guard_blocked": _refused(400, "invalid_request_error", "invalid_request_error"),
    "missing_api_key": _refused(401, "invalid_request_error", "authentication_error"),
    "invalid_api_key": _refused(401, "invalid_request_error", "authentication_error"),
    "model_not_allowed": _refused(403, "permission_error", "permission_error"),
    "feature_not_allowed": _refused(403, "permission_error", "permission_error"),
    "endpoint_not_allowed": _refused(403, "permission_error", "permission_error"),
    "policy_denied": _refused(403, "permission_error", "permission_error"),
    "input_unbounded": _refused(403, "permission_error", "permission_error"),
    "model_unpriced": _refused(403, "permission_error", "permission_error"),
    "model_not_found": _refused(404, "invalid_request_error", "not_found_error"),
    "version_not_found": _refused(404, "invalid_request_error", "not_found_error"),
    "unknown_id": _refused(404, "invalid_request_error", "not_found_error"),
    "unknown_endpoint": _refused(404, "invalid_request_error", "not_found_error"),
    "method_not_allowed": _refused(405, "invalid_request_error", "invalid_request_error"),
    "request_timeout": _refused(408, "invalid_request_error", "timeout_error", "yes"),
    "idempotency_conflict": _refused(409, "invalid_request_error", "invalid_request_error", "yes"),
    "request_too_large": _refused(413, "invalid_request_error", "request_too_large"),
    "uri_too_long": _refused(414, "invalid_request_error", "invalid_request_error"),
    "unsupported_media_type": _refused(415, "invalid_request_error", "invalid_request_error"),
    "expectation_failed": _refused(417, "invalid_request_error", "invalid_request_error"),
    "headers_too_large": _refused(431, "invalid_request_error", "invalid_request_error"),
    "version_not_supported": _refused(505, "invalid_request_error", "invalid_request_error"),
    "rate_limit_exceeded": _refused(429, "requests", "rate_limit_error", "default"),
    "token_limit_exceeded": _refused(429, "tokens", "rate_limit_error", "default"),
    "concurrency_limit_exceeded": _refused(429, "requests", "rate_limit_error", "default"),
    "request_exceeds_limit": _refused(429, "tokens", "rate_limit_error"),
    "quota_exceeded": _refused(429, "insufficient_quota", "rate_limit_error"),
    "spend_limit_exceeded": _refused(429, "tokens", "rate_limit_error", "default"),
    "spend_set_aside": _refused(429, "tokens", "rate_limit_error", "yes"),
    "project_spend_limit_exceeded": _refused(429, "insufficient_quota", "rate_limit_error"),
    "currency_mismatch": _refused(403, "permission_error", "permission_error"),
    # of the queue before a model: its fallbacks may still serve
    "queue_full": _queued(429, "requests", "rate_limit_error"),
    "deadline_unreachable": _queued(429, "requests", "rate_limit_error"),
    "shed": _queued(429, "requests", "rate_limit_error"),
    "queue_timeout": _queued(503, "server_error", "overloaded_error"),
    # the upstream's, before the request left
    "connect_refused": _upstream(FaultClass.UNREACHABLE, 502, "api_error"),
    "connect_timeout": _upstream(FaultClass.UNREACHABLE, 504, "timeout_error"),
    "name_unresolved": _upstream(FaultClass.UNREACHABLE, 502, "api_error"),
    "tls_failed": _upstream(FaultClass.UNREACHABLE, 502, "api_error"),
    "proxy_failed": _upstream(FaultClass.UNREACHABLE, 502, "api_error"),
    "pool_timeout": FaultRow(FaultClass.UNREACHABLE, Blame.GATEWAY, 503, "upstream_error", "overloaded_error"),
    "circuit_open": _upstream(FaultClass.UNREACHABLE, 503, "overloaded_error"),
    # the upstream's, after it left and before an answer began
    "upstream_throttled": _upstream(FaultClass.THROTTLED, 429, "rate_limit_error"),
    "upstream_overloaded": _upstream(FaultClass.THROTTLED, 503, "overloaded_error"),
    "upstream_error": _upstream(FaultClass.BROKEN, 502, "api_error"),
    "upstream_reset": _upstream(FaultClass.BROKEN, 502, "api_error"),
    "upstream_garbage": _upstream(FaultClass.BROKEN, 502, "api_error"),
    "upstream_too_large": _upstream(FaultClass.BROKEN, 502, "api_error"),
    "upstream_credentials": _upstream(FaultClass.BROKEN, 502, "api_error", "no"),
    "first_byte_timeout": _upstream(FaultClass.BROKEN, 504, "timeout_error"),
    "total_timeout": _upstream(FaultClass.BROKEN, 504, "timeout_error"),
    # the upstream said no to what the caller asked: its own words go to the caller
    "upstream_rejected": FaultRow(FaultClass.REFUSED, Blame.CALLER, 400, "invalid_request_error", "invalid_request_error"),
    # the answer began and did not end
    "severed": _upstream(FaultClass.SEVERED, 502, "api_error"),
    "idle_timeout": _upstream(FaultClass.SEVERED, 504, "timeout_error"),
    # the gateway's
    "internal_error": _unfit(500, "server_error", "api_error"),
    "overloaded": _unfit(503, "server_error", "overloaded_error"),
    "draining": _unfit(503, "server_error", "overloaded_error"),
    "journal_unwritable": _unfit(503, "server_error", "overloaded_error"),
    "counters_unavailable": _unfit(503, "server_error", "overloaded_error"),
    "identity_unavailable": _unfit(503, "server_error", "overloaded_error"),
    "responses_unavailable": _unfit(503, "server_error", "overloaded_error"),
    # nobody's
    "abandoned": FaultRow(FaultClass.CLIENT_GONE, Blame.NOBODY, 499, "abandoned", "api_error"),
    "client_gone": FaultRow(FaultClass.CLIENT_GONE, Blame.NOBODY, 499, "client_gone", "api_error"),
}


class UpstreamSaid(msgspec.Struct, frozen=True):
    """An upstream's own error answer, kept so that a client of the same dialect gets it untouched."""

    status: int
    dialect: str
    content_type: bytes
    body: bytes


class Fault(Exception):
    """The one exception that stages raise. `message` may reach a client: it says the cause and what to do, and holds no secret.

    Without one it is the table's. The transport's names addresses: before it leaves the attempt, `told_of` replaces it.
    `detail` is for operators. `status` is the table's unless an upstream's own 4xx is being passed on. `retry_after` is in seconds.
    """

    def __init__(  # noqa: PLR0913 - all but two are rare and keyword-only
        self,
        code: str,
        message: str = "",
        *,
        param: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        said: UpstreamSaid | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(code, message)
        self.row = FAULTS[code]
        self.code = code
        self.message = message or _said_of("The model's provider", code)
        self.param = param
        self.status = self.row.status if status is None else status
        self.retry_after = retry_after
        self.said = said
        self.detail = detail

    def told_of(self, provider: str) -> None:
        """Let a provider's fault be told by the provider's name, in the table's words. What was said so far becomes `detail`: it may
        hold addresses. Idempotent; a fault of anybody else's keeps its words.
        """
        words = _said_of(f"The provider '{provider}'", self.code)
        if not WORDS[self.code].did or self.message == words:
            return
        if self.message != _said_of("The model's provider", self.code):
            again = not self.detail or self.detail in self.message
            self.detail = self.message if again else f"{self.message} ({self.detail})"
        self.message = words

    @property
    def kind(self) -> FaultClass:
        """The branch of the tree it hangs on."""
        return self.row.kind

    def __repr__(self) -> str:
        return f"<Fault {self.code} {self.status}: {self.message}>"


def _said_of(who: str, code: str) -> str:
    words = WORDS[code]
    return f"{who} {words.did}. {words.remedy}" if words.did else words.remedy
