"""Telling systemd how we are (its `sd_notify` protocol). Without systemd it does nothing."""

from __future__ import annotations

import socket


def notify(address: str, state: str) -> None:
    """Send `READY=1`, `STOPPING=1` or `STATUS=…` to the socket that systemd named in NOTIFY_SOCKET; an empty address means nobody asked."""
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
        except OSError:
            return  # a service manager that doesn't listen is its own affair
