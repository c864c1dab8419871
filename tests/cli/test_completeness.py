"""Everything that the admin API does is done by the typed client and by a verb of the command line, or there is a reason why not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from headworks.cli import build
from headworks.cli.naming import spoken
from headworks.client import Client
from headworks.client.signing_in import token_by_password
from headworks.client.wire import Request, Wire
from headworks.control.admin.operations import OPERATIONS
from headworks.domain.administration.wire.usage import Endpoints
from headworks.domain.records import PartyKind
from headworks.wiring.process_exits import Exit
from tests.admin.house import PASSWORD
from tests.admin.test_whole import control, first_owner, link

REASONS = {
    "setup.use": "the printed link is opened in a browser, or by whatever sets an installation up, before there is a token",
    "login.list": "of signing in through an identity provider, which goes through a browser",
    "login.begin": "likewise",
    "login.end": "likewise",
    "login.ask": "likewise",
    "login.decide": "likewise",
    "login.redeem": "likewise",
}
"""Why there is neither a method nor a verb."""

Run = Callable[..., str]


class Reached:
    """Operations that were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()
        self._places = [
            (each.name, each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path))) for each in reversed(OPERATIONS)
        ]
        ask = Wire.send

        def send(wire: Wire, request: Request) -> bytes:
            fitting = [name for name, method, path in self._places if method == request.method and path.fullmatch(request.path)]
            assert fitting, f"nothing answers {request.method} {request.path}"
            self.names.update(fitting[:1])
            return ask(wire, request)

        monkeypatch.setattr(Wire, "send", send)


def parties(run: Run, names: dict[PartyKind, str]) -> Iterator[str]:
    """All verbs of all kinds; yields one of each that stays."""
    above = ""
    for kind in PartyKind:
        noun, parent = f"{spoken(kind)}s", ("--parent", above) if above else ("--models", "*")
        stays = json.loads(run(noun, "create", names[kind], *parent, "--json"))["id"]
        goes = json.loads(run(noun, "create", "goes", *parent, "--json"))["id"]
        assert "goes" in run(noun, "list", "--limit", "5")
        assert not above or f"{above}  " in run(noun, "list"), "a parent is shown as it is written"
        assert "disabled  true" in re.sub(" +", "  ", run(noun, "change", "goes", "--disabled"))
        assert "disabled  false" in re.sub(" +", "  ", run(noun, "change", goes, "--no-disabled"))
        if above:
            run(noun, "move", goes, above, "--idempotency-key", f"key-of-this-move-{noun}")
        run(noun, "remove", "goes", "--yes")
        assert "goes" not in run(noun, "list")
        assert stays in run(noun, "show", names[kind])
        yield f"{spoken(kind)}:{names[kind]}"
        above = (
            f"{spoken(kind)}:{names[kind]}" if kind in {PartyKind.ORGANISATION, PartyKind.TEAM, PartyKind.PROJECT} else above
        )


def levels(run: Run, owner: str) -> None:
    """All that is said on one level."""
    run("bounds", "change", owner, "--models", "gpt-*", "--regions", "eu")
    assert "gpt-*" in run("bounds", "show", owner)
    assert "regions" not in run("bounds", "change", owner, "--widen", "regions")
    run("bounds", "change", owner, "--tags", "site=bonn", "job=nightly")
    told = run("bounds", "change", owner, "--tags", "site=", "job=daily")
    assert "daily" in told
    assert "site" not in told
    assert "daily" not in run("bounds", "change", owner, "--empty-tags")
    run("limits", "create", owner, "minute", "600", "--per", "1m")
    assert re.search(r"seconds +60$", run("limits", "change", owner, "minute", "500"), re.MULTILINE)
    assert "500" in run("limits", "list", owner)
    assert "day" in run("limits", "change", owner, "minute", "--per", "day")
    assert "60" not in run("limits", "show", owner, "minute")
    run("limits", "remove", owner, "minute", "--yes")
    run("budgets", "create", owner, "monthly", "50", "--calendar", "month")
    run("budgets", "change", owner, "monthly", "--rollover", "5")
    assert json.loads(run("budgets", "show", owner, "monthly", "--json"))["rollover"]["most"] == "5"
    run("budgets", "change", owner, "monthly", "60", "--no-hard", "--rollover", "none", "--models", "*")
    assert "open" in run("budgets", "create", owner, "available", "5", "--on-loss", "open")
    run("budgets", "remove", owner, "available", "--yes")
    run("budgets", "change", owner, "monthly", "--where", "customer=acme", "customer=globex", "--unless", "tag:tier=free")
    told = json.loads(run("budgets", "show", owner, "monthly", "--json"))
    assert (told["models"], told["where"]) == (["*"], {"customer": ["acme", "globex"]})
    assert "where" not in run("budgets", "change", owner, "monthly", "--empty-where")
    assert (told["amount"], told["calendar"], told["hard"]) == ("60", "month", False)
    assert "60" in run("budgets", "list", owner)
    once = ("budgets", "top-up", owner, "monthly", "5", "--idempotency-key", "key-of-this-top-up-" + owner.replace(":", "-"))
    assert run(*once) == run(*once)
    assert len(run("budgets", "top-ups", owner, "monthly", "--json").splitlines()) == 1
    run("budgets", "remove", owner, "monthly", "--yes")


def keys(run: Run, owner: str) -> None:
    """All verbs of keys."""
    key = json.loads(run("keys", "create", "app", "--owner", owner, "--json"))["key"]["id"]
    assert "renamed" in run("keys", "change", key, "--name", "renamed", "--expires-in", "1d")
    levels(run, key)
    assert "yes" in run("keys", "policy", key)
    assert re.search(rf"renamed +{owner} ", run("keys", "list"))
    other = json.loads(run("keys", "rotate", key, "--overlap", "0s", "--json"))["key"]["prefix"]
    once = ("keys", "revoke", other, "--idempotency-key", "key-of-this-revocation", "--json")
    assert run(*once) == run(*once)
    assert "revoked_at" in run("keys", "show", other)
    assert re.fullmatch(r"hw-[0-9A-Za-z]{57}\n", run("keys", "create", "for-a-script", "--owner", owner)), "the key alone"
    run("keys", "remove", key, "--yes")
    assert key not in run("keys", "list", "--owner", owner)


def people(run: Run, password: Path) -> None:
    """Administrators, roles, tokens, sessions."""
    run("administrators", "create", "bob", "--role", "developer", "--on", "team:research", "--password-file", str(password))
    assert "bob@example.com" in run("administrators", "change", "bob", "--email", "bob@example.com")
    assert "bob" in run("administrators", "list")
    grant = json.loads(run("grants", "create", "bob", "auditor", "--on", "organisation:acme", "--json"))["id"]
    assert re.search(rf"{grant} +bob +auditor +organisation:acme", run("grants", "list", "--administrator", "bob"))
    run("grants", "remove", grant, "--yes")
    run("administrators", "show", "bob")
    run("administrators", "remove", "bob", "--yes")
    token = json.loads(run("tokens", "create", "ci", "--scopes", "keys:read", "--expires-in", "1d", "--json"))["token"]["id"]
    run("tokens", "revoke", token, "--idempotency-key", "key-of-this-revocation-too")
    assert "keys:read" in run("tokens", "list")
    session = json.loads(run("sessions", "list", "--json").splitlines()[0])["id"]
    run("sessions", "remove", session, "--yes")
    run("password", "change", "--old-password-file", str(password), "--password-file", str(password))
    assert "ann" in run("whoami")


def everything(run: Run, password: Path) -> None:
    for owner in parties(run, {PartyKind.ORGANISATION: "acme", PartyKind.TEAM: "research"} | _OTHERS):
        levels(run, owner)
    keys(run, "service-account:robot")
    people(run, password)
    assert "input_tokens" in run("usage", "list", "--group-by", "model", "--customers", "ann")
    for kind in get_args(Endpoints):
        run("usage", "list", "--of", kind, "--per", "1h", "--since", "1d")
    run("costs", "list", "--group-by", "model", "key", "--projects", "alpha", "--users", "robot", "--organisations", "acme")
    assert len(run("audit", "list", "--limit", "3").splitlines()) == 4


_OTHERS = {PartyKind.PROJECT: "alpha", PartyKind.USER: "ann", PartyKind.SERVICE_ACCOUNT: "robot"}


def refusals(run: Run, words: Callable[[], str]) -> None:
    """What does not work says what to do."""
    for code, wanted, line in (
        (Exit.USAGE, "add --yes", "teams remove research"),
        (Exit.USAGE, "team:research", "keys list --owner research"),
        (Exit.USAGE, "headworks teams list", "keys list --owner team:nobody"),
        (Exit.USAGE, "There is none", "limits change team:research minute 5"),
        (Exit.USAGE, "45s, 30m, 12h or 90d", "keys create k --owner team:research --expires-in soon"),
        (Exit.USAGE, "keys:read", "tokens create x --scopes keys:reed"),
        (Exit.FAILED, "Say which models", "organisations create other"),
        (Exit.FAILED, "time zone", "limits create team:research a 5 --per day --zone Nowhere/Land"),
        (Exit.UNAVAILABLE, "Is the control plane running", "teams list --url http://127.0.0.1:1"),
    ):
        words()
        assert build()(line.split(), result_action="return_value") == code, line
        assert wanted in words(), line
    assert "research" in run("teams", "list"), "nothing was removed"


def of_other_installations(words: Callable[[], str], folder: Path) -> None:
    """Verbs that the one of this test has no use for: what they ask is what counts here."""
    document = folder / "headworks.yaml"
    document.write_text("journal: {}\n")
    for line in (
        "config list",
        "config show 1",
        "config diff 1",
        f"config apply {document} --based-on any",
        "config rollback 1 --based-on any",
        "rollouts list --model support",
        "rollouts start support 12 --steps 5% 100% --gates errors=1% cost --shadow 10% --lasting 5m",
        *(f"rollouts {verb} roll_1 --comment why" for verb in ("promote", "pause", "resume", "rollback", "freeze")),
        "rollouts show roll_1",
        "rollouts freeze roll_1 --thaw --based-on 3",
        "customers list --organisation acme --name zoe",
        f"customers show cus_{24 * 'a'}",
        f"customers forget cus_{24 * 'a'} --yes",
        "identities create ann --provider okta --subject 00u1",
        "identities remove ann --yes",
    ):
        assert build()(line.split(), result_action="return_value") in {Exit.OK, Exit.FAILED}, line
    words()


async def story(folder: Path, output: Callable[[], str], words: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")

    def run(*line: str) -> str:
        assert build()(line, result_action="return_value") == Exit.OK, (line, words())
        return output()

    async with control(folder, said) as address:
        token = await first_owner(address, await link(said))
        reached = Reached(monkeypatch)
        for name, value in (("ADMIN_TOKEN", token), ("URL", address)):
            monkeypatch.setenv(f"HEADWORKS_{name}", value)
        await asyncio.to_thread(everything, run, password)
        await asyncio.to_thread(refusals, run, words)
        await asyncio.to_thread(of_other_installations, words, folder)
        await asyncio.to_thread(by_client_alone, address, token)
    assert {each.name for each in OPERATIONS} - reached.names == set(REASONS)


def by_client_alone(address: str, token: str) -> None:
    """What programs ask, and `headworks login`, which wants somebody who types."""
    with Client(address, token) as admin:
        assert b"openapi" in admin.document()
    token_by_password(address, "ann", PASSWORD, label="test", expires_at=datetime(2100, 1, 1, tzinfo=UTC))


def test_what_the_api_does_once_for_a_key_is_done_once_by_its_verb() -> None:
    lacking = [each.name for each in OPERATIONS if each.repeatable and not takes_key(each.name)]
    assert lacking == []


def takes_key(operation: str) -> bool:
    noun, *_, verb = operation.replace("revisions", "config").replace("_", "-").split(".")
    command = build()["budgets" if verb == "top-up" else noun][verb]
    return any("--idempotency-key" in argument.names for argument in command.assemble_argument_collection())


def test_every_operation_has_a_method_and_a_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(story(tmp_path, lambda: capsys.readouterr().out, lambda: capsys.readouterr().err, monkeypatch))
