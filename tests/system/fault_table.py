"""`python -m tests.system.fault_table`: the table of faults, measured on a running house."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from headworks.domain.money import Money
from headworks.testing.emulator import EmulatorProcess, Personality

from .faults import CASES, Case, Seen, config, run
from .house import RunningHouse


def main() -> None:
    """Run every case and print what came of it."""
    table = Table(title="Faults: what the client got, what was tried, what was billed")
    for column in ("fault", "client got", "attempts", "ending", "caller pays", "certainty", "providers charge"):
        table.add_column(column)
    providers = (Personality(name="flaky", prefix="/flaky"), Personality(name="steady", prefix="/steady"))
    with (
        tempfile.TemporaryDirectory() as directory,
        EmulatorProcess(*providers) as emulator,
        RunningHouse(Path(directory), config(emulator)) as house,
    ):
        for case in CASES:
            table.add_row(*row(case, run(case, house, emulator)))
    Console(width=170).print(table)


def row(case: Case, seen: Seen) -> tuple[str, ...]:
    """One line."""
    record = seen.record
    attempts = " → ".join(f"{tried.target.partition('/')[0]} {tried.fault or 'ok'}" for tried in record.tried)
    got = f"{seen.status} {seen.code or 'answer'}"
    return case.name, got, attempts, record.ending, str(Money(record.price)), record.certainty, str(Money(record.cost))


if __name__ == "__main__":
    main()
