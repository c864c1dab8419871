"""Clients at a model with three replicas, of which one turns bad: how long it was asked, and what was lost."""

from __future__ import annotations

import http.client
import threading
import time
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import msgspec

from headworks.domain.exchange import Exchange
from headworks.testing.emulator import EmulatorProcess, Pace, Personality

from .house import KEY, RunningHouse

REPLICAS = 3
FIRST_TOKEN = 0.05
FIRST_BYTE_TIMEOUT = 1.0
PATIENCE = 30.0
PAUSE = 5.0
"""Seconds without an attempt after which the next one is a probe."""
NS = 1_000_000_000


class Ill(msgspec.Struct, frozen=True, kw_only=True):
    """One way for a replica to turn bad. `quiet_within`: seconds until it must get no more traffic."""

    name: str
    trouble: str = ""
    """As the emulator is told; empty: its process is killed."""
    lost_midway: bool = False
    """Whether answers break after the client has had a part of them: those cannot be given by another."""
    quiet_within: float


ILLS = (
    Ill(name="killed", quiet_within=3.0),
    Ill(name="stalled", trouble="stall", quiet_within=FIRST_BYTE_TIMEOUT + 4.0),
    Ill(name="slow", trouble=f"slow seconds={FIRST_TOKEN * 10}", quiet_within=20.0),
    Ill(name="garbage", trouble="garbage form=sse", quiet_within=3.0),
    Ill(name="empty", trouble="garbage form=empty", quiet_within=3.0),
    Ill(name="half-garbage", trouble="garbage form=html share=0.75", quiet_within=10.0),
    Ill(name="bad-credential", trouble="error status=401", quiet_within=3.0),
    Ill(name="cut", trouble="cut after=3", lost_midway=True, quiet_within=5.0),
)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What it came to, after the replica had turned bad."""

    asked: int
    """Attempts at the bad replica."""
    quiet_after: float
    """Seconds until it was asked for the last time, probes left out."""
    probes: int
    """Later attempts, one at a time."""
    requests: int
    lost: int
    """Of which the client got no answer at all."""
    broken: int
    """Of which it got a part."""


class Clients:
    """`with Clients(house, model, number):` they ask one question after another until the block ends."""

    def __init__(self, house: RunningHouse, model: str, number: int) -> None:
        self._house, self._model = house, model
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(number)]
        self.answers: list[tuple[int, bool]] = []
        """Status, and whether it came to its end."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def go_on(self, seconds: float) -> None:
        """Ask for so long."""
        self._stop.wait(seconds)

    def _ask_on(self) -> None:
        content = {"model": self._model, "stream": True, "max_tokens": 8, "messages": [{"role": "user", "content": "Hi"}]}
        body = msgspec.json.encode(content)
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        client = http.client.HTTPConnection("127.0.0.1", self._house.port, timeout=PATIENCE)
        while not self._stop.is_set():
            status, answer = 0, b""
            try:
                client.request("POST", "/v1/chat/completions", body, headers)
                response = client.getresponse()
                status = response.status
                answer = response.read()
            except (OSError, http.client.HTTPException):
                answer = b""
            whole = b"[DONE]" in answer
            self.answers.append((status, whole))
            if not whole:
                client.close()  # as the gateway does after an answer that broke
        client.close()


def providers(ill: Ill) -> tuple[Personality, ...]:
    """The replicas of one case; the one to be killed lives elsewhere."""
    pace = Pace(first_token=FIRST_TOKEN, first_token_spread=0.1, tokens_per_second=0.0)
    first = 0 if ill.trouble else 1
    return tuple(
        Personality(name=f"{ill.name}-{number}", prefix=f"/{ill.name}-{number}", pace=pace) for number in range(first, REPLICAS)
    )


def mortal(ill: Ill) -> Personality:
    """The one to be killed."""
    return msgspec.structs.replace(providers(msgspec.structs.replace(ill, trouble="-"))[0], prefix="")


def config(ills: tuple[Ill, ...], urls: dict[str, str]) -> dict[str, Any]:
    """A model for every case."""
    compatible = {"type": "openai-compatible", "api_key": "sk-emulated"}
    names = {ill.name: [f"{ill.name}-{number}" for number in range(REPLICAS)] for ill in ills}
    return {
        "providers": {name: {**compatible, "base_url": f"{urls[name]}/v1"} for group in names.values() for name in group},
        "models": {
            case: {"strategy": "weighted", "targets": [{"model": f"{name}/model-{case}", "price": "free"} for name in group]}
            for case, group in names.items()
        },
        "timeouts": {"first_byte": FIRST_BYTE_TIMEOUT},
        "retries": {"attempts": 3, "base": 0.02},
    }


def turn_bad(
    ill: Ill, house: RunningHouse, emulator: EmulatorProcess, doomed: EmulatorProcess, seconds: float, clients: int
) -> Seen:
    """Let one replica turn bad under load, look on for so long, and read in the journal what happened."""
    with Clients(house, ill.name, clients) as asking:
        asking.go_on(1.5)
        before = len(asking.answers)
        at = time.time_ns()
        if ill.trouble:
            emulator.arm(ill.trouble, provider=f"{ill.name}-0")
        else:
            doomed.__exit__(None, None, None)
        asking.go_on(seconds)
    house.wait_for(lambda: house.under_way() == 0, "all exchanges to end")
    answers = asking.answers[before:]
    asked = sorted(_asked(record, f"{ill.name}-0") for record in house.ended() if record.asked == ill.name)
    after = sorted(moment for moments in asked for moment in moments if moment > at)
    quiet = next((place for place, (one, other) in enumerate(pairwise(after), 1) if other - one > PAUSE * NS), len(after))
    return Seen(
        asked=quiet,
        quiet_after=(max(after[:quiet], default=at) - at) / NS,
        probes=len(after) - quiet,
        requests=len(answers),
        lost=sum(status != 200 for status, _ in answers),
        broken=sum(status == 200 and not whole for status, whole in answers),
    )


def _asked(record: Exchange, provider: str) -> list[float]:
    return [record.at + line.at * 1e6 for line in record.tried if line.provider == provider]
