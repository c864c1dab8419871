"""Headworks itself, with every stage at work: see `document` for what it is told to do."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from bench.contenders.contender import MESSAGES, Running, answers
from bench.process import Program, free_port
from bench.site import Site

KEYS = 10_000
MODELS = 200
USED = 500
"""How many of the keys ask."""
ALLOWED = 5
"""Models that each key may use."""
_SERVED = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5"}
"""The model that providers of a type serve."""
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How it is set up."""

    secure_upstream: bool = False
    secure_front: bool = False
    keys: int = KEYS
    provider: str = "openai"
    """Of which type the providers are, and so what they speak."""
    gateway: str = ""
    """Another module to run as the gateway process."""


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    return start(site, Setup())


def tls_upstream(site: Site) -> Running:
    """TLS to the providers."""
    return start(site, Setup(secure_upstream=True))


def tls_both(site: Site) -> Running:
    """TLS on both sides."""
    return start(site, Setup(secure_upstream=True, secure_front=True))


def translated(site: Site) -> Running:
    """Asked in Anthropic's language, at providers who speak OpenAI's."""
    running = start(site, Setup())
    return replace(running, path=MESSAGES)


def translated_to_anthropic(site: Site) -> Running:
    """Asked in OpenAI's language, at providers who speak Anthropic's."""
    return start(site, Setup(provider="anthropic"))


def profiled(site: Site, setup: Setup) -> Running:
    """With the gateway process under `bench.sampler`."""
    return start(site, replace(setup, gateway="bench.profiled_gateway"))


def key(number: int) -> str:
    """The `number`-th client key."""
    return f"hw-bench-{number:05d}-{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"


def model(number: int) -> str:
    """The `number`-th model, counted round."""
    return f"model-{number % MODELS:03d}"


def document(site: Site, setup: Setup) -> dict[str, Any]:
    """The configuration: 10,000 keys with request, token and concurrency limits and a budget, each allowed a list of models; 200 models
    with three weighted targets each and a fallback; retries, metering, journal, request log and metrics as they are by default.

    Of the keys, every twentieth asks (`USED` of them), for models it is allowed.
    """
    scheme, places = ("https", site.secure) if setup.secure_upstream else ("http", site.plain)
    trust = {"tls": {"ca_file": str(site.certificate.cert)}} if setup.secure_upstream else {}
    names = [f"provider{number}" for number in range(len(places))]
    served = _SERVED[setup.provider]
    targets = [{"model": f"{name}/{served}", "weight": 2 + turn} for turn, name in enumerate(names)]
    limits = {
        "requests_per_minute": 50_000_000,
        "tokens_per_minute": 2_000_000_000,
        "concurrent": 5_000,
        "budget": "1000000 USD",
    }
    step = _step(setup)
    return {
        "providers": {
            name: {"type": setup.provider, "base_url": f"{scheme}://{place}/v1", "api_key": f"sk-upstream-{name}", **trust}
            for name, place in zip(names, places, strict=True)
        },
        "models": {model(number): {"targets": targets, "fallbacks": [model(0)] if number else []} for number in range(MODELS)},
        "keys": {
            f"key-{number}": {
                "sha256": hashlib.sha256(key(number).encode()).hexdigest(),
                "team": f"team-{number % 100}",
                "models": [model(number // step + more) for more in range(ALLOWED)],
                "limits": limits,
            }
            for number in range(setup.keys)
        },
        "server": {"cert_file": str(site.certificate.cert), "key_file": str(site.certificate.key)}
        if setup.secure_front
        else {},
    }


def start(site: Site, setup: Setup) -> Running:
    """Serve as it is set up, wait until ready. Raises `Failed`."""
    keys = [key(number) for number in range(0, setup.keys, _step(setup))]
    front = site.certificate.cert if setup.secure_front else None
    return serve(scratch(site), document(site, setup), keys, gateway=setup.gateway, front=front)


def scratch(site: Site) -> Path:
    """A folder of its own."""
    return Path(mkdtemp(prefix="headworks-", dir=site.folder))


def serve(
    folder: Path, written: dict[str, Any], keys: Sequence[str], *, gateway: str = "", front: Path | None = None
) -> Running:
    """Write the configuration into `folder`, serve, wait until ready. `front` is the certificate of callers' side. Raises `Failed`."""
    port, control_port = free_port(), free_port()
    journal, config = folder / "journal", folder / "headworks.yaml"
    config.write_text(yaml.dump(written | {"journal": {"directory": str(journal)}}, Dumper=_Plain, sort_keys=False))
    options = [f"--config={config}", f"--port={port}", f"--control-port={control_port}"]
    command = [str(Path(sys.executable).with_name("headworks")), "serve", *options]
    if gateway:
        own = [f"--directory={journal}", f"--gateway={gateway}"]
        command = [sys.executable, "-m", "headworks.wiring.supervisor", *options, *own]
    program = Program(command, folder / "log", env={"PYTHONPATH": f"{_ROOT}:{_ROOT / 'src'}"} if gateway else None)
    netloc = f"127.0.0.1:{port}"
    ready = program.wait_until(lambda: answers(netloc, "/readyz", front), 60)
    return Running(
        netloc=netloc,
        program=program,
        keys=keys,
        models=[model(number) for number in range(MODELS)],
        trust=front,
        ready_after=ready,
        control_mark="process_control",
        supervisor=True,
    )


def _step(setup: Setup) -> int:
    return max(1, setup.keys // USED)


class _Plain(yaml.CSafeDumper):
    """Writes everything out, as a person would."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True
