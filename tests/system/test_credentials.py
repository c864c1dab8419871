"""A credential that changes, end to end: obtained beside the requests, renewed before its end, and in no log."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec

from tests.providers.token_server import Asked, TokenServer

from .house import KEY, RunningHouse

SECRET = "the-secret-of-a-client"
ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Provider:
    """A token server and a model server in one: it serves who shows the newest token or the one before."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = False
        self.shown: list[str] = []

    def __call__(self, asked: Asked) -> tuple[int, object]:
        if asked.path == "/token":
            if self.closed:
                return 503, f"{SECRET} cannot be looked at now"
            self.given += 1
            return 200, {"access_token": f"token-number-{self.given}", "expires_in": 3}
        self.shown.append(asked.headers.get("authorization", ""))
        return 200, ANSWER


def config(url: str) -> dict[str, object]:
    auth = {"type": "oauth", "token_url": f"{url}/token", "client_id": "hw", "client_secret": "${CLIENT_SECRET}"}
    return {
        "providers": {"lab": {"type": "openai-compatible", "base_url": f"{url}/v1", "auth": auth}},
        "models": {"m": "lab/m"},
        "prices": {"lab/m": "free"},
        "retries": {"attempts": 1},
    }


def ask(house: RunningHouse) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    return httpx.post(f"{house.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"}, timeout=30)


def test_a_credential_is_there_at_the_start_is_renewed_and_its_loss_is_told(tmp_path: Path) -> None:
    provider = Provider()
    with TokenServer(provider).running() as server:
        with RunningHouse(tmp_path, config(server.url), {"CLIENT_SECRET": SECRET}) as house:
            assert ask(house).status_code == 200
            assert provider.shown == ["Bearer token-number-1"]

            house.wait_for(lambda: provider.given >= 2, "the token to be renewed")
            house.wait_for(lambda: ask(house).status_code == 200 and provider.shown[-1] != provider.shown[0], "the new token")
            assert 'headworks_credential_ends_in_seconds{provider="lab"}' in httpx.get(f"{house.control}/metrics").text

            provider.closed = True
            house.wait_for(lambda: ask(house).status_code == 502, "the last token to end")
            refused = msgspec.json.decode(ask(house).content)["error"]
            assert refused["code"] == "upstream_credentials"

            provider.closed = False
            house.wait_for(lambda: ask(house).status_code == 200, "another token")
        said = house.output.read_text()

    assert said.count("credential of lab: cannot be had") in (1, 2)  # whether a try falls between the first failure and the end
    assert said.count("credential of lab: had again") == 1
    written = said + "".join(path.read_text("utf-8", "replace") for path in house.journal.rglob("*.jsonl"))
    assert SECRET not in written
    assert "token-number" not in written
