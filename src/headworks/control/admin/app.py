"""The admin API as a Starlette application, made from the table of operations: what is not in the table is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from headworks.control.admin import login_flow
from headworks.control.admin.entrance import ROOT
from headworks.control.admin.gate import Caller, admit, check_csrf, check_host, check_origin, identify
from headworks.control.admin.login_page import refusal_page
from headworks.control.admin.office import Office
from headworks.control.admin.operation import Access, Act, Operation
from headworks.control.admin.problems import MEDIA_TYPE, Refusal
from headworks.control.admin.proxies import Sender, sender_of
from headworks.control.admin.reading import read_body, read_path, read_query
from headworks.control.admin.repeats import HEADER, Sent, once
from headworks.control.admin.sessions import cookie_name
from headworks.control.admin.versions import read_version
from headworks.control.admin.writing import HTML, session_cookie, written
from headworks.domain.errors import Fault
from headworks.ports.records import Conflict, Missing

NUMBER = "headworks.request"
"""Where a request's id stands in its scope, once it has one."""
_DENIALS = frozenset((401, 403, 429))
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class AdminApi:
    """All operations under `ROOT`. Made once per process."""

    def __init__(self, office: Office, operations: Sequence[Operation], say: Callable[[str], None]) -> None:
        self._office = office
        self._say = say
        self._by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            self._by_path.setdefault(operation.path, {})[operation.method] = operation
        self.opened = False
        """Whether the database has its tables."""
        self.routes = [
            *(Route(ROOT + path, _Endpoint(self, of_path)) for path, of_path in self._by_path.items()),
            Route("/admin/{rest:path}", _Endpoint(self, {})),
        ]

    async def serve(self, request: Request, operations: Mapping[str, Operation]) -> Response:
        """One request, from its first header to its answer."""
        number = self._office.new_id("req")
        request.scope[NUMBER] = number
        sender = sender_of(request, self._office.proxies)
        operation, caller = None, Caller()
        try:
            check_host(self._office, request.headers)
            self._check_open()
            if request.method not in {"GET", "HEAD", "OPTIONS"}:
                check_origin(request.headers)
            operation = _chosen(operations, request.method)
            if operation.needs is not Access.ANYONE:
                caller = await identify(self._office, request, secure=sender.secure)
            check_csrf(operation, caller, request.headers)
            sent = await self._perform(request, operation, caller, sender)
        except Refusal as refusal:
            sent = self._refused(request, operation, caller, sender, refusal)
        except Fault as fault:
            sent = self._refused(request, operation, caller, sender, self._not_proved(fault))
        except Missing:
            refusal = Refusal("not_found", "Nothing within your reach has this id. Check it, and where your roles stand.")
            sent = self._refused(request, operation, caller, sender, refusal)
        except Conflict as conflict:
            detail = str(conflict) or "Another change came in between. Read it again, then try."
            sent = self._refused(request, operation, caller, sender, Refusal("conflict", detail))
        except ClientDisconnect:
            sent = self._refused(request, operation, caller, sender, Refusal("malformed", "The body broke off. Send it again."))
        except (SQLAlchemyError, OSError) as trouble:
            self._say(f"admin: {operation} ({number}): the database did not do it: {type(trouble).__name__}")
            refusal = Refusal(
                "unavailable", "The database does not answer. Try again in a moment.", headers={"retry-after": "2"}
            )
            sent = self._refused(request, operation, caller, sender, refusal)
        response = Response(sent.body, sent.status, {**_HEADERS, "x-request-id": number, **sent.headers})
        if caller.cookie is not None and "set-cookie" not in sent.headers:
            response.headers["set-cookie"] = session_cookie(caller.cookie, secure=sender.secure)
        return response

    def _not_proved(self, fault: Fault) -> Refusal:
        """What an identity provider said is refused, or it did not answer."""
        if fault.code == "identity_unavailable":
            self._say(f"admin: {fault.detail}")
            detail = "The identity provider does not answer. Try again in a moment."
            return Refusal("unavailable", detail, headers={"retry-after": "2"})
        return Refusal("not_signed_in", fault.message)

    def _check_open(self) -> None:
        if not self.opened:
            detail = "The control plane waits for its database. Try again in a moment."
            raise Refusal("unavailable", detail, headers={"retry-after": "1"})

    async def _perform(self, request: Request, operation: Operation, caller: Caller, sender: Sender) -> Sent:
        reach = admit(operation, caller.actor)
        raw, body = await read_body(operation, request)
        act = Act(
            office=self._office,
            actor=caller.actor,
            operation=operation,
            request=request.scope[NUMBER],
            peer=sender.peer,
            reach=reach,
            path=read_path(request),
            query=read_query(operation, request),
            body=body,
            version=read_version(operation, request.headers.get("if-match")),
            csrf=caller.csrf,
            begun=request.cookies.get(cookie_name(login_flow.COOKIE, secure=sender.secure), ""),
        )

        async def do() -> Sent:
            return written(operation, await operation.handle(act), secure=sender.secure)

        key = request.headers.get(HEADER)
        if key is None or not operation.repeatable:
            return await do()
        asked = b"\0".join((operation.name.encode(), request.scope["path"].encode(), request.scope["query_string"], raw))
        return await once(act, key, asked, do)

    def _refused(self, request: Request, operation: Operation | None, caller: Caller, sender: Sender, refusal: Refusal) -> Sent:
        if _is_denial(refusal, operation, caller):
            facts = {
                "actor": caller.actor.id,
                "by": caller.actor.name,
                "operation": operation.name if operation else "",
                "request": request.scope[NUMBER],
                "peer": sender.peer,
                "path": request.scope["path"][:200],
            } | refusal.facts
            self._office.denials.note({name: fact for name, fact in facts.items() if fact}, refusal.code)
        if operation is not None and operation.html:
            return Sent(refusal.status, refusal_page(refusal.detail).encode(), {**HTML, **refusal.headers})
        body = msgspec.json.encode(refusal.problem(request.scope[NUMBER]))
        return Sent(refusal.status, body, {"content-type": MEDIA_TYPE, **refusal.headers})


async def answer_failure(request: Request, _trouble: Exception) -> Response:
    """What whoever ran into a mistake of ours is told. The server tells the operator the rest."""
    number = request.scope.get(NUMBER, "")
    refusal = Refusal("failed", f"That is a mistake here. Tell the operator of the control plane: {number}.")
    return Response(msgspec.json.encode(refusal.problem(number)), refusal.status, {**_HEADERS, "content-type": MEDIA_TYPE})


class _Endpoint:
    """A path's way into the API: an ASGI application, so that Starlette leaves all methods to us."""

    def __init__(self, api: AdminApi, operations: Mapping[str, Operation]) -> None:
        self._api = api
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._api.serve(Request(scope, receive), self._operations)
        await response(scope, receive, send)


def _is_denial(refusal: Refusal, operation: Operation | None, caller: Caller) -> bool:
    """Whether the audit tells of it: whoever is known may have been denied what is not there, too."""
    if refusal.code == "not_found":
        return bool(caller.actor.id) and operation is not None
    return refusal.status in _DENIALS or refusal.code == "host_refused"


def _chosen(operations: Mapping[str, Operation], method: str) -> Operation:
    operation = operations.get("GET" if method == "HEAD" else method)
    if operation is not None:
        return operation
    if not operations:
        raise Refusal("not_found", "There is no such path. Look at /admin/v1/openapi.json for what there is.")
    allowed = ", ".join(sorted(operations))
    raise Refusal("method", f"Use {allowed}.", headers={"allow": allowed})
