"""Replicas whose engines are asked how busy they are: what others give one to do, past the gateway, is seen and gone round."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.testing.engine import EngineModel

from .house import KEY, RunningHouse

SLOW = EngineModel(per_prompt_token=1 / 12_000, budget=2_048)
"""A prompt of the others takes it a quarter of a second."""
OTHERS = 12
"""Requests of theirs that the busy one has at any time."""
THEIRS = "of other things " * 750
OURS = 40
"""At once, so that nobody learns by the first answers that one is slow."""
KNOWN = 10
MODELS = ("asked", "unasked")


def ask(url: str, key: str, model: str, text: str) -> int:
    """The status of a whole answer."""
    body = {"model": model, "stream": True, "max_tokens": 4, "messages": [{"role": "user", "content": text}]}
    client = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60.0)
    try:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        client.request("POST", "/v1/chat/completions", msgspec.json.encode(body), headers)
        answer = client.getresponse()
        answer.read()
        return answer.status
    finally:
        client.close()


class Others:
    """Clients that keep one engine busy with long prompts, past the gateway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._number = count()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(OTHERS)]

    def _ask(self) -> None:
        while not self._done.is_set():
            ask(self._url, "sk-emulated", "chat", f"{next(self._number)} {THEIRS}")

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def config(urls: list[str]) -> dict[str, Any]:
    """The same replicas, their engines asked and not."""
    pool = {"type": "openai-compatible", "api_key": "sk-emulated", "replicas": urls}
    return {
        "providers": {"asked": {**pool, "engine": "vllm"}, "unasked": pool},
        "models": {name: {"targets": [{"model": f"{name}/chat", "price": "free"}]} for name in MODELS},
    }


def served(house: RunningHouse, model: str) -> Counter[str]:
    """How many requests each replica has answered, by host and port."""
    house.wait_for(lambda: house.under_way() == 0, "all exchanges to end")
    records = [record for record in house.ended() if record.asked == model]
    return Counter(line.target.partition("@")[2] for record in records for line in record.tried if line.served)


def waiting(house: RunningHouse, engine: str) -> float:
    """Requests, as the gateway's metrics tell it of this engine; below zero where they don't."""
    found = re.search(
        rf'^headworks_engine_waiting_requests{{engine="{engine}",provider="asked"}} (\S+)$', house.metrics(), re.MULTILINE
    )
    return float(found[1]) if found else -1.0


def test_an_engine_that_is_busy_with_others_work_gets_less(tmp_path: Path) -> None:
    with ExitStack() as stack:
        busy, idle = (
            stack.enter_context(EmulatorProcess(Personality(name=name, port=0, engine=SLOW))) for name in ("busy", "idle")
        )
        house = stack.enter_context(RunningHouse(tmp_path, config([busy.url, idle.url])))
        place = urlsplit(busy.url).netloc
        for model in MODELS:
            assert {ask(house.url, KEY, model, f"{number}: and this?") for number in range(KNOWN)} == {200}
        before = {model: served(house, model) for model in MODELS}
        stack.enter_context(Others(busy.url))
        house.wait_for(lambda: waiting(house, place) >= OTHERS // 2, "its load to be seen")
        for model in MODELS:
            with ThreadPoolExecutor(OURS) as pool:
                answers = [pool.submit(ask, house.url, KEY, model, f"{number}: what is it?") for number in range(OURS)]
            assert {answer.result() for answer in answers} == {200}
        asked, unasked = (served(house, model)[place] - before[model][place] for model in MODELS)
    print(f"\nof {OURS} requests at once the busy one got {asked} where engines are asked, {unasked} where not")

    assert asked <= OURS // 10
    assert unasked >= OURS // 4
