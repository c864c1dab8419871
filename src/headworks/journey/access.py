"""Why a caller may or may not: the same questions that the journey asks, each answered by itself, level by level and rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Ask, Call, Tally
from headworks.domain.ending import Closing
from headworks.domain.errors import Fault
from headworks.domain.facts import CUSTOMER, SESSION, TAGS, Facts
from headworks.domain.features import GOVERNED, governed_of, ordinary_of, refuse_ordinary
from headworks.domain.kind import Kind
from headworks.domain.patterns import name_matches
from headworks.domain.plan import Plan
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.journey.permission import Permission, model_asked, refuse_endpoint
from headworks.ports.policies import Policies


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody might ask. `at` is wall-clock nanoseconds."""

    model: str
    endpoint: Kind = Kind.CHAT
    dialect: str
    features: frozenset[str] = frozenset()
    max_tokens: int | None = None
    prompt_tokens: int = 0
    stream: bool = False
    customer: str = ""
    session: str = ""
    tags: dict[str, str] = {}
    at: int = 0


class Level(msgspec.Struct, frozen=True):
    """One level that narrows, by the name that people know."""

    name: str
    bounds: Bounds


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its answer. `by` is the level or the rule that answers."""

    by: str
    what: str
    passes: bool
    why: str


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The decision as the journey takes it, and the steps that lead to it."""

    allowed: bool
    code: str = ""
    message: str = ""
    steps: tuple[Step, ...] = ()
    targets: tuple[str, ...] = ()
    fallbacks: tuple[Step, ...] = ()
    """Which of the model's fallbacks this caller may be led to."""
    guards: tuple[str, ...] = ()
    """Those that would judge the question."""


class Explainer:
    """Answers for one snapshot and one principal."""

    def __init__(self, permission: Permission, policies: Policies) -> None:
        self._permission = permission
        self._policies = policies

    def access(self, snapshot: Snapshot, principal: Principal, levels: Sequence[Level], question: Question) -> Access:
        """The decision on `question`. `levels` are those that the principal was made of, the outermost first."""
        call = _call(snapshot, principal, question)
        ask = call.ask
        assert ask is not None
        steps = list(_narrowings(levels, snapshot.find(question.model), question))
        try:
            refuse_endpoint(call)
            model = model_asked(call, ask, principal)
            _refuse_features(question, ask, principal)
            steps += self._rules(call, model)
            plan = self._permission.plan(call, ask, ask.model, model)
            Facts(call, plan).check()
        except Fault as fault:
            return Access(allowed=False, code=fault.code, message=fault.message, steps=tuple(steps))
        return Access(
            allowed=True,
            steps=tuple(steps),
            targets=tuple(target.name for target in plan.targets),
            fallbacks=tuple(self._fallbacks(call, plan)),
            guards=tuple(rule.name for rule in snapshot.guards if not rule.named or rule.name in principal.guards),
        )

    def _rules(self, call: Call, model: Model) -> Iterator[Step]:
        """What every policy says, of the targets that are left."""
        plan = self._permission.where(call, model)
        for ruling in self._policies.rulings(call.snapshot.policies, Facts(call, plan)):
            passes = ruling.holds is (ruling.then == "allow")
            why = ruling.trouble or f"{'holds' if ruling.holds else 'does not hold'}: {ruling.when}"
            yield Step(by=ruling.policy, what=f"policy, {ruling.then or 'unknown'}", passes=passes, why=why)

    def _fallbacks(self, call: Call, plan: Plan) -> Iterator[Step]:
        assert call.ask is not None
        for name in plan.model.fallbacks:
            model = call.snapshot.find(name)
            if model is None:
                continue
            try:
                left = self._permission.plan(call, call.ask, name, model)
            except Fault as fault:
                yield Step(by=name, what="fallback", passes=False, why=fault.message)
            else:
                yield Step(by=name, what="fallback", passes=True, why=", ".join(target.name for target in left.targets))


def _narrowings(levels: Sequence[Level], model: Model | None, question: Question) -> Iterator[Step]:
    """What each level says of each thing; levels that say nothing of it are left out."""
    if not levels or levels[0].bounds.models is None:
        outermost = levels[0].name if levels else "no level"
        yield Step(by=outermost, what="models", passes=False, why="states none: nothing is allowed until it does")
    governed = ", ".join(sorted(question.features & GOVERNED))
    if governed and levels and levels[0].bounds.features is None:
        yield Step(by=levels[0].name, what="features", passes=False, why=f"does not name {governed}: it has to, for all below")
    for level in levels:
        bounds = level.bounds
        for what, answer in _QUESTIONS.items():
            names: tuple[str, ...] | None = getattr(bounds, what)
            if names is not None and (model is not None or what not in {"providers", "regions"}):
                passes, why = answer(names, model, question)
                yield Step(by=level.name, what=what, passes=passes, why=f"{why} (allowed: {', '.join(names) or 'nothing'})")


_Answer = tuple[bool, str]


def _models(names: tuple[str, ...], model: Model | None, question: Question) -> _Answer:
    candidates = dict.fromkeys((question.model, *((model.name,) if model is not None else ())))
    for candidate in candidates:
        for pattern in names:
            if name_matches(pattern, candidate):
                return True, f"'{candidate}' fits '{pattern}'"
    return False, f"nothing fits '{question.model}'"


def _endpoints(names: tuple[str, ...], _model: Model | None, question: Question) -> _Answer:
    kind = question.endpoint.endpoint.value
    return kind in names, f"'{kind}' is {'' if kind in names else 'not '}among them"


def _features(names: tuple[str, ...], _model: Model | None, question: Question) -> _Answer:
    governed, ordinary = governed_of((names,)), ordinary_of((names,))
    missing = [
        feature
        for feature in sorted(question.features)
        if (feature not in governed if feature in GOVERNED else ordinary is not None and feature not in ordinary)
    ]
    return not missing, f"leaves out {', '.join(missing)}" if missing else "leaves out nothing that is used"


def _providers(names: tuple[str, ...], model: Model | None, _question: Question) -> _Answer:
    return _left(names, [(target.provider, target.name) for target in model.targets] if model is not None else [])


def _regions(names: tuple[str, ...], model: Model | None, _question: Question) -> _Answer:
    return _left(names, [(target.region, target.name) for target in model.targets] if model is not None else [])


def _left(names: tuple[str, ...], places: list[tuple[str, str]]) -> _Answer:
    left = [target for place, target in places if place in names]
    return bool(left), f"leaves {', '.join(left)}" if left else "leaves no target"


_QUESTIONS: dict[str, Callable[[tuple[str, ...], Model | None, Question], _Answer]] = {
    "models": _models,
    "endpoints": _endpoints,
    "features": _features,
    "providers": _providers,
    "regions": _regions,
}


def _refuse_features(question: Question, ask: Ask, principal: Principal) -> None:
    for feature in sorted(question.features & GOVERNED - set(principal.features)):
        raise Fault(
            "feature_not_allowed",
            f"The feature '{feature}' is governed, and not every level that lists features allows it, or none does. "
            f"Ask an administrator to add '{feature}' to the features of the key and of all above it.",
        )
    refuse_ordinary(ask, principal)


def _call(snapshot: Snapshot, principal: Principal, question: Question) -> Call:
    """A call that is never sent."""
    said = {CUSTOMER: question.customer, SESSION: question.session, TAGS: _written(question.tags)}
    return Call(
        id="explained",
        at=question.at,
        began=0.0,
        kind=question.endpoint,
        front=question.dialect,
        headers={name: value.encode() for name, value in said.items() if value},
        body=Whole(b""),
        snapshot=snapshot,
        tally=Tally(),
        closing=Closing(_nobody),
        principal=principal,
        ask=Ask(
            model=AskedModel(question.model),
            stream=question.stream,
            max_tokens=question.max_tokens,
            prompt_tokens=question.prompt_tokens,
            features=question.features - {"files"},  # of an `Ask` they are those inside it
        ),
    )


def _written(tags: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in tags.items())


def _nobody(trouble: BaseException) -> None:
    raise trouble
