"""What a caller is told of each fault where nothing better is known: what the provider did, and what can be done about it.

Callers know a provider by its configured name and by nothing else: its address is in no text here, and what the transport says of a
failure, which names it, is for operators (`Fault.detail`).
"""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True):
    """One row: the caller's `remedy`, and of a provider's fault what it `did`, to complete «The provider 'x' …»."""

    remedy: str
    did: str = ""


_AGAIN = "Try again; if it goes on, give the operator this request's id."
_LATER = "Try again later, or ask for another model."
_FRESH = "Send a well-formed HTTP/1.1 request."
_NOBODY_HEARS = ""

WORDS: dict[str, Words] = {
    # the caller's
    "invalid_request": Words("Correct the field that `param` names."),
    "invalid_json": Words("Send one JSON object in UTF-8."),
    "malformed_request": Words(_FRESH),
    "upgrade_refused": Words("Send plain HTTP/1.1 requests."),
    "duplicate_field": Words("Send each field once, in lower case."),
    "inexpressible": Words("Leave out what `param` names, or ask a model that is served in the dialect of the request."),
    "guard_blocked": Words("Change the question: the same one is refused again."),
    "missing_api_key": Words("Send the key as `Authorization: Bearer hw-…` or as `x-api-key`."),
    "invalid_api_key": Words("Send a key of this gateway, not of a provider; an administrator makes one."),
    "model_not_allowed": Words("Ask a model that the message names, or have an administrator allow this one."),
    "feature_not_allowed": Words("Leave it out, or have an administrator add the feature to the key."),
    "endpoint_not_allowed": Words("Send a request of a kind that the message names, or have an administrator add this one."),
    "policy_denied": Words("Change the request, or ask an administrator about the policy that the message names."),
    "input_unbounded": Words("Leave out what the message names, or have an administrator set a reserve for the model."),
    "model_unpriced": Words("Ask another model, or have an administrator give this one a price."),
    "model_not_found": Words("Ask a model of `GET /v1/models`."),
    "version_not_found": Words("Ask for a version that the message names, or leave the header out."),
    "unknown_id": Words("Use an id as this gateway has given it to you, of something that was not deleted."),
    "unknown_endpoint": Words("Correct the path: the message names a close one."),
    "method_not_allowed": Words("Use the method that the `allow` header names."),
    "request_timeout": Words("Send the request faster, or in one piece."),
    "idempotency_conflict": Words("Wait for the first answer, or use a new Idempotency-Key."),
    "request_too_large": Words(
        "Send a smaller body, or have the operator raise `server.max_body_bytes` (of uploads: `server.max_upload_bytes`)."
    ),
    "uri_too_long": Words("Send a shorter path."),
    "unsupported_media_type": Words(
        "Send `content-type: application/json`, or `multipart/form-data` where files are taken, uncompressed."
    ),
    "expectation_failed": Words("Leave out the `expect` header."),
    "headers_too_large": Words("Send fewer or shorter headers, or have the operator raise `server.max_header_bytes`."),
    "version_not_supported": Words("Speak HTTP/1.1."),
    "rate_limit_exceeded": Words("Wait as long as `retry-after` says."),
    "token_limit_exceeded": Words("Wait as long as `retry-after` says, or ask for fewer tokens."),
    "concurrency_limit_exceeded": Words("Wait for one of the key's requests to end."),
    "request_exceeds_limit": Words("Ask for less: the request alone is more than the limit allows."),
    "quota_exceeded": Words("Have an administrator raise the limit."),
    "spend_limit_exceeded": Words("Wait as long as `retry-after` says, or lower `max_tokens`."),
    "spend_set_aside": Words("Try again soon: requests under way have money set aside, most of which will give some back."),
    "project_spend_limit_exceeded": Words("Lower `max_tokens`, or have an administrator raise the budget."),
    "currency_mismatch": Words("Tell an administrator: the limit must be given in the currency of the model's price."),
    # of the queue before a model
    "queue_full": Words("Wait as long as `retry-after` says, or send fewer requests at once."),
    "deadline_unreachable": Words("Try again later, or allow more time."),
    "shed": Words("Wait as long as `retry-after` says, or send it with a higher class."),
    "queue_timeout": Words(_LATER),
    # the upstream's, before the request left
    "connect_refused": Words(_AGAIN, "cannot be reached: it accepts no connection"),
    "connect_timeout": Words(_AGAIN, "cannot be reached: it did not accept a connection in time"),
    "name_unresolved": Words(_AGAIN, "cannot be reached: its host name is not known"),
    "tls_failed": Words(_AGAIN, "cannot be reached: no secure connection to it could be made"),
    "proxy_failed": Words(_AGAIN, "cannot be reached: the proxy on the way to it gave none"),
    "pool_timeout": Words(_LATER, "has as many requests under way as this gateway sends it at once"),
    "circuit_open": Words(_LATER, "has failed repeatedly and is left alone for now"),
    # the upstream's, after it left and before an answer began
    "upstream_throttled": Words(_LATER, "is limiting its rate"),
    "upstream_overloaded": Words(_LATER, "is overloaded"),
    "upstream_error": Words(_AGAIN, "failed to answer"),
    "upstream_reset": Words(_AGAIN, "closed the connection without an answer"),
    "upstream_garbage": Words(_AGAIN, "gave an answer that cannot be read"),
    "upstream_too_large": Words("Ask for a shorter answer.", "gave a larger answer than this gateway takes"),
    "upstream_credentials": Words(
        "An operator has to look at it: give them this request's id.", "refused the gateway's credential or account"
    ),
    "first_byte_timeout": Words(_AGAIN, "did not begin to answer in time"),
    "total_timeout": Words("Ask for a shorter answer, or try again.", "did not finish its answer in time"),
    "upstream_rejected": Words("Correct what the provider's words name."),
    # the answer began and did not end
    "severed": Words(_AGAIN, "broke off its answer"),
    "idle_timeout": Words(_AGAIN, "fell silent in the middle of its answer"),
    # the gateway's
    "internal_error": Words(_AGAIN),
    "overloaded": Words("Try again later."),
    "draining": Words("Try again: another instance will answer."),
    "journal_unwritable": Words("Try again later."),
    "counters_unavailable": Words(
        "Try again in a second; if it goes on, tell the operator that the shared counters can't be reached."
    ),
    "responses_unavailable": Words("Try again in a moment: the database where answers are kept does not answer just now."),
    "identity_unavailable": Words("Try again in a moment: who holds this key cannot be looked up just now."),
    # nobody's
    "abandoned": Words(_NOBODY_HEARS),
    "client_gone": Words(_NOBODY_HEARS),
}
"""By the codes of `FAULTS`."""
