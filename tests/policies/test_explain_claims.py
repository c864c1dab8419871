"""`headworks explain access --claims` says what the bearer of a token may, without the token."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.cli import build
from headworks.domain.records import Bounds
from tests.sql.house import AUDIT, house, migrate, organisation, team

ISS = "https://login.example.com/"
CLAIMS = {"iss": ISS, "aud": "headworks", "exp": 4_000_000_000, "sub": "ann@acme.example", "groups": ["guests", "research"]}
CONFIG = f"""\
providers: {{openai: {{api_key: x}}}}
models: {{smart: openai/gpt-4o, fast: openai/gpt-4o-mini}}
policies: {{no-long: {{when: 'principal.startsWith("jwt:corporate:") && max_tokens > 4000', message: "4000 tokens are enough"}}}}
keys: {{me: {{key: hw-1}}}}
identity:
  issuers:
    corporate: {{issuer: "{ISS}", audience: headworks, organisation: org_acme, claims: {{team: groups}}}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration that trusts an issuer, and the organisation that it is bound to."""
    url = f"sqlite:///{tmp_path}/records.db"
    path = tmp_path / "headworks.yaml"
    path.write_text(f"database: {url}\n{CONFIG}")
    migrate(url)

    async def fill() -> None:
        acme = organisation("acme")
        async with house(url) as there:
            for party, bounds in ((acme, Bounds(models=("*",))), (team("research", acme), Bounds(models=("fast",)))):
                await there.records.add_party(msgspec.structs.replace(party, bounds=bounds), reach=("*",), audit=AUDIT)

    asyncio.run(fill())
    return path


def run(*words: str) -> object:
    try:
        return build()(["explain", "access", *words], result_action="return_value")
    except SystemExit as ended:
        return ended.code


def told(file: Path, capsys: pytest.CaptureFixture[str], claims: dict[str, Any], model: str, *more: str) -> dict[str, Any]:
    run(str(file), "--claims", json.dumps(claims), "--model", model, "--json", *more)
    return json.loads(capsys.readouterr().out)


def test_claims_lead_to_the_levels_that_decide(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = (told(file, capsys, CLAIMS, model, "--max-tokens", "9") for model in ("fast", "smart"))

    assert good["allowed"], good
    assert good["levels"] == ["organisation acme", "team research", "corporate token"]
    assert good["key"].startswith("jwt:corporate:")
    assert "ann@" not in json.dumps(good)
    assert [step["by"] for step in bad["steps"] if not step["passes"]] == ["team research"]


def test_policies_see_who_asks(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(file, capsys, CLAIMS, "fast", "--max-tokens", "9000")["code"] == "policy_denied"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://elsewhere.example"}, f"trusts no issuer of that name ('iss'). Known: {ISS}."),
        ({"aud": "another service"}, "Its claim 'aud' does not fit"),
        ({"exp": 1}, "It has expired"),
        ({"groups": ["guests"]}, "leads to no team of its organisation"),
        ({"sub": ""}, "says nothing of whom it speaks for"),
    ],
)
def test_what_the_gateway_would_refuse_is_refused_with_its_reason(
    file: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, object], why: str
) -> None:
    decision = told(file, capsys, CLAIMS | changed, "fast")

    assert (decision["allowed"], decision["code"]) == (False, "invalid_api_key")
    assert why in decision["message"]


def test_claims_come_from_a_file_too(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "claims.json"
    written.write_text(json.dumps(CLAIMS))
    assert run(str(file), "--token-claims", str(written), "--model", "fast", "--max-tokens", "9") == 0
    assert run(str(file), "--token-claims", str(written), "--model", "smart", "--max-tokens", "9") == 1
    assert "denied: organisation acme / team research / corporate token asks 'smart'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give --key, --claims, --token-claims or --certificate"),
        (("--key", "me", "--claims", "{}"), "Give --key, --claims, --token-claims or --certificate"),
        (("--claims", "eyJhbGciOiJSUzI1NiJ9.e30.x"), "These are no claims: write a JSON object"),
        (("--token-claims", "nowhere.json"), "it cannot be read (FileNotFoundError)"),
    ],
)
def test_words_that_name_nobody_are_told(
    file: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run(str(file), "--model", "fast", *words) == 2
    assert said in capsys.readouterr().err


def test_a_database_without_tables_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "records.db").unlink()

    assert run(str(file), "--claims", json.dumps(CLAIMS), "--model", "fast") not in {0, None}
    said = capsys.readouterr().err
    assert said.startswith("The database sqlite:")
    assert "headworks database upgrade" in said
