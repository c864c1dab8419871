"""The documentation says what the code does, and its links lead somewhere."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from headworks.cli import EVERY
from headworks.domain.errors import FAULTS
from headworks.journey import JOURNEY
from headworks.wiring.config_file import read_config

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`((?:[a-z_]+/)+(?:[\w.-]+\.(?:py|toml|md))?)`")
COMMAND = re.compile(r"(?:`|^)(?:\S*/)?headworks ([a-z][a-z-]*)", re.MULTILINE)


def test_generated_parts_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_mentioned_exist(page: Path) -> None:
    known = {name.partition(" ")[0] for name, _, _ in EVERY}

    assert set(COMMAND.findall(page.read_text())) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_configuration_examples_are_read_without_a_problem(page: Path) -> None:
    for text in YAML.findall(page.read_text()):
        if isinstance(yaml.safe_load(text), dict) and "# not headworks.yaml" not in text:
            reading = read_config(text, page.name)
            assert reading.problems == (), reading.source.report(reading.problems)


@pytest.mark.parametrize(("name", "where"), [(name, where) for name, where, _ in EVERY])
def test_every_command_is_where_it_is_said_to_be(name: str, where: str) -> None:
    module, _, function = where.partition(":")

    assert callable(getattr(importlib.import_module(module), function)), name


def test_every_fault_and_every_stage_is_described() -> None:
    errors = (ROOT / "docs/guides/errors.md").read_text()
    architecture = (ROOT / "ARCHITECTURE.md").read_text()

    assert [code for code in FAULTS if f"| `{code}` |" not in errors] == []
    assert [stage.__name__ for stage in JOURNEY if f"**{stage.__name__}**" not in architecture] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_mentioned_exist(page: Path) -> None:
    places = (ROOT, ROOT / "src", ROOT / "src/headworks", page.parent)

    assert [name for name in FILE.findall(page.read_text()) if not any((place / name).exists() for place in places)] == []


def test_every_page_can_be_found() -> None:
    """From the index, or from a page that the index names."""
    reached, new = set[Path](), {ROOT / "docs/index.md", ROOT / "README.md"}
    while new:
        reached |= new
        found = {(page.parent / link).resolve() for page in new for link in LINK.findall(page.read_text())}
        new = {page for page in found if page.suffix == ".md" and page.exists()} - reached

    lost = [page for page in (ROOT / "docs").rglob("*.md") if page not in reached]
    assert lost == []


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs/adr/README.md").read_text()

    assert [page.name for page in (ROOT / "docs/adr").glob("0*.md") if page.name not in listed] == []


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    """The check that guards the generated parts can fail."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/generate.py").write_text((ROOT / "docs/generate.py").read_text())
    (tmp_path / "README.md").write_text("<!-- generated: exits -->\nlong ago\n<!-- end generated -->\n")

    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1, done.stderr
    assert "README.md is out of date" in done.stdout
