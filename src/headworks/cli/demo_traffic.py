"""Simulated clients: gentle, bounded, and as varied as a small company's."""

from __future__ import annotations

import asyncio
import random

import msgspec

from headworks.cli.demo_setting import TRAFFIC_KEY

PER_SECOND = 2.0
AT_ONCE = 16
PATIENCE = 60.0

QUESTIONS = (
    "Summarise the minutes of yesterday's meeting about the harbour extension in three sentences.",
    "Write a friendly reply to a customer whose parcel has been late twice.",
    "Which of our suppliers raised their prices this quarter, and by how much?",
    "Explain to a new colleague how our holidays are counted.",
    "Translate into plain English: the aforementioned party shall hold harmless the other.",
    "Find the mistake: def mean(xs): return sum(xs) / len(xs) - 1",
    "Give me five names for a ferry.",
    "What should I ask in an interview for a locksmith?",
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Traffic:
    """Asks as long as its task runs. At most `AT_ONCE` requests are under way; what would be more is left out."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.asked = 0
        self.answered = 0
        self.failed = 0
        self._port = port
        self._chance = chance
        self._under_way: set[asyncio.Task[None]] = set()

    async def go_on(self) -> None:
        """Until cancelled; then those under way are given up."""
        try:
            while True:
                await asyncio.sleep(self._chance.expovariate(PER_SECOND))
                if len(self._under_way) < AT_ONCE:
                    task = asyncio.create_task(self._ask())
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
        finally:
            for task in self._under_way:
                task.cancel()

    def report(self) -> str:
        """How it went."""
        under_way = self.asked - self.answered - self.failed
        return f"{self.asked} requests by simulated clients: {self.answered} answered, {self.failed} failed, {under_way} under way at the end."

    async def _ask(self) -> None:
        path, body = self._request()
        content = msgspec.json.encode(body)
        head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\nauthorization: Bearer {TRAFFIC_KEY}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.asked += 1
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(head.encode() + content)
                    answer = await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            self.failed += 1
            return
        if b" 200 " in answer[:20]:
            self.answered += 1
        else:
            self.failed += 1

    def _request(self) -> tuple[str, dict[str, object]]:
        """One of a company's usual requests."""
        chance = self._chance
        question = chance.choice(QUESTIONS)
        stream = chance.random() < 0.7  # noqa: PLR2004 - most people watch the answer come
        messages = [{"role": "user", "content": question}]
        match chance.choices(("chat", "messages", "small", "tools", "embedding"), (5, 3, 3, 1, 1))[0]:
            case "messages":
                return "/v1/messages", {"model": "demo-claude", "max_tokens": 300, "stream": stream, "messages": messages}
            case "small":
                return "/v1/chat/completions", {"model": "demo-small", "max_tokens": 60, "stream": stream, "messages": messages}
            case "tools":
                messages = [{"role": "user", "content": "What is the weather in Delft and in Oslo?"}]
                return "/v1/chat/completions", {
                    "model": "demo-chat",
                    "stream": stream,
                    "messages": messages,
                    "tools": [WEATHER],
                }
            case "embedding":
                return "/v1/embeddings", {"model": "demo-embedding", "input": [question]}
            case _:
                system = [{"role": "system", "content": "You are the assistant of a small shipping company."}]
                return "/v1/chat/completions", {"model": "demo-chat", "stream": stream, "messages": [*system, *messages]}
