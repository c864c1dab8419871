"""The OpenAPI document: valid, complete, and true under requests that a fuzzer makes of it."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from starlette.applications import Starlette

from headworks.control.admin.app import answer_failure
from headworks.control.admin.document import document_of
from headworks.control.admin.operation import Access
from headworks.control.admin.operations import OPERATIONS
from headworks.domain.administration import EVERYTHING, Role
from tests.admin.house import ROOT, Tenant, house

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
DOCUMENT: dict[str, Any] = msgspec.json.decode(document_of(OPERATIONS))


def test_every_operation_is_in_the_document_with_its_problems() -> None:
    told = {described["operationId"]: described for of_path in DOCUMENT["paths"].values() for described in of_path.values()}
    assert told.keys() == {operation.name for operation in OPERATIONS}
    for operation in OPERATIONS:
        described = told[operation.name]
        assert str(operation.status) in described["responses"]
        assert ("security" in described) == (operation.needs is Access.ANYONE)
        kind = "text/html" if operation.html else "application/problem+json"
        assert kind in described["responses"]["403"]["content"]
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_parameter_says_what_it_is() -> None:
    described = [each for of_path in DOCUMENT["paths"].values() for each in of_path.values()]
    assert all(each["description"] for operation in described for each in operation["parameters"])


def test_every_field_that_may_be_sent_says_what_it_is() -> None:
    schemas, asked = DOCUMENT["components"]["schemas"], re.compile(r"#/components/schemas/(\w+)")
    bodies = [
        each["requestBody"] for of_path in DOCUMENT["paths"].values() for each in of_path.values() if "requestBody" in each
    ]
    sent, left = set[str](), set(asked.findall(str(bodies)))
    while left - sent:
        sent |= left
        left = {name for body in sent for name in asked.findall(str(schemas[body]))}
    fields = {f"{name}.{field}": str(its) for name in sent for field, its in schemas[name].get("properties", {}).items()}
    assert [field for field, its in sorted(fields.items()) if "description" not in its] == []


def test_its_schemas_are_json_schemas_and_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for schema in schemas.values():
        assert jsonschema_rs.meta.is_valid(schema)
    text = msgspec.json.encode(DOCUMENT).decode()
    named = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert named <= schemas.keys()
    assert '"digest"' not in text


class Server(threading.Thread):
    """The API on a socket, in a loop and thread of its own; `made` are ids that exist, `token` is the owner's."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.ready = threading.Event()
        self.server: uvicorn.Server | None = None
        self.token = ""
        self.made: Tenant | None = None
        self.said: list[str] = []

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with house(self.url) as its:
            owner = await its.token((Role.OWNER, EVERYTHING))
            self.token = owner.headers["authorization"]
            self.made = await its.tenant(owner, "acme")
            app = Starlette(routes=its.api.routes, exception_handlers={Exception: answer_failure})
            self.server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            self.ready.set()
            await self.server.serve([self.listener])
            self.said = its.said

    def stop(self) -> None:
        assert self.server is not None
        self.server.should_exit = True
        self.join(20)


@pytest.fixture
def server(database: str) -> Iterator[Server]:
    running = Server(database)
    running.start()
    assert running.ready.wait(20)
    yield running
    running.stop()


def fuzz(server: Server, examples: int) -> int:
    """Ask every operation so many sound and so many unsound things; answers how many operations there were."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    assert server.made is not None
    known = {f"/{kind.replace('_', '-')}s/": getattr(server.made, kind) for kind in Tenant._fields}
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        id_ = next((each for path, each in known.items() if operation.path.startswith(path)), None)
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            ask_all(server, operation.as_strategy(mode), id_, examples)
        asked += 1
    return asked


def ask_all(server: Server, cases: SearchStrategy[Case[Any]], id_: str | None, examples: int) -> None:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=cases)
    def check(case: Case[Any]) -> None:
        if id_ is not None and "id" in case.path_parameters:
            case.path_parameters["id"] = id_
        answer = case.call(server.address + ROOT, headers={"authorization": server.token}, timeout=20)
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # nothing unsound can be said to what takes nothing
        check()


@pytest.mark.filterwarnings("default")
def test_no_request_makes_it_fail_or_answer_what_is_not_in_the_document(server: Server) -> None:
    """Schemathesis over a socket, with the rights of the installation's owner."""
    assert fuzz(server, 1) == len(OPERATIONS)
    assert server.said == []


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_many_requests_do_neither(server: Server) -> None:
    assert fuzz(server, 15) == len(OPERATIONS)
