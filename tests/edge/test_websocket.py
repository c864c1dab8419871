"""Requests that ask for a WebSocket: who gets one, what becomes of the bytes behind the request, and how a conversation ends."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.edge.connection import READ_AHEAD
from tests.edge.rig import Client, House, PushedReply, get, never, post, run, settle

KEY = base64.b64encode(b"k" * 16)
WISH = (b"connection: Upgrade", b"upgrade: websocket", b"sec-websocket-version: 13", b"sec-websocket-key: " + KEY)
PATH = b"/v1/realtime?model=voice"


def ask(
    *headers: bytes, path: bytes = PATH, method: bytes = b"GET", version: bytes = b"1.1", wish: tuple[bytes, ...] = WISH
) -> bytes:
    """The request that opens a WebSocket."""
    return get(path, *wish, *headers, method=method, version=version)


class Talk:
    """A conversation that the test holds in the upstream's place."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.paused = False
        self.cancelled = 0
        self.ease: Callable[[bool], None] | None = None
        self.outcomes: list[Outcome] = []
        self.reply = Reply(101, [], self, stream=True)
        self.reply.duplex = self
        self.reply.on_end(self.outcomes.append)

    async def __call__(self, call: Call) -> Reply:  # noqa: ARG002 - a handler's signature
        return self.reply

    def feed(self, data: bytes) -> None:
        self.heard += data

    def on_slow(self, step: Callable[[bool], None]) -> None:
        self.ease = step

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def cancel(self) -> None:
        self.cancelled += 1

    def say(self, data: bytes) -> None:
        self.reply.push(Frame(data))

    def end(self) -> None:
        self.reply.finish(Outcome(Ending.FINISHED, 101))


def test_after_the_switch_bytes_are_the_conversations() -> None:
    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        await client.send(ask() + b"early", b"POST / HTTP/1.1\r\n\r\n")
        talk.say(b"\x81\x02hi")
        await settle()

        head, _, rest = bytes(client.transport.sent).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert rest == b"\x81\x02hi"
        assert talk.heard == b"earlyPOST / HTTP/1.1\r\n\r\n"

    run(job())


@pytest.mark.parametrize(
    "body", [(b"content-length: 5", b"hello"), (b"transfer-encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n")]
)
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_handshake_with_a_body_is_refused(body: tuple[bytes, bytes], pieces: int) -> None:
    """Where it ends, and what follows begins, would be a matter of opinion."""

    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        whole = [ask(body[0]) + body[1]] if pieces == 1 else [ask(body[0]), body[1]]
        await client.send(*whole, post(b"/v1/embeddings"))

        assert client.answered.status == 400
        assert client.answered.said["code"] in ("malformed_request", "upgrade_refused")
        assert not client.house.journey.calls

    run(job())


@pytest.mark.parametrize(
    "data",
    [
        ask(method=b"HEAD"),
        ask(method=b"POST"),
        ask(method=b"OPTIONS"),
        ask(method=b"DELETE"),
        ask(version=b"1.0"),
        ask(path=b"/v1/models"),
        ask(path=b"/v1/chat/completions?x=/realtime"),
        ask(wish=(*WISH[:1], b"upgrade: websocket, h2c", *WISH[2:])),
        ask(wish=(*WISH[:1], b"upgrade: h2c", b"upgrade: websocket", *WISH[2:])),
        ask(wish=(*WISH[:1], b"upgrade: tls/1.0", *WISH[2:])),
        ask(wish=WISH[:3]),
        ask(wish=(*WISH[:2], WISH[3])),
        ask(wish=(*WISH[:2], b"sec-websocket-version: 8", WISH[3])),
        ask(wish=(*WISH[:2], b"sec-websocket-version: 13, 8", WISH[3])),
        ask(b"sec-websocket-version: 13"),
        ask(b"sec-websocket-key: " + KEY),
        ask(wish=(*WISH[:3], b"sec-websocket-key: " + KEY[:-4])),
        ask(wish=(*WISH[:3], b"sec-websocket-key: not base64 at all")),
        ask(wish=(*WISH[:3], b"sec-websocket-key: " + base64.b64encode(b"k" * 6000))),
        ask(wish=(*WISH[:3], b"sec-websocket-key:")),
        ask(wish=(*WISH[:3], b"sec-websocket-key: \xff\xfe" + KEY)),
        ask(path=b"/v1/realtime"),
        ask(path=b"/v1/realtime?model="),
        ask(path=b"/v1/realtime?model=a&model=b"),
        ask(path=b"/v1/realtime?model=voice&intent=transcription"),
    ],
)
def test_a_bad_handshake_is_refused_and_nothing_behind_it_is_read(data: bytes) -> None:
    async def job() -> None:
        client = Client(House(Talk()))
        await client.send(data + post(b"/v1/embeddings"), post(b"/v1/embeddings"))
        await client.wait(6.0)

        head, _, rest = bytes(client.transport.sent).partition(b"\r\n\r\n")
        assert head.split(b" ")[1][:1] == b"4"
        assert b"HTTP/1.1 " not in rest
        assert client.transport.closed
        assert not client.house.journey.calls
        assert not client.house.complaints

    run(job())


@pytest.mark.parametrize(
    ("method", "status"), [(b"POST", 405), (b"DELETE", 405), (b"OPTIONS", 204), (b"GET", 400), (b"HEAD", 400)]
)
def test_a_plain_request_is_told_that_this_is_a_websockets_address(method: bytes, status: int) -> None:
    async def job() -> None:
        client = Client(House(Talk()))
        await client.send(get(PATH, method=method))

        answer = client.answers(method.decode())[0]
        assert answer.status == status
        if status != 400:
            assert "GET" in answer.headers["allow"]

    run(job())


def test_what_a_client_says_too_early_is_read_up_to_a_bound() -> None:
    async def job() -> None:
        client = Client(House(never))
        await client.send(ask())
        sent = 0
        while client.transport.reading and sent < 10_000_000:
            await client.send(b"x" * 16_384)
            sent += 16_384

        assert READ_AHEAD <= sent <= READ_AHEAD + 2 * 16_384

    run(job())


def test_a_handshake_waits_for_the_answers_before_it() -> None:
    async def job() -> None:
        first, talk = PushedReply(), Talk()

        async def either(call: Call) -> Reply:
            return talk.reply if call.kind == "realtime" else first.reply

        client = Client(House(either))
        await client.send(post() + ask() + b"\x81\x00")
        first.push(b"data: 1\n\n")
        assert not talk.heard
        first.finish()
        await settle()

        assert talk.heard == b"\x81\x00"
        assert bytes(client.transport.sent).count(b"HTTP/1.1 ") == 2

    run(job())


def test_a_client_that_can_say_no_more_before_the_switch_is_gone() -> None:
    """It could not even say goodbye."""

    async def job() -> None:
        client = Client(House(never))
        await client.send(ask())
        stays = await client.shut_down()

        assert not stays
        assert client.house.journey.cancelled == ["client_gone"]
        assert b"100" not in bytes(client.transport.sent)

    run(job())


def test_a_client_that_can_say_no_more_after_the_switch_is_gone() -> None:
    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        await client.send(ask())
        assert not await client.shut_down()

        assert talk.cancelled == 1
        assert [outcome.ending for outcome in talk.outcomes] == [Ending.CLIENT_GONE]

    run(job())


def test_a_client_that_is_slow_already_holds_the_upstream_back_from_the_start() -> None:
    async def job() -> None:
        first, talk = PushedReply(), Talk()

        async def either(call: Call) -> Reply:
            return talk.reply if call.kind == "realtime" else first.reply

        client = Client(House(either))
        client.transport.takes = False
        await client.send(post() + ask())
        first.push(b"x" * 2_000_000)
        first.finish()
        await settle()

        assert talk.reply.duplex is not None
        assert talk.paused

    run(job())


def test_a_client_that_takes_no_answers_is_not_listened_to_for_ever() -> None:
    """Each of its pings is answered, and the answers wait in memory."""

    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        client.transport.takes = False
        await client.send(ask())
        sent = 0
        while client.transport.reading and sent < 50_000_000:
            talk.say(b"p" * 65_536)
            await client.send(b"p" * 65_536)
            sent += 65_536

        assert sent < 4_000_000
        client.transport.take(sent + 10_000)
        await settle()
        assert client.transport.reading

    run(job())


def test_a_slow_upstream_and_a_slow_client_are_told_apart() -> None:
    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        await client.send(ask())
        assert talk.ease is not None
        talk.ease(True)  # noqa: FBT003 - there is one thing to say
        assert not client.transport.reading
        client.transport.takes = False
        talk.say(b"x" * 500_000)
        assert talk.paused
        client.transport.take(500_000)
        assert not client.transport.reading, "the upstream is slow still"
        talk.ease(False)  # noqa: FBT003 - likewise

        assert client.transport.reading

    run(job())


def test_no_patience_ends_a_conversation_that_flows() -> None:
    async def job() -> None:
        talk = Talk()
        client = Client(House(talk, request_timeout=10.0))
        await client.send(ask())
        await client.wait(100.0)
        assert client.open
        client.transport.takes = False
        talk.say(b"x" * 10)
        await client.wait(200.0)

        assert not client.open, "but one that takes nothing is given up"

    run(job())


def test_a_conversation_that_ends_before_it_was_begun_ends_once() -> None:
    async def job() -> None:
        talk = Talk()
        talk.say(b"\x88\x00")
        talk.end()
        client = Client(House(talk))
        await client.send(ask() + b"early")
        await client.wait(6.0)

        assert bytes(client.transport.sent).endswith(b"\r\n\r\n\x88\x00")
        assert client.transport.closed
        assert not client.house.complaints

    run(job())


def test_a_conversation_through_tls_is_closed_once_it_has_ended() -> None:
    """Clients wait for the server to close first, and TLS knows no half of a connection that could tell them."""

    async def job() -> None:
        talk = Talk()
        client = Client(House(talk))
        client.transport.can_write_eof = lambda: False  # type: ignore[method-assign]
        await client.send(ask())
        talk.say(b"\x88\x00")
        talk.end()
        await settle()

        assert client.transport.closed
        assert not client.transport.aborted

    run(job())
