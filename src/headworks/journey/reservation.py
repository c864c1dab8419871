"""How much one request may come to use: a bound, not a guess, as far as money is concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import SERVER_TOOLS
from headworks.domain.kind import DRAWING, FREE, HEARING, UPLOADS
from headworks.domain.limits import Claim, Limit, Unit
from headworks.domain.limits.limit import Shape
from headworks.domain.money import PER_MILLION
from headworks.domain.passthrough import Passage
from headworks.domain.plan import Plan, unpriced_passage
from headworks.domain.sound import TOKENS_PER_SECOND
from headworks.domain.usage import Usage
from headworks.journey.pricing import picture_at_most
from headworks.journey.uploads import MARGIN, PICTURES, SPOKEN_TOKENS, most_heard, pictures_given

FLOOR = 16
"""Output tokens below which an answer is not worth having."""
UNSEEN = 1024
"""Input tokens that a provider may add of its own: instructions for tools, frames of messages."""
PICTURE = 6_000
"""Tokens of the largest picture."""
EDITED_PICTURE = 8_192
"""Of the largest that is changed, looked at as closely as can be asked for."""
REMEMBERED = 32_768
"""Tokens that a model of conversations reads at most, where its profile says nothing."""
SEARCHED_DOCUMENTS = 100
"""Of one search unit."""
SEARCHED_TOKENS = 500
"""Question included, from which on a document counts as several."""
_PAGES = msgspec.json.Decoder(list[int])
_DOCUMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_ANSWERING = frozenset((Kind.CHAT, Kind.COMPLETIONS))
_MAKING = DRAWING | {Kind.SPEECH}
_REFERENCES = (b'"file_id"', b'"file_url"', b'"document_url"', b'"url":"http', b'"url": "http', b"gs://")
_REMOTE = frozenset(SERVER_TOOLS.values()) | {"web_search", "plugins", "prompt", "previous_response"}
_MEDIA = frozenset(("files", "audio", "video"))


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """`input` is the estimate that token limits go by; `bound` the input tokens that money goes by; `output` is of all choices."""

    input: int
    bound: int
    output: int
    choices: int
    capped: bool
    """Whether the caller says how long the answer may be; then no less will do."""
    searches: int = 0
    """Search units of a ranking, at most."""
    pages: int = 0
    """Of a document, at most."""
    pictures: int = 0
    characters: int = 0
    seconds: int = 0
    """Of sound that is heard, at most."""
    fields: Mapping[str, msgspec.Raw] = {}
    """What is asked of pictures: their prices may go by it."""

    @property
    def usage(self) -> Usage:
        """As records tell it."""
        return Usage(self.input, self.output)

    @property
    def floor(self) -> int:
        """The least output worth having; -1: all of it."""
        return -1 if self.capped else min(FLOOR * self.choices, self.output)

    def nanos(self, plan: Plan, output: int | None = None) -> int:
        """What it costs at most, by that plan."""
        if not self.bound:
            return 0
        ceiling = plan.ceiling
        tokens = ceiling.nanos(self.bound, self.output if output is None else output)
        apart = self.searches * ceiling.search - (-self.characters * ceiling.characters // PER_MILLION)
        apart += self.pages * ceiling.page - (-self.seconds * ceiling.audio_minute // 60)
        if self.pictures:
            apart += self.pictures * picture_at_most(plan.cards, self.fields)
        return tokens + apart + plan.model.reserve


def reservation(call: Call, plan: Plan) -> Reservation:
    """Of one call past Authorise."""
    ask = call.ask
    assert ask is not None
    kind = call.kind
    if kind in FREE:
        return Reservation(0, 0, 0, 1, capped=True)
    size = len(call.body.data) + max(0, ask.added)
    if kind in _APART:
        return _APART[kind](call, ask, plan)
    if call.passed is not None:
        return _of_passed(ask, size, plan, call.passed.passage)
    bound = (max(ask.prompt_tokens, size)) + UNSEEN
    if "images" in ask.features:
        bound += call.body.data.count(b'"image') * PICTURE
    if kind in _ANSWERING:
        return _of_answer(ask, plan, bound)
    return _of_making(call, ask, plan, bound) if kind in _MAKING else Reservation(ask.prompt_tokens, bound, 0, 1, capped=True)


def _of_answer(ask: Ask, plan: Plan, bound: int) -> Reservation:
    output = ask.max_tokens
    capped = output is not None
    if output is None:
        output = max([target.max_output for target in plan.targets])
    output *= ask.choices
    if "prediction" in ask.fields:
        output += len(ask.fields["prediction"])
    return Reservation(ask.prompt_tokens, bound, output, ask.choices, capped=capped)


def _of_making(call: Call, ask: Ask, plan: Plan, bound: int) -> Reservation:
    """All of what is to be made or nothing: a picture cannot be had by half. Tokens only where somebody is paid by them."""
    output = (ask.max_tokens or 0) * ask.choices if _by_tokens(plan) else 0
    if call.kind is Kind.SPEECH:
        return Reservation(ask.prompt_tokens, bound, output, 1, capped=True, characters=ask.characters)
    return Reservation(ask.prompt_tokens, bound, output, 1, capped=True, pictures=ask.choices, fields=ask.fields)


def _of_editing(call: Call, ask: Ask, plan: Plan) -> Reservation:
    """Pictures are read by their size, however many bytes they have."""
    words = sum(len(value) for name, value in ask.fields.items() if name not in PICTURES)
    return _of_making(call, ask, plan, words + pictures_given(call, ask) * EDITED_PICTURE + UNSEEN)


def _of_hearing(call: Call, ask: Ask, plan: Plan) -> Reservation:
    """Sound of that many bytes may last as long as the thinnest does. Tokens only where somebody is paid by them."""
    form = call.body.form
    seconds = most_heard(form) if form is not None else 0
    bound = len(call.body.data) + seconds * TOKENS_PER_SECOND * MARGIN + UNSEEN
    output = min(seconds * SPOKEN_TOKENS, max(target.max_output for target in plan.targets)) if _by_tokens(plan) else 0
    return Reservation(ask.prompt_tokens, bound, output, 1, capped=True, seconds=seconds)


def _by_tokens(plan: Plan) -> bool:
    return plan.ceiling.nanos(0, PER_MILLION) > plan.ceiling.request


def _of_conversation(_call: Call, _ask: Ask, plan: Plan) -> Reservation:
    """One answer: it reads all that was said before, as far as the model remembers."""
    memory = max(target.profile.context or REMEMBERED for target in plan.targets)
    return Reservation(UNSEEN, memory, max(target.max_output for target in plan.targets), 1, capped=False)


def _of_passed(ask: Ask, size: int, plan: Plan, passage: Passage) -> Reservation:
    """Its answer cannot be cut: nobody knows what would. Where tokens are not what costs, none are counted."""
    if not passage.by_model:
        return Reservation(0, 1, 0, 1, capped=True)
    output = ask.max_tokens or max(target.max_output for target in plan.targets)
    tokens, pages = output * ask.choices, _pages(ask) or 1  # not none: limits of money are to see it, and refuse it
    return Reservation(ask.prompt_tokens, size + UNSEEN, tokens, ask.choices, capped=True, pages=pages)


def _pages(ask: Ask) -> int | None:
    """How many pages of a document are to be read; None where the request does not list them."""
    try:
        return (len(_PAGES.decode(ask.fields["pages"])) or None) if "pages" in ask.fields else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _of_ranking(call: Call, ask: Ask, _plan: Plan) -> Reservation:
    """The question is read with every document, and long documents are cut into several; no token has less than a byte."""
    documents = len(_DOCUMENTS.decode(ask.fields["documents"]))
    bound = len(call.body.data) + documents * len(ask.fields["query"]) + UNSEEN
    searches = -(-(documents + bound // SEARCHED_TOKENS) // SEARCHED_DOCUMENTS)
    return Reservation(ask.prompt_tokens, bound, 0, 1, capped=True, searches=searches)


_APART: dict[Kind, Callable[[Call, Ask, Plan], Reservation]] = {
    Kind.RERANK: _of_ranking,
    Kind.REALTIME: _of_conversation,
    **dict.fromkeys(HEARING, _of_hearing),
    **dict.fromkeys(UPLOADS - HEARING, _of_editing),
}
"""Kinds with a rule of their own."""


def affordable(claims: tuple[Claim, ...], asked: Reservation, plan: Plan) -> int:
    """Output tokens, of all choices, that what was granted covers; as many as asked where all of it was."""
    output = asked.output
    for claim in claims:
        unit = claim.limit.unit
        if unit is Unit.COST:
            output = min(output, plan.ceiling.output_within(claim.amount - plan.model.reserve, asked.bound))
        elif unit is Unit.OUTPUT_TOKENS:
            output = min(output, claim.amount)
        elif unit is Unit.TOKENS:
            output = min(output, claim.amount - asked.input)
    return output


def strict(limits: Iterable[Limit]) -> bool:
    """Whether an answer has to be kept to what was set aside for it: what a rate lacks comes back, all else is gone."""
    return any(
        (limit.unit is Unit.COST and not limit.soft)
        or (limit.unit in (Unit.TOKENS, Unit.OUTPUT_TOKENS) and limit.shape is not Shape.RATE)
        for limit in limits
    )


def unbounded_part(call: Call, plan: Plan) -> Fault | None:
    """What to refuse a request with whose price has no bound, where money is limited."""
    ask = call.ask
    assert ask is not None
    if call.passed is not None:
        return _unbounded_passed(ask, plan, call.passed.passage)
    if plan.priced and not ask.features:
        return None
    if call.kind in FREE:
        return None
    if not plan.priced:
        return Fault(
            "model_unpriced",
            f"The model '{plan.model.name}' has no price, and this key has a budget or another limit on what it may spend. "
            "Ask a model that has one, or have an administrator give this one a price under 'prices'.",
            param="model",
        )
    if ask.features and not plan.model.reserve:
        what = _unbounded(ask, call.body.data)
        if what:
            return Fault(
                "input_unbounded",
                f"Nobody can tell beforehand what {what} will cost, and this key has a budget or another limit on what it may spend. "
                f"Leave it out, or have an administrator say under models.{plan.model.name}.reserve how much to set aside for it.",
            )
    return None


def _unbounded_passed(ask: Ask, plan: Plan, passage: Passage) -> Fault | None:
    if not plan.priced:
        return unpriced_passage(plan, passage)
    if not passage.by_model or plan.model.reserve:
        return None
    _, written = plan.ceiling.rates(0)
    what = "an answer without 'max_tokens'" if written and ask.max_tokens is None else ""
    what = what or ("a document without a list of 'pages'" if plan.ceiling.page and _pages(ask) is None else "")
    what = what or (f"'{min(ask.features)}', which reads what the request does not hold," if ask.features else "")
    if not what:
        return None
    return Fault(
        "input_unbounded",
        f"Nobody can tell beforehand what {what} will cost, and this key has a budget or another limit on what it may spend. "
        f"Change that, or have an administrator say under 'reserve' of {passage.line} how much to set aside for it.",
    )


def _unbounded(ask: Ask, body: bytes) -> str:
    remote = ask.features & _REMOTE
    if remote:
        return f"'{min(remote)}', which reads what the request does not hold,"
    if ask.features & _MEDIA and any(mark in body for mark in _REFERENCES):
        return "a file that the request only refers to"
    return ""
