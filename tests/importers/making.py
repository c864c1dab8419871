"""What tests of imports read and make."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from headworks.importers.litellm.document import Imported, Published, import_document
from headworks.importers.litellm.parties import Reader, Records
from headworks.importers.litellm.tables import Tables, read_tables
from headworks.importers.notes import Note, Verdict
from headworks.providers.catalog import shipped_catalog
from headworks.providers.price_table import shipped_prices
from headworks.stores.sql.engine import Database

SAMPLE = Path(__file__).with_name("litellm.yaml")
NOW = 1_790_000_000 * 10**9


def published() -> Published:
    return Published(shipped_catalog(), shipped_prices(), datetime(2026, 11, 1, tzinfo=UTC))


def imported(text: str) -> Imported:
    return import_document(text, "config.yaml", published())


def notes_at(notes: list[Note], line: int) -> list[Note]:
    return [note for note in notes if note.line == line]


def unsupported(notes: list[Note]) -> list[str]:
    return [note.what for note in notes if note.verdict is Verdict.UNSUPPORTED]


def tables_of(url: str) -> Tables:
    async def read() -> Tables:
        database = Database(url)
        try:
            return await read_tables(database)
        finally:
            await database.close()

    return asyncio.run(read())


def records_of(url: str) -> tuple[Records, list[Note]]:
    sample = imported(SAMPLE.read_text())
    reader = Reader(tables_of(url), sample.groups, sample.config.guards, NOW)
    records = reader.read("imported")
    return records, [note for notes in reader.notes for note in notes.all]
