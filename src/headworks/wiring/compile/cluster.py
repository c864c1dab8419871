"""Where several gateways count together."""

from __future__ import annotations

import msgspec

from headworks.domain.snapshot import ClusterSettings
from headworks.wiring.compile.bench import Bench

_LONGEST_MS = 1000.0


def compile_cluster(bench: Bench, settings: ClusterSettings) -> ClusterSettings:
    """The settings, the URL's references followed."""
    url = bench.secret(settings.url, ("cluster", "url")) if settings.url else ""
    if url:
        from headworks.stores.valkey import read_address  # noqa: PLC0415 - most gateways count alone, and need no client of a server

        try:
            read_address(url)
        except ValueError as trouble:
            bench.wrong(("cluster", "url"), f"This is no server's address: it {_said(trouble)}.", "Write valkey://HOST:6379/0.")
    elif settings != ClusterSettings() and not settings.url:
        bench.wrong(("cluster",), "Without url there is nothing to wait for.", "Add url: valkey://HOST:6379/0.")
    if not 0 < settings.timeout_ms <= _LONGEST_MS:
        bench.wrong(("cluster", "timeout_ms"), "A request can wait from above 0 to 1000 milliseconds.", "The usual is 20.")
    if not 0 <= settings.local_allowance <= 1:
        bench.wrong(("cluster", "local_allowance"), "This is a part of each limit, from 0 to 1.", "The usual is 0.05.")
    return msgspec.structs.replace(settings, url=url)


def _said(trouble: ValueError) -> str:
    """Our own words only: what the library says of a bad port could repeat a part of the password."""
    words = str(trouble)
    return words if words.startswith(("begins", "names")) else "can't be read"
