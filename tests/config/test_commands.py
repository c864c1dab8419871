"""`headworks check`, `init` and `prices`: what they print and how they end."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from headworks.cli.check import check, config_schema
from headworks.cli.init import init
from headworks.cli.models import models as list_models
from headworks.cli.prices import prices
from headworks.providers.catalog import shipped_catalog
from headworks.providers.price_table import PriceTable

GOOD = """\
models:
  smart: [openai/gpt-4o, vllm/llama]
  spare: {targets: [vllm/llama], fallbacks: [smart]}
  "openai/*": openai/*
keys:
  me: {key: "${HW_KEY}", team: search, models: [smart], limits: {concurrent: 3, budget: 2.5 USD}}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("HW_KEY", "hw-environment")
    monkeypatch.setenv("COLUMNS", "160")


def test_a_usable_configuration_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text(GOOD)

    assert check(file) == 0

    shown = capsys.readouterr().out
    for words in (
        "can be used: revision",
        "openai/gpt-4o",
        "genai-prices",
        "self-hosted",
        "else smart",
        "openai/*",
        "search",
        "3 requests under way at once, 2.5 USD",
    ):
        assert words in shown
    assert "environment" not in shown


def test_a_provider_of_the_catalogue_is_named_and_that_is_all_where_the_environment_says_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the name of a resource, which no variable has. Names are looked for in what programs read: a table may cut them."""
    rows = {name: row for name, row in shipped_catalog().providers.items() if row.root}
    for row in rows.values():
        for variable in (*row.key_env, *(each for variables in row.settings_env.values() for each in variables)):
            monkeypatch.setenv(variable, "set")
    unnamed = "".join(f"  {name}: {{resource: acme}}\n" for name, row in rows.items() if "{resource}" in row.root)
    models = "".join(f"  of-{name}: {{targets: [{{model: {name}/some-model, price: free}}]}}\n" for name in rows)
    file = tmp_path / "headworks.yaml"
    file.write_text(f"providers:\n{unnamed}models:\n{models}keys: {{me: {{key: hw-1}}}}\n")

    assert check(file, json=True) == 0
    checked = capsys.readouterr().out
    assert list_models(config=file, json=True) == 0
    listed = capsys.readouterr().out

    assert [name for name in rows if f'"{name}/some-model"' not in checked] == []
    assert [name for name in rows if f'"of-{name}"' not in listed] == []


def test_where_nobody_looks_at_a_terminal_no_line_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    file = tmp_path / "headworks.yaml"
    file.write_text(GOOD.replace("${HW_KEY}", "hw-in-the-open"))

    assert check(file) == 0

    shown = capsys.readouterr().out
    assert re.search(r"^smart +openai/gpt-4o +0 +1 .*genai-prices [0-9.]+ *$", shown, re.MULTILINE)
    assert "look  keys.me.key: A key stands in the document itself." in shown


@pytest.mark.parametrize("text", ["", "null\n", "open_door: true\n"])
def test_one_without_models_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text(text)

    assert check(file) == 78
    assert "there is no" in capsys.readouterr().err


def test_one_without_keys_can_be_used_and_is_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    file = tmp_path / "headworks.yaml"
    file.write_text("models: {smart: openai/gpt-4o}\n")

    assert check(file) == 0
    assert "headworks keys create" in capsys.readouterr().out


def test_two_doors_on_one_port_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text(GOOD + "server: {port: 4456}\n")

    assert check(file) == 78
    assert "This is server.port too" in capsys.readouterr().err


def test_an_unusable_one_is_refused_with_its_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text("modles: {}\n")

    assert check(file) == 78

    said = capsys.readouterr().err
    assert f"{file}:1:1: Unknown key 'modles'" in said
    assert said.endswith(f"1 problem: {file} cannot be used.\n")


def test_a_missing_file_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path / "none.yaml") == 78
    assert "Make one with: headworks init" in capsys.readouterr().err


def test_programs_read_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text(GOOD)

    assert check(file, json=True) == 0

    said = json.loads(capsys.readouterr().out)
    assert said["usable"]
    assert [model["name"] for model in said["models"]] == ["smart", "spare"]
    assert said["models"][0]["targets"][0]["price"] == {"input": "2.5", "output": "10", "source": "genai-prices 0.2.3"}
    assert said["patterns"] == {"openai/*": ["openai/*"]}
    assert said["keys"][0]["limits"] == {"concurrent": "3 requests under way at once", "budget": "2.5 USD"}


def test_programs_read_mistakes_with_their_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text("server:\n  port: x\n")

    assert check(file, json=True) == 78

    assert json.loads(capsys.readouterr().out) == {
        "usable": False,
        "problems": [
            {
                "path": "server.port",
                "message": "Expected a whole number for 'port', got text.",
                "hint": "",
                "line": 2,
                "column": 9,
            }
        ],
    }


def test_the_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(schema=True) == 0

    schema = json.loads(capsys.readouterr().out)
    assert schema == json.loads(config_schema())
    assert {"providers", "models", "keys", "prices", "server"} <= set(schema["$defs"]["Config"]["properties"])


def test_a_first_configuration_is_short_and_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"

    assert init(file) == 0
    assert check(file) == 0

    assert len(file.read_text().splitlines()) <= 12
    assert "headworks check" in capsys.readouterr().out


def test_every_first_configuration_has_a_key_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys: set[str] = set()
    for name in ("one.yaml", "two.yaml"):
        assert init(tmp_path / name) == 0
        (key,) = re.findall(r"hw-[0-9A-Za-z]{57}", capsys.readouterr().out)
        assert f"HEADWORKS_KEY:-{key}" in (tmp_path / name).read_text()
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
        keys.add(key)
    assert len(keys) == 2


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text("mine")

    assert init(file) == 1
    assert file.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert init(file, force=True) == 0
    assert file.read_text() != "mine"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(tmp_path / "no" / "headworks.yaml") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_without_its_source_a_price_table_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert prices(tmp_path / "prices.json") == 69

    assert "pip install 'headworks[prices]'" in capsys.readouterr().err
    assert not (tmp_path / "prices.json").exists()


def test_a_place_where_no_price_table_can_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prices(tmp_path / "no" / "prices.json") == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_price_table_can_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prices.json"

    assert prices(file) == 0

    assert "price_table:" in capsys.readouterr().out
    assert PriceTable(file.read_bytes()).version.startswith("genai-prices ")
