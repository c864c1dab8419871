"""A certificate authority of a test: what it signs, and what it has revoked, as files."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from headworks.wiring.clock import SystemClock

_DAY = dt.timedelta(days=1)
_PEM = serialization.Encoding.PEM
_ATTRIBUTES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}


class Signed(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    cert: Path
    key: Path


class Authority:
    """Signs with a key of its own, as of the time of the machine."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._now = dt.datetime.fromtimestamp(SystemClock.wall_ns() // 10**9, dt.UTC)
        builder = self._builder(self._name, self._key, ends=self._now + 365 * _DAY)
        own = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.cert = folder / f"{name}.crt"
        self.cert.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(_PEM))
        self.crl = folder / f"{name}.crl"
        self.revoke()

    def sign(
        self,
        name: str,
        *,
        subject: dict[str, str] | None = None,
        uris: Iterable[str] = (),
        server: bool = False,
        days: int = 30,
    ) -> Signed:
        """A certificate of a client, or of a server on this machine; with `days` below 0 it is over."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(_ATTRIBUTES[each], value) for each, value in (subject or {"CN": name}).items()]
        builder = self._builder(x509.Name(attributes), key, ends=self._now + days * _DAY)
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in uris]
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        if server:
            names += [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).sign(self._key, hashes.SHA256())
        made = Signed(signed, self._folder / f"{name}.crt", self._folder / f"{name}.key")
        made.cert.write_bytes(signed.public_bytes(_PEM))
        bare = serialization.NoEncryption()
        made.key.write_bytes(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, bare))
        return made

    def revoke(self, *certificates: x509.Certificate) -> None:
        """Write the list of what is revoked anew."""
        crl = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        crl = crl.last_update(self._now - _DAY).next_update(self._now + _DAY)
        for each in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(each.serial_number).revocation_date(self._now - _DAY)
            crl = crl.add_revoked_certificate(revoked.build())
        self.crl.write_bytes(crl.sign(self._key, hashes.SHA256()).public_bytes(_PEM))

    def trusting(self, own: Signed | None = None) -> ssl.SSLContext:
        """How a client connects that trusts this authority, and shows `own`."""
        context = ssl.create_default_context(cafile=str(self.cert))
        if own is not None:
            context.load_cert_chain(own.cert, own.key)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends: dt.datetime) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        return builder.serial_number(x509.random_serial_number()).not_valid_before(self._now - 60 * _DAY).not_valid_after(ends)
