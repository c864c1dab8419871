"""The admin API in a control process, from the printed link to a revoked key: by HTTP, by the typed client, by the command line."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from headworks.cli import build
from headworks.cli.administering import Credentials, credentials_path
from headworks.client import Client, Refused, Unreachable
from headworks.control.admin.entrance import Entrance
from headworks.control.process import ControlPlan, run_control
from headworks.domain.administration import Role, Scope
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody
from headworks.domain.administration.wire.keys import KeyAsked, KeyPatch
from headworks.domain.administration.wire.parties import PartyAsked, PartyPatch
from headworks.domain.administration.wire.people import AdministratorAsked, TokenAsked
from headworks.stores.sql.engine import Database
from headworks.wiring.administration import open_door
from headworks.wiring.clock import SystemClock
from headworks.wiring.tables import make_tables
from tests.admin.house import PASSWORD


class Sink:
    """Takes the request log, which nobody reads here."""

    def write(self, data: bytes) -> None:
        del data

    def flush(self) -> None:
        """Nothing waits."""


@asynccontextmanager
async def control(
    folder: Path, said: list[str], enter: Callable[[str], Entrance | None] = lambda _: None
) -> AsyncGenerator[str]:
    """A control process over a fresh database; its address. `enter`: from that to the ways in."""
    listener, clock, stop = socket.create_server(("127.0.0.1", 0)), SystemClock(), asyncio.Event()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    journal = folder / "journal"
    journal.mkdir()
    database = Database(f"sqlite:///{folder / 'headworks.db'}")
    plan = ControlPlan(
        journal=journal,
        output=Sink(),
        prepare=lambda: make_tables(database, clock, said.append),
        admin=open_door(database, journal, [listener], clock, said.append, entrance=enter(address)),
    )
    running = asyncio.create_task(run_control(plan, [listener], clock, said.append, stop))
    try:
        yield address
    finally:
        stop.set()
        await running
        await database.close()


async def link(said: list[str]) -> str:
    """The secret of the link that is printed at the first start."""
    async with asyncio.timeout(20):
        while True:
            for line in said:
                if found := re.search(r"/admin/setup#(\S+)", line):
                    return found[1]
            await asyncio.sleep(0.01)


async def ask(address: str, method: str, path: str, body: object = None, headers: str = "") -> tuple[int, str]:
    """One request, by hand."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sent = json.dumps(body) if body is not None else ""
    writer.write(
        f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n"
        f"content-length: {len(sent)}\r\n{headers}\r\n{sent}".encode()
    )
    answer = (await asyncio.wait_for(reader.read(), 20)).decode()
    writer.close()
    return int(answer.split()[1]), answer


async def first_owner(address: str, secret: str) -> str:
    """Use the link up; answers an admin token."""
    setup = {"link": secret, "name": "ann", "password": PASSWORD}
    status, page = await ask(address, "GET", "/admin/setup")
    assert status == 200
    assert secret not in page
    for wrong in ({"link": "guess"}, {"password": "short"}):
        assert (await ask(address, "POST", "/admin/v1/setup", setup | wrong))[0] in {403, 422}
    status, answer = await ask(address, "POST", "/admin/v1/setup", setup)
    assert status == 201
    assert (await ask(address, "POST", "/admin/v1/setup", setup | {"name": "bob"}))[0] == 403, "a link is good for one use"
    head, _, body = answer.partition("\r\n\r\n")
    cookie = re.search(r"set-cookie: ([^;]+); .*HttpOnly; SameSite=Strict", head, re.IGNORECASE)
    assert cookie is not None
    signed_in = f"cookie: {cookie[1]}\r\nx-headworks-csrf: {json.loads(body)['csrf']}\r\n"
    status, made = await ask(address, "POST", "/admin/v1/tokens", {"name": "cli"}, signed_in)
    assert status == 201
    return str(json.loads(made.partition("\r\n\r\n")[2])["secret"])


def by_client(address: str, token: str) -> None:
    with Client(address, token) as admin:
        assert admin.me().name == "ann"
        acme = admin.organisations.create(PartyAsked(name="acme", bounds=BoundsBody(models=("*",))))
        team = admin.teams.create(PartyAsked(name="research", parent=acme.id))
        teams = [admin.teams.create(PartyAsked(name=f"t{number}", parent=acme.id)).id for number in range(3)]
        assert [each.id for each in admin.teams.list(under=acme.id)] == [team.id, *teams]
        lab = admin.teams.update(team.id, PartyPatch(name="lab"), version=team.version)
        with pytest.raises(Refused) as stale:
            admin.teams.update(team.id, PartyPatch(name="other"), version=team.version)
        assert stale.value.code == "stale"
        assert (
            admin.teams.put_budget(team.id, "month", BudgetBody(amount="12.50"), version=lab.version).budgets["month"].amount
            == "12.5"
        )
        assert admin.teams.remove_budget(team.id, "month").budgets == {}
        admin.teams.move(teams[0], acme.id)
        admin.teams.remove(teams[0])
        key = admin.keys.create(KeyAsked(owner=team.id, name="app", bounds=BoundsBody(models=("gpt-*",))))
        assert re.fullmatch(r"hw-[0-9A-Za-z]{57}", key.secret)
        admin.keys.update(key.key.id, KeyPatch(name="renamed"))
        assert [each.name for each in admin.keys.list(prefix=key.key.prefix)] == ["renamed"]
        assert admin.keys.policy(key.key.id).models == (("*",), ("gpt-*",))
        person = admin.administrators.create(
            AdministratorAsked(name="bob", password=PASSWORD, role=Role.DEVELOPER, party=team.id)
        )
        grant = admin.grants.create(person.id, Role.AUDITOR, acme.id)
        assert [each.role for each in admin.grants.list(administrator=person.id)] == [Role.DEVELOPER, Role.AUDITOR]
        admin.grants.remove(grant.id)
        admin.administrators.remove(person.id, version=admin.administrators.read(person.id).version)
        narrow = admin.tokens.create(TokenAsked(name="narrow", scopes=(Scope.AUDIT_READ,)))
        with Client(address, narrow.secret) as auditor:
            assert next(auditor.audit()).facts["operation"] == "tokens.create"
            with pytest.raises(Refused, match="keys:read"):
                list(auditor.keys.list())
        admin.tokens.revoke(narrow.token.id)
        assert {each.name for each in admin.tokens.list()} == {"cli", "narrow"}
    with pytest.raises(Refused, match="not known"), Client(address, "hwa-wrong") as stranger:
        stranger.me()
    with pytest.raises(Unreachable), Client("http://127.0.0.1:1", token) as lost:
        lost.me()


def _typed(password: str) -> Callable[[str], str]:
    def ask_for_password(_asked: str) -> str:
        return password

    return ask_for_password


def _gone(_asked: str) -> str:
    raise EOFError


def days_left() -> int:
    """Of the token that the command line keeps."""
    kept = msgspec.json.decode(credentials_path().read_bytes(), type=Credentials)
    with Client(kept.url, kept.token) as admin:
        it = next(each for each in admin.tokens.list() if kept.token.startswith(each.prefix))
        assert it.expires_at is not None
        assert it.created_at is not None
        return (it.expires_at - it.created_at).days


def by_command_line(told: Callable[[], str]) -> None:
    def run(*words: str) -> str:
        assert build()(words, result_action="return_value") == 0, words
        return told()

    assert "as ann" in run("login")
    with pytest.MonkeyPatch.context() as typing:
        typing.delenv("HEADWORKS_ADMIN_TOKEN")
        typing.setattr("headworks.cli.login.typed", _typed(PASSWORD))
        logged_in = run("login", "--name", "ann", "--days", "7")
        assert re.search(r"as ann\..* good until \d{4}-\d\d-\d\d.* \(--days\)", logged_in), "a day on which it ends"
        assert build()(("login", "--name", "ann", "--days", "0"), result_action="return_value") == 1
        password_file = credentials_path().with_name("password")
        password_file.write_text(f"{PASSWORD}\n")
        run("login", "--name", "ann", "--password-file", str(password_file))
        assert days_left() in {29, 30}
        assert "acme" in run("organisations", "list")
        typing.setattr("headworks.cli.login.typed", _typed("a wrong password"))
        assert build()(("login", "--name", "ann"), result_action="return_value") == 1
        typing.setattr("headworks.cli.login.typed", _gone)
        assert build()(("login", "--name", "ann"), result_action="return_value") == 1
    project = json.loads(run("projects", "create", "alpha", "--parent", "lab", "--json"))
    made = json.loads(
        run(
            "keys",
            "create",
            "cli",
            "--owner",
            "team:lab",
            "--models",
            "gpt-*",
            "--budget",
            "5",
            "--expires-in",
            "30d",
            "--json",
        )
    )
    assert made["key"]["bounds"]["budgets"]["monthly"]["amount"] == "5"
    assert made["secret"] not in run("keys", "list")
    assert "2.5 USD were added to budget 'monthly'" in run("budgets", "top-up", made["key"]["id"], "monthly", "2.5")
    run("budgets", "top-up", made["key"]["id"], "monthly", "4", "--period", "next")
    listed = run("budgets", "top-ups", made["key"]["id"], "monthly", "--json").splitlines()
    assert [json.loads(line)["amount"] for line in listed] == ["2.5", "4"]
    assert build()(("budgets", "top-up", "nonsense", "monthly", "4"), result_action="return_value") == 2
    grouped = ("budgets", "top-up", made["key"]["id"], "monthly", "4", "--group", "customer")
    assert build()(grouped, result_action="return_value") == 2
    run("budgets", "change", made["key"]["id"], "monthly", "--rollover", "2")
    assert "monthly, 5 USD a month, and up to 2 left over by the period before" in run("keys", "policy", made["key"]["id"])
    rotated = run("keys", "rotate", made["key"]["id"], "--overlap", "1h")
    assert rotated.startswith("hw-")
    run("keys", "revoke", made["key"]["id"])
    assert "It was revoked" in run("keys", "policy", made["key"]["id"])
    shown = run("keys", "show", made["key"]["prefix"])
    assert made["key"]["id"] in shown
    assert "usable  no. It was revoked at" in shown
    assert project["id"] in run("projects", "list")
    assert build()(("keys", "create", "x", "--owner", "team:nobody"), result_action="return_value") == 2
    assert build()(("keys", "revoke", f"key_{0:032x}"), result_action="return_value") == 1
    run("logout")


async def story(folder: Path, told: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    async with control(folder, said) as address:
        token = await first_owner(address, await link(said))
        await asyncio.to_thread(by_client, address, token)
        monkeypatch.setenv("HEADWORKS_ADMIN_TOKEN", token)
        monkeypatch.setenv("HEADWORKS_URL", address)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
        await asyncio.to_thread(by_command_line, told)
        assert (await ask(address, "GET", "/metrics"))[0] == 200
    kept = (folder / "headworks.db").read_bytes()
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept
    assert token not in "".join(said)


def test_from_the_printed_link_to_a_revoked_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(story(tmp_path, lambda: capsys.readouterr().out, monkeypatch))
