"""What can go wrong with an upstream, what the client then gets, what is tried again, and what it costs: the cases, and how one is run."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import msgspec

from headworks.domain.exchange import Exchange
from headworks.testing.emulator import EmulatorProcess

from .house import KEY, RunningHouse, free_port


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One fault at the first of two targets. Expected: what the client gets, the faults on the tally, and how the exchange ended."""

    name: str
    trouble: str = ""
    model: str = "guarded"
    stream: bool = False
    status: int = 200
    code: str = ""
    """Of the error the client reads: in the body, or as the last event of a stream."""
    tally: tuple[str, ...] = ()
    """Faults of the attempts, in order; empty for a good one."""
    ending: str = "finished"
    certainty: str = "reported"


class Seen(msgspec.Struct, frozen=True):
    """What one case came to."""

    status: int
    headers: dict[str, str]
    body: bytes
    record: Exchange

    @property
    def code(self) -> str:
        """The error's code as the client reads it, empty if there is none."""
        tail = self.body.rpartition(b"data: ")[2] if self.body.startswith((b"data:", b":")) else self.body
        try:
            content = msgspec.json.decode(tail)
        except msgspec.DecodeError:
            return ""
        error = content.get("error") if isinstance(content, dict) else None
        return str(error.get("code") or "") if isinstance(error, dict) else ""


CASES = (
    Case(name="connect refused", model="refused", tally=("connect_refused", "")),
    Case(name="connect refused, no other target", model="only-refused", status=502, code="connect_refused", ending="failed",
         tally=("connect_refused",) * 2),
    Case(name="TLS failure", model="tls", tally=("tls_failed", "")),
    Case(name="reset before headers", trouble="reset", tally=("upstream_reset", "")),
    Case(name="reset before headers, stream", trouble="reset", stream=True, tally=("upstream_reset", "")),
    Case(name="reset after headers", trouble="reset after=0", tally=("severed", "")),
    Case(name="reset after headers, stream", trouble="reset after=0", stream=True, tally=("severed", "")),
    Case(name="stall at first byte", trouble="stall", tally=("first_byte_timeout", "")),
    Case(name="stall at first byte, stream", trouble="stall", stream=True, tally=("first_byte_timeout", "")),
    Case(name="stall in mid-stream", trouble="stall after=3", stream=True, code="idle_timeout", tally=("idle_timeout",),
         ending="severed", certainty="estimated"),
    Case(name="cut mid-stream", trouble="cut after=3", stream=True, code="severed", tally=("severed",), ending="severed",
         certainty="estimated"),
    Case(name="ended without its end", trouble="unfinished after=3", stream=True, code="severed", tally=("severed",),
         ending="severed", certainty="estimated"),
    Case(name="error inside the stream", trouble="error status=500 after=3", stream=True, tally=("upstream_error",),
         code="upstream_error", ending="severed", certainty="estimated"),
    Case(name="cut whole answer", trouble="cut after=0", tally=("severed", "")),
    Case(name="garbage: HTML", trouble="garbage form=html", tally=("upstream_garbage", "")),
    Case(name="garbage: no JSON", trouble="garbage form=json", tally=("upstream_garbage", "")),
    Case(name="garbage: no HTTP", trouble="garbage form=http", tally=("upstream_garbage", "")),
    Case(name="garbage: empty", trouble="garbage form=empty", tally=("upstream_garbage", "")),
    Case(name="garbage: broken events", trouble="garbage form=sse", stream=True, tally=("upstream_garbage", "")),
    Case(name="429 with Retry-After", trouble="error status=429 retry_after=1", tally=("upstream_throttled", "")),
    Case(name="429 with Retry-After, no other target", model="alone", trouble="error status=429 retry_after=1 times=1",
         tally=("upstream_throttled", "")),
    Case(name="429 with a long Retry-After, no other target", model="alone", trouble="error status=429 retry_after=90",
         status=429, code="upstream_throttled", tally=("upstream_throttled",), ending="failed"),
    Case(name="500", trouble="error status=500", tally=("upstream_error", "")),
    Case(name="529", trouble="error status=529", tally=("upstream_overloaded", "")),
    Case(name="529, stream", trouble="error status=529", stream=True, tally=("upstream_overloaded", "")),
    Case(name="500, no other target", model="alone", trouble="error status=500", status=502, code="upstream_error",
         tally=("upstream_error",) * 2, ending="failed"),
    Case(name="400 of the provider's", trouble="error status=400", status=400, tally=("upstream_rejected",), ending="refused"),
    Case(name="oversize answer", trouble="oversize bytes=40000000", tally=("upstream_too_large", "")),
    Case(name="oversize headers", trouble="oversize form=head", tally=("upstream_garbage", "")),
    Case(name="slow start", trouble="slow seconds=0.1", tally=("",)),
    Case(name="dripping bytes, stream", trouble="drip bytes=7", stream=True, tally=("",)),
)  # fmt: skip


def config(emulator: EmulatorProcess) -> dict[str, Any]:
    """Two targets for `guarded`, of which the first is given trouble; others for what no emulator can show."""
    flaky, steady = emulator.urls["flaky"], emulator.urls["steady"]
    compatible = {"type": "openai-compatible", "api_key": "sk-emulated"}
    return {
        "providers": {
            "flaky": {**compatible, "base_url": f"{flaky}/v1"},
            "steady": {**compatible, "base_url": f"{steady}/v1"},
            "nobody": {**compatible, "base_url": f"http://127.0.0.1:{free_port()}/v1"},
            "plain": {**compatible, "base_url": f"{flaky.replace('http:', 'https:')}/v1"},
        },
        "models": {
            "guarded": two("flaky/model", "steady/model"),
            "alone": {"targets": [{"model": "flaky/model"}]},
            "refused": two("nobody/model", "steady/model"),
            "only-refused": {"targets": [{"model": "nobody/model"}]},
            "tls": two("plain/model", "steady/model"),
        },
        "prices": {name: {"input": 1, "output": 2} for name in ("flaky/*", "steady/*", "nobody/*", "plain/*")},
        "timeouts": {"connect": 10, "first_byte": 1.5, "idle": 1.5, "total": 60},
        "retries": {"attempts": 2, "base": 0.05, "max_retry_after": 5},
        "breaker": {"failures": 10_000, "samples": 10_000, "slower": 0, "cooldown": 0, "cooldown_cap": 0},
    }


def two(first: str, second: str) -> dict[str, Any]:
    """A model with two targets in order."""
    return {"targets": [{"model": first, "order": 0}, {"model": second, "order": 1}]}


def run(case: Case, house: RunningHouse, emulator: EmulatorProcess) -> Seen:
    """Make the trouble, ask once, and look at what came of it."""
    emulator.arm(case.trouble, provider="flaky")
    question = {"model": case.model, "messages": [{"role": "user", "content": "Tell me of rivers."}], "max_tokens": 40}
    status, headers, body = post(house, "/v1/chat/completions", {**question, "stream": case.stream})
    return Seen(status, headers, body, house.record(headers["x-request-id"]))


def post(house: RunningHouse, path: str, content: Any) -> tuple[int, dict[str, str], bytes]:
    """One request, read to its end; a body cut short gives what had come."""
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    try:
        connection.request("POST", path, msgspec.json.encode(content), headers)
        answer = connection.getresponse()
        try:
            body = answer.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
    finally:
        connection.close()


def raw(house: RunningHouse, content: Any) -> socket.socket:
    """A request sent, and the connection on which its answer will come."""
    body = msgspec.json.encode(content)
    client = socket.create_connection(("127.0.0.1", house.port), timeout=20)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    client.sendall(head.encode() + body)
    return client
