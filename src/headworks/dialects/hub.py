"""All dialects together, as the journey sees them: same dialect in and out means bytes untouched, else translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headworks.dialects.account_files import refuse_account_files
from headworks.dialects.answer_text import answer_text
from headworks.dialects.continued import Continued
from headworks.dialects.converted import Conversion, Converted
from headworks.dialects.emulation import POLICY, emulated, judge_of
from headworks.dialects.openai_chat.names import NAME as CHAT
from headworks.dialects.openai_chat.patch import has_later_prompts
from headworks.dialects.openai_realtime import RealtimeSession, ask
from headworks.dialects.prefill import gone_on, prefilled
from headworks.dialects.redaction import redact, redact_fault
from headworks.dialects.request_ids import read_request_id
from headworks.dialects.shaping import unsayable, with_unsaid
from headworks.dialects.signatures import MARK, holds_foreign
from headworks.dialects.tool_names import fitted
from headworks.dialects.translated import Translated
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.partial import Partial
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where
from headworks.ports.conversation import Judge, Opening
from headworks.ports.dialect import (
    CountingSpoken,
    Dialect,
    EmbeddingFront,
    EmbeddingSpoken,
    RankingFront,
    RankingSpoken,
    Spoken,
)
from headworks.ports.interpreter import Prepared

_OWN = frozenset(("stream_options",))
"""Fields by which the gateway asks for what it needs: leaving them out takes nothing from the caller."""
_SMALL = frozenset((Kind.COUNT_TOKENS, Kind.EMBEDDINGS))
"""Kinds for which a place may have another form than its language has."""


class Hub:
    """`ports.interpreter.Interpreter` over a set of languages. Stateless; one for all requests.

    `dialects` are those of clients and upstreams alike, `spoken` those that upstreams alone speak.
    """

    def __init__(self, dialects: Mapping[str, Dialect], spoken: Mapping[str, Spoken] | None = None) -> None:
        self._dialects = dict(dialects)
        self._spoken: dict[str, Spoken] = {**dialects, **(spoken or {})}
        self._small = {Kind.EMBEDDINGS: self._embed, Kind.RERANK: self._rank}

    def read_ask(self, front: str, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        """See `Interpreter.read_ask`."""
        return self._dialects[front].read_ask(kind, body, where)

    def shape(self, front: str, kind: Kind, ask: Ask, shape: Shape) -> Shaped:
        """See `Interpreter.shape`."""
        return self._dialects[front].shape(kind, ask, shape)

    def prepare(self, front: str, kind: Kind, ask: Ask, body: bytes, target: Target, cap: int | None) -> Prepared:
        """See `Interpreter.prepare`."""
        if ask.partial is not None and kind is Kind.CHAT:
            return self._continued(front, ask, target, cap, ask.partial)
        if front != target.dialect or (kind in _SMALL and not _asks_alike(kind, target)):
            return self._translate(front, kind, ask, target, cap)
        if target.inexpressible == POLICY and kind is Kind.CHAT and self._needs_emulation(front, ask, target):
            return self._converse(front, ask, target, cap)
        dialect = self._dialects[front]
        dropped = target.quirks.drop
        downgrades = (
            tuple(_left_out(name, target) for name in dropped if name in ask.fields and name not in _OWN) if dropped else ()
        )
        if target.quirks.no_system_after_first and kind is Kind.CHAT and front == CHAT and has_later_prompts(ask):
            downgrades += (Downgrade("messages", "later system prompts are said by the user: this provider takes none there"),)
        if ask.unsaid:
            downgrades += unsayable(ask.unsaid, front)
        carried = kind is Kind.PASSTHROUGH and not ask.fields
        patched = body if carried else dialect.patch(kind, ask, target, cap)
        if MARK in body and MARK not in patched and holds_foreign(front, body):
            downgrades += (Downgrade("reasoning", "left out: what another provider thought, only that one can read"),)
        _refuse_loss(downgrades, target)
        return Prepared(patched, dialect.untouched(kind, ask, target), downgrades, kind=ask.native)

    def _translate(self, front: str, kind: Kind, ask: Ask, target: Target, cap: int | None) -> Prepared:
        if kind in self._small:
            return self._small[kind](front, ask, target)
        if kind is Kind.COUNT_TOKENS:
            return self._count(front, ask, target)
        if kind is not Kind.CHAT:
            raise _not_known(kind, front, ask, target)
        return self._converse(front, ask, target, cap)

    def _needs_emulation(self, front: str, ask: Ask, target: Target) -> bool:
        reported: list[Downgrade] = []
        emulated(self._dialects[front].read_request(ask), target, reported)
        return bool(reported)

    def _converse(self, front: str, ask: Ask, target: Target, cap: int | None) -> Prepared:
        """A chat by way of the canonical conversation."""
        source, spoken = self._dialects[front], self._spoken[target.dialect]
        talk = self._talk(front, ask, target)
        if cap is not None and (talk.max_tokens is None or cap < talk.max_tokens):
            talk = msgspec.structs.replace(talk, max_tokens=cap)
        reported: list[Downgrade] = []
        judge = judge_of(talk, target)
        if target.inexpressible == POLICY:
            talk = emulated(talk, target, reported)
        talk, names = fitted(talk, target.dialect, reported) if front != target.dialect else (talk, {})
        body, downgrades = spoken.write_request(talk, target)
        _refuse_loss(downgrades, target)
        relay = Translated(spoken, target, source, ask, judge, names)
        return Prepared(body, relay, (*reported, *downgrades), losses=relay.losses)

    def _continued(self, front: str, ask: Ask, target: Target, cap: int | None, partial: Partial) -> Prepared:
        """A chat that another target may go on with, or one that this target is to go on with: understood, also where it could pass as it is."""
        source, spoken = self._dialects[front], self._spoken[target.dialect]
        talk = self._talk(front, ask, target)
        if cap is not None and (talk.max_tokens is None or cap < talk.max_tokens):
            talk = msgspec.structs.replace(talk, max_tokens=cap)
        reported: list[Downgrade] = []
        talk, names = fitted(talk, target.dialect, reported) if front != target.dialect else (talk, {})
        body, downgrades = spoken.write_request(gone_on(talk, partial), target)
        relay = Continued(spoken, target, source, ask, partial, names)
        body = prefilled(body, target.quirks.prefill) if partial.size else body
        return Prepared(body, relay, (*reported, *downgrades), losses=relay.losses)

    def _talk(self, front: str, ask: Ask, target: Target) -> Conversation:
        """What is said, for a target to be told. Ids and files in the target's own language have been judged before."""
        talk = self._dialects[front].read_request(ask)
        if front != target.dialect:
            refuse_account_files(talk, target)
        return with_unsaid(talk, ask.unsaid) if ask.unsaid else talk

    def _count(self, front: str, ask: Ask, target: Target) -> Prepared:
        """By the target where it can, else by estimate."""
        source, spoken = self._dialects[front], self._spoken[target.dialect]
        estimate = source.write_count(ask.prompt_tokens)
        if Kind.COUNT_TOKENS not in target.heads or not isinstance(spoken, CountingSpoken):
            relay = Translated(spoken, target, source, ask)
            return Prepared(b"", relay, (Downgrade("count", "estimated: the target cannot count"),), estimate)
        body, downgrades = spoken.write_count_ask(self._talk(front, ask, target), target)

        def convert(data: bytes) -> Conversion:
            return Conversion(source.write_count(spoken.read_count(data, target)))

        return Prepared(body, Converted(convert), downgrades, instead=estimate)

    def _embed(self, front: str, ask: Ask, target: Target) -> Prepared:
        source, spoken = self._dialects[front], self._spoken[target.dialect]
        if not isinstance(source, EmbeddingFront) or not isinstance(spoken, EmbeddingSpoken):
            raise _not_known(Kind.EMBEDDINGS, front, ask, target)
        wanted = source.read_embedding_ask(ask)
        body, downgrades = spoken.write_embedding_ask(wanted, target)
        _refuse_loss(downgrades, target)

        def convert(data: bytes) -> Conversion:
            answer = spoken.read_embedding_answer(data, target)
            return Conversion(source.write_embedding_answer(answer, wanted), answer.usage, answer.model, answer.id)

        return Prepared(body, Converted(convert), downgrades)

    def _rank(self, front: str, ask: Ask, target: Target) -> Prepared:
        source, spoken = self._dialects[front], self._spoken[target.dialect]
        if not isinstance(source, RankingFront) or not isinstance(spoken, RankingSpoken):
            raise _not_known(Kind.RERANK, front, ask, target)
        wanted = source.read_ranking_ask(ask)
        body, downgrades = spoken.write_ranking_ask(wanted, target)
        _refuse_loss(downgrades, target)

        def convert(data: bytes) -> Conversion:
            answer = spoken.read_ranking_answer(data, target)
            return Conversion(source.write_ranking_answer(answer, wanted), answer.usage, answer.model, answer.id)

        return Prepared(body, Converted(convert), downgrades)

    def converse(self, front: str, call_id: str, model: str, judge: Judge, cap: int | None) -> Opening:
        """See `Interpreter.converse`."""
        source = self._dialects[front]

        def told(fault: Fault) -> bytes:
            body = msgspec.json.decode(source.write_fault(fault, call_id), type=dict[str, msgspec.Raw])
            return msgspec.json.encode({"type": "error", "event_id": f"event_{call_id}", **body})

        return Opening(*ask(call_id), RealtimeSession(model, judge, told, cap))

    def prompt_text(self, front: str, kind: Kind, ask: Ask) -> str:
        """See `Interpreter.prompt_text`."""
        return self._dialects[front].prompt_text(kind, ask)

    def answer_text(self, front: str, answer: bytes, *, stream: bool) -> str | None:
        """See `Interpreter.answer_text`."""
        return answer_text(self._spoken[front], answer, stream=stream)

    def read_fault(
        self,
        dialect: str,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        secrets: tuple[bytes, ...] = (),
    ) -> Fault:
        """See `Interpreter.read_fault`."""
        return redact_fault(self._spoken[dialect].read_fault(status, headers, redact(body, secrets)), secrets)

    def request_id(self, headers: Sequence[tuple[bytes, bytes]], secrets: tuple[bytes, ...] = ()) -> str:
        """See `Interpreter.request_id`."""
        return read_request_id(headers, secrets)

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        """See `Interpreter.write_fault`."""
        return self._dialects[front].write_fault(fault, request_id)

    def write_models(self, front: str, models: Sequence[Listed]) -> bytes:
        """See `Interpreter.write_models`."""
        return self._dialects[front].write_models(models)

    def write_model(self, front: str, model: Listed) -> bytes:
        """See `Interpreter.write_model`."""
        return self._dialects[front].write_model(model)

    def forwarded(self, front: str, target: Target) -> frozenset[bytes]:
        """See `Interpreter.forwarded`. Between dialects only what both know travels."""
        names = self._dialects[front].forward
        return names if front == target.dialect else names & self._spoken[target.dialect].forward

    def returned(self, front: str, target: Target) -> frozenset[bytes]:
        """See `Interpreter.returned`. Between dialects only what both know travels."""
        names = self._dialects[front].answer
        return names if front == target.dialect else names & self._spoken[target.dialect].answer


def _asks_alike(kind: Kind, target: Target) -> bool:
    """Whether a target of the caller's language is asked for a count or for vectors in it as well: some places have other forms of these."""
    if kind is Kind.EMBEDDINGS:
        return not target.quirks.vectors_by
    return kind in target.heads and not target.quirks.framing


def _not_known(kind: Kind, front: str, ask: Ask, target: Target) -> Fault:
    return Fault(
        "inexpressible",
        f"The model {ask.model!r} is served in the {target.dialect} language, which has no {kind.value} of {front}. "
        f"Ask a model that is served in {front}.",
        param="model",
    )


def _left_out(name: str, target: Target) -> Downgrade:
    return Downgrade(name, f"left out: {target.provider} rejects it")


def _refuse_loss(downgrades: tuple[Downgrade, ...], target: Target) -> None:
    """Loss is never silent: where the operator wants none, it is an error."""
    if downgrades and target.inexpressible == "error":
        first = downgrades[0]
        more = f" (and {len(downgrades) - 1} more)" if len(downgrades) > 1 else ""
        raise Fault(
            "inexpressible",
            f"{first.path}: {first.what}{more}. The target {target.name!r} is configured to refuse what it cannot express. "
            "Leave it out, or ask another model.",
            param=first.path,
        )
