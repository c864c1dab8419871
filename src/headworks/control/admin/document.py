"""The OpenAPI 3.1 document of the admin API, made from the table of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from headworks import __version__
from headworks.control.admin.operation import Access, Act, Answer, Operation
from headworks.control.admin.problems import MEDIA_TYPE, PROBLEMS
from headworks.domain.administration.wire.problem import Problem

JsonObject = dict[str, object]
_REFERENCES = "#/components/schemas/{name}"
_PARTS: dict[str, tuple[str, str]] = {
    "id": ("Which one: its `id`, as lists tell it.", "^[A-Za-z0-9_*:.-]{1,64}$"),
    "name": ("What the limit or budget is called.", "^[a-z0-9][a-z0-9_.-]{0,63}$"),
    "provider": ("The identity provider's name in the configuration.", "^[a-z0-9][a-z0-9_-]{0,31}$"),
}
"""Of paths: what it is, and what it looks like."""

_PAGE: JsonObject = {"text/html": {"schema": {"type": "string"}}}


async def read_document(act: Act) -> Answer:
    """The table that serves this very request."""
    return Answer(act.office.document)


def document_of(operations: Sequence[Operation]) -> bytes:
    """JSON. Worked out once."""
    used: list[type] = [Problem]
    for operation in operations:
        used += [kind for kind in (operation.asks, operation.answers) if kind is not None and kind not in used]
    schemas, components = msgspec.json.schema_components(used, ref_template=_REFERENCES)
    named = dict(zip(used, schemas, strict=True))
    paths: dict[str, JsonObject] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, named)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Headworks administration", "version": __version__, "description": _WORDS},
            "servers": [{"url": "/admin/v1"}],
            "security": [{"token": []}, {"session": []}],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer", "description": "An admin token, `hwa-…`."},
                    "session": {"type": "apiKey", "in": "cookie", "name": "headworks_session"},
                },
            },
        }
    )


_WORDS = (
    "Everything an administrator may do. Lists are pages: follow `next`. Changes need If-Match with the ETag that was read. "
    "Creations take an Idempotency-Key. What is outside of one's reach does not exist (404)."
)


def _described(operation: Operation, named: Mapping[type, JsonObject]) -> JsonObject:
    told: JsonObject = {
        "operationId": operation.name,
        "tags": [operation.name.partition(".")[0]],
        "summary": operation.words,
        "parameters": [*_parameters(operation)],
        "responses": {str(operation.status): _answered(operation, named)} | _refusals(operation, named[Problem]),
        "x-headworks-scope": str(operation.needs),
    }
    if operation.asks is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": named[operation.asks]}}}
    if operation.needs is Access.ANYONE:
        told["security"] = []
    return told


def _parameters(operation: Operation) -> Iterable[JsonObject]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            words, pattern = _PARTS[name := part[1:-1]]
            schema = {"type": "string", "pattern": pattern}
            yield {"name": name, "in": "path", "required": True, "description": words, "schema": schema}
    schema = msgspec.json.schema(operation.query)["$defs"][operation.query.__name__]
    for name, kind in schema["properties"].items():
        yield {"name": name, "in": "query", "required": False, "description": _words_of(kind), "schema": kind}
    if operation.locks:
        words = "The ETag that was read, or `*` for whatever is there."
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": words,
            "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,15}")$'},
        }
    if operation.repeatable:
        words = "The same request with the same key is done once, and answered again for a day."
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": words,
            "schema": {"type": "string", "pattern": "^[ -~]{16,255}$"},
        }


def _words_of(kind: JsonObject) -> str:
    """Where generators of clients look for them: of the parameter, not of a branch of its schema."""
    branches: Sequence[JsonObject] = [kind, *kind.get("anyOf", ())]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType] - as JSON Schema has it
    return next(str(branch["description"]) for branch in branches if "description" in branch)


def _answered(operation: Operation, named: Mapping[type, JsonObject]) -> JsonObject:
    told: JsonObject = {"description": operation.words}
    if operation.html:
        told["content"] = _PAGE
    elif operation.answers is not None:
        told["content"] = {"application/json": {"schema": named[operation.answers]}}
    elif operation.status == 200:  # noqa: PLR2004 - the only other one is 204
        told["content"] = {"application/json": {"schema": {"type": "object"}}}
    return told


def _refusals(operation: Operation, problem: JsonObject) -> JsonObject:
    codes: dict[int, list[str]] = {}
    for row in PROBLEMS.values():
        if _may_answer(operation, row.status):
            codes.setdefault(row.status, []).append(row.title)
    content = _PAGE if operation.html else {MEDIA_TYPE: {"schema": problem}}
    return {str(status): {"description": " · ".join(titles), "content": content} for status, titles in codes.items()}


def _may_answer(operation: Operation, status: int) -> bool:
    match status:
        case 405 | 503:
            return False
        case 412 | 428:
            return operation.locks or operation.repeatable
        case 413 | 415:
            return operation.asks is not None
        case _:
            return True
