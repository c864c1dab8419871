"""What comes of an act as it is sent: JSON or a page, versions, cookies, and where else to go."""

from __future__ import annotations

import msgspec

from headworks.control.admin import login_flow, sessions
from headworks.control.admin.operation import Answer, Operation
from headworks.control.admin.pages import page_headers
from headworks.control.admin.repeats import Sent
from headworks.control.admin.versions import etag_of

HTML = {"content-type": "text/html; charset=utf-8", **page_headers()}


def written(operation: Operation, answer: Answer, *, secure: bool) -> Sent:
    """`secure`: the caller came over TLS."""
    headers: dict[str, str] = {}
    if answer.version is not None:
        headers["etag"] = etag_of(answer.version)
    if answer.cookie is not None:
        headers["set-cookie"] = session_cookie(answer.cookie, secure=secure)
    if answer.begun is not None:  # other than the session, it must come along when another site sends the browser back
        headers["set-cookie"] = _cookie(
            login_flow.COOKIE, answer.begun, f"Max-Age={login_flow.LIFE}; HttpOnly; SameSite=Lax", secure=secure
        )
    if answer.location is not None:
        return Sent(303, b"", headers | {"location": answer.location})
    if answer.body is None:
        return Sent(204, b"", headers)
    if isinstance(answer.body, str):
        return Sent(operation.status, answer.body.encode(), {**headers, **HTML, **page_headers(answer.script)})
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return Sent(operation.status, body, headers | {"content-type": "application/json"})


def session_cookie(value: str, *, secure: bool) -> str:
    """Set, or, where it is empty, taken away."""
    life = sessions.LIFE // 1_000_000_000 if value else 0
    return _cookie(sessions.COOKIE, value, f"Max-Age={life}; HttpOnly; SameSite=Strict", secure=secure)


def _cookie(name: str, value: str, rules: str, *, secure: bool) -> str:
    place = "Path=/; Secure" if secure else "Path=/admin"  # what is named __Host- stands at the root
    return f"{sessions.cookie_name(name, secure=secure)}={value}; {place}; {rules}"
