"""The listening sockets. The supervisor opens them once and keeps them, so that a restarted process refuses nobody."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path

BACKLOG = 4096
_OURS = "headworks.wiring."
"""In the command line of each of our processes."""
"""Connections that may wait in the kernel while a gateway is being replaced. The kernel cuts it at its own limit."""


_ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class PortTakenError(Exception):
    """We may not listen there. The message says who does, where that can be known, and what to do."""


def listen(host: str, port: int, setting: str) -> list[socket.socket]:
    """Open every address that `host` stands for; an empty one means all. Port 0 takes a free port, the same for all addresses.

    `setting` is the flag or key that chooses another port: it goes into the message of `PortTakenError`.
    """
    opened: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in _addresses(host, port):
            wanted = opened[0].getsockname()[1] if opened and port == 0 else port
            try:
                opened.append(_listen(family, address, wanted))
            except OSError as trouble:
                if trouble.errno not in _ABSENT:
                    raise
                missing = trouble  # a name may stand for an IPv6 address that this machine does not have
        if missing is not None and not opened:
            raise missing
    except (OSError, UnicodeError) as trouble:
        for sock in opened:
            sock.close()
        raise PortTakenError(explain(trouble, host, port, setting)) from trouble
    return opened


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def explain(trouble: Exception, host: str, port: int, setting: str) -> str:
    """Why `host` and `port` cannot be listened on, and what to do about it."""
    place = f"{host or '*'}:{port}"
    if not isinstance(trouble, OSError):  # UnicodeError: no name of a machine can be so
        return f"{host!r} is not an address. 127.0.0.1 is this machine only, 0.0.0.0 all of IPv4."
    if trouble.errno == errno.EADDRINUSE:
        return f"{place} is taken by {holder(port) or 'another process'}. Stop it, or choose another port with {setting}."
    if trouble.errno == errno.EACCES:
        return f"{place} may not be opened: ports below 1024 need a privilege. Choose another with {setting}."
    if trouble.errno == errno.EADDRNOTAVAIL or isinstance(trouble, socket.gaierror):
        return f"{host!r} is not an address of this machine ({trouble.strerror}). 127.0.0.1 is this machine only, 0.0.0.0 all of IPv4."
    return f"{place} could not be opened: {trouble.strerror or trouble}."


def holder(port: int) -> str:
    """Who listens on a TCP port, as «name (pid)»; empty where the system does not tell us. Linux tells it of our own processes."""
    inodes = {row[9] for row in _listening() if int(row[1].rpartition(":")[2], 16) == port}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*") if wanted else ():
        if wanted & _open_files(process):
            return f"{_name(process)} (pid {process.name})"
    return ""


def _listening() -> list[list[str]]:
    rows: list[list[str]] = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows += [line.split() for line in table.read_text().splitlines()[1:]]
    return [row for row in rows if row[3] == "0A"]


def _open_files(process: Path) -> set[str]:
    files: set[str] = set()
    try:
        for entry in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                files.add(str(entry.readlink()))
    except OSError:  # another user's, or gone by now
        return files
    return files


def _name(process: Path) -> str:
    try:
        command = " ".join((process / "cmdline").read_text().replace("\0", " ").split())
    except OSError:
        return "a process"
    return "another Headworks" if _OURS in command else command[:80] or process.name
