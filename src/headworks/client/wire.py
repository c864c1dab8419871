"""One connection to the control plane: JSON there and back, problems as exceptions."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from headworks.domain.administration.wire.problem import Problem

Answer = TypeVar("Answer")
Item_co = TypeVar("Item_co", covariant=True)
ROOT = "/admin/v1"
_PLAIN = "/:*"
"""Of a path, besides letters and digits: names come from people, and are what the control plane says they may be."""
_TRIES = 2


class Refused(Exception):
    """The control plane did not do it. `problem.detail` says what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem

    @property
    def code(self) -> str:
        """The end of the problem's type: `not_found`, `stale`, …, as the documentation lists them."""
        return self.problem.type.rpartition(":")[2]


class Unreachable(Exception):
    """No answer, or none of a control plane."""


class Listing(Protocol[Item_co]):
    """One page of a list."""

    @property
    def data(self) -> tuple[Item_co, ...]:
        """What is on it."""
        ...

    @property
    def next(self) -> str | None:
        """The cursor of the following page; None: there is none."""
        ...


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. `query` values that are None are left out."""

    method: str
    path: str
    body: msgspec.Struct | None = None
    query: Mapping[str, str | int | None] = {}
    version: int | None = None
    """What `If-Match` says; None: whatever is there."""
    locks: bool = False
    """A creation or an act that takes `If-Match`, too, as all changes do."""
    idempotency_key: str | None = None
    """Of a creation or an act; None: one of its own, so that it is done once however often the connection breaks."""


class Wire:
    """Keeps one connection, and opens it anew where it has gone. Not for several threads."""

    def __init__(self, url: str, token: str, seconds: float) -> None:
        """Raises `ValueError` for an address that is none."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a control plane. Write http://127.0.0.1:4456, or https://….")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=seconds)
        self._root = parts.path.rstrip("/") + ROOT
        self._cookie = ""
        self._signs = {"authorization": f"Bearer {token}"} if token else {}

    def sign_with_session(self, csrf: str) -> None:
        """From now on ask as whoever has just signed in: with the cookie that came, and with what shows that no other site asks."""
        self._signs = {"cookie": self._cookie, "x-headworks-csrf": csrf}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, request: Request, kind: type[Answer]) -> Answer:
        """The answer, as `kind`. Raises `Refused` and `Unreachable`."""
        raw = self.send(request)
        try:
            return msgspec.json.decode(raw, type=kind)
        except msgspec.MsgspecError as trouble:
            raise Unreachable(
                f"The answer is not one of this version's control plane ({trouble}). Update one of the two."
            ) from None

    def pages(self, path: str, kind: type[Listing[Item_co]], **filters: str | None) -> Iterator[Item_co]:
        """All that is on a list, page by page as they are wanted. Raises as `ask` does."""
        cursor: str | None = None
        while True:
            page = self.ask(Request(method="GET", path=path, query={**filters, "cursor": cursor}), kind)
            yield from page.data
            cursor = page.next
            if cursor is None:
                return

    def send(self, request: Request) -> bytes:
        """The body of the answer. A creation carries an idempotency key, so that it may be tried again."""
        wanted = {name: value for name, value in request.query.items() if value is not None}
        target = self._root + quote(request.path, safe=_PLAIN) + (f"?{urlencode(wanted)}" if wanted else "")
        body = msgspec.json.encode(request.body) if request.body is not None else b""
        headers = self._headers(request, has_body=bool(body))
        for tried in range(1, _TRIES + 1):
            try:
                self._connection.request(request.method, target, body, headers)
                answer = self._connection.getresponse()
                raw = answer.read()
            except (http.client.HTTPException, OSError) as trouble:
                self._connection.close()  # it opens itself at the next request
                if tried == _TRIES or isinstance(trouble, TimeoutError):
                    where = f"{self._connection.host}:{self._connection.port}"
                    reason = getattr(trouble, "strerror", None) or str(trouble) or type(trouble).__name__
                    raise Unreachable(f"{where} does not answer ({reason}). Is the control plane running there?") from trouble
            else:
                self._cookie = answer.headers.get("set-cookie", self._cookie).partition(";")[0]
                return _told(answer, raw)
        raise AssertionError("unreachable: the last try returns or raises")

    def _headers(self, request: Request, *, has_body: bool) -> dict[str, str]:
        headers = {"accept": "application/json", **self._signs}
        if has_body:
            headers["content-type"] = "application/json"
        if request.method == "POST":
            headers["idempotency-key"] = request.idempotency_key or str(uuid.uuid4())
        if request.method in {"PUT", "PATCH", "DELETE"} or request.locks:
            headers["if-match"] = "*" if request.version is None else f'"{request.version}"'
        return headers

    def __repr__(self) -> str:
        return f"<Wire to {self._connection.host}:{self._connection.port}>"


def _told(answer: http.client.HTTPResponse, raw: bytes) -> bytes:
    if answer.status < 300:  # noqa: PLR2004 - the first status that is no success
        return raw
    try:
        problem = msgspec.json.decode(raw, type=Problem)
    except msgspec.MsgspecError:
        raise Unreachable(
            f"HTTP {answer.status} without a problem in it: that is no control plane. Check the address."
        ) from None
    raise Refused(problem)
