"""Revisions of the configuration by the admin API: judged, applied one after the other, compared, and brought back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from headworks.domain.administration import EVERYTHING, Role
from headworks.domain.config import Config
from tests.admin.conftest import Telling
from tests.admin.house import Caller, House, Reply, house

ONE = """\
models:
  gpt: openai/gpt-4o
keys:
  app: {key: "${OPENAI_API_KEY}", limits: {requests_per_minute: 5}}
"""
TWO = """\
models:
  gpt: openai/gpt-4o
  mini: openai/gpt-4o-mini
keys:
  app: {key: "${OPENAI_API_KEY}", limits: {requests_per_minute: 9}}
"""
PATH = "/config/revisions"


async def apply(caller: Caller, document: str, based_on: object, **more: object) -> Reply:
    return await caller(f"POST {PATH}", {"document": document, **more}, headers={"if-match": f'"{based_on}"'})


async def applied(caller: Caller, *documents: str) -> None:
    for number, document in enumerate(documents):
        reply = await apply(caller, document, number)
        assert (reply.status, reply.body["applied"]) == (200, True), reply


def told(outcome: Any) -> list[tuple[str, ...]]:
    return [tuple(each.values()) for each in outcome["differences"]]


def test_a_document_becomes_the_active_revision(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        none = await owner(f"GET {PATH}/active")
        assert (none.problem, "No revision was applied yet" in none.body["detail"]) == ("not_found", True)
        first = await apply(owner, ONE, 0, comment="the first")
        assert (first.status, first.headers["etag"]) == (200, '"1"')
        assert [first.body["revision"][name] for name in ("number", "active", "comment", "restores")] == [
            1, True, "the first", None,
        ]  # fmt: skip
        second = (await apply(owner, TWO, 1)).body
        assert told(second) == [
            ("added", "models", "mini", ""),
            ("changed", "keys", "app", "limits.requests_per_minute"),
        ]
        assert "--- revision 1\n+++ revision 2\n" in second["diff"]
        assert "+  mini: openai/gpt-4o-mini\n" in second["diff"]
        shown = await owner(f"GET {PATH}/active")
        assert (shown.body["document"], shown.headers["etag"]) == (TWO, '"2"')
        listed = (await owner(f"GET {PATH}")).body["data"]
        assert [(each["number"], each["active"]) for each in listed] == [(2, True), (1, False)]

    tell(story)


def test_only_who_knows_the_active_one_puts_another_in_its_place(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, ONE)
        assert (await owner(f"POST {PATH}", {"document": TWO})).problem == "unlocked"
        for stale in (0, 2):
            assert (await apply(owner, TWO, stale)).problem == "stale"
        assert (await owner(f"POST {PATH}", {"document": TWO}, headers={"if-match": "*"})).body["revision"]["number"] == 2

    tell(story)


def test_of_those_who_apply_at_the_same_time_exactly_one_wins(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        documents = [f"models: {{m{number}: openai/gpt-4o}}\n" for number in range(6)]
        replies = await asyncio.gather(*(apply(owner, document, 0) for document in documents))
        assert sorted(reply.status for reply in replies)[:2] in ([200, 409], [200, 412])
        won = next(number for number, reply in enumerate(replies) if reply.status == 200)
        assert (await owner(f"GET {PATH}/active")).body["document"] == documents[won]
        assert len((await owner(f"GET {PATH}")).body["data"]) == 1

    tell(story)


MISTAKES = {
    "models:\n  gpt: opnai/gpt-4o\n": (2, 8, "opnai"),
    "modls: {}\n": (1, 1, "models"),
    "models: {a: [\n": (2, 1, "YAML"),
    "keys: {me: {key: '${OPENAI_API_KEY}'}}\n": (1, 1, "no model"),
    "models: {m: openai/gpt-4o}\nkeys: {me: {key: '${NOT_SET_HERE}'}}\n": (2, 18, "NOT_SET_HERE"),
    "models: {m: openai/gpt-4o}\nkeys: {me: {key: hw-literal}}\n": (2, 18, "credential"),
}


@pytest.mark.parametrize("document", MISTAKES)
def test_what_cannot_be_used_is_refused_with_its_place(tell: Telling, document: str) -> None:
    line, column, word = MISTAKES[document]

    async def story(house: House) -> None:
        reply = await apply(await house.owner(), document, 0)
        assert (reply.status, reply.problem) == (422, "invalid")
        (mistake,) = reply.body["errors"]
        assert (mistake["pointer"], mistake["line"], mistake["column"]) == ("/document", line, column)
        assert word in mistake["detail"]
        assert b"hw-literal" not in reply.raw

    tell(story)


def test_a_dry_run_tells_everything_and_changes_nothing(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, ONE)
        tried = await apply(owner, TWO, 1, dry_run=True)
        assert (tried.status, tried.body["applied"], tried.headers["etag"]) == (200, False, '"1"')
        assert (tried.body["revision"]["number"], tried.body["revision"]["active"]) == (2, False)
        assert len(told(tried.body)) == 2
        assert (await apply(owner, "models: 1", 1, dry_run=True)).problem == "invalid"
        assert (await owner(f"GET {PATH}/active")).body["revision"]["number"] == 1

    tell(story)


def test_an_earlier_document_comes_back_under_a_new_number(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, ONE, TWO)
        back = await owner(f"POST {PATH}/1/rollback", {"comment": "too dear"}, headers={"if-match": '"2"'})
        assert (back.body["revision"]["number"], back.body["revision"]["restores"]) == (3, 1)
        assert told(back.body)[0] == ("removed", "models", "mini", "")
        assert (await owner(f"GET {PATH}/active")).body["document"] == ONE
        assert (await owner(f"GET {PATH}/2")).body["document"] == TWO
        assert (await owner(f"POST {PATH}/9/rollback", {}, headers={"if-match": '"3"'})).problem == "not_found"
        audit = [
            each for each in (await owner("GET /audit")).body["data"] if each["facts"]["operation"].startswith("revisions.")
        ]
        assert [each["facts"]["operation"] for each in audit] == ["revisions.rollback", "revisions.apply", "revisions.apply"]

    tell(story)


def test_the_active_document_applied_again_makes_no_revision(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, ONE)
        again = (await apply(owner, ONE, 1)).body
        assert (again["applied"], again["revision"]["number"], again["diff"]) == (False, 1, "")

    tell(story)


def test_an_idempotency_key_applies_once(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        headers = {"if-match": '"0"', "idempotency-key": "a-deployment-of-today"}
        replies = [await owner(f"POST {PATH}", {"document": ONE}, headers=headers) for _ in range(2)]
        assert [reply.status for reply in replies] == [200, 200]
        assert replies[0].raw == replies[1].raw
        assert len((await owner(f"GET {PATH}")).body["data"]) == 1

    tell(story)


def test_any_two_are_compared(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, ONE, TWO, "# the same\n" + TWO, ONE.replace("openai/gpt-4o\n", "openai/gpt-4.1\n"))
        assert (await owner(f"GET {PATH}/3/diff")).body["differences"] == []
        assert told((await owner(f"GET {PATH}/active/diff?against=1")).body) == [("changed", "models", "gpt", "")]
        assert told((await owner(f"GET {PATH}/1/diff")).body) == [
            ("added", "models", "gpt", ""),
            ("added", "keys", "app", ""),
        ]
        back = (await owner(f"GET {PATH}/1/diff?against=2")).body
        assert (back["before"], back["after"], told(back)[0][0]) == (2, 1, "removed")
        assert (await owner(f"GET {PATH}/1/diff?against=9")).problem == "not_found"

    tell(story)


def test_pages_are_newest_first(tell: Telling) -> None:
    async def story(house: House) -> None:
        owner = await house.owner()
        await applied(owner, *(f"models: {{m{number}: openai/gpt-4o}}\n" for number in range(5)))
        first = (await owner(f"GET {PATH}?limit=2")).body
        second = (await owner(f"GET {PATH}?limit=2&cursor={first['next']}")).body
        third = (await owner(f"GET {PATH}?limit=2&cursor={second['next']}")).body
        pages = [[each["number"] for each in page["data"]] for page in (first, second, third)]
        assert (pages, third["next"]) == ([[5, 4], [3, 2], [1]], None)

    tell(story)


def test_what_each_machine_says_itself_is_told_as_a_warning(tell: Telling) -> None:
    async def story(house: House) -> None:
        document = "config_from: database\ndatabase: sqlite:///x.db\nserver: {port: 1234}\n" + ONE
        warnings = (await apply(await house.owner(), document, 0)).body["warnings"]
        assert [(each["path"], each["line"]) for each in warnings] == [("database", 2), ("server.port", 3)]

    tell(story)


def test_where_gateways_run_a_file_nothing_is_applied_but_all_can_be_tried(database: str) -> None:
    async def story() -> None:
        async with house(database, machine=Config()) as its:
            owner = await its.owner()
            refused = await apply(owner, ONE, 0)
            assert (refused.status, refused.problem) == (409, "conflict")
            assert "config_from: database" in refused.body["detail"]
            assert (await apply(owner, ONE, 0, dry_run=True)).status == 200

    asyncio.run(story())


def test_an_operator_of_the_installation_applies_and_an_auditor_only_looks(tell: Telling) -> None:
    async def story(house: House) -> None:
        operator, auditor = [await house.token((role, EVERYTHING)) for role in (Role.OPERATOR, Role.AUDITOR)]
        await applied(operator, ONE)
        assert (await auditor(f"GET {PATH}/1")).status == 200
        assert (await apply(auditor, TWO, 1)).problem == "not_allowed"

    tell(story)


def test_who_tries_a_configuration_reads_no_file_and_no_environment_by_it(tell: Telling, tmp_path: Path) -> None:
    """With the pepper an operator would sign in as the owner."""
    pepper = tmp_path / "pepper"
    pepper.write_text("5ec2e7" * 11)
    issuer = 'identity: {issuers: {a: {issuer: "REFERENCE", audience: x, organisation: org_1}}}\n'
    provider = 'providers: {mine: {type: openai-compatible, base_url: "https://evil.example.com", api_key: "REFERENCE"}}\n'

    async def story(house: House) -> None:
        operator = await house.token((Role.OPERATOR, EVERYTHING))
        for document in (issuer, provider):
            for reference in (f"file:{pepper}", f"file:{tmp_path}/../{tmp_path.name}/pepper", "${HEADWORKS_PEPPER:-x}"):
                refused = await apply(operator, ONE + document.replace("REFERENCE", reference), 0, dry_run=True)
                assert (refused.status, b"of this installation itself" in refused.raw) == (422, True), refused
                assert b"5ec2e7" not in refused.raw

    tell(story)
