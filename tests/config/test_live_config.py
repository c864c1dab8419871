"""The configuration in force, and what it says of changes that it cannot take up."""

from __future__ import annotations

from pathlib import Path

import pytest

from headworks.testing.clock import FrozenClock
from headworks.wiring.live_config import LiveConfig
from headworks.wiring.load import ConfigFile

ENV = {"OPENAI_API_KEY": "sk"}
BASE = "models: {m: openai/gpt-4o}\nopen_door: true\n"
STOP = "stop Headworks and start it again"
RESTART = "headworks restart"


def said_after(directory: Path, before: str, after: str) -> list[str]:
    """What is said when the file changes from one to the other while it is served."""
    path = directory / "headworks.yaml"
    clock = FrozenClock()
    said: list[str] = []
    path.write_text(BASE + before)
    live = LiveConfig.of_file(path, directory, ENV, clock, said.append)
    said.clear()
    path.write_text(BASE + after)
    live.swapped(ConfigFile(path, ENV, clock).load())
    return said[1:]


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ("server: {host: 0.0.0.0}", "server.host"),
        ("server: {port: 4460}", "server.port"),
        ("server: {drain: 300}", "server.drain"),
        ("control: {port: 4460}", "control"),
        ("journal: {directory: elsewhere}", "journal.directory"),
        ("journal: {keep_days: 7}", "journal.keep_days"),
        ("logs: {detail: full}", "logs"),
    ],
)
def test_what_a_new_gateway_would_not_take_up_either_says_so(tmp_path: Path, after: str, name: str) -> None:
    """The supervisor keeps its ports, and the control process keeps running, when a gateway is replaced."""
    (line,) = said_after(tmp_path, "", after)

    assert line.startswith(f"{name}: ")
    assert STOP in line
    assert RESTART not in line


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ("journal: {segment_bytes: 1000000}", "journal.segment_bytes"),
        ("journal: {on_full: drop}", "journal.on_full"),
        ("cache: {max_bytes: 1000}", "cache.max_bytes"),
    ],
)
def test_what_a_new_gateway_would_take_up_says_how_to_get_one(tmp_path: Path, after: str, name: str) -> None:
    (line,) = said_after(tmp_path, "", after)

    assert line.startswith(f"{name}: ")
    assert RESTART in line
    assert STOP not in line


def test_what_is_in_force_at_once_says_nothing_more(tmp_path: Path) -> None:
    assert said_after(tmp_path, "server: {drain: 30}", "server: {drain: 3, max_body_bytes: 1000}\nretries: {attempts: 5}") == []


def test_the_last_key_goes_at_once_and_loudly(tmp_path: Path) -> None:
    """It may be a leaked one. It may be half a file, too: the database could have keys, so nothing else would say so."""
    keys = "keys: {shop: {key: hw-shop-key-0123456789}, lab: {key: hw-lab-key-0123456789}}"
    (line,) = said_after(tmp_path, keys, "")

    assert line.startswith("WARNING: no key is left in the configuration: lab, shop are refused from now on")
    assert said_after(tmp_path, keys, "keys: {shop: {key: hw-shop-key-0123456789}}") == []
