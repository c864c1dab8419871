"""TLS of the front door."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from headworks.domain.ending import Complain
from headworks.domain.snapshot import EdgeSettings


class Certificates:
    """The server's certificate, kept up to date: when its files change, new connections get the new one."""

    def __init__(self, settings: EdgeSettings, complain: Complain) -> None:
        """Raises `OSError` or `ssl.SSLError` when the files cannot be used."""
        self._settings = settings
        self._complain = complain
        self._files = [Path(name) for name in (settings.cert_file, settings.key_file, settings.client_crl_file) if name]
        self._seen = self._stamps()
        self.context = _context(settings)

    def refresh(self) -> None:
        """Take up changed files. What cannot be used leaves the certificate as it was, and is complained about once."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            _context(self._settings)  # a certificate and a key that do not match would spoil the context in use
            self.context.load_cert_chain(self._settings.cert_file, self._settings.key_file or None)
            if self._settings.client_crl_file:
                self.context.load_verify_locations(self._settings.client_crl_file)  # of several, the latest counts
        except OSError as trouble:
            self._complain(trouble)

    def _stamps(self) -> list[tuple[int, int]]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _context(settings: EdgeSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(settings.cert_file, settings.key_file or None)
    if settings.client_ca_file:
        _ask_clients(context, settings)
    return context


def _ask_clients(context: ssl.SSLContext, settings: EdgeSettings) -> None:
    """Verify who comes, at every handshake: a resumed session would bring along what was verified long before."""
    context.verify_mode = ssl.CERT_OPTIONAL if settings.client_certificates == "optional" else ssl.CERT_REQUIRED
    context.load_verify_locations(settings.client_ca_file)
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    if settings.client_crl_file:
        context.minimum_version = ssl.TLSVersion.TLSv1_3  # below it, sessions can be resumed without tickets, too
        context.load_verify_locations(settings.client_crl_file)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def certificate_of(transport: asyncio.BaseTransport) -> bytes:
    """What the client has proved to be at the handshake, DER; empty where it showed nothing."""
    secure: ssl.SSLObject = transport.get_extra_info("ssl_object")
    return secure.getpeercert(binary_form=True) or b""
