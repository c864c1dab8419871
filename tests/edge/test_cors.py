"""Web pages of other origins: what they may ask, and that they get to read what went wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import headworks.journey
from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Cors
from tests.edge.rig import Answered, Client, Handler, House, PushedReply, echo, get, post, pushing, raising, run

APP = b"Origin: https://app.example"
FOREIGN = b"Origin: https://app.example.evil.test"
PREFLIGHT = (b"Access-Control-Request-Method: POST", b"Access-Control-Request-Headers: Authorization, x-stainless-os, x-evil")
CORS = Cors(origins=("https://app.example",), credentials=True, expose=("x-request-id", "retry-after"))


def asked(request: bytes, cors: Cors = CORS, handler: Handler = echo) -> Answered:
    """The answer to one request."""
    answers: list[Answered] = []

    async def job() -> None:
        client = Client(House(handler, cors=cors))
        await client.send(request)
        answers.extend(client.answers())

    run(job())
    (answer,) = answers
    return answer


def preflight(path: bytes = b"/v1/chat/completions", origin: bytes = APP) -> bytes:
    return get(path, origin, *PREFLIGHT, method=b"OPTIONS")


def granted(answer: Answered) -> dict[str, str]:
    """What a browser looks at."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/messages", b"/chat/completions"])
def test_a_preflight_of_an_allowed_origin_is_granted_without_a_key(path: bytes) -> None:
    answer = asked(preflight(path))

    assert answer.status == 204
    assert granted(answer) == {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-request-id, retry-after",
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": "authorization, x-stainless-os",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize("origin", [FOREIGN, b"Origin: null", b"Origin: http://app.example", b"X-Origin: https://app.example"])
def test_a_foreign_origin_is_granted_nothing(origin: bytes) -> None:
    for answer in (asked(preflight(origin=origin)), asked(post(b"/v1/messages", b"{}", origin))):
        assert granted(answer) == {}
        assert answer.headers["vary"] == "origin"


def test_a_request_of_an_allowed_origin_is_answered_for_its_page() -> None:
    answer = asked(post(b"/v1/messages", b"{}", APP))

    assert answer.status == 200
    assert granted(answer) == {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-request-id, retry-after",
    }
    assert answer.headers["vary"] == "origin"


def test_credentials_are_granted_only_where_they_are_configured() -> None:
    plain = Cors(origins=CORS.origins)

    for request in (preflight(), post(b"/v1/messages", b"{}", APP)):
        answer = asked(request, plain)
        assert granted(answer)["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in granted(answer)


def test_any_origin_may_be_allowed_and_any_header_with_it() -> None:
    answer = asked(preflight(origin=FOREIGN), Cors(origins=("*",), headers=("*",)))

    assert granted(answer)["access-control-allow-origin"] == "https://app.example.evil.test"
    assert granted(answer)["access-control-allow-headers"] == "authorization, x-stainless-os, x-evil"


def test_a_page_gets_to_read_all_that_the_gateway_says_in_headers() -> None:
    """Without being told to: an SDK in a browser retries by them."""
    journey = "".join(file.read_text() for file in Path(headworks.journey.__file__).parent.glob("*.py"))
    own = set(re.findall(r"x-headworks-[a-z-]+", journey))

    assert own
    assert own | {
        "x-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "idempotent-replayed",
    } == set(Cors().expose)


def test_without_configured_origins_nothing_is_said() -> None:
    for request in (preflight(), post(b"/v1/messages", b"{}", APP)):
        answer = asked(request, Cors())
        assert granted(answer) == {}
        assert "vary" not in answer.headers


@pytest.mark.parametrize(
    ("request_", "handler", "status"),
    [
        (post(b"/v1/messages", b"{}", APP), raising(Fault("invalid_api_key", "Unknown key.")), 401),
        (post(b"/v1/messages", b"{}", APP), raising(Fault("rate_limit_exceeded", "Slow down.", retry_after=1.0)), 429),
        (post(b"/v1/messages", b"{}", APP), raising(ZeroDivisionError()), 500),
        (post(b"/v1/nowhere", b"{}", APP), echo, 404),
        (get(b"/v1/messages", APP), echo, 405),
        (post(b"/v1/messages", b"{}", APP, b"content-encoding: gzip"), echo, 415),
        (post(b"/v1/messages", b"{}", APP, b"expect: a miracle"), echo, 417),
    ],
    ids=["key", "rate", "crash", "unknown", "method", "coding", "expectation"],
)
def test_a_page_gets_to_read_its_error(request_: bytes, handler: Handler, status: int) -> None:
    answer = asked(request_, handler=handler)

    assert answer.status == status
    assert granted(answer)["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in granted(answer)["access-control-expose-headers"]


def test_a_stream_is_for_its_page_too() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), cors=CORS))

        await client.send(post(b"/v1/messages", b"{}", APP))
        pushed.push(b"data: 1\n\n")

        assert granted(client.answered)["access-control-allow-origin"] == "https://app.example"

        await client.hang_up()

    run(job())


def test_what_a_reply_says_of_origins_does_not_widen_what_is_granted() -> None:
    """Two such headers make a browser refuse the answer; an upstream's `*` would open it to every page."""
    said = [(b"access-control-allow-origin", b"*"), (b"access-control-allow-credentials", b"true")]

    async def wide(call: Call) -> Reply:
        del call
        return Reply.of(200, list(said), b"{}")

    answer = asked(post(b"/v1/messages", b"{}", APP), handler=wide)
    assert granted(answer)["access-control-allow-origin"] == "https://app.example"
    assert granted(asked(post(b"/v1/messages", b"{}", FOREIGN), handler=wide)) == {}
