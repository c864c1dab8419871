"""Certificates made for a test: an authority, and what it signs (or should not have)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL will read them by the wall clock
DAY = dt.timedelta(days=1)


class Authority:
    """Signs for hosts. `folder` receives PEM files."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test authority {name}")])
        builder = _builder(self.name, self.name, self.key.public_key(), NOW - DAY, NOW + DAY)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, label: str, *hosts: str, age: dt.timedelta = dt.timedelta(0)) -> tuple[str, str]:
        """Certificate and key files for `hosts`; `age` moves its validity into the past."""
        return self._issue(label, hosts, age, self.name, self.key)

    def self_signed(self, label: str, *hosts: str) -> tuple[str, str]:
        """The same, signed by itself."""
        return self._issue(label, hosts, dt.timedelta(0), None, None)

    def _issue(
        self,
        label: str,
        hosts: tuple[str, ...],
        age: dt.timedelta,
        issuer: x509.Name | None,
        issuer_key: ec.EllipticCurvePrivateKey | None,
    ) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)])
        builder = _builder(name, issuer or name, key.public_key(), NOW - DAY - age, NOW + DAY - age)
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key())
        certificate = (
            builder.add_extension(names, critical=False)
            .add_extension(identifier, critical=False)
            .sign(issuer_key or key, hashes.SHA256())
        )
        cert_file, key_file = self.folder / f"{label}.crt", self.folder / f"{label}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return str(cert_file), str(key_file)


def server_context(files: tuple[str, str], client_authority: Authority | None = None) -> ssl.SSLContext:
    """For a server with that certificate, which wants one of `client_authority` from its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if client_authority is not None:
        context.load_verify_locations(client_authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begin: dt.datetime, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
