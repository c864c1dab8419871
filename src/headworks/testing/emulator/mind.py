"""What the emulated model answers: reasoning, tool calls, structured output or prose. The same question gets the same answer."""

from __future__ import annotations

import re
from random import Random

import msgspec

from headworks.testing.chance import seeded
from headworks.testing.emulator.draft import Choice, Finish, Saying, Span, Thought, ToolUse
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.prose import Writer, proper_names, topics_of
from headworks.testing.emulator.question import Offer, Question, Rejection, ToolMode
from headworks.testing.emulator.schema import instance_json
from headworks.testing.emulator.seal import Seal
from headworks.testing.emulator.tokens import pieces_of

REDACT = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB"
"""In a prompt: reasoning comes back redacted, as at Anthropic."""
REFUSE = "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86"
"""In a prompt: the model declines, as at Anthropic."""

_SEVERAL = re.compile(r"\b(parallel|both|each|at once|as well as|respectively)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")
_QUOTED_RESULT = 400


class Mind:
    """One provider's model."""

    def __init__(self, personality: Personality) -> None:
        self._personality = personality
        self._seal = Seal(personality.name)

    def choices(self, question: Question, stamp: str) -> tuple[Choice, ...]:
        """The answers asked for. `stamp` makes the ids of their tool calls unique."""
        return tuple(self._choice(question, f"{stamp}{number or ''}", number) for number in range(question.choices))

    def _choice(self, question: Question, stamp: str, number: int) -> Choice:
        chance = seeded(f"{self._personality.seed}\n{question.model}\n{number}\n{question.prompt}")
        writer = Writer(chance, question.last or question.prompt)
        spans = list[Span]()
        if question.thinks:
            spans.append(self._thought(question, writer))
        if REFUSE in question.prompt:
            return Choice((*spans, Saying(())), Finish.REFUSED)
        calls = self._calls(question, chance, writer, stamp)
        if calls:
            if question.tool_mode is ToolMode.AUTO:
                spans.append(Saying(tuple(pieces_of(f"Let me look up {topics_of(question.last)[0]}."))))
            return _cut([*spans, *calls], Finish.TOOLS, question.max_tokens)
        text, stop = _stopped(self._text(question, chance, writer).removeprefix(question.begun), question.stops)
        spans.append(Saying(tuple(pieces_of(text))))
        return _cut(spans, Finish.STOP if stop else Finish.END, question.max_tokens, stop)

    def _thought(self, question: Question, writer: Writer) -> Thought:
        text = writer.thought(self._personality.answer_tokens // 2)
        if REDACT in question.prompt:
            return Thought(tuple(pieces_of(text)), self._seal.redact(text), sealed=True)
        return Thought(tuple(pieces_of(text)), self._seal.sign(text))

    def _text(self, question: Question, chance: Random, writer: Writer) -> str:
        names = proper_names(question.last)
        if question.schema is not None:
            return _instance(question.schema, chance, writer, names, "response_format")
        if question.json_mode:
            return msgspec.json.encode({"answer": writer.answer(20), "topics": topics_of(question.last)}).decode()
        if question.tool_results:
            said = " and ".join(result[:_QUOTED_RESULT].strip() for result in question.tool_results)
            return f"According to the tool: {said}. {writer.answer(self._personality.answer_tokens // 2)}"
        return writer.answer(self._personality.answer_tokens)

    def _calls(self, question: Question, chance: Random, writer: Writer, stamp: str) -> list[ToolUse]:
        chosen = _chosen(question)
        names = proper_names(question.last)
        calls = list[ToolUse]()
        for number, offer in enumerate(chosen):
            arguments = _instance(offer.schema, chance, writer, names[number:], f"tool {offer.name}") if offer.schema else "{}"
            calls.append(ToolUse(f"{stamp}{number:02d}", offer.name, tuple(pieces_of(arguments))))
        return calls


def _chosen(question: Question) -> list[Offer]:
    """The tools to call: the named one, or those that the question mentions; two where several are asked for."""
    if question.tool_mode is ToolMode.NONE or not question.offers:
        return []
    if question.tool_results and question.tool_mode is ToolMode.AUTO:
        return []
    if question.tool_named:
        fitting = [offer for offer in question.offers if offer.name == question.tool_named]
    else:
        asked = set(_WORD.findall(question.last.lower()))
        fitting = [
            offer for offer in question.offers if asked & set(_WORD.findall(f"{offer.name} {offer.description}".lower()))
        ]
    if not fitting and question.tool_mode is ToolMode.REQUIRED:
        fitting = list(question.offers[:1])
    several = question.parallel if question.parallel is not None else bool(_SEVERAL.search(question.last))
    if not fitting or not several:
        return fitting[:1]
    return fitting[:2] if len(fitting) > 1 else fitting * 2


def _instance(schema: dict[str, object], chance: Random, writer: Writer, names: list[str], where: str) -> str:
    try:
        return instance_json(schema, chance, writer, names)
    except (ValueError, KeyError, TypeError) as trouble:
        raise Rejection(400, "invalid_request_error", f"Invalid schema for {where}: {trouble}", param=where) from trouble


def _stopped(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """The text up to the first stop sequence, and which one that was."""
    met = [(text.index(stop), stop) for stop in stops if stop and stop in text]
    if not met:
        return text, None
    at, stop = min(met)
    return text[:at], stop


def _cut(spans: list[Span], finish: Finish, cap: int | None, stop: str | None = None) -> Choice:
    """As much as the cap on output tokens allows."""
    left = cap if cap is not None else sum(len(span.pieces) for span in spans)
    kept = list[Span]()
    for span in spans:
        if left <= 0 and span.pieces:
            return Choice(tuple(kept), Finish.LENGTH)
        if len(span.pieces) > left:
            unsigned = {"signature": ""} if isinstance(span, Thought) else {}
            kept.append(msgspec.structs.replace(span, pieces=span.pieces[:left], **unsigned))
            return Choice(tuple(kept), Finish.LENGTH)
        kept.append(span)
        left -= len(span.pieces)
    return Choice(tuple(kept), finish, stop)
