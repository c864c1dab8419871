"""What holds for all tests: none fails for a slow machine, and in CI a server that is missing is a failure and not a reason to skip."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

for _number in (signal.SIGINT, signal.SIGHUP):
    # Whatever started the tests may have these ignored (nohup, a job of a shell's): programs under test would inherit that.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)

Report = Callable[[Iterable[str]], None]
FIGURES = "figures"
MISSING = "is not installed"
"""What the reason of a skipped test says when a program that it needs is not there."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With HEADWORKS_REQUIRE_SERVERS=1, turn the skip of a test that lacks a program into a failure."""
    report = yield
    if os.environ.get("HEADWORKS_REQUIRE_SERVERS") == "1" and report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2])
        if MISSING in reason:
            report.outcome = "failed"
            report.longrepr = f"{reason}, and HEADWORKS_REQUIRE_SERVERS=1 says that it must be"
    return report


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short name, and not the test's: the path of a Unix socket in it may have 100 bytes."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Keeps lines for whoever reads the output of the run."""
    return lambda lines: record_property(FIGURES, "\n".join(lines))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to report, whichever process ran them."""
    for test in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, text in test.user_properties:
            if name == FIGURES:
                terminalreporter.write_line(f"\n{text}")
