"""One emulated provider: takes a request, decides what becomes of it, hands back the score to be played."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http import HTTPStatus
from http.client import responses
from itertools import count, islice

import msgspec

from headworks.ports.clock import Clock
from headworks.testing.chance import seeded
from headworks.testing.emulator import edits, images, speech, spoil, transcripts
from headworks.testing.emulator.allowance import Bucket, PromptCache
from headworks.testing.emulator.anthropic import AnthropicTongue
from headworks.testing.emulator.counts import Counts, Sighting
from headworks.testing.emulator.draft import Draft
from headworks.testing.emulator.embeddings import embed
from headworks.testing.emulator.kept import Kept
from headworks.testing.emulator.mind import REFUSE, Mind
from headworks.testing.emulator.moderations import moderate
from headworks.testing.emulator.openai import OpenAITongue
from headworks.testing.emulator.pages import read_pages
from headworks.testing.emulator.personality import INSTANT, Personality, Wire
from headworks.testing.emulator.question import CacheUse, JsonObject, Question, Rejection
from headworks.testing.emulator.replica import Replica
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import LAST_CHUNK, Beat, Score, chunk, streamed, whole
from headworks.testing.emulator.tongue import Grants, Tongue
from headworks.testing.emulator.trouble import Armed, Trouble, TroubleKind, Visitor, in_body, parse

_DEFAULT_MODELS = {
    Wire.OPENAI: ("gpt-4o", "gpt-4o-mini", "text-embedding-3-small"),
    Wire.ANTHROPIC: ("claude-sonnet-4-6", "claude-haiku-4-5"),
}
_JSON = "application/json"
_SSE = "text/event-stream; charset=utf-8"
_COUNTING = "/messages/count_tokens"
_ENDPOINTS = {
    Wire.OPENAI: (
        *("/chat/completions", "/completions", "/embeddings", "/moderations"),
        *(
            "/images/generations",
            "/images/edits",
            "/images/variations",
            "/audio/speech",
            "/audio/transcriptions",
            "/audio/translations",
            "/ocr",
        ),
    ),
    Wire.ANTHROPIC: ("/messages", _COUNTING),
}
_APART = (TroubleKind.ERROR, TroubleKind.REFUSAL, TroubleKind.SLOW)


class Visit(msgspec.Struct, kw_only=True):
    """One request on its way through."""

    request: Request
    wire: Wire
    tongue: Tongue
    sighting: Sighting
    grants: Grants
    struck: tuple[Trouble, ...] = ()

    def of(self, *kinds: TroubleKind) -> list[Trouble]:
        """The troubles of these kinds that strike it."""
        return [trouble for trouble in self.struck if trouble.kind in kinds]


class Provider:
    """Made once per personality. Belongs to the emulator's loop."""

    def __init__(self, personality: Personality, counts: Counts, clock: Clock) -> None:
        """Raises `ValueError` for a trouble that cannot be read."""
        self.personality = personality
        self.armed = Armed(tuple(trouble for text in personality.troubles for trouble in parse(text)))
        self._counts = counts
        self._clock = clock
        self._chance = seeded(personality.seed)
        self._mind = Mind(personality)
        self._kept = Kept()
        self._replica = Replica(personality.name, personality.engine) if personality.engine is not None else None
        self._serial = count(1)
        self._requests = Bucket(personality.requests_per_minute)
        self._tokens = Bucket(personality.tokens_per_minute)
        cache = PromptCache(personality.cache_floor)
        self._tongues: dict[Wire, Tongue] = {
            Wire.OPENAI: OpenAITongue(personality, cache),
            Wire.ANTHROPIC: AnthropicTongue(personality, cache),
        }

    def respond(self, request: Request) -> Score:
        """The score of the answer; its sighting has begun and been counted."""
        visit = self._visit(request)
        try:
            return self._served(visit)
        except Rejection as rejection:
            return self._rejected(visit, rejection)

    def _visit(self, request: Request) -> Visit:
        wire = self._wire_of(request)
        request_id = f"req_{self._stamp()}"
        sighting = Sighting(provider=self.personality.name, path=request.path, id=request.foreign_id, request_id=request_id)
        self._counts.begin(sighting)
        return Visit(request=request, wire=wire, tongue=self._tongues[wire], sighting=sighting, grants=self._grants(0))

    def _wire_of(self, request: Request) -> Wire:
        """By the path, or by Anthropic's own headers where both have the path; else the language it speaks at all."""
        headers = request.headers
        anthropic = request.endpoint.startswith("/messages") or "anthropic-version" in headers or "x-api-key" in headers
        wire = Wire.ANTHROPIC if anthropic else Wire.OPENAI
        return wire if wire in self.personality.speak else self.personality.speak[0]

    def _served(self, visit: Visit) -> Score:
        request, tongue = visit.request, visit.tongue
        if request.path == "/metrics" and self._replica is not None:
            return self._plain(visit, self._replica.page(), "text/plain; version=0.0.4")
        self._check_key(visit)
        if request.method == "GET" and request.endpoint.startswith("/models"):
            return self._plain(visit, self._models(visit))
        if visit.wire is Wire.OPENAI and self._kept.knows(request.endpoint):
            made = self._kept.answer(request, self._stamp())
            return self._plain(visit, made.body, made.content_type)
        if request.method != "POST" or request.endpoint not in _ENDPOINTS[visit.wire]:
            raise tongue.nowhere(request.method, request.path)
        body = request.content()
        self._note(visit, body)
        for trouble in visit.of(TroubleKind.ERROR):
            if trouble.after is None:
                raise tongue.troubled(trouble)
        try:
            return self._answered(visit, body)
        except (KeyError, TypeError, AttributeError, IndexError) as wrong:  # a body of the right syntax and the wrong shapes
            words = f"Invalid request: the body's shape is not what was expected ({type(wrong).__name__}: {wrong})"
            raise Rejection(400, "invalid_request_error", words) from wrong

    def _check_key(self, visit: Visit) -> None:
        personality = self.personality
        if not personality.keys and not personality.needs_key:
            return
        key = visit.tongue.key_in(visit.request.headers)
        if not key or (personality.keys and key not in personality.keys):
            raise visit.tongue.bad_key(key)
        if visit.wire is Wire.ANTHROPIC and "anthropic-version" not in visit.request.headers:
            raise Rejection(400, "invalid_request_error", "anthropic-version: header is required")

    def _models(self, visit: Visit) -> bytes:
        names = self.personality.models or _DEFAULT_MODELS[visit.wire]
        name = visit.request.endpoint.removeprefix("/models").strip("/")
        if not name:
            return visit.tongue.models(names)
        if name not in names:
            raise visit.tongue.unknown_model(name)
        return visit.tongue.model(name)

    def _note(self, visit: Visit, body: JsonObject) -> None:
        """Fill in the sighting and see which troubles strike it."""
        model = body.get("model")
        visit.sighting.model = model if isinstance(model, str) else ""
        visitor = Visitor(self.personality.name, visit.sighting.model, visit.request.endpoint)
        try:
            asked = parse(visit.request.headers.get("x-emulate", "")) + in_body(visit.request.body)
        except ValueError as wrong:
            raise Rejection(400, "invalid_request_error", str(wrong)) from wrong
        here = tuple(trouble for trouble in asked if trouble.concerns(visitor))
        visit.struck = here + self.armed.strike(visitor, self._chance)

    def _answered(self, visit: Visit, body: JsonObject) -> Score:
        if self.personality.models and visit.sighting.model and visit.sighting.model not in self.personality.models:
            raise visit.tongue.unknown_model(visit.sighting.model)
        return self._spoiled(visit, self._said(visit, body))

    def _said(self, visit: Visit, body: JsonObject) -> Score:
        match visit.request.endpoint:
            case "/embeddings":
                embedded = embed(body)
                visit.sighting.input_tokens = embedded.tokens
                score = self._plain(visit, embedded.body)
            case "/ocr":
                score = self._plain(visit, read_pages(body))
            case "/moderations":
                score = self._plain(visit, moderate(body, self._stamp()))
            case "/images/generations":
                score = self._drawn(visit, images.read_pictures(body, self._now()))
            case "/images/edits" | "/images/variations" as endpoint:
                score = self._drawn(visit, edits.read_edit(body, self._now(), varied=endpoint.endswith("variations")))
            case "/audio/speech":
                score = self._spoken(visit, speech.read_speech(body))
            case "/audio/transcriptions" | "/audio/translations":
                score = self._heard(visit, transcripts.read_heard(body))
            case endpoint:
                score = self._discussed(visit, visit.tongue.read(body, endpoint))
        return score

    def _discussed(self, visit: Visit, question: Question) -> Score:
        if visit.request.endpoint == _COUNTING:
            return self._plain(visit, msgspec.json.encode({"input_tokens": question.prompt_tokens}))
        self._check_size(visit, question)
        return self._told(visit, question)

    def _drawn(self, visit: Visit, asked: images.Pictures) -> Score:
        visit.sighting.input_tokens = asked.input_tokens
        if asked.stream:
            return self._flowing(visit, _SSE, images.events(asked))
        return self._plain(visit, images.whole_answer(asked))

    def _spoken(self, visit: Visit, asked: speech.Spoken) -> Score:
        visit.sighting.input_tokens = asked.input_tokens
        if asked.events:
            return self._flowing(visit, _SSE, speech.events(asked))
        return self._flowing(visit, asked.content_type, speech.sound(asked))

    def _heard(self, visit: Visit, asked: transcripts.Heard) -> Score:
        visit.sighting.input_tokens = asked.input_tokens
        if asked.stream:
            return self._flowing(visit, _SSE, transcripts.events(asked))
        return self._plain(visit, transcripts.whole_answer(asked), asked.content_type)

    def _now(self) -> int:
        return self._clock.wall_ns() // 1_000_000_000

    def _flowing(self, visit: Visit, content_type: str, pieces: Iterator[tuple[bytes, int]]) -> Score:
        visit.sighting.status = HTTPStatus.OK
        visit.sighting.stream = True
        flow = self._interrupted(visit, pieces)
        return Score(streamed(self._head(visit, content_type), flow, self.personality.pace, self._chance), visit.sighting)

    def _check_size(self, visit: Visit, question: Question) -> None:
        window = self.personality.context_window
        if question.prompt_tokens + (question.max_tokens or 0) > window:
            raise visit.tongue.too_long(question, window)
        visit.grants = grants = self._grants(question.prompt_tokens + (question.max_tokens or 0))
        if not self.personality.enforce_limits:
            return
        for what, grant in (("requests", grants.requests), ("tokens", grants.tokens)):
            if not grant.had:
                raise visit.tongue.throttled(grant, what)

    def _told(self, visit: Visit, question: Question) -> Score:
        """The model's own answer."""
        sighting, tongue = visit.sighting, visit.tongue
        if visit.of(TroubleKind.REFUSAL):
            question = msgspec.structs.replace(question, prompt=f"{question.prompt}\n{REFUSE}")
        self._bill(sighting, question)
        if self._replica is not None:
            return Score(self._paced(visit, question, self._replica), sighting, sized=not question.stream)
        draft, pace = self._draft(question), self.personality.pace
        for trouble in visit.of(TroubleKind.SLOW):
            pace = spoil.paced(pace, trouble)
        if question.stream:
            events = self._interrupted(visit, tongue.stream(draft, question))
            return Score(streamed(self._head(visit, _SSE), events, pace, self._chance), sighting)
        body = tongue.whole(draft, question)
        head = self._head(visit, _JSON, len(body))
        return Score(whole(head, body, draft.output_tokens, pace, self._chance), sighting, sized=True)

    def _draft(self, question: Question) -> Draft:
        stamp = self._stamp()
        return Draft(
            id=stamp,
            model=question.model,
            created=self._clock.wall_ns() // 1_000_000_000,
            choices=self._mind.choices(question, stamp),
            prompt_tokens=question.prompt_tokens,
            cache=question.cache,
        )

    def _paced(self, visit: Visit, question: Question, replica: Replica) -> Iterator[Beat]:
        """In an engine's time: the first piece when its prompt has been read, the others at its end."""
        for trouble in visit.of(TroubleKind.SLOW):
            yield Beat(trouble.seconds, b"")
        turn = replica.take(question.prompt, question.prompt_tokens, question.max_tokens or self.personality.answer_tokens)
        yield Beat(0.0, b"", cue=turn.began)
        question = msgspec.structs.replace(question, cache=CacheUse(read=turn.cached))
        draft = self._draft(question)
        if not question.stream:
            body = visit.tongue.whole(draft, question)
            yield Beat(0.0, self._head(visit, _JSON, len(body)), cue=turn.ended)
            yield Beat(0.0, body, draft.output_tokens)
            return
        yield Beat(0.0, self._head(visit, _SSE))
        started = False
        for data, tokens in self._interrupted(visit, visit.tongue.stream(draft, question)):
            yield Beat(0.0, chunk(data) if data else b"", tokens, cue=turn.ended if started else None)
            started = started or tokens > 0
        yield Beat(0.0, LAST_CHUNK, cue=turn.ended)

    def _bill(self, sighting: Sighting, question: Question) -> None:
        sighting.status = HTTPStatus.OK
        sighting.stream = question.stream
        sighting.label = question.label
        sighting.input_tokens = question.prompt_tokens
        counts = self._counts.model(question.model)
        counts.images += question.attachments.images
        counts.documents += question.attachments.documents

    def _interrupted(self, visit: Visit, events: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
        """The events, until an error is to come in their midst."""
        for trouble in visit.of(TroubleKind.ERROR):
            rejection = visit.tongue.troubled(trouble)
            yield from islice((event for event in events if event[0]), trouble.after)
            yield visit.tongue.rejected_event(rejection, visit.sighting.request_id), 0
            return
        yield from events

    def _plain(self, visit: Visit, body: bytes, content_type: str = _JSON) -> Score:
        visit.sighting.status = HTTPStatus.OK
        return Score(
            whole(self._head(visit, content_type, len(body)), body, 0, INSTANT, self._chance), visit.sighting, sized=True
        )

    def _spoiled(self, visit: Visit, score: Score) -> Score:
        return spoil.spoiled(score, (trouble for trouble in visit.struck if trouble.kind not in _APART))

    def _rejected(self, visit: Visit, rejection: Rejection) -> Score:
        visit.sighting.status = rejection.status
        body = visit.tongue.rejected(rejection, visit.sighting.request_id)
        head = self._head(visit, _JSON, len(body), rejection)
        return Score(whole(head, body, 0, INSTANT, self._chance), visit.sighting, sized=True)

    def _head(self, visit: Visit, content_type: str, length: int | None = None, rejection: Rejection | None = None) -> bytes:
        status = rejection.status if rejection else HTTPStatus.OK.value
        framing = ("transfer-encoding", "chunked") if length is None else ("content-length", str(length))
        headers = [
            ("content-type", content_type),
            framing,
            *visit.tongue.headers(visit.sighting.request_id, visit.grants),
            *(rejection.headers if rejection else ()),
        ]
        lines = [f"HTTP/1.1 {status} {responses.get(status, 'Error')}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _grants(self, tokens: int) -> Grants:
        now = self._clock.now()
        requests = self._requests.take(1 if tokens else 0, now)
        return Grants(requests, self._tokens.take(tokens, now), self._clock.wall_ns() / 1e9)

    def _stamp(self) -> str:
        return hashlib.sha256(f"{self.personality.name} {next(self._serial)}".encode()).hexdigest()[:24]
