"""Every released version of the journal can be read for ever. The golden segments are never changed, only joined by new ones."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headworks.domain.exchange import SCHEMA, Exchange, Record
from headworks.stores.journal.reader import reading
from headworks.stores.journal.schema import UPCASTS, Fields, NewerSchemaError, decoder_for

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("version", sorted(path.stem for path in GOLDEN.glob("*.jsonl")))
def test_a_golden_segment_of_each_version_reads_as_its_golden_records(version: str) -> None:
    expected = msgspec.json.decode((GOLDEN / f"{version}.records.json").read_bytes(), type=list[Record])

    with reading(GOLDEN / f"{version}.jsonl") as reader:
        records = list(reader.records())

    assert records == expected
    assert reader.skipped == 0
    assert {type(record).__name__ for record in records} == {"Header", "Begin", "Checkpoint", "Exchange", "Footer"}


def test_every_version_before_todays_can_be_lifted_to_the_next() -> None:
    assert set(UPCASTS) == set(range(1, SCHEMA))


def test_records_are_lifted_version_by_version() -> None:
    def rename(fields: Fields) -> Fields:
        return {("asked" if key == "model" else key): value for key, value in fields.items()}

    def count_in_nanos(fields: Fields) -> Fields:
        return fields | {"cost": int(str(fields["cost"])) * 1000}

    decode = decoder_for(-1, {-1: rename, 0: count_in_nanos}, current=1)

    line = b'{"t":"end","id":"1","at":1,"kind":"chat","ending":"finished","status":200,"model":"gpt","cost":7}'
    assert decode(line) == Exchange(id="1", at=1, kind="chat", ending="finished", status=200, asked="gpt", cost=7000)
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"t":"end","id":1,"cost":7}')


def test_a_field_that_a_later_release_added_is_skipped() -> None:
    decode = decoder_for(SCHEMA)

    record = decode(b'{"t":"end","id":"1","at":1,"kind":"chat","ending":"finished","status":200,"mood":"good"}')

    assert isinstance(record, Exchange)


def test_a_version_from_the_future_says_what_to_do() -> None:
    with pytest.raises(NewerSchemaError, match="newer one"):
        decoder_for(SCHEMA + 1)
