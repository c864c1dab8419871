"""A newcomer's first hour, as the guide to administration tells it: from the printed link to a revoked key, on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from headworks.cli import build
from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.people import Me, Setup, TokenAsked, TokenMade
from headworks.testing.emulator import EmulatorProcess, Personality

from .house import RunningHouse

PASSWORD = "correct horse battery"
Run = Callable[..., str]


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(Personality(name="openai")) as running:
        yield running


@pytest.fixture
def house(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[RunningHouse]:
    config: dict[str, Any] = {
        "providers": {"openai": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
        "models": {"gpt": "openai/gpt-5"},
        "prices": {"openai/*": {"input": 1, "output": 2}},
        "keys": {},
    }
    with RunningHouse(tmp_path, config) as running:
        yield running


@pytest.fixture
def run(house: RunningHouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of somebody who has used the printed link."""
    monkeypatch.setenv("HEADWORKS_URL", house.control)
    monkeypatch.setenv("HEADWORKS_ADMIN_TOKEN", first_token(house))

    def command(line: str) -> str:
        assert build()(line.split(), result_action="return_value") == 0, (line, capsys.readouterr().err)
        return capsys.readouterr().out

    return command


def first_token(house: RunningHouse) -> str:
    """Of whoever opens the link first."""
    house.wait_for(lambda: b"/admin/setup#" in house.output.read_bytes(), "the link")
    link = re.search(r"/admin/setup#(\S+)", house.output.read_text())
    assert link is not None
    wire = Wire(house.control, "", 30.0)
    me = wire.ask(Request(method="POST", path="/setup", body=Setup(link=link[1], name="ann", password=PASSWORD)), Me)
    wire.sign_with_session(me.csrf or "")
    made = wire.ask(Request(method="POST", path="/tokens", body=TokenAsked(name="cli")), TokenMade)
    wire.close()
    return made.secret


def is_refused(ask: Callable[[], object], how: type[openai.APIStatusError]) -> bool:
    try:
        ask()
    except how:
        return True
    return False


def test_from_an_organisation_to_a_revoked_key(house: RunningHouse, run: Run) -> None:
    run("organisations create acme --models gpt*")
    run("teams create research --parent acme")
    run("projects create alpha --parent research")
    run("service-accounts create robot --parent alpha")
    made = json.loads(run("keys create app --owner service-account:robot --expires-in 90d --json"))
    key = made["key"]["id"]
    run(f"limits create {key} minute 2 --per 1m")
    run(f"budgets create {key} monthly 5 --calendar month")
    assert "budget     key app: monthly" in run(f"keys policy {key}")

    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=made["secret"], max_retries=0) as sdk:

        def ask() -> object:
            return sdk.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hello"}])

        for _ in range(2):
            ask()
        with pytest.raises(openai.RateLimitError, match="key/app/minute"):
            ask()

        def requests() -> list[int]:
            told = run("usage list --group-by api_key_id --json").splitlines()
            results = [result for line in told for result in json.loads(line)["results"]]
            return [result["num_model_requests"] for result in results if result["api_key_id"] == key]

        house.wait_for(lambda: requests() == [2], "the ledger to have booked both")
        assert re.search(rf"app +{key} +0\.0\d+ +USD", run(f"costs list --group-by key --keys {key}"))
        assert re.search(rf"app +{key} +gpt ", run("usage list --group-by key model --projects alpha"))

        rotated = json.loads(run(f"keys rotate {key} --json"))
        successor = sdk.with_options(api_key=rotated["secret"])
        with pytest.raises(openai.RateLimitError, match="key/app/minute"):
            successor.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hello"}])

        run(f"limits remove {key} minute --yes")
        house.wait_for(lambda: not is_refused(ask, openai.RateLimitError), "the limit to be gone")
        run(f"keys revoke {key}")
        house.wait_for(lambda: is_refused(ask, openai.AuthenticationError), "the key to be refused")
    assert "keys.revoke" in run("audit list --limit 1")
