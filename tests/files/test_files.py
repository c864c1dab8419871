"""Files that outlive a power cut."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from headworks.files import append_line, lines, make_whole, read_lines, remove_leftovers, write_whole

Write = Callable[[Path, bytes], object]


class Disk:
    """What was said to the disk, in order: it may forget the rest when the power goes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.told: list[str] = []
        self._sync = os.fsync
        patch.setattr(os, "fsync", self._fsync)

    def _fsync(self, fd: int) -> None:
        found = os.fstat(fd)
        self.told.append("names" if stat.S_ISDIR(found.st_mode) else f"{found.st_size} bytes")
        self._sync(fd)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("write", [write_whole, make_whole])
def test_content_reaches_the_disk_before_its_name_does(write: Write, disk: Disk, tmp_path: Path) -> None:
    write(tmp_path / "new" / "file", b"12345")
    assert disk.told == ["5 bytes", "names"]
    assert (tmp_path / "new" / "file").read_bytes() == b"12345"


@pytest.mark.parametrize("write", [write_whole, make_whole, append_line])
def test_a_file_is_its_owners_alone(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "file", b"secret")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_what_others_could_read_becomes_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(mode=0o644)
    write_whole(path, b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("write", [write_whole, make_whole])
def test_a_failing_disk_leaves_what_was_there_and_nothing_else(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        write(tmp_path / "file", b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"old")]


def test_of_two_who_make_a_file_the_first_ones_counts(tmp_path: Path) -> None:
    assert make_whole(tmp_path / "file", b"first")
    assert not make_whole(tmp_path / "file", b"second")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"first"]


class KilledError(BaseException):
    """Stands for a signal that lets nobody tidy up."""


@pytest.mark.parametrize("write", [write_whole, make_whole])
def test_what_a_killed_writer_left_is_removed_once_it_can_be_nobodys(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def killed(_: int) -> None:
        raise KilledError

    def not_done(_: Path, *, missing_ok: bool) -> None:
        assert missing_ok

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        patch.setattr(Path, "unlink", not_done)
        with pytest.raises(KilledError):
            write(tmp_path / "below" / "file", b"secret")
    (left,) = (tmp_path / "below").iterdir()
    begun, hour = left.stat().st_mtime_ns, 3_600 * 10**9
    write(tmp_path / "below" / "file", b"old")

    assert remove_leftovers(tmp_path, begun + hour) == 0
    assert remove_leftovers(tmp_path, begun + hour + 1) == 1
    assert [each.read_bytes() for each in (tmp_path / "below").iterdir()] == [b"old"]


def test_a_line_and_its_files_name_reach_the_disk(disk: Disk, tmp_path: Path) -> None:
    append_line(tmp_path / "lines", b"one")
    append_line(tmp_path / "lines", b"two")
    assert disk.told == ["4 bytes", "names", "8 bytes", "names"]
    assert read_lines(tmp_path / "lines") == [b"one", b"two"]


@pytest.mark.parametrize("torn", [b"tw", b"one\ntw", b"one\n" + bytes(100), b"t" * 100_000])
def test_a_torn_line_is_nobodys_and_gone_with_the_next(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(torn)
    before = read_lines(path)
    assert before == torn.split(b"\n")[:-1]
    append_line(path, b"two")
    assert read_lines(path) == [*before, b"two"]


class FullDisk(FileIO):
    """Takes two bytes of whatever is written."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # typeshed takes any buffer
        return super().write(data[:2])


def test_a_full_disk_is_told_and_leaves_no_piece_of_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, b"one")
    with monkeypatch.context() as patch:
        patch.setattr(lines, "FileIO", FullDisk)
        with pytest.raises(OSError, match="No space left"):
            append_line(path, b"two")
    assert path.read_bytes() == b"one\n"


def test_of_a_file_that_is_not_there_no_lines_are_read(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "lines") == []
