"""What a request says, read strictly: path, query and body become the types of the operation's row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import msgspec.inspect
from starlette.requests import Request

from headworks.control.admin.operation import Operation
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake
from headworks.ports.records import Missing

_LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_SEGMENT = re.compile(r"[A-Za-z0-9_*:.-]{1,64}")
_PLACE = re.compile(r" - at `(\$|key in \$)([^`]*)`")


def read_path(request: Request) -> dict[str, str]:
    """The parts of the path. What could not be an id is the id of nothing."""
    parts: dict[str, str] = dict(request.path_params)
    for name, part in parts.items():
        if name == "name" and _LABEL.fullmatch(part) is None:
            detail = "Use up to 64 of a-z, 0-9, `_`, `.`, `-`, beginning with a letter or digit."
            raise Refusal("invalid", detail, errors=[Mistake(detail=detail, parameter=name)])
        if _SEGMENT.fullmatch(part) is None:
            raise Missing(part)
    return parts


def read_query(operation: Operation, request: Request) -> msgspec.Struct:
    """The query as the row's type. An unknown parameter is a mistake, and so is a repeated one that takes a single value."""
    named = _gathered(operation.query, request.query_params.multi_items())
    try:
        return msgspec.convert(named, operation.query, strict=False)
    except msgspec.ValidationError as wrong:
        detail, pointer = _told(wrong)
        known = ", ".join(operation.query.__struct_fields__) or "none"
        detail = f"{detail}. Parameters here: {known}. Check the query."
        raise Refusal("invalid", detail, errors=[Mistake(detail=detail, parameter=pointer.lstrip("/"))]) from None


def _gathered(query: type[msgspec.Struct], given: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Lists however they are written: `name=a&name=b`, `name[]=a&name[]=b` (as OpenAI's libraries do), or `name=a,b`."""
    lists, named = _lists_of(query), dict[str, str | list[str]]()
    for written, value in given:
        name = written.removesuffix("[]")
        if name in lists:
            before = named.get(name, [])
            named[name] = [*before, *(part.strip() for part in value.split(",") if part.strip())]
        elif written in named:
            raise Refusal("malformed", "A query parameter is given twice. Give each once.")
        else:
            named[written] = value
    return named


@lru_cache
def _lists_of(query: type[msgspec.Struct]) -> frozenset[str]:
    """Parameters that take several values."""
    kinds = {field.name: msgspec.inspect.type_info(field.type) for field in msgspec.structs.fields(query)}
    plain = {name: kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind for name, kind in kinds.items()}
    return frozenset(name for name, kind in plain.items() if isinstance(kind, msgspec.inspect.VarTupleType))


async def read_body(operation: Operation, request: Request) -> tuple[bytes, msgspec.Struct | None]:
    """The body as sent, and as the row's type; None where it takes none."""
    raw = await _whole(request, operation.largest)
    if operation.asks is None:
        if raw.strip() not in {b"", b"{}"}:
            raise Refusal("malformed", f"{operation.name} takes no body. Leave it out.")
        return b"", None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal("not_json", "Send JSON, with content-type: application/json.")
    try:
        return raw, msgspec.json.decode(raw, type=operation.asks)
    except msgspec.ValidationError as wrong:
        detail, pointer = _told(wrong)
        mistake = Mistake(detail=detail, pointer=pointer)
        where = f" ({pointer})" if pointer else ""
        raise Refusal("invalid", f"{detail}{where}. Check it against /admin/v1/openapi.json.", errors=[mistake]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal("malformed", "The body is not JSON. Check it with a JSON parser.") from None


async def _whole(request: Request, largest: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > largest:
            raise Refusal(
                "too_large", f"A body has at most {largest:,} bytes here. Send less at once.", headers={"connection": "close"}
            )
        pieces.append(piece)
    return b"".join(pieces)


def _told(wrong: msgspec.ValidationError) -> tuple[str, str]:
    """The detail, and where in the document it is, as a JSON pointer."""
    words = str(wrong)
    found = _PLACE.search(words)
    if found is None:
        return words, ""
    pointer = re.sub(r"\.([^.\[]+)|\[([^\]]*)\]", lambda part: f"/{part[1] or part[2]}", found[2])
    return words[: found.start()], pointer
