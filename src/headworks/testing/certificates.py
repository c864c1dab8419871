"""Certificates for tests of TLS: self-signed, for the loopback, good for a day. Needs the package `cryptography`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Paths of two PEM files. Trusting `cert` means trusting this certificate alone."""

    cert: Path
    key: Path


def self_signed(folder: Path, *names: str, born: datetime | None = None) -> Certificate:
    """Write a certificate for `localhost`, 127.0.0.1, ::1 and further host names. `born` in the past makes one that has expired.

    Raises `ImportError` without `cryptography`.
    """
    from cryptography import x509  # noqa: PLC0415 - a package that only tests need
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - likewise
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - likewise

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "headworks test")])
    start = (born or datetime.now(UTC)) - timedelta(hours=1)  # noqa: TID251 - TLS libraries compare it with the real time
    hosts = [x509.DNSName(name) for name in ("localhost", *names)]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*hosts, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    written = Certificate(folder / "cert.pem", folder / "key.pem")
    written.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    written.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted))
    return written
