"""What the doctor looks at. Every check takes what it needs, touches nothing, and gives findings that say what to do."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from headworks.domain.config import AuthRule
from headworks.domain.counted import counted
from headworks.domain.snapshot import Snapshot
from headworks.domain.target import Origin
from headworks.providers.credentials.held import Unobtainable
from headworks.providers.credentials.sources import obtain
from headworks.wiring.process_sockets import holder

GIBIBYTE = 2**30
ROOM = 1 * GIBIBYTE
CONNECT_WITHIN = 3.0
FILES_BESIDES = 100
"""Open files of a gateway that are no connections."""


class Severity(StrEnum):
    """How bad it is."""

    FINE = "ok"
    ODD = "look"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `remedy` is there unless it is fine. `hinders`: no start can go well before it is mended."""

    severity: Severity
    what: str
    remedy: str = ""
    hinders: bool = False


def files_allowed(connections: int) -> Finding:
    """Whether the system lets us open a file for every connection, on both sides."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + FILES_BESIDES
    if hard in (resource.RLIM_INFINITY, -1) or hard >= wanted:
        return Finding(Severity.FINE, f"{hard} open files are allowed")
    what = f"{hard} open files are allowed, but server.max_connections = {connections} may need {wanted}"
    return Finding(
        Severity.ODD, what, "Raise the limit (LimitNOFILE= in systemd, ulimit -Hn in a shell), or lower max_connections."
    )


def room_in(directory: Path) -> Iterator[Finding]:
    """Whether the journal can be written, by us alone, for a while."""
    place = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            Severity.BAD, f"{place} cannot be written", "Give it to this user, or set journal.directory to one that is."
        )
        return
    free = shutil.disk_usage(place).free
    words = f"{free / GIBIBYTE:.1f} GiB are free for the journal in {directory}"
    if free < ROOM:
        yield Finding(
            Severity.ODD, words, "Free some, or move it with journal.directory. journal.on_full says what happens at the end."
        )
    else:
        yield Finding(Severity.FINE, words)
    if place == directory and directory.stat().st_mode & 0o077:
        yield Finding(Severity.ODD, f"{directory} can be read by other users", f"chmod 700 {directory}")


def port_is_free(host: str, port: int, setting: str) -> Finding:
    """Whether we could listen there."""
    try:
        with socket.create_server((host, port)):
            return Finding(Severity.FINE, f"{host}:{port} is free")
    except OSError as trouble:
        who = holder(port)
        what = f"{host}:{port} cannot be opened: {os.strerror(trouble.errno or 0)}" + (f", {who} has it" if who else "")
        return Finding(Severity.BAD, what, f"Stop that program, or choose another port with {setting}.")


def ready(port: int) -> Finding:
    """Whether the running gateway takes requests."""
    try:
        with socket.create_connection(("127.0.0.1", port), CONNECT_WITHIN) as sock:
            sock.sendall(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            status = sock.recv(64).split(b" ")[1:2]
    except OSError as trouble:
        return Finding(Severity.BAD, f"the running gateway does not answer: {trouble}", "Its output says more.")
    if status == [b"200"]:
        return Finding(Severity.FINE, "the running gateway is ready")
    return Finding(
        Severity.BAD, "the running gateway is not ready", "Ask it why: GET /readyz on its port; its output says more."
    )


def obtainable(auths: Mapping[str, AuthRule], wall_ns: Callable[[], int]) -> Iterator[Finding]:
    """Whether the credentials that change can be had, by provider."""
    for provider, rule in auths.items():
        try:
            obtain(rule, wall_ns)
        except Unobtainable as trouble:
            what = f"the credential of {provider} cannot be had: {trouble}"
            yield Finding(Severity.BAD, what, f"Look at providers.{provider}.auth, and at what it refers to.")
        else:
            yield Finding(Severity.FINE, f"the credential of {provider} can be had")


def prices_of(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether every target has a price."""
    targets = {target.name: target for model in snapshot.models.values() for target in model.every_target}
    if not targets:  # patterns alone: each model's price is looked up when it is asked for
        return
    unpriced = sorted(name for name, target in targets.items() if target.price is None)
    if not unpriced:
        yield Finding(
            Severity.FINE,
            f"every target has a price: {counted(len(targets), 'target')} of {counted(len(snapshot.models), 'model')}",
        )
    elif snapshot.unpriced == "refuse":
        yield Finding(
            Severity.BAD, f"without a price, so refused: {', '.join(unpriced)}", "Give them one under prices:, or say `free`."
        )
    else:
        yield Finding(
            Severity.ODD,
            f"without a price, so free: {', '.join(unpriced)}",
            "Give them one under prices: if they cost anything.",
        )


def reachable(origins: Sequence[Origin]) -> Iterator[Finding]:
    """Whether a connection to each provider can be opened. Nothing is asked of it, so nothing is paid. Proxies are not tried."""
    for origin in origins:
        try:
            socket.create_connection((origin.host, origin.port), CONNECT_WITHIN).close()
        except OSError as trouble:
            remedy = "Is it running? Is a proxy or a firewall in between?"
            yield Finding(Severity.BAD, f"{origin} cannot be reached: {trouble.strerror or trouble}", remedy)
        else:
            yield Finding(
                Severity.FINE,
                f"{origin} can be reached"
                + (f" (directly; the gateway goes through {_shown(origin.proxy)})" if origin.proxy else ""),
            )


def _shown(proxy: str) -> str:
    """A proxy's URL without its credentials."""
    scheme, _, rest = proxy.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def platform_is_known() -> Finding:
    """Whether this is a system that we test on."""
    if sys.platform in ("linux", "darwin"):
        return Finding(Severity.FINE, f"Python {sys.version.split()[0]} on {sys.platform}")
    return Finding(Severity.BAD, f"{sys.platform} is not supported", "Use Linux or macOS; on Windows, WSL.")
