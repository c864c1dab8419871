"""Usage and costs as OpenAI's organisation API tells them, from postings, within reach."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from openai import AsyncOpenAI, UnprocessableEntityError
from openai.types.admin.organization.usage_completions_response import (
    DataResultOrganizationUsageCompletionsResult as Completions,
)
from openai.types.admin.organization.usage_costs_response import DataResultOrganizationCostsResult as Costs

from headworks.control.ledger import Ledger
from headworks.domain.administration import Role
from headworks.domain.usage import Usage
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import LedgerTables
from headworks.testing import FrozenClock
from tests.admin.house import Caller, house
from tests.journal.writing import AT, Voice
from tests.ledger.booking import spent, write

DAY = 86_400
START = AT // 10**9
DAY_NS = DAY * 10**9


async def _book(url: str, directory: Path) -> None:
    database = Database(url)
    tables = LedgerTables(database, await asyncio.to_thread(instance_of, directory), FrozenClock(wall_ns=AT))
    await Ledger(directory, tables, Voice()).step()
    await database.close()


def test_usage_and_costs_come_by_day_and_group_and_page_by_page(url: str, tmp_path: Path) -> None:
    used = Usage(input=10, output=5, cache_read=4)
    ours = ("org_1", "team_1", "key_1")
    span = f"start_time={START}&end_time={START + 3 * DAY}"

    async def story() -> None:
        async with house(url) as its:
            owner = await its.owner()
            other = (await owner.made("POST /organisations", {"name": "other", "bounds": {"models": ["*"]}}))["id"]
            exchanges = [
                spent(1, 1_500_000_000, usage=used, lineage=ours, asked="fast"),
                spent(2, 500_000_001, usage=used, lineage=ours, asked="slow", at=AT + 2 * DAY_NS),
                spent(3, 7, usage=used, lineage=ours, kind="embeddings", asked="vectors"),
                spent(4, 9, usage=used, lineage=(other, "key_9")),
                spent(5, 0, lineage=ours, ending="refused", status=429, usage=Usage(), cost=0, price=0),
            ]
            await asyncio.to_thread(write, tmp_path, exchanges)
            await _book(url, tmp_path)
            page = await owner.made(f"GET /organization/usage/completions?{span}&group_by=model&project_ids=&limit=2")
            assert [bucket["start_time"] for bucket in page["data"]] == [START, START + DAY]
            assert page["has_more"]
            (fast, theirs) = page["data"][0]["results"]
            assert (fast["model"], fast["input_tokens"], fast["input_cached_tokens"], fast["num_model_requests"]) == (
                "fast",
                10,
                4,
                1,
            )
            assert theirs["model"] == "model"
            rest = await owner.made(
                f"GET /organization/usage/completions?{span}&group_by=model&limit=2&page={page['next_page']}"
            )
            assert [row["model"] for row in rest["data"][0]["results"]] == ["slow"]
            assert not rest["has_more"]

            vectors = await owner.made(f"GET /organization/usage/embeddings?{span}&bucket_width=1h&models=vectors")
            assert vectors["data"][0]["results"][0]["input_tokens"] == 10

            costs = await owner.made(f"GET /organization/costs?{span}")
            assert costs["data"][0]["results"][0]["amount"] == {
                "value": 1.500000016,
                "currency": "usd",
                "exact": "1.500000016",
            }
            assert costs["data"][1]["results"] == []

            tenant = await its.token((Role.BILLING, other))
            mine = await tenant.made(f"GET /organization/costs?{span}&group_by=api_key_id")
            assert [row["api_key_id"] for bucket in mine["data"] for row in bucket["results"]] == ["key_9"]
            assert (await owner(f"GET /organization/costs?{span}&group_by=phase")).status == 422

    asyncio.run(story())


def test_openais_own_library_asks_for_usage_and_costs(url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(url) as its:
            owner = await its.owner()
            exchanges = [
                spent(number, 500_000_000, lineage=("org_1", f"proj_{number}", "key_1"), asked=model, usage=Usage(input=10))
                for number, model in enumerate(("fast", "slow", "slow"), 1)
            ]
            await asyncio.to_thread(write, tmp_path, exchanges)
            await _book(url, tmp_path)
            transport = httpx2.ASGITransport(app=owner.app)
            async with AsyncOpenAI(
                base_url="http://localhost:4456/admin/v1",
                admin_api_key=owner.headers["authorization"].removeprefix("Bearer "),
                http_client=httpx2.AsyncClient(transport=transport),
            ) as client:
                await _asked(client)

    asyncio.run(story())


def test_what_is_no_text_is_told_in_its_own_counts(url: str, tmp_path: Path) -> None:
    made = [
        ("images", "images", Usage(images=2, input=9, input_image=4, output=30, output_image=30)),
        ("speech", "audio_speeches", Usage(characters=70)),
        ("transcriptions", "audio_transcriptions", Usage(audio_seconds=91)),
        ("translations", "audio_transcriptions", Usage(audio_seconds=9)),
        ("moderations", "moderations", Usage(input=6)),
        ("rerank", "rerank", Usage(searches=3)),
        ("passthrough", "passthrough", Usage(pages=5, annotated_pages=1)),
        ("realtime", "completions", Usage(input=20, input_audio=20)),
    ]

    async def story() -> None:
        async with house(url) as its:
            owner = await its.owner()
            exchanges = [
                spent(number, 1, lineage=("org_1", "key_1"), kind=kind, asked="m", usage=usage)
                for number, (kind, _, usage) in enumerate(made, 1)
            ]
            await asyncio.to_thread(write, tmp_path, exchanges)
            await _book(url, tmp_path)
            told = {name: await _told(owner, name) for name in {name for _, name, _ in made}}

        assert told["images"] == {
            "images": 2,
            "input_tokens": 9,
            "input_image_tokens": 4,
            "output_tokens": 30,
            "output_image_tokens": 30,
        }
        assert told["audio_speeches"] == {"characters": 70}
        assert told["audio_transcriptions"] == {"seconds": 100}
        assert told["moderations"] == {"input_tokens": 6}
        assert told["rerank"] == {"searches": 3}
        assert told["passthrough"] == {"pages": 5}
        assert told["completions"] == {"input_tokens": 20, "input_audio_tokens": 20}

    asyncio.run(story())


async def _told(owner: Caller, name: str) -> dict[str, int]:
    """The counts that are not zero."""
    page = await owner.made(f"GET /organization/usage/{name}?start_time={START}&end_time={START + DAY}")
    ((result,),) = [bucket["results"] for bucket in page["data"]]
    assert result["object"] == f"organization.usage.{name}.result"
    return {name: count for name, count in result.items() if isinstance(count, int) and count and name != "num_model_requests"}


async def _asked(client: AsyncOpenAI) -> None:
    usage = client.admin.organization.usage
    page = await usage.completions(
        start_time=START,
        end_time=START + 30 * DAY,
        bucket_width="1d",
        group_by=["model", "project_id", "batch", "service_tier", "api_source"],
        project_ids=["proj_2", "proj_3"],
        models=["fast", "slow"],
        batch=False,
    )
    assert (page.object, len(page.data), page.has_more) == ("page", 7, True)
    (second, third) = page.data[0].results
    assert isinstance(second, Completions)
    assert isinstance(third, Completions)
    assert (second.model, second.project_id, second.batch, second.input_tokens) == ("slow", "proj_2", False, 10)
    assert (third.project_id, third.num_model_requests) == ("proj_3", 1)
    assert page.next_page is not None
    rest = await usage.completions(start_time=START, end_time=START + 30 * DAY, limit=31, page=page.next_page)
    assert (len(rest.data), rest.has_more, rest.next_page) == (23, False, None)
    assert (await usage.completions(start_time=START, end_time=START + DAY, batch=True)).data[0].results == []
    costs = await usage.costs(start_time=START, end_time=START + DAY, group_by=["line_item"], line_items=["slow"])
    (cost,) = costs.data[0].results
    assert isinstance(cost, Costs)
    assert (cost.line_item, cost.amount and cost.amount.value) == ("slow", 1.0)
    hours = await usage.embeddings(start_time=START, end_time=START + DAY, bucket_width="1h", api_key_ids=["key_1"])
    assert len(hours.data) == 24
    with pytest.raises(UnprocessableEntityError) as refused:
        await usage.completions(start_time=START, bucket_width="1m")
    assert refused.value.response.json()["errors"][0]["parameter"] == "bucket_width"
