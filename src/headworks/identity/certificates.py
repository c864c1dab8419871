"""Client certificate → principal: what a certificate says becomes claims, and these lead where claims of a token would."""

from __future__ import annotations

from collections.abc import Mapping

from headworks.domain.snapshot import Snapshot
from headworks.identity.bearers import Bearers
from headworks.identity.jwt import refused
from headworks.identity.resolved import Resolved


class Certificates:
    """Judges certificates that the handshake has verified."""

    def __init__(self, bearers: Bearers) -> None:
        self._bearers = bearers

    async def resolve(self, certificate: bytes, snapshot: Snapshot) -> Resolved | None:
        """Whom it speaks for; None where none is asked for. Raises `Fault` and `gate.Lost`."""
        trusted = snapshot.identity.certificates
        return await self._bearers.resolve(claims_of(certificate), trusted, snapshot) if trusted is not None else None


def claims_of(certificate: bytes) -> Mapping[str, object]:
    """What a certificate (DER) says: `uri`, `dns` and `email` of its alternative names, `subject.CN` and the like, and as `sub` the whole
    subject, or else its first alternative name. Raises `Fault` `invalid_api_key` where it cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415 - several megabytes, and most gateways ask for no certificate

    try:
        read = x509.load_der_x509_certificate(certificate)
        names = _alternative_names(read)
        subject: dict[str, list[object]] = {}
        for attribute in read.subject:
            subject.setdefault(attribute.rfc4514_attribute_name, []).append(attribute.value)
        whole = read.subject.rfc4514_string()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise refused("It cannot be read.", "certificate") from None
    first = next((name for kind in ("uri", "dns", "email") for name in names[kind]), "")
    return {**names, "subject": subject, "sub": whole or first, "exp": int(read.not_valid_after_utc.timestamp())}


def _alternative_names(read: object) -> dict[str, list[str]]:
    from cryptography import x509  # noqa: PLC0415 - as above

    assert isinstance(read, x509.Certificate)
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {"uri": [], "dns": [], "email": []}
    return {
        "uri": names.get_values_for_type(x509.UniformResourceIdentifier),
        "dns": names.get_values_for_type(x509.DNSName),
        "email": names.get_values_for_type(x509.RFC822Name),
    }
