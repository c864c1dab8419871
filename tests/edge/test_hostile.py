"""Input that no honest client sends: refused with a reason, answered once, and the connection closed."""

from __future__ import annotations

import pytest

from headworks.edge.reader import MAX_AHEAD
from tests.edge.rig import Client, House, get, post, run

HOST = b"host: gateway\r\n"
CHUNKED = b"POST /v1/messages HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"


def head(*lines: bytes, start: bytes = b"POST /v1/messages HTTP/1.1") -> bytes:
    return b"\r\n".join((start, *lines)) + b"\r\n\r\n"


SMUGGLING = {
    "length and chunks": head(b"host: gateway", b"content-length: 4", b"transfer-encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head(b"host: gateway", b"transfer-encoding: chunked", b"content-length: 4") + b"0\r\n\r\n",
    "two lengths": head(b"host: gateway", b"content-length: 2", b"content-length: 3") + b"{}x",
    "the same length twice": head(b"host: gateway", b"content-length: 2", b"content-length: 2") + b"{}",
    "a list of lengths": head(b"host: gateway", b"content-length: 2, 2") + b"{}",
    "a signed length": head(b"host: gateway", b"content-length: +2") + b"{}",
    "a negative length": head(b"host: gateway", b"content-length: -2") + b"{}",
    "a hexadecimal length": head(b"host: gateway", b"content-length: 0x2") + b"{}",
    "an empty length": head(b"host: gateway", b"content-length:") + b"{}",
    "a length with a space inside": head(b"host: gateway", b"content-length: 2 2") + b"{}",
    "a length beyond all integers": head(b"host: gateway", b"content-length: 99999999999999999999999999") + b"{}",
    "a folded header": head(b"host: gateway", b"x-a: b", b" c"),
    "a folded header by tab": head(b"host: gateway", b"x-a: b", b"\tc"),
    "a fold at once": b"POST / HTTP/1.1\r\n x-a: b\r\n" + HOST + b"\r\n",
    "a line ended by LF": b"POST /v1/messages HTTP/1.1\r\nhost: gateway\nx-a: b\r\n\r\n",
    "a request line ended by LF": b"POST /v1/messages HTTP/1.1\nhost: gateway\r\n\r\n",
    "a head ended by LF": b"POST /v1/messages HTTP/1.1\r\nhost: gateway\r\n\n",
    "a lone CR": b"POST /v1/messages HTTP/1.1\r\nhost: gateway\rx-a: b\r\n\r\n",
    "a space before the colon": head(b"host : gateway"),
    "no colon": head(b"host: gateway", b"x-a"),
    "no name": head(b"host: gateway", b": b"),
    "a space in a name": head(b"host: gateway", b"x a: b"),
    "a NUL in a value": head(b"host: gateway", b"x-a: b\0c"),
    "a NUL in the target": head(b"host: gateway", start=b"GET /v1/\0models HTTP/1.1"),
    "a control character in a value": head(b"host: gateway", b"x-a: b\x01c"),
    "an unknown coding": head(b"host: gateway", b"transfer-encoding: xchunked") + b"0\r\n\r\n",
    "a coding before chunked": head(b"host: gateway", b"transfer-encoding: gzip, chunked") + b"0\r\n\r\n",
    "a coding after chunked": head(b"host: gateway", b"transfer-encoding: chunked, gzip") + b"0\r\n\r\n",
    "an empty coding before chunked": head(b"host: gateway", b"transfer-encoding: , chunked") + b"0\r\n\r\n",
    "identity": head(b"host: gateway", b"transfer-encoding: identity") + b"0\r\n\r\n",
    "chunked twice": head(b"host: gateway", b"transfer-encoding: chunked", b"transfer-encoding: chunked") + b"0\r\n\r\n",
    "a hidden coding": head(b"host: gateway", b"transfer-encoding: \x0bchunked") + b"0\r\n\r\n",
    "chunks in HTTP/1.0": head(b"host: gateway", b"transfer-encoding: chunked", start=b"POST / HTTP/1.0") + b"0\r\n\r\n",
    "no host": head(b"content-length: 0"),
    "two hosts": head(b"host: gateway", b"host: other"),
    "no host's name": head(b"host: user@gateway"),
    "a host with a path": head(b"host: gateway/x"),
    "two keys": head(b"host: gateway", b"authorization: Bearer a", b"authorization: Bearer b"),
    "two keys of the other kind": head(b"host: gateway", b"x-api-key: a", b"X-API-Key: b"),
    "two types": head(b"host: gateway", b"content-type: application/json", b"content-type: text/plain"),
    "another host in the target": head(b"host: gateway", start=b"GET http://other/v1/models HTTP/1.1"),
    "another scheme in the target": head(b"host: gateway", start=b"GET ftp://gateway/v1/models HTTP/1.1"),
    "a fragment": head(b"host: gateway", start=b"GET /v1/models#x HTTP/1.1"),
    "an unknown method": head(b"host: gateway", start=b"FROBNICATE / HTTP/1.1"),
    "a method in lower case": head(b"host: gateway", start=b"get /v1/models HTTP/1.1"),
    "another protocol": head(b"host: gateway", start=b"OPTIONS / FTP/1.0"),
    "nonsense": b"\x80\x81\x82\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a websocket": head(b"host: gateway", b"connection: upgrade", b"upgrade: websocket", start=b"GET /v1/models HTTP/1.1"),
}


@pytest.mark.parametrize("data", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_what_two_readers_could_understand_differently_is_refused(data: bytes) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(data + post(b"/v1/embeddings"))

        assert client.answered.status == 400
        assert client.answered.said["code"] in ("malformed_request", "upgrade_refused")
        assert client.answered.said["message"]
        assert client.answered.headers["connection"] == "close"
        assert client.house.journey.calls == []
        assert (client.open, client.house.complaints) == (False, [])

    run(job())


@pytest.mark.parametrize("data", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_it_is_refused_in_whatever_pieces_it_comes(data: bytes) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(*[data[place : place + 1] for place in range(len(data))])

        assert client.answered.status == 400
        assert client.house.journey.calls == []

    run(job())


OTHERS = {
    "CONNECT": (head(b"host: other:443", start=b"CONNECT other:443 HTTP/1.1"), 405, "method_not_allowed"),
    "TRACE": (head(b"host: gateway", start=b"TRACE /v1/models HTTP/1.1"), 405, "method_not_allowed"),
    "HTTP/2 with prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"),
    "HTTP/2 in name": (head(b"host: gateway", start=b"GET /v1/models HTTP/2.0"), 505, "version_not_supported"),
    "HTTP/0.9": (b"GET /v1/models\r\n\r\n", 505, "version_not_supported"),
    "an expectation": (head(b"host: gateway", b"expect: a-miracle", b"content-length: 2"), 417, "expectation_failed"),
    "a compressed body": (
        head(b"host: gateway", b"content-encoding: gzip", b"content-length: 2"),
        415,
        "unsupported_media_type",
    ),
    "a long URL": (get(b"/v1/models/" + b"m" * 9_000), 414, "uri_too_long"),
    "many headers": (get(b"/v1/models", *[b"x-%d: y" % number for number in range(100)]), 431, "headers_too_large"),
    "many headers of one name": (get(b"/v1/models", *[b"x: y"] * 100), 431, "headers_too_large"),
    "a large header": (get(b"/v1/models", b"x: " + b"y" * 33_000), 431, "headers_too_large"),
    "a head without end": (get(b"/v1/models", b"x: " + b"y" * 33_000)[:-2], 431, "headers_too_large"),
}


@pytest.mark.parametrize(("data", "status", "code"), OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("cut", [100_000, 7_001, 501])
def test_what_is_not_spoken_here_is_said_to_be_so(data: bytes, status: int, code: str, cut: int) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(*[data[place : place + cut] for place in range(0, len(data), cut)], b"x" if status == 431 else b"")

        assert (client.answers("GET")[0].status, client.answers("GET")[0].said["code"]) == (status, code)
        assert client.house.journey.calls == []
        assert not client.open

    run(job())


def test_a_head_just_within_the_limit_passes() -> None:
    async def job() -> None:
        client = Client(House(max_header_bytes=1_000))
        small = get(b"/livez", b"x: " + b"y" * 900)
        large = get(b"/livez", b"x: " + b"y" * 1_000)

        await client.send(small[:600], small[600:] + small, large)

        assert [answer.status for answer in client.answers("GET", "GET", "GET")] == [200, 200, 431]

    run(job())


CHUNKS = {
    "not hexadecimal": b"xyz\r\nhi\r\n0\r\n\r\n",
    "with a prefix": b"0x2\r\nhi\r\n0\r\n\r\n",
    "negative": b"-2\r\nhi\r\n0\r\n\r\n",
    "signed": b"+2\r\nhi\r\n0\r\n\r\n",
    "with a space": b"2 \r\nhi\r\n0\r\n\r\n",
    "empty": b"\r\nhi\r\n0\r\n\r\n",
    "overflowing": b"fffffffffffffffff\r\nhi\r\n0\r\n\r\n",
    "ended by LF": b"2\nhi\r\n0\r\n\r\n",
    "its data ended by LF": b"2\r\nhi\n0\r\n\r\n",
    "its data too long": b"2\r\nhiya\r\n0\r\n\r\n",
    "an extension ended by LF": b"2;a\nhi\r\n0\r\n\r\n",
    "a control character in an extension": b"2;a=\x01\r\nhi\r\n0\r\n\r\n",
    "a bad trailer": b"2\r\nhi\r\n0\r\na : b\r\n\r\n",
    "a length in the trailer": b"2\r\nhi\r\n0\r\ncontent-length: 2\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS.keys())
def test_malformed_chunks_fail_the_body(chunks: bytes) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(CHUNKED + chunks, post(b"/v1/embeddings"))

        assert (client.answered.status, client.answered.said["code"]) == (400, "malformed_request")
        assert len(client.house.journey.calls) == 1
        assert client.state.inflight == 0
        assert not client.open

    run(job())


@pytest.mark.parametrize("flood", [b"2;" + b"e" * 40_000, b"2\r\nhi\r\n0\r\nx: " + b"y" * 40_000])
def test_extensions_and_trailers_cannot_flood(flood: bytes) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(CHUNKED, *[flood[place : place + 1_000] for place in range(0, len(flood), 1_000)])

        assert (client.answered.status, client.answered.said["code"]) == (400, "malformed_request")

    run(job())


def test_empty_lines_cannot_flood() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(b"\r\n", post(), b"\r\n", post(), *[b"\r\n" * 500] * 40)

        assert [answer.status for answer in client.answers()] == [200, 200, 431]

    run(job())


def test_the_only_host_of_an_older_client_may_be_missing() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(b"GET /v1/models HTTP/1.0\r\n\r\n")

        assert client.answered.status == 200

    run(job())


@pytest.mark.parametrize("target", [b"http://gateway/v1/models", b"HTTP://GATEWAY/v1/models?x", b"https://gateway/v1/models/"])
def test_a_target_that_names_the_same_host_is_taken(target: bytes) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(target))

        assert client.answered.status == 200

    run(job())


def test_a_wish_for_http2_is_declined_by_going_on() -> None:
    """Java's HTTP client sends it with every first request, body and all."""

    async def job() -> None:
        client = Client(House())
        wish = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk", b"x-tag: t")

        await client.send(post(b"/v1/messages", b'{"a":1}', *wish) + post(b"/v1/embeddings"))
        first, second = client.answers()

        assert (first.said["body"], second.said["kind"]) == ('{"a":1}', "embeddings")
        assert client.house.journey.calls[0].headers[b"x-tag"] == b"t"
        assert b"upgrade" not in client.house.journey.calls[0].headers

    run(job())


def test_bytes_after_the_last_request_of_a_connection_are_nobodys() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(b"/v1/messages", b"{}", b"connection: close") + b"\x00garbage")

        assert client.answered.status == 200

    run(job())


def test_nobody_gets_far_ahead_of_the_answers() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(b"/livez") * (MAX_AHEAD + 5))
        answers = client.answers(*["GET"] * 100)

        assert [answer.status for answer in answers] == [200] * MAX_AHEAD + [400]
        assert not client.open

    run(job())


@pytest.mark.parametrize("path", [b"/v1/messages", b"/v1/chat/completions"])
def test_a_request_refused_at_its_head_is_told_so_in_its_dialect(path: bytes) -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=10))

        await client.send(post(path, b"x" * 11))

        assert client.answered.status == 413
        assert client.answered.said["front"] == ("anthropic" if path == b"/v1/messages" else "openai_chat")

    run(job())
