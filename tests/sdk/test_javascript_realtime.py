"""OpenAI's JavaScript SDK, unchanged, in a conversation: it talks through TLS alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.testing.certificates import Certificate, self_signed
from tests.realtime.conftest import config
from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path)


@pytest.fixture
def secured(certificate: Certificate, tmp_path: Path) -> Iterator[RunningHouse]:
    door = {"cert_file": str(certificate.cert), "key_file": str(certificate.key)}
    with Talker() as talker, RunningHouse(tmp_path, {**config(talker), "server": door}) as running:
        yield running


def test_it_talks_and_names_its_model_again(node: Path, secured: RunningHouse, certificate: Certificate) -> None:
    ran = subprocess.run(
        ["node", "realtime.mjs", f"https://127.0.0.1:{secured.port}", KEY],
        cwd=node,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate.cert)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout == "ok 1000\n"
