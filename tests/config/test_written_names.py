"""What there is to be named, as another process than the gateway reads it of the document that runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from headworks.testing import FrozenClock
from headworks.wiring.load import ConfigFile
from headworks.wiring.written import FileDocument
from headworks.wiring.written_names import WrittenNames

FIRST = """
providers: {openai: {api_key: sk-test, region: eu}}
models: {smart: openai/gpt-4o, "claude-*": openai/claude-*}
guards: {secrets: {patterns: ["sk-"]}}
"""


def test_names_follow_the_document_and_outlive_a_mistake_in_it(tmp_path: Path) -> None:
    file = tmp_path / "headworks.yaml"
    config = ConfigFile(file, {}, FrozenClock())
    names = WrittenNames(FileDocument(file), lambda _: config.load())

    async def known(text: str, age: int) -> tuple[str, ...] | None:
        file.write_text(text)
        os.utime(file, (age, age))  # two writes may fall into one tick of the file system's clock
        found = await names.now()
        return found.models if found is not None else None

    async def story() -> None:
        assert await known("models: [", 1) is None, "nothing was ever read"
        assert await known(FIRST, 2) == ("smart", "claude-*")
        found = await names.now()
        assert found is not None
        assert (found.providers, found.regions, found.guards) == ({"openai"}, {"eu"}, {"secrets"})
        assert await known("models: {", 3) == ("smart", "claude-*")
        assert await known(FIRST.replace("smart", "fast"), 4) == ("fast", "claude-*")

    asyncio.run(story())
