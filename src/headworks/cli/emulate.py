"""`headworks emulate`: model providers that need no key, for demos, tests and benchmarks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from cyclopts import Parameter

from headworks.cli.settings import check_port
from headworks.testing.emulator import (
    Canned,
    CannotListenError,
    CertificateUnusableError,
    Emulator,
    Pace,
    Personality,
    Settings,
    Wire,
    serve,
)
from headworks.testing.emulator.serving import run
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_sockets import explain

_SPEAK = {"both": (Wire.OPENAI, Wire.ANTHROPIC), "openai": (Wire.OPENAI,), "anthropic": (Wire.ANTHROPIC,)}


@Parameter(name="*", negative=())
@dataclass(frozen=True, kw_only=True)
class Options:
    """What the emulated provider is like. Whatever is not said here is its default in docs/emulator.md."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 4460
    """Port to listen on; 0 takes a free one."""
    config: Path | None = None
    """A YAML or JSON file with whole settings, for several providers at once. Leaves no room for other options."""
    name: str = "emulated"
    """What the provider calls itself."""
    speak: Literal["openai", "anthropic", "both"] = "both"
    """The wire it speaks."""
    model: tuple[str, ...] = ()
    """A model it serves (may be given several times). None: any name is served."""
    key: tuple[str, ...] = ()
    """An API key it accepts (may be given several times). None: any key is."""
    trouble: tuple[str, ...] = ()
    """What goes wrong, such as "error status=529 share=0.1" (may be given several times)."""
    first_token: float = 0.35
    """Median seconds to the first token; 0 for none."""
    tokens_per_second: float = 70.0
    """0 for all at once."""
    reasoning_field: str = ""
    """Where OpenAI-shaped answers show their reasoning, such as reasoning_content."""
    seed: int = 0
    """The same prompt gets the same text from the same seed."""
    cert_file: str = ""
    """Certificate (PEM): speak TLS."""
    key_file: str = ""
    """Its key."""
    bench: bool = False
    """One prebuilt answer for everything, almost free of CPU."""
    chunks: int = 50
    """Chunks of a stream with --bench."""
    interval: float = 0.02
    """Seconds between two of them."""
    answer_bytes: int = 1024
    """Size of a whole answer's text with --bench."""


def emulate(options: Annotated[Options | None, Parameter(name="*")] = None) -> int:
    """Run emulated model providers until interrupted. They speak OpenAI's and Anthropic's wire and need no key."""
    options = options or Options()
    check_port(options.port, "--port", lowest=0)
    try:
        run(serve(_settings(options), _announce))
    except KeyboardInterrupt:
        return Exit.OK
    except CannotListenError as refused:
        told = explain(refused.trouble, refused.host, refused.port, "--port")
        return _complain(told, Exit.UNAVAILABLE)
    except (ValueError, yaml.YAMLError, CertificateUnusableError) as wrong:  # settings that say nothing, or what cannot be
        return _complain(str(wrong), Exit.FAILED)
    return Exit.OK


def _complain(words: str, code: Exit) -> Exit:
    sys.stderr.write(f"headworks emulate: {words}\n")
    return code


def _settings(options: Options) -> Settings:
    if options.config is not None:
        return msgspec.convert(yaml.safe_load(_text(options.config)), Settings)
    personality = Personality(
        name=options.name,
        speak=_SPEAK[options.speak],
        models=options.model,
        keys=options.key,
        troubles=options.trouble,
        pace=Pace(first_token=options.first_token, tokens_per_second=options.tokens_per_second),
        reasoning_field=options.reasoning_field,
        seed=options.seed,
        cert_file=options.cert_file,
        key_file=options.key_file,
        canned=_canned(options),
    )
    return Settings(host=options.host, port=options.port, providers=(personality,), remember=0 if options.bench else 100_000)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as trouble:
        raise ValueError(f"{path} cannot be read: {trouble.strerror}. docs/emulator.md shows what it may say.") from None


def _canned(options: Options) -> Canned | None:
    return (
        Canned(answer_bytes=options.answer_bytes, chunks=options.chunks, interval=options.interval) if options.bench else None
    )


def _announce(emulator: Emulator) -> None:
    for name, provider in emulator.providers.items():
        url = emulator.url_of(name)
        print(f"{name} speaks {' and '.join(provider.personality.speak)} at {url}")
    print(f"counts: {emulator.url}/_emulator/counts", flush=True)
