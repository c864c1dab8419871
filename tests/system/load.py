"""Clients that ask all the time, from threads of their own, and remember what became of every request."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from types import TracebackType
from typing import Self

import msgspec

from .house import KEY


class Load:
    """`with Load(port, clients=8) as load:` … Every other request is streamed. `kept` of the clients keep their connection as long as the
    gateway does, and ask again where it was closed under a request; each request of the others has a connection of its own.

    `answered` are the ids of requests that were answered whole; `broken` those that began and broke off (the head had come);
    `lost` counts by exception those of which nothing came back; `refused` those that could not even connect.
    """

    def __init__(self, port: int, clients: int = 8, kept: int = 0, model: str = "guarded") -> None:
        self._port = port
        self._model = model
        self._kept = kept
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]
        self.sent = 0
        self.answered: set[str] = set()
        self.broken: set[str] = set()
        self.lost: Counter[str] = Counter()
        self.refused = 0
        self.statuses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __repr__(self) -> str:
        return (
            f"<Load {self.sent} sent · {len(self.answered)} answered · {len(self.broken)} broken · "
            f"{sum(self.lost.values())} lost · {self.refused} refused>"
        )

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        count = 0
        while not self._stop.is_set():
            count += 1
            self._ask(connection, f"Question {number}.{count}", stream=count % 2 == 0)
            if number >= self._kept:
                connection.close()
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, text: str, *, stream: bool) -> None:
        fresh = connection.sock is None
        if fresh:
            try:
                connection.connect()
            except OSError:
                with self._lock:
                    self.refused += 1
                return
        with self._lock:
            self.sent += 1
        try:
            self._exchange(connection, text, stream=stream)
        except (OSError, http.client.HTTPException) as trouble:
            connection.close()
            if fresh:  # a kept connection may be closed by either side between two requests: its owner asks again
                with self._lock:
                    self.lost[type(trouble).__name__] += 1

    def _exchange(self, connection: http.client.HTTPConnection, text: str, *, stream: bool) -> None:
        content = {"model": self._model, "stream": stream, "max_tokens": 60, "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {KEY}"}
        connection.request("POST", "/v1/chat/completions", msgspec.json.encode(content), headers)
        answer = connection.getresponse()
        name = answer.headers["x-request-id"]
        try:
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            with self._lock:
                self.broken.add(name)
            return
        whole = answer.status == http.HTTPStatus.OK and (not stream or body.endswith(b"[DONE]\n\n"))
        with self._lock:
            self.statuses[answer.status] += 1
            (self.answered if whole else self.broken).add(name)
