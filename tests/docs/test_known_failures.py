"""The page of known failures names tests that there are, each where it says, and tells which of them only `make prove` runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`( \*long\*)?")
DEFINED = r"((?:^@pytest\.mark.*\n(?:^[ )].*\n)*)*)^(?:async )?def {}\("


@pytest.mark.parametrize(("path", "name", "is_long"), sorted(set(NAMED.findall((ROOT / "docs/known-failures.md").read_text()))))
def test_a_named_test_is_there(path: str, name: str, is_long: str) -> None:
    found = re.search(DEFINED.format(name), (ROOT / path).read_text(), re.MULTILINE)
    assert found is not None
    assert bool(re.search(r"^@pytest\.mark\.long$", found[1], re.MULTILINE)) == bool(is_long)
