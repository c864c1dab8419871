"""Coverage-guided fuzzing of the front door: `python -m tests.edge.fuzz_edge -runs=100000`.

Arguments are libFuzzer's. Ends with an error at the first input after which something escaped, hung or was left behind.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["headworks.edge"]):  # pyright: ignore[reportAttributeAccessIssue]
    import headworks.edge.server as _instrumented

from tests.edge.wild import SNIPPETS, Wild

HANG_SECONDS = 120
SEEDS = 64


def seeds(directory: Path) -> None:
    """Programs that already do something: requests in whole and in part, and things that happen to them."""
    chance = random.Random(4455)  # noqa: S311 - repeatable on purpose
    for number in range(SEEDS):
        program = bytearray()
        for _ in range(chance.randrange(2, 24)):
            kind = chance.choice((0, 2, 2, 3, 4, 5, 6, 7))
            program.append(chance.randrange(8) << 3 | kind)
            if kind == 0:
                program += chance.choice(SNIPPETS)[:64]
        (directory / f"{number:03}").write_bytes(program)


async def _run(program: bytes) -> None:
    await Wild().run(program)


def main() -> None:
    loop = asyncio.new_event_loop()

    def one_input(data: bytes) -> None:
        loop.run_until_complete(_run(data))

    assert _instrumented.Edge
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([*sys.argv, "-max_len=2048", "-len_control=0", f"-timeout={HANG_SECONDS}", corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
