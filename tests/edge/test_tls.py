"""TLS at the door: who proves what to whom, and certificates that change under way."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headworks.domain.snapshot import EdgeSettings
from headworks.edge import Edge
from headworks.edge.tls import Certificates
from tests.edge.rig import House, never, post, read_answers, run, serving, until

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Pair:
    """A self-signed certificate and its key, as files."""

    def __init__(self, directory: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=3650))
            .not_valid_after(NOW + dt.timedelta(days=3650))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.cert = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"
        self.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    def take_over(self, other: Pair) -> None:
        """Write the other's certificate and key into our files."""
        for ours, theirs in ((self.cert, other.cert), (self.key, other.key)):
            ours.write_bytes(theirs.read_bytes())
            later = ours.stat().st_mtime + 10
            os.utime(ours, (later, later))


def trusting(pair: Pair, own: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pair.cert))
    if own is not None:
        context.load_cert_chain(own.cert, own.key)
    return context


async def ask(port: int, context: ssl.SSLContext) -> tuple[int, str | None, str | None]:
    """Status, TLS version and application protocol."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    writer.write(post(b"/v1/messages", b"{}", b"connection: close"))
    data = await reader.read(-1)
    secure: ssl.SSLObject = writer.get_extra_info("ssl_object")
    spoken = (secure.version(), secure.selected_alpn_protocol())
    writer.close()
    return read_answers(data)[0].status, *spoken


def test_requests_travel_over_tls(tmp_path: Path) -> None:
    pair = Pair(tmp_path, "server")

    async def job() -> None:
        context = trusting(pair)
        context.set_alpn_protocols(["h2", "http/1.1"])
        async with serving(House(cert_file=str(pair.cert), key_file=str(pair.key))) as (_, port):
            assert await ask(port, context) == (200, "TLSv1.3", "http/1.1")

    run(job())


def test_old_protocol_versions_are_refused(tmp_path: Path) -> None:
    pair = Pair(tmp_path, "server")

    async def job() -> None:
        context = trusting(pair)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        async with serving(House(cert_file=str(pair.cert), key_file=str(pair.key))) as (_, port):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await ask(port, context)

    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        run(job())


def test_clients_must_prove_themselves_where_it_is_asked(tmp_path: Path) -> None:
    pair, known, stranger = Pair(tmp_path, "server"), Pair(tmp_path, "known"), Pair(tmp_path, "stranger")

    async def job() -> None:
        house = House(cert_file=str(pair.cert), key_file=str(pair.key), client_ca_file=str(known.cert))
        async with serving(house) as (_, port):
            assert (await ask(port, trusting(pair, known)))[0] == 200
            for context in (trusting(pair), trusting(pair, stranger)):
                with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
                    await ask(port, context)
        assert len(house.journey.calls) == 1

    run(job())


def test_a_changed_certificate_is_taken_up(tmp_path: Path) -> None:
    old, new = Pair(tmp_path, "old"), Pair(tmp_path, "new")

    async def job() -> None:
        house = House(cert_file=str(old.cert), key_file=str(old.key))
        before, after = trusting(old), trusting(new)
        async with serving(house) as (_, port):
            first = await ask(port, before)
            old.take_over(new)
            await house.clock.run(30.0)
            second = await ask(port, after)

        assert (first[0], second[0]) == (200, 200)

    run(job())


def test_a_certificate_without_its_key_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    pair, other = Pair(tmp_path, "server"), Pair(tmp_path, "other")
    before = trusting(pair)

    async def job() -> None:
        house = House(cert_file=str(pair.cert), key_file=str(pair.key))
        async with serving(house) as (_, port):
            pair.cert.write_bytes(other.cert.read_bytes())
            await house.clock.run(60.0)
            assert (await ask(port, before))[0] == 200
            assert [type(trouble) for trouble in house.complaints] == [ssl.SSLError]

    run(job())


def test_a_vanished_certificate_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    pair = Pair(tmp_path, "server")
    complaints: list[BaseException] = []
    certificates = Certificates(EdgeSettings(cert_file=str(pair.cert), key_file=str(pair.key)), complaints.append)

    pair.cert.unlink()
    certificates.refresh()
    certificates.refresh()

    assert [type(trouble) for trouble in complaints] == [FileNotFoundError]


def test_an_unusable_certificate_stops_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty.crt"
    empty.write_bytes(b"")

    async def job() -> None:
        with pytest.raises(ssl.SSLError):
            Edge(House(cert_file=str(empty), key_file=str(empty)).door)

    run(job())


def test_a_client_that_hangs_up_is_noticed_over_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pair = Pair(tmp_path, "server")

    async def job() -> None:
        house = House(never, cert_file=str(pair.cert), key_file=str(pair.key))
        async with serving(house) as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(pair), server_hostname="localhost")
            writer.write(post())
            await until(lambda: house.journey.calls)
            writer.close()
            await until(lambda: house.journey.cancelled)
        assert house.journey.cancelled == ["client_gone"]
        assert caplog.records == []

    run(job())
