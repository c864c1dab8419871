"""Real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headworks.stores.journal import audit, recover
from tests.journal.writing import exchanges_in, name, recoverer

ROUNDS = int(os.environ.get("HEADWORKS_KILLS", "3"))
ROOT = Path(__file__).parents[2]


def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """One of this folder's programs."""
    command = [sys.executable, "-m", f"tests.journal.{module}", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def killed_after(directory: Path, size: int) -> tuple[set[str], set[str]]:
    """Start a writer, kill it once it has told so many bytes, and return the ids it had begun and ended by its own word."""
    writer = start("killed_writer", str(directory), "20000")
    assert writer.stdout is not None
    told = writer.stdout.read(size)
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.read()
    writer.communicate()
    words = told.split(b"\n")[:-1]
    begun = {name(int(word[1:])) for word in words if word.startswith(b"b")}
    ended = {name(int(word[1:])) for word in words if word.startswith(b"e")}
    return begun, ended


@pytest.mark.parametrize("number", range(ROUNDS))
def test_whatever_a_killed_process_said_it_had_begun_is_accounted_for_once(tmp_path: Path, number: int) -> None:
    begun, ended = killed_after(tmp_path, 500 + 7919 * number)

    killed = recover(tmp_path, recoverer())

    found = audit(tmp_path)
    accounted = [exchange.id for exchange in exchanges_in(tmp_path)]
    assert found.sound
    assert begun <= set(accounted)
    assert ended.isdisjoint(exchange.id for exchange in killed)
    assert len(begun) <= found.begun <= len(begun) + 1  # it may have died between writing and telling
    assert found.ended == found.begun


def test_two_processes_that_recover_at_once_end_each_exchange_once(tmp_path: Path) -> None:
    for _ in range(3):
        killed_after(tmp_path, 2000)
    left_open = len(audit(tmp_path).orphans)
    both = [start("recovering", str(tmp_path)) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        process.stdout.readline()

    told = [process.communicate(b"go\n", timeout=60)[0] for process in both]

    assert left_open
    assert audit(tmp_path).sound
    assert sum(map(int, told)) == left_open
