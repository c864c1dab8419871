"""What a running gateway says about itself, by its control port."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import msgspec

from headworks.cli.doctor_checks import CONNECT_WITHIN, Finding, Severity


class _Gateway(msgspec.Struct):
    targets_down: list[str] = []
    config_rejected: bool = False
    journal_unwritable: bool = False


class _Status(msgspec.Struct):
    gateways: list[_Gateway]


def health_of(host: str, port: int) -> Iterator[Finding]:
    """Whether targets answer, the file is what runs, and the journal is written. One finding for each thing that is not so."""
    try:
        status = _ask(host, port)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as trouble:
        yield Finding(Severity.BAD, f"the control plane on port {port} gives no status: {trouble}", "Its output says more.")
        return
    for target in sorted({name for gateway in status.gateways for name in gateway.targets_down}):
        yield Finding(Severity.BAD, f"target {target} is out of use: it keeps failing", "headworks exchanges shows with what.")
    if any(gateway.config_rejected for gateway in status.gateways):
        remedy = "headworks check says what is wrong with it."
        yield Finding(Severity.BAD, "the configuration file was refused: an older configuration runs", remedy)
    if any(gateway.journal_unwritable for gateway in status.gateways):
        yield Finding(Severity.BAD, "the journal cannot be written", "Free room on its disk, and see that it can be written.")


def _ask(host: str, port: int) -> _Status:
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - what is bound everywhere is here too
    connection = http.client.HTTPConnection(here, port, timeout=CONNECT_WITHIN)
    try:
        connection.request("GET", "/", headers={"accept": "application/json"})
        return msgspec.json.decode(connection.getresponse().read(), type=_Status)
    finally:
        connection.close()
