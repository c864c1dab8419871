"""Where a value ends is read out of msgspec's own words (`dialects/fields.py`): a version with other words must not be installed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("value", [b"1", b"-1.5e3", b'"x"', b'"\\u0061\\""', b"[1, {}]", b'{"a": [2]}', b"true", b"null"])
@pytest.mark.parametrize("gap", [b"", b" ", b"\r\n\t"])
@pytest.mark.parametrize("after", [b",", b":", b"}", b"]", b'"'])
def test_the_byte_after_a_value_is_told(value: bytes, gap: bytes, after: bytes) -> None:
    place = len(value + gap) + 1  # that byte has been read
    said = re.escape(f"JSON is malformed: trailing characters (byte {place})")

    with pytest.raises(msgspec.DecodeError, match=f"^{said}$"):
        msgspec.json.decode(value + gap + after + b" and more", type=msgspec.Raw)


def test_only_versions_that_were_looked_at_are_installed() -> None:
    """Who raises the bound runs these tests with the new version first."""
    wanted = [Requirement(line) for line in tomllib.loads(PROJECT.read_text())["project"]["dependencies"]]
    (msgspec_,) = (requirement for requirement in wanted if requirement.name == "msgspec")
    major, minor, *_ = map(int, version("msgspec").split("."))

    assert msgspec_.specifier.contains(version("msgspec"))
    assert not msgspec_.specifier.contains(f"{major}.{minor + 1}")
