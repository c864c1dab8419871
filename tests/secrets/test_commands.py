"""`headworks secrets` as an operator meets it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from headworks.cli import secrets as commands
from headworks.wiring.process_exits import Exit

USED = """\
journal: {directory: data/journal}
providers:
  openai: {api_key: "secret:openai"}
  gpu: {type: vllm, base_url: http://gpu/v1, headers: {x-team: "secret:openai"}}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration, and one secret in its database."""
    for name in ("HEADWORKS_PEPPER", "HEADWORKS_AUDIT_KEY", "HEADWORKS_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "headworks.yaml"
    path.write_text(USED)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-1"))
    assert commands.put("openai", path) == Exit.OK
    return path


def test_what_is_in_use_is_not_removed_by_a_word(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.remove("openai", file) == Exit.USAGE

    said = capsys.readouterr().err
    for words in ("providers.openai.api_key", "providers.gpu.headers.x-team", "--yes"):
        assert words in said
    assert commands.list_all(file) == Exit.OK
    assert re.fullmatch(r"name +version +master +updated_at\nopenai +1 +local:\w+ +\S+Z\n", capsys.readouterr().out)
    assert commands.remove("openai", file, yes=True) == Exit.OK
    commands.list_all(file)
    assert "There are no secrets." in capsys.readouterr().out


def test_where_nothing_was_wrapped_again_no_master_key_is_said_to_be_done_with(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert commands.rotate_master(file) == Exit.OK

    said = capsys.readouterr().out
    assert "All are under this master key already" in said
    assert "can go" not in said


def test_one_that_nobody_uses_wants_the_word_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("journal: {directory: data/journal}\n")

    assert commands.remove("openai", file) == Exit.USAGE
    assert "in use" not in capsys.readouterr().err
