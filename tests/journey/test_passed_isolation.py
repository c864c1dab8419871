"""What one tenant has made at a provider by what is passed through, another can't read, use, list, cancel or delete: every line of the
guide's own configuration is asked, in every place that takes an id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from headworks.domain.foreign import ForeignId
from headworks.domain.foreign_fields import KEPT
from headworks.domain.passthrough import PLACEHOLDER, Passage
from headworks.testing.upstream import body_of

from .passing import DOCUMENT, A, B, Said, Tenants, passages
from .plain import IDS

PASSAGES = passages()
BY_ID = [passage for passage in PASSAGES if PLACEHOLDER.search(passage.path)]
WITH_BODY = [passage for passage in PASSAGES if passage.method == "POST" and not passage.content_types]
_THINGS = {"file": "files", "batch": "batches", "conversation": "conversations", "item": "items", "store": "vector_stores"}
"""What placeholders stand for → where such a thing is made."""
_lines = pytest.mark.parametrize("passage", BY_ID, ids=lambda passage: passage.line)


def run(scenario: Callable[[Tenants], Awaitable[None]], tenants: Tenants | None = None) -> None:
    asyncio.run(_all(scenario, tenants or Tenants()))


async def _all(scenario: Callable[[Tenants], Awaitable[None]], tenants: Tenants) -> None:
    await scenario(tenants)


async def made(tenants: Tenants, name: str, key: bytes = A) -> str:
    """A thing of that tenant's: its token."""
    path = "/passthrough/openai/v1/" + ("conversations/{}/items" if name == "item" else _THINGS[name])
    if name == "item":
        path = path.format(await made(tenants, "conversation", key))
    kind = {"content_type": "multipart/form-data; boundary=x"} if name == "file" else {}
    said = await tenants.ask(key, "POST", path, b"--x--" if name == "file" else {}, **kind)
    assert said.status == 200, said
    return said.json["id"]


async def path_of(tenants: Tenants, passage: Passage, key: bytes = A) -> tuple[str, list[str]]:
    """The path of a line about things of that tenant's, and their tokens."""
    tokens = {name: await made(tenants, name, key) for name in PLACEHOLDER.findall(passage.path)}
    return "/passthrough/openai" + PLACEHOLDER.sub(lambda found: tokens[found[1]], passage.path), list(tokens.values())


async def asked(tenants: Tenants, key: bytes, passage: Passage, path: str) -> Said:
    return await tenants.ask(key, passage.method, path, {} if passage.method == "POST" else None)


def told(said: Said, *tokens: str) -> tuple[int, bytes]:
    """Status and words, without the ids of the thing and of the request."""
    body = said.body
    for token in tokens:
        body = body.replace(token[:80].encode(), b"ID")
    return said.status, body.rpartition(b'"request_id"')[0]


@_lines
def test_another_tenants_thing_is_told_of_like_one_that_is_not_there(passage: Passage) -> None:
    async def scenario(tenants: Tenants) -> None:
        path, tokens = await path_of(tenants, passage)
        before = len(tenants.keeper.asked)
        gone = IDS.seal("org_a", ForeignId("thing_gone", "elsewhere@1"))
        elsewhere = "/passthrough/openai" + PLACEHOLDER.sub(gone, passage.path)

        stranger = await asked(tenants, B, passage, path)
        nothing = await asked(tenants, B, passage, elsewhere)

        assert told(stranger, *tokens) == told(nothing, gone)
        assert stranger.status == 404
        assert len(tenants.keeper.asked) == before  # the provider, which would tell, is not asked
        assert (await asked(tenants, A, passage, path)).status == 200

    run(scenario)


@_lines
def test_ids_in_the_open_and_changed_tokens_lead_nowhere(passage: Passage) -> None:
    async def scenario(tenants: Tenants) -> None:
        _, tokens = await path_of(tenants, passage)
        changed = tokens[-1][:-9] + ("A" if tokens[-1][-9] != "A" else "B") + tokens[-1][-8:]
        before = len(tenants.keeper.asked)
        for other in (
            *tenants.keeper.things,
            changed,
            tokens[-1].swapcase(),
            f"{tokens[-1]}x",
            "%2e%2e",
            "a%2F..%2Fb",
            "file-hw",
        ):
            path = "/passthrough/openai" + PLACEHOLDER.sub(other, passage.path)
            assert (await asked(tenants, A, passage, path)).status == 404, other
        assert len(tenants.keeper.asked) == before

    run(scenario)


@_lines
def test_no_answer_tells_an_id_in_the_open(passage: Passage) -> None:
    async def scenario(tenants: Tenants) -> None:
        path, _ = await path_of(tenants, passage)
        said = await asked(tenants, A, passage, path)

        assert said.status == 200
        assert [id_ for id_ in tenants.keeper.things if id_.encode() in said.body] == []

    run(scenario)


@pytest.mark.parametrize("passage", [each for each in BY_ID if each.method != "POST"], ids=lambda passage: passage.line)
def test_what_is_told_can_be_asked_for_again(passage: Passage) -> None:
    """One thing has one token, wherever it is told."""

    async def scenario(tenants: Tenants) -> None:
        path, tokens = await path_of(tenants, passage)
        said = await asked(tenants, A, passage, path)
        ids = {thing["id"] for thing in said.json.get("data", [said.json])}

        assert ids & set(tokens)

    run(scenario)


_HIDDEN = {
    "escaped": '{"a":{"NAME":"\\u0066@"}}',
    "twice": '{"a":{"NAME":"#","NAME":"#"}}',
    "in capitals": '{"a":{"BIG":"#"}}',
    "in a list": '{"NAME":["#"]}',
}


@pytest.mark.parametrize("whose", ["another's", "nobody's", "in the open", "escaped", "twice", "in capitals", "in a list"])
@pytest.mark.parametrize("passage", WITH_BODY, ids=lambda passage: passage.line)
def test_no_body_uses_what_is_not_its_tenants(passage: Passage, whose: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        file = await made(tenants, "file")
        (open_id,) = tenants.keeper.things
        path, _ = await path_of(tenants, passage, B)
        before = len(tenants.keeper.asked)
        for name in sorted(KEPT):
            value = {"another's": file, "nobody's": IDS.seal("org_b", ForeignId("file-gone", "gone@1"))}.get(whose, open_id)
            body = _HIDDEN.get(whose, '{"a":[{"NAME":"#"}]}').replace("NAME", name).replace("BIG", name.upper())
            body = body.replace("#", value).replace("@", value[1:])
            said = await tenants.ask(B, "POST", path, body.encode())
            assert said.status == 400, said
            assert b"There is nothing here by the id" in said.body
        assert len(tenants.keeper.asked) == before

    run(scenario)


def test_of_a_name_that_comes_twice_the_provider_sees_what_was_judged() -> None:
    async def scenario(tenants: Tenants) -> None:
        await made(tenants, "file")
        (open_id,) = tenants.keeper.things
        for last in (b"5", b"null", b'""'):
            body = b'{"a":{"input_file_id":"%b","input_file_id":%b}}' % (open_id.encode(), last)
            assert (await tenants.ask(B, "POST", "/passthrough/openai/v1/batches", body)).status == 200
            assert open_id.encode() not in body_of(tenants.keeper.asked[-1])

    run(scenario)


def test_its_own_tenant_uses_it_by_its_token() -> None:
    """And only so does the provider hear its id."""

    async def scenario(tenants: Tenants) -> None:
        file = await made(tenants, "file")
        (known,) = tenants.keeper.things
        said = await tenants.ask(A, "POST", "/passthrough/openai/v1/batches", {"input_file_id": file, "n": 1})

        assert msgspec.json.decode(body_of(tenants.keeper.asked[-1])) == {"input_file_id": known, "n": 1}
        assert said.json["input_file_id"] == file

    run(scenario)


def test_a_page_begins_behind_what_the_caller_has_seen() -> None:
    async def scenario(tenants: Tenants) -> None:
        conversation = await made(tenants, "conversation")
        path = f"/passthrough/openai/v1/conversations/{conversation}/items"
        last = (await tenants.ask(A, "GET", path)).json["last_id"]

        assert (await tenants.ask(A, "GET", f"{path}?after={last}&limit=3")).status == 200
        (known,) = tenants.keeper.things
        assert tenants.keeper.asked[-1].head.split()[1].decode().endswith(f"/items?after={known}&limit=3")
        assert (await tenants.ask(A, "GET", f"{path}?after={known}")).status == 400
        assert (await tenants.ask(B, "GET", f"{path}?after={last}")).status == 404

    run(scenario)


def test_an_account_of_one_tenant_is_asked_by_its_own_ids() -> None:
    async def scenario(tenants: Tenants) -> None:
        await made(tenants, "file")
        (known,) = tenants.keeper.things
        for key, status in ((A, 200), (B, 404)):
            assert (await tenants.ask(key, "GET", f"/passthrough/openai/v1/files/{known}")).status == status

    run(scenario, Tenants(DOCUMENT.replace("  openai:\n", "  openai:\n    tenant: org_a\n", 1)))


def test_a_providers_refusal_names_things_by_their_tokens() -> None:
    async def scenario(tenants: Tenants) -> None:
        file = await made(tenants, "file")
        known = tenants.keeper.things.popitem()[0]
        said = await tenants.ask(A, "GET", f"/passthrough/openai/v1/files/{file}")

        assert said.status == 404
        assert known.encode() not in said.body
        assert file.encode() in said.body

    run(scenario)


def test_what_callers_write_beside_their_things_comes_back_as_it_was() -> None:
    async def scenario(tenants: Tenants) -> None:
        metadata = {"id": "mine", "file_id": 'of "my" own {}', "batch_id": ""}
        said = await tenants.ask(A, "POST", "/passthrough/openai/v1/batches", {"metadata": metadata})

        assert said.json["metadata"] == metadata
        assert said.json["id"].startswith("batch_hw")

    run(scenario)
