"""`headworks login --sso`, from the command line through a browser and a provider and back: all of it over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from headworks.cli import build
from headworks.control.admin.entrance import Entrance
from headworks.domain.config import OidcRule
from headworks.identity.oidc import RelyingParty
from headworks.wiring.clock import SystemClock
from headworks.wiring.entrance import provider_of
from headworks.wiring.fetch import fetch, post
from headworks.wiring.process_exits import Exit
from tests.admin.provider import CLIENT, SECRET, Provider
from tests.admin.signing_in import ROLES
from tests.admin.test_whole import control, link


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider(SystemClock.wall_ns() // 10**9)
    running.start()
    yield running
    running.stop()


class Browser:
    """In place of the machine's: goes where it is sent, and keeps what came of it."""

    def __init__(self) -> None:
        self.pages: list[tuple[int, str]] = []
        self.confirms = True
        """Whether its owner presses the one button or the other, where asked."""
        self._visits: list[threading.Thread] = []

    def open(self, url: str) -> bool:
        """Returns at once, as browsers do."""
        self._visits.append(threading.Thread(target=self._visit, args=(url,)))
        self._visits[-1].start()
        return True

    def _visit(self, url: str) -> None:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        try:
            self._read(opener, url)
            if found := re.search(r'name="confirmation" value="([^"]+)"', self.pages[-1][1]):
                body = json.dumps({"confirmation": found[1], "granted": self.confirms}).encode()
                address = url.partition("?")[0] + "/decision"
                decision = urllib.request.Request(address, body, {"content-type": "application/json"})  # noqa: S310 - of the test's own server
                with opener.open(decision, timeout=20) as decided:
                    self._read(opener, json.load(decided)["location"])
        except urllib.error.HTTPError as refusal:
            with refusal:
                self.pages.append((refusal.code, refusal.read().decode()))

    def _read(self, opener: urllib.request.OpenerDirector, url: str) -> None:
        with opener.open(url, timeout=20) as page:
            self.pages.append((page.status, page.read().decode()))

    def close(self) -> None:
        for visit in self._visits:
            visit.join(20)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Browser]:
    its = Browser()
    monkeypatch.setattr("webbrowser.open", its.open)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("HEADWORKS_ADMIN_TOKEN", raising=False)
    yield its
    its.close()


def run(*line: str) -> int:
    return build()(line, result_action="return_value")


def entrance(provider: Provider, address: str) -> Entrance:
    rule = OidcRule(issuer=provider.url, client_id=CLIENT, client_secret=SECRET, roles=ROLES, provision=True)
    known = RelyingParty(provider_of("corporate", rule), fetch, post, SystemClock())
    return Entrance(url=address, parties={"corporate": known})


@asynccontextmanager
async def opened(folder: Path, provider: Provider) -> AsyncGenerator[str]:
    """A control process with this way in, once it has its tables; its address."""
    said: list[str] = []
    async with control(folder, said, lambda address: entrance(provider, address)) as address:
        await link(said)
        yield address


def test_whoever_signs_in_in_the_browser_has_a_token_on_the_command_line(
    tmp_path: Path, provider: Provider, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with opened(tmp_path, provider) as address:
            assert await asyncio.to_thread(run, "login", "--sso", "--url", address) == Exit.OK
            told = capsys.readouterr()
            shown = re.search(r"[B-Z]{4}-[B-Z]{4}", browser.pages[0][1])
            assert shown
            assert shown[0] in told.err
            assert socket.gethostname() in browser.pages[0][1]
            assert "as ann@example.com" in told.out
            kept = json.loads((tmp_path / "headworks" / "login.json").read_text())
            assert kept["token"].startswith("hwa-")
            assert kept["token"] not in told.out + told.err
            assert await asyncio.to_thread(run, "keys", "list") == Exit.OK

    asyncio.run(story())
    browser.close()
    assert [status for status, _ in browser.pages] == [200, 200]
    assert "can be closed" in browser.pages[1][1]


def test_who_denies_it_in_the_browser_logs_nobody_in(
    tmp_path: Path, provider: Provider, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    browser.confirms = False

    async def story() -> None:
        async with opened(tmp_path, provider) as address:
            assert await asyncio.to_thread(run, "login", "--sso", "--url", address) == Exit.FAILED
            await asyncio.to_thread(browser.close)

    asyncio.run(story())
    assert "denied" in capsys.readouterr().err
    assert "Denied" in browser.pages[1][1]
    assert not (tmp_path / "headworks" / "login.json").exists()


def test_a_provider_that_is_not_there_is_named_before_anything_is_opened(
    tmp_path: Path, provider: Provider, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with opened(tmp_path, provider) as address:
            assert await asyncio.to_thread(run, "login", "--sso", "--provider", "other", "--url", address) == Exit.FAILED

    asyncio.run(story())
    assert "corporate" in capsys.readouterr().err
    assert browser.pages == []


def test_whom_nobody_lets_in_leaves_no_token_behind(
    tmp_path: Path, provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headworks.cli.login_browser._PATIENCE", 2.0)
    provider.person["groups"] = []

    async def story() -> None:
        async with opened(tmp_path, provider) as address:
            assert await asyncio.to_thread(run, "login", "--sso", "--url", address) == Exit.FAILED
            await asyncio.to_thread(browser.close)

    asyncio.run(story())
    assert [status for status, _ in browser.pages] == [403]
    assert not (tmp_path / "headworks" / "login.json").exists()
