"""Ready-made values for trying out a stage, a guard or a picker: everything has a default, say only what the test is about."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Ask, Call, Kind, Tally
from headworks.domain.ending import Closing
from headworks.domain.money import PriceCard, Rate
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel, Origin, SentModel, Target
from headworks.ports.extension import Allow, Verdict

_DOLLAR_A_MILLION = 1_000_000_000


def sample_target(name: str = "test/model", **changes: Any) -> Target:
    """A target that speaks OpenAI's chat at `http://upstream.test:80` and costs one dollar a million tokens in, two out."""
    fields: dict[str, Any] = {
        "name": name,
        "provider": name.partition("/")[0],
        "dialect": "openai_chat",
        "model": SentModel(name.rpartition("/")[2]),
        "origin": Origin("http", "upstream.test", 80),
        "heads": dict.fromkeys(Kind, b"POST /v1/chat/completions HTTP/1.1\r\nhost: upstream.test\r\n"),
        "price": PriceCard(input=Rate(_DOLLAR_A_MILLION), output=Rate(2 * _DOLLAR_A_MILLION), source="config"),
    }
    return Target(**fields | changes)


def sample_snapshot(*targets: Target, model: str = "model", **changes: Any) -> Snapshot:
    """A snapshot that has one model, served by `targets` (by one `sample_target` if none is given)."""
    name = AskedModel(model)
    fields: dict[str, Any] = {"revision": "test", "models": {name: Model(name=name, targets=targets or (sample_target(),))}}
    return Snapshot(**fields | changes)


def sample_call(text: str = "Hello", *, model: str = "model", snapshot: Snapshot | None = None, **changes: Any) -> Call:
    """A chat call in OpenAI's dialect that asks `text`, past Identify and Authorise, with a body that has already come.

    Its `closing` raises what a conclusion or settlement raised.
    """
    content = {"model": model, "messages": [{"role": "user", "content": text}]}
    fields: dict[str, Any] = {
        "id": "0197f000000070008000000000000001",
        "at": 1_767_225_600_000_000_000,
        "began": 1_000.0,
        "kind": Kind.CHAT,
        "front": "openai_chat",
        "headers": {},
        "body": Whole(msgspec.json.encode(content)),
        "snapshot": snapshot or sample_snapshot(model=model),
        "tally": Tally(),
        "closing": Closing(_raise),
        "principal": Principal(id="key-1", name="tester"),
        "ask": Ask(model=AskedModel(model), prompt_tokens=len(text) // 4 + 1),
    }
    return Call(**fields | changes)


class ScriptedGuard:
    """A `ports.extension.Guard` that gives one verdict to everything and keeps what it was shown."""

    def __init__(self, verdict: Verdict | None = None, name: str = "scripted") -> None:
        self.name = name
        self.verdict = Allow() if verdict is None else verdict
        self.judged: list[str] = []

    async def judge(self, call: Call, text: str) -> Verdict:  # noqa: ARG002 - the port's signature
        """The verdict."""
        self.judged.append(text)
        return self.verdict


class FixedPulse:
    """A `ports.extension.Pulse` that says what it is told: attempts under way, unavailable targets and reduced shares, by target name."""

    def __init__(
        self,
        inflight: dict[str, int] | None = None,
        down: frozenset[str] = frozenset(),
        shares: dict[str, float] | None = None,
    ) -> None:
        self._inflight = inflight or {}
        self._down = down
        self._shares = shares or {}
        self.calm = not (down or shares)

    def inflight(self, target: Target) -> int:
        """Attempts under way, 0 unless said."""
        return self._inflight.get(target.name, 0)

    def available(self, target: Target) -> bool:
        """True unless said to be down."""
        return target.name not in self._down

    def share(self, target: Target) -> float:
        """1 unless said."""
        return self._shares.get(target.name, 1.0)


def _raise(trouble: BaseException) -> None:
    raise trouble
