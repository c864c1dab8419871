"""`headworks emulate` starts what its options say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openai
import pytest

HEADWORKS = Path(sys.executable).with_name("headworks")


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen([HEADWORKS, "emulate", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_says_where_it_listens_and_serves_there() -> None:
    with start("--port", "0", "--name", "demo", "--speak", "openai", "--model", "m1", "--first-token", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with openai.OpenAI(base_url=f"{url}/v1", api_key="any") as client:
            assert [model.id for model in client.models.list()] == ["m1"]
        process.terminate()
        process.communicate(timeout=5)


def test_a_file_can_hold_several_providers(tmp_path: Path) -> None:
    config = tmp_path / "providers.yaml"
    config.write_text(
        "port: 0\nproviders:\n  - {name: alpha, pace: {first_token: 0}}\n  - {name: beta, prefix: /beta, troubles: [cut]}\n"
    )
    with start("--config", str(config)) as process:
        assert process.stdout is not None
        assert [process.stdout.readline().split()[0] for _ in range(2)] == ["alpha", "beta"]
        process.terminate()
        process.communicate(timeout=5)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--trouble", "eror"), "Kinds: error"),
        (("--config", "nowhere.yaml"), "nowhere.yaml"),
        (("--cert-file", "no.pem"), "No such file"),
    ],
)
def test_what_it_cannot_do_it_says_in_one_line(options: tuple[str, ...], complaint: str) -> None:
    with start("--port", "0", *options) as process:
        _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert said.startswith("headworks emulate: ")
    assert complaint in said
    assert "Traceback" not in said
