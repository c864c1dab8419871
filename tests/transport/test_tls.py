"""TLS: who is believed, who is not and why, client certificates, and ends without goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts, Tls
from headworks.transport.tls import Contexts
from tests.transport.certificates import Authority, server_context
from tests.transport.house import OK, request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import Peer, RawServer, answering, serving
from tests.transport.recorder import Recorder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> tuple[str, str]:
    return authority.sign("good", "127.0.0.1", "localhost")


def trusting(authority: Authority, cert_file: str = "", key_file: str = "", server_name: str = "") -> Tls:
    return Tls(ca_file=str(authority.file), cert_file=cert_file, key_file=key_file, server_name=server_name)


async def answer_of(server: RawServer, tls: Tls, host: str = "127.0.0.1") -> Recorder:
    async with upstream() as up:
        told = Recorder()
        await up.open(request(server.origin("https", host, tls)), told)
        return await told.end()


async def reason_of(server: RawServer, tls: Tls, host: str = "127.0.0.1") -> str:
    """The message of the `tls_failed` that an attempt meets; nothing may stay open."""
    reason = await reason_at(server.port, tls, host)
    await until(lambda: server.open == 0)
    return reason


@looped
async def test_a_custom_authority_is_trusted(authority: Authority, good: tuple[str, str]) -> None:
    async with serving(answering(OK), server_context(good)) as server:
        assert (await answer_of(server, trusting(authority))).done
        assert (await answer_of(server, trusting(authority), "localhost")).done


@looped
async def test_an_unknown_authority_is_not(good: tuple[str, str]) -> None:
    async with serving(answering(OK), server_context(good)) as server:
        assert "issuer is not trusted here; install the system's ca-certificates or name the issuer as tls.ca_file" in (
            await reason_of(server, Tls())
        )


@looped
async def test_an_expired_certificate(authority: Authority) -> None:
    expired = authority.sign("expired", "127.0.0.1", age=dt.timedelta(days=30))
    async with serving(answering(OK), server_context(expired)) as server:
        assert "has expired" in await reason_of(server, trusting(authority))


@looped
async def test_a_certificate_of_the_future(authority: Authority) -> None:
    future = authority.sign("future", "127.0.0.1", age=dt.timedelta(days=-30))
    async with serving(answering(OK), server_context(future)) as server:
        assert "not valid yet" in await reason_of(server, trusting(authority))


@looped
async def test_a_certificate_for_another_host(authority: Authority) -> None:
    other = authority.sign("other", "api.example.com")
    async with serving(answering(OK), server_context(other)) as server:
        assert "for another host name" in await reason_of(server, trusting(authority), "localhost")
        assert "not for this IP address" in await reason_of(server, trusting(authority))
        assert (await answer_of(server, trusting(authority, server_name="api.example.com"))).done


@looped
async def test_a_self_signed_certificate(authority: Authority) -> None:
    files = authority.self_signed("self", "127.0.0.1")
    async with serving(answering(OK), server_context(files)) as server:
        assert "self-signed" in await reason_of(server, trusting(authority))
        assert (await answer_of(server, Tls(ca_file=files[0]))).done


@looped
async def test_verification_is_off_only_where_somebody_said_so(authority: Authority) -> None:
    files = authority.self_signed("unverified", "elsewhere.example.com")
    async with serving(answering(OK), server_context(files)) as server:
        assert (await answer_of(server, Tls(verify=False))).done


@looped
async def test_mutual_tls(authority: Authority, good: tuple[str, str]) -> None:
    cert_file, key_file = authority.sign("client", "client.example.com")
    async with serving(answering(OK), server_context(good, authority)) as server:
        assert (await answer_of(server, trusting(authority, cert_file=cert_file, key_file=key_file))).done


@looped
async def test_a_client_certificate_that_is_missing_or_unknown(
    authority: Authority, good: tuple[str, str], tmp_path: Path
) -> None:
    """With TLS 1.3 the server says so only after our handshake is done: as the answer to the first request."""
    cert_file, key_file = Authority(tmp_path, "stranger").sign("client", "client.example.com")
    with blocking_server(server_context(good, authority)) as port:
        assert "wants a client certificate; set tls.cert_file and tls.key_file" in await reason_at(port, trusting(authority))
    with blocking_server(server_context(good, authority)) as port:
        reason = await reason_at(port, trusting(authority, cert_file=cert_file, key_file=key_file))
        assert "does not trust the issuer of our client certificate" in reason


@contextlib.contextmanager
def blocking_server(context: ssl.SSLContext) -> Generator[int]:
    """Takes one connection in a thread: uvloop's own servers close without sending OpenSSL's alert."""

    def serve() -> None:
        sock, _ = listening.accept()
        with (
            sock,
            contextlib.suppress(OSError),
            context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as tls,
        ):
            try:
                tls.do_handshake()
            except ssl.SSLError:
                socket.socket.recv(tls, 65_536)  # the request, so that closing does not reset

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join(5)


async def reason_at(port: int, tls: Tls, host: str = "127.0.0.1") -> str:
    async with upstream() as up:
        told = Recorder()
        try:
            await up.open(request(Origin("https", host, port, tls)), told)
            fault = (await told.end()).fault
        except Fault as raised:
            fault = raised
        assert fault.code == "tls_failed"
        assert up.stats()[0].open == 0
        return fault.message


@looped
async def test_a_server_that_speaks_no_tls(authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with serving(script) as server:
        assert "does not speak TLS on this port" in await reason_of(server, trusting(authority))


@looped
async def test_a_server_that_speaks_before_the_handshake(authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"SSH-2.0-OpenSSH_9.6\r\n")
        await peer.gone()

    async with serving(script) as server:
        await reason_of(server, trusting(authority))


@looped
async def test_a_server_that_closes_during_the_handshake(authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(10)

    async with serving(script) as server:
        assert "closed the connection during the handshake" in await reason_of(server, trusting(authority))


@looped
async def test_certificate_files_that_are_not_there(tmp_path: Path) -> None:
    async with serving(answering(OK)) as server:
        reason = await reason_of(server, Tls(ca_file=str(tmp_path / "none.pem")))
        assert "none.pem can't be read: No such file or directory" in reason


@looped
async def test_certificate_files_that_do_not_fit(authority: Authority) -> None:
    cert_file, _ = authority.sign("one", "x.example.com")
    _, key_file = authority.sign("two", "y.example.com")
    async with serving(answering(OK)) as server:
        reason = await reason_of(server, trusting(authority, cert_file=cert_file, key_file=key_file))
        assert "the key does not belong to the certificate" in reason


@looped
async def test_contexts_are_made_once_and_anew_when_a_file_changes(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    shutil.copy(authority.file, file)
    contexts, tls = Contexts(), Tls(ca_file=str(file))
    first, second = await asyncio.gather(contexts.of(tls), contexts.of(Tls(ca_file=str(file))))
    assert first is second
    assert await contexts.of(tls) is first
    os.utime(file, ns=(0, 12_345))
    assert await contexts.of(tls) is not first


@looped
async def test_a_context_that_could_not_be_made_is_tried_again(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    contexts, tls = Contexts(), Tls(ca_file=str(file))
    with pytest.raises(Fault):
        await contexts.of(tls)
    shutil.copy(authority.file, file)
    assert await contexts.of(tls)


@looped
async def test_who_gives_up_waiting_for_a_context_takes_it_from_nobody(authority: Authority) -> None:
    contexts, tls = Contexts(), Tls(ca_file=str(authority.file))
    loop = asyncio.get_running_loop()
    impatient, patient = loop.create_task(contexts.of(tls)), loop.create_task(contexts.of(tls))
    await turns(1)
    impatient.cancel()
    assert await patient is await contexts.of(tls)


@looped
async def test_contexts_are_strict_unless_told_otherwise() -> None:
    contexts = Contexts()
    strict, lax = await contexts.of(Tls()), await contexts.of(Tls(verify=False))
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert strict.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_NONE, False)


@looped
async def test_a_secure_connection_is_kept_and_cut_and_paused_like_any_other(
    authority: Authority, good: tuple[str, str]
) -> None:
    async with serving(answering(OK), server_context(good)) as server, upstream() as up:
        asked = request(server.origin("https", tls=trusting(authority)))
        for _ in range(3):
            told = Recorder()
            line = await up.open(asked, told)
            line.pause()
            await turns(10)
            line.resume()
            assert (await told.end()).done
        assert server.accepted == 1
        line = await up.open(asked, Recorder())
        line.cancel()
        await until(lambda: server.open == 0)


@looped
async def test_a_large_body_over_tls(authority: Authority, good: tuple[str, str]) -> None:
    body = bytes(range(256)) * 20_000
    async with serving(answering(OK), server_context(good)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin("https", tls=trusting(authority)), body), told)
        assert (await told.end()).done
        assert server.requests[0].endswith(body)


@looped
async def test_an_answer_until_close_needs_the_tls_goodbye(authority: Authority, good: tuple[str, str]) -> None:
    """With close_notify it is done, without it was cut: a bare FIN can be forged."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await told.begun.wait()
        if polite:
            peer.writer.close()
            await peer.writer.wait_closed()
        else:
            peer.reset()

    async with serving(script, server_context(good)) as server, upstream() as up:
        for polite in (True, False):
            told = Recorder()
            await up.open(request(server.origin("https", tls=trusting(authority))), told)
            await told.end()
            assert told.body == b"half"
            assert told.done if polite else told.fault.code == "severed"


@looped
async def test_what_came_before_the_end_is_not_lost_on_a_sleeping_taker(authority: Authority, good: tuple[str, str]) -> None:
    """The server's goodbye must not overtake its data: the taker sleeps through both and gets all of it afterwards."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x" * 50_000)
        await asleep.wait()
        await peer.say(b"x" * 50_000)
        peer.writer.close()
        await peer.writer.wait_closed()
        over.set()

    asleep, over = asyncio.Event(), asyncio.Event()
    async with serving(script, server_context(good)) as server, upstream() as up:
        told = Recorder()
        line = await up.open(request(server.origin("https", tls=trusting(authority)), timeouts=Timeouts()), told)
        await until(lambda: len(told.body) == 50_000)
        line.pause()
        asleep.set()
        await turns(200)
        assert len(told.body) == 50_000
        line.resume()
        await told.end()
        assert told.done
        assert len(told.body) == 100_000
