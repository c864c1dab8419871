"""Through forward proxies, over real sockets: CONNECT for https, absolute-form for http, proxies that speak TLS, and refusals."""

from __future__ import annotations

import asyncio
import base64
import contextlib

import pytest

from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts, Tls
from tests.transport.certificates import Authority, server_context
from tests.transport.house import OK, request, upstream
from tests.transport.looped import looped, until
from tests.transport.raw_server import Peer, Script, answering, closed_port, serving
from tests.transport.recorder import Recorder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def system_authority(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's certificate is checked against the system's authorities: OpenSSL reads where they are from here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


def relaying(heads: list[bytes]) -> Script:
    """A proxy that honours CONNECT and writes down what it was asked."""

    async def script(peer: Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        await peer.say(b"HTTP/1.1 200 Connection established\r\nx-proxy: yes\r\n\r\n")
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(pump(peer.reader, far_writer)),
                    asyncio.ensure_future(pump(far_reader, peer.writer)),
                ]
            )
        finally:
            far_writer.transport.abort()

    return script


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@looped
@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http-proxy", "https-proxy"])
async def test_https_goes_through_a_tunnel(authority: Authority, secure_proxy: bool) -> None:  # noqa: FBT001 - pytest's parameter
    context = server_context(authority.sign("host", "127.0.0.1"))
    heads: list[bytes] = []
    async with (
        serving(answering(OK), context) as server,
        serving(relaying(heads), context if secure_proxy else None) as proxy,
        upstream() as up,
    ):
        url = f"{'https' if secure_proxy else 'http'}://user:secret@127.0.0.1:{proxy.port}"
        origin = server.origin("https", tls=Tls(ca_file=str(authority.file)), proxy=url)
        for _ in range(2):
            told = Recorder()
            await up.open(request(origin), told)
            assert (await told.end()).done

        password = base64.b64encode(b"user:secret")
        assert heads == [
            b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nproxy-authorization: Basic %b\r\n\r\n"
            % (server.port, server.port, password)
        ]
        assert all(b"proxy-authorization" not in sent for sent in server.requests)
        await up.aclose()
        await until(lambda: not proxy.open)


@looped
@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http-proxy", "https-proxy"])
async def test_http_goes_in_absolute_form(authority: Authority, secure_proxy: bool) -> None:  # noqa: FBT001 - pytest's parameter
    context = server_context(authority.sign("host", "127.0.0.1"))
    async with serving(answering(OK), context if secure_proxy else None) as proxy, upstream() as up:
        url = f"{'https' if secure_proxy else 'http'}://user:secret@127.0.0.1:{proxy.port}"
        told = Recorder()
        await up.open(request(Origin("http", "api.example.com", 8080, proxy=url), b"body"), told)
        assert (await told.end()).done
        assert proxy.requests == [
            b"POST http://api.example.com:8080/v1/chat HTTP/1.1\r\nproxy-authorization: Basic "
            + base64.b64encode(b"user:secret")
            + b"\r\nhost: upstream\r\ncontent-length: 4\r\n\r\nbody"
        ]


def refusing(answer: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(answer)
        if answer.endswith(b"\r\n\r\n"):
            await peer.gone()

    return script


@looped
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it answered 407: it wants a valid user and password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403: its rules forbid"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "it answered 502: it could not reach that host itself"),
        (b"HTTP/1.1 418 Teapot\r\n\r\n", "it answered 418"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus\r\n\r\n", "it spoke before we did"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000, "its answer is too long"),
        (b"HTTP/1.1 200", "it closed the connection"),
    ],
    ids=["407", "403", "502", "418", "no-http", "surplus", "endless", "closed"],
)
async def test_a_proxy_that_refuses(answer: bytes, why: str) -> None:
    async with serving(refusing(answer)) as proxy, upstream() as up:
        origin = Origin("https", "api.example.com", 443, proxy=f"http://user:secret@127.0.0.1:{proxy.port}")
        with pytest.raises(Fault) as caught:
            await up.open(request(origin), Recorder())
        assert caught.value.code == "proxy_failed"
        assert why in caught.value.message
        assert "secret" not in repr(caught.value) + caught.value.detail
        await until(lambda: proxy.open == 0)
        assert up.stats()[0].open == 0


@looped
async def test_a_plain_proxy_that_wants_a_password() -> None:
    """Its 407 is about the proxy: it must not look like the origin's answer."""
    async with serving(answering(b"HTTP/1.1 407 Auth\r\ncontent-length: 0\r\n\r\n")) as proxy, upstream() as up:
        told = Recorder()
        await up.open(request(Origin("http", "api.example.com", 80, proxy=f"http://127.0.0.1:{proxy.port}")), told)
        await told.end()
        assert told.fault.code == "proxy_failed"
        assert told.status == 0


@looped
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there(scheme: str) -> None:
    async with upstream() as up:
        origin = Origin(scheme, "api.example.com", 443, proxy=f"http://user:secret@127.0.0.1:{closed_port()}")
        with pytest.raises(Fault) as caught:
            await up.open(request(origin), Recorder())
        assert caught.value.code == "proxy_failed"
        assert "Nothing listens" in caught.value.message
        assert "secret" not in repr(caught.value)


@looped
async def test_a_proxy_that_never_answers() -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as proxy, upstream() as up:
        origin = Origin("https", "api.example.com", 443, proxy=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(Fault) as caught:
            await up.open(request(origin, timeouts=Timeouts(connect=0.05)), Recorder())
        assert caught.value.code == "connect_timeout"
        await until(lambda: proxy.open == 0)


@looped
async def test_a_proxy_whose_certificate_is_not_believed(authority: Authority) -> None:
    stranger = authority.self_signed("proxy", "127.0.0.1")
    async with serving(answering(OK), server_context(stranger)) as proxy, upstream() as up:
        origin = Origin("https", "api.example.com", 443, proxy=f"https://127.0.0.1:{proxy.port}")
        with pytest.raises(Fault) as caught:
            await up.open(request(origin), Recorder())
        assert caught.value.code == "proxy_failed"
        assert "self-signed" in caught.value.message


@looped
async def test_an_origin_behind_a_tunnel_is_checked_like_any_other(authority: Authority) -> None:
    context = server_context(authority.sign("elsewhere", "elsewhere.example.com"))
    heads: list[bytes] = []
    async with serving(answering(OK), context) as server, serving(relaying(heads)) as proxy, upstream() as up:
        with pytest.raises(Fault) as caught:
            await up.open(request(server.origin("https", proxy=f"http://127.0.0.1:{proxy.port}")), Recorder())
        assert caught.value.code == "tls_failed"
        assert "not for this IP address" in caught.value.message


SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\nhello"


@looped
async def test_a_connection_that_changes_its_protocol_goes_through_a_tunnel(authority: Authority) -> None:
    context = server_context(authority.sign("host", "127.0.0.1"))
    heads: list[bytes] = []
    async with serving(answering(SWITCHED), context) as server, serving(relaying(heads)) as proxy, upstream() as up:
        origin = server.origin("https", tls=Tls(ca_file=str(authority.file)), proxy=f"http://127.0.0.1:{proxy.port}")
        told = Recorder()
        line = await up.switch(request(origin, b""), told)
        await until(lambda: told.body == b"hello")
        line.cancel()

        assert heads[0].startswith(b"CONNECT ")
        assert told.status == 101
        await until(lambda: not proxy.open)


@looped
async def test_a_plain_proxy_is_asked_in_absolute_form_for_another_protocol() -> None:
    async with serving(answering(SWITCHED)) as proxy, upstream() as up:
        told = Recorder()
        line = await up.switch(
            request(Origin("http", "api.example.com", 80, proxy=f"http://127.0.0.1:{proxy.port}"), b""), told
        )
        await until(lambda: told.body == b"hello")
        line.cancel()

        assert proxy.requests[0].startswith(b"POST http://api.example.com:80/v1/chat HTTP/1.1\r\n")


@looped
async def test_a_proxy_that_wants_a_password_is_not_taken_for_the_other_side() -> None:
    async with serving(answering(b"HTTP/1.1 407 Auth\r\ncontent-length: 0\r\n\r\n")) as proxy, upstream() as up:
        told = Recorder()
        await up.switch(request(Origin("http", "api.example.com", 80, proxy=f"http://127.0.0.1:{proxy.port}"), b""), told)
        await told.end()

        assert told.fault.code == "proxy_failed"
