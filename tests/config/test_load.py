"""From a file on disk to a compiled configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import compile_reading
from headworks.wiring.config_file import ConfigRefused, read_config
from headworks.wiring.load import ConfigFile, as_of, compiled_apart, givens, read_text

ENV = {"OPENAI_API_KEY": "sk"}
KEYS = "".join(
    f"  key{number}: {{sha256: f{number:063x}, team: t{number % 7}, limits: {{concurrent: {number % 5 + 1}, budget: 2.5 USD}}}}\n"
    for number in range(3_000)
)
LARGE = (
    "models:\n"
    '  "openai/*": openai/*\n'
    "  m: {targets: [openai/gpt-4o, {model: openai/gpt-4.1, price: free}], fallbacks: [n]}\n"
    "  n: [openai/gpt-4o]\n"
    "prices: {openai/gpt-4o: {input: {base: 0.1, above: {1000: 0.2}}, output: 1e-3}}\n"
    "keys:\n" + KEYS
)


def config_file(path: Path, text: str) -> ConfigFile:
    path.write_text(text)
    return ConfigFile(path, ENV, FrozenClock())


def test_a_large_document_read_apart_is_the_same_configuration(tmp_path: Path) -> None:
    """It crosses to this process as MessagePack: same revision, same meaning."""
    here = givens(ENV, FrozenClock())

    apart = compiled_apart(LARGE, here)

    whole = compile_reading(read_config(LARGE), here)
    assert apart is not None
    assert apart.config == whole.config
    assert apart.snapshot.revision == whole.snapshot.revision
    assert apart.snapshot.principals == whole.snapshot.principals
    assert config_file(tmp_path / "headworks.yaml", LARGE).load().snapshot.revision == whole.snapshot.revision


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("  last: {sha256: 12}\n", "3007:18: Expected text for 'sha256', got a whole number."),
        ("  last: {key: hw-1, models: [x]}\n", "3007:30: There is no model 'x'."),
    ],
)
def test_mistakes_in_a_large_document_are_told_where_they_stand(tmp_path: Path, wrong: str, expected: str) -> None:
    path = tmp_path / "headworks.yaml"
    with pytest.raises(ConfigRefused) as refused:
        config_file(path, LARGE + wrong).load()

    assert str(refused.value).startswith(f"{path}:{expected}")


def test_a_file_is_compiled_as_of_now() -> None:
    clock = FrozenClock()
    known = givens(ENV, clock)
    clock.advance(3_600)

    assert (as_of(known, clock).at - known.at).total_seconds() == 3_600
    assert as_of(known, clock).directory == known.directory


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "headworks.yaml"
    path.write_bytes(b"models: \xff\n")

    with pytest.raises(ConfigRefused, match="it is not UTF-8"):
        ConfigFile(path, ENV, FrozenClock()).load()


def test_a_file_too_large_to_be_meant_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.write_bytes(b"#" * 8_400_000)

    with pytest.raises(OSError, match="larger than"):
        read_text(str(path))
