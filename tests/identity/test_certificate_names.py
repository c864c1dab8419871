"""What certificates may say that a trusted authority has signed: none of it breaks who reads it."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from headworks.domain.errors import Fault
from headworks.identity.certificates import claims_of

SUBJECT = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in ("research", "sales")])


def certificate(names: bytes) -> bytes:
    """DER of one with these bytes as its alternative names."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(SUBJECT).issuer_name(SUBJECT).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).not_valid_after(
        dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    )
    extension = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names)
    signed = builder.add_extension(extension, critical=False).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


UNREADABLE = {
    "an EDI party": "3007a505a1030c0161",
    "an X.400 address": "3004a3023000",
    "nothing": "",
    "no text": "30048202fffe",
}


@pytest.mark.parametrize("names", UNREADABLE.values(), ids=UNREADABLE)
def test_names_that_cannot_be_read_refuse_the_certificate(names: str) -> None:
    with pytest.raises(Fault, match="cannot be read") as refusal:
        claims_of(certificate(bytes.fromhex(names)))
    assert refusal.value.status == 401


def test_what_it_says_several_times_is_several_values() -> None:
    claims = claims_of(certificate(b"\x30\x06\x86\x04spff"))
    assert (claims["uri"], claims["subject"]) == (["spff"], {"OU": ["research", "sales"]})
