"""What of a provider's passed-through paths is served at the gateway's own: `/v1/files`, for libraries that know of one base URL."""

from __future__ import annotations

import re

from headworks.edge.routes import beginnings
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.places import Provider
from headworks.wiring.compile.targets import Targets

_SEGMENT = re.compile(r"(?!v\d)[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
"""One segment of a path, spelled as it is asked for; a version stands before all of them."""


def compile_mounts(bench: Bench, targets: Targets) -> dict[bytes, bytes]:
    """See `Snapshot.mounts`."""
    mounted: dict[str, str] = {}
    for name, provider in targets.providers.made.items():
        for number, mount in enumerate(provider.mounts if provider is not None else ()):
            assert provider is not None
            path = ("providers", name, "mounts", number)
            before = _before(provider, mount)
            other = mounted.get(mount)
            if not _SEGMENT.fullmatch(mount):
                bench.wrong(
                    path, f"'{mount}' is no beginning of a path.", "Write what follows the version, one plain word: files."
                )
            elif mount in beginnings():
                bench.wrong(path, f"The gateway serves /v1/{mount} itself.", "Leave it out.")
            elif other is not None:
                bench.wrong(path, f"/v1/{mount} leads to {other.partition('/')[0]} already.", "Leave it out of one of the two.")
            elif before is None:
                bench.wrong(
                    path,
                    f"No line of this provider's 'passthrough' is about '{mount}'.",
                    f"Add lines such as 'POST /v1/{mount}' and 'GET /v1/{mount}/{{id}}' there.",
                )
            else:
                mounted[mount] = f"{name}{before}"
    return {mount.encode(): there.encode() for mount, there in mounted.items()}


def _before(provider: Provider, mount: str) -> str | None:
    """What stands before it in the paths of the provider's lines; None where no line is about it."""
    for line in provider.passthrough:
        path = line.partition(" ")[2].partition("?")[0]
        before, found, after = path.partition(f"/{mount}")
        if found and (not after or after.startswith("/")):
            return before
    return None
