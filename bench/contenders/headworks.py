"""Headworks itself, with every stage at work: see `document` for what it is told to do."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import yaml

from bench.contenders.contender import Running, answers
from bench.process import Program, free_port
from bench.site import Site

KEYS = 10_000
MODELS = 200
_ROOT = Path(__file__).parents[2]
USED = 500
"""How many of the keys ask."""


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    return _start(site, secure_upstream=False, secure_front=False)


def tls_upstream(site: Site) -> Running:
    """TLS to the providers."""
    return _start(site, secure_upstream=True, secure_front=False)


def tls_both(site: Site) -> Running:
    """TLS on both sides."""
    return _start(site, secure_upstream=True, secure_front=True)


def key(number: int) -> str:
    """The `number`-th client key."""
    return f"hw-bench-{number:05d}-{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"


def model(number: int) -> str:
    """The `number`-th model."""
    return f"model-{number:03d}"


def document(site: Site, *, secure_upstream: bool, secure_front: bool) -> dict[str, Any]:
    """The configuration: 10,000 keys with request, token and concurrency limits and a budget, each allowed a list of models; 200 models
    with three weighted targets each and a fallback; retries, metering, journal, request log and metrics as they are by default.
    """
    scheme, places = ("https", site.secure) if secure_upstream else ("http", site.plain)
    names = [f"provider{number}" for number in range(len(places))]
    limits = {
        "requests_per_minute": 50_000_000,
        "tokens_per_minute": 2_000_000_000,
        "concurrent": 5_000,
        "budget": "1000000 USD",
    }
    targets = [{"model": f"{name}/gpt-4o", "weight": 2 + turn} for turn, name in enumerate(names)]
    front = {"cert_file": str(site.certificate.cert), "key_file": str(site.certificate.key)} if secure_front else {}
    trust = {"tls": {"ca_file": str(site.certificate.cert)}} if secure_upstream else {}
    return {
        "providers": {
            name: {"type": "openai", "base_url": f"{scheme}://{place}/v1", "api_key": f"sk-upstream-{name}", **trust}
            for name, place in zip(names, places, strict=True)
        },
        "models": {model(number): {"targets": targets, "fallbacks": [model(0)] if number else []} for number in range(MODELS)},
        "keys": {
            f"key-{number}": {
                "sha256": hashlib.sha256(key(number).encode()).hexdigest(),
                "team": f"team-{number % 100}",
                "models": [model((number // (KEYS // USED) + step) % MODELS) for step in range(5)],
                "limits": limits,
            }
            for number in range(KEYS)
        },
        "server": front,
    }


def profiled(site: Site, *, secure_upstream: bool) -> Running:
    """With the gateway process under `bench.sampler`."""
    return _start(site, secure_upstream=secure_upstream, secure_front=False, gateway="bench.profiled_gateway")


def _start(site: Site, *, secure_upstream: bool, secure_front: bool, gateway: str = "") -> Running:
    port, control_port = free_port(), free_port()
    folder = site.folder / f"headworks-{port}"
    folder.mkdir()
    journal, config = folder / "journal", folder / "headworks.yaml"
    written = document(site, secure_upstream=secure_upstream, secure_front=secure_front) | {
        "journal": {"directory": str(journal)}
    }
    config.write_text(yaml.dump(written, Dumper=_Plain, sort_keys=False))
    options = [f"--config={config}", f"--port={port}", f"--control-port={control_port}"]
    command = [str(Path(sys.executable).with_name("headworks")), "serve", *options]
    if gateway:
        command = [
            sys.executable,
            "-m",
            "headworks.wiring.supervisor",
            *options,
            f"--directory={journal}",
            f"--gateway={gateway}",
        ]
    program = Program(command, folder / "log", env={"PYTHONPATH": str(_ROOT)} if gateway else None)
    netloc, front = f"127.0.0.1:{port}", site.certificate.cert if secure_front else None
    ready = program.wait_until(lambda: answers(netloc, "/readyz", front), 60)
    return Running(
        netloc=netloc,
        program=program,
        keys=[key(number) for number in range(0, KEYS, KEYS // USED)],
        models=[model(number) for number in range(MODELS)],
        trust=front,
        ready_after=ready,
        control_mark="process_control",
        supervisor=True,
    )


class _Plain(yaml.CSafeDumper):
    """Writes everything out, as a person would."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True
