"""TLS contexts, one per way of proving oneself, made once and made anew when a file behind one has changed."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from headworks.domain.errors import Fault
from headworks.domain.target import Tls
from headworks.transport.faults import tls_reason

Stamp = tuple[int, ...]


class Contexts:
    """The contexts of one upstream. Certificates renewed on disk are seen by the next connection, without a restart."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[Tls, tuple[Stamp, asyncio.Future[ssl.SSLContext]]] = {}

    async def of(self, tls: Tls) -> ssl.SSLContext:
        """The context for `tls`. Raises `Fault` `tls_failed` where a file can't be read or used.

        Made in a thread: to read the system's authorities takes 35 ms, with the interpreter's lock released. Who comes meanwhile waits
        for the same one.
        """
        stamp = _stamp(tls)
        known = self._made.get(tls)
        if known is None or known[0] != stamp or _failed(known[1]):
            known = (stamp, asyncio.get_running_loop().run_in_executor(None, _make, tls))
            self._made[tls] = known
        return await asyncio.shield(known[1])


def _failed(made: asyncio.Future[ssl.SSLContext]) -> bool:
    return made.done() and (made.cancelled() or made.exception() is not None)


def _stamp(tls: Tls) -> Stamp:
    """When the files behind `tls` were last written, nanoseconds."""
    return tuple(_written(path) for path in (tls.ca_file, tls.cert_file, tls.key_file) if path)


def _written(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        raise Fault(
            "tls_failed",
            f"The certificate file {path} can't be read: {error.strerror}. Check its path and rights in the provider's tls settings.",
        ) from error


def _make(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file or None)
        if tls.cert_file:
            # Without a password callback OpenSSL would ask the terminal for one.
            context.load_cert_chain(tls.cert_file, tls.key_file or None, password=str)
    except (OSError, ValueError) as error:
        names = ", ".join(path for path in (tls.ca_file, tls.cert_file, tls.key_file) if path)
        raise Fault(
            "tls_failed",
            f"The certificate files {names} can't be used: {tls_reason(error)}. They must be PEM, the key unencrypted and "
            "belonging to the certificate.",
        ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
