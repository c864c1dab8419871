"""Rollouts of model versions: started, moved by hand, and looked at. `If-Match` says which number was read."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.rollouts import (
    FreezeAsked,
    RolloutAsked,
    RolloutDetail,
    RolloutListing,
    RolloutView,
    Wished,
)
from headworks.domain.administration.wire.values import Text
from headworks.domain.names import Numbered
from headworks.domain.rollout.by_hand import NotNowError, Wish, wanted
from headworks.domain.rollout.event import Event, settled
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.plans import mistakes
from headworks.domain.rollout.rollout import OVER, Rollout, State
from headworks.ports.records import Page

_SALT_BITS = 128
_NS = 1e9
_REMEMBERED = 100
"""Rollouts of a model."""


class RolloutQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rollouts."""

    model: Annotated[Text, Meta(description="Of this model only.")] = ""


async def list_rollouts(act: Act) -> Answer:
    """Newest first."""
    found = await act.office.rollouts.rollouts(page_of(act), model=act.wanted(RolloutQuery).model)
    shown, cursor = cut(act, found)
    return Answer(RolloutListing(data=tuple(map(RolloutView.of, shown)), next=cursor))


async def read_rollout(act: Act) -> Answer:
    """With what is known, and all that has happened. The ETag is its number."""
    rollouts = act.office.rollouts
    rollout = await rollouts.rollout(act.id)
    detail = RolloutDetail.of(rollout, await rollouts.evidence(act.id), await rollouts.events(act.id))
    return Answer(detail, rollout.number)


async def start(act: Act) -> Answer:
    """Begin one: gateways go by it within a second, and nobody is served by the candidate until its first step."""
    asked, office = act.asked(RolloutAsked), act.office
    model = await _numbered(act, asked.model)
    baseline = await _baseline(act, asked, model)
    digests = {number: model.digests.get(number, "") for number in (baseline, asked.candidate, *asked.others)}
    await _refuse_others(act, asked, digests)
    plan = asked.plan
    wrong = [Mistake(detail=detail, pointer=f"/{field}") for field, detail in mistakes(plan, asked.others)]
    if wrong:
        raise Refusal("invalid", "The plan cannot be followed. Mend what `errors` names.", errors=wrong)
    rollout = Rollout(
        id=office.new_id("roll"),
        model=asked.model,
        baseline=baseline,
        candidate=asked.candidate,
        others=asked.others,
        plan=plan,
        state=State.WARMING,
        since=act.now() / _NS,
        salt=f"{office.chance.getrandbits(_SALT_BITS):032x}",
        number=1,
        digests=digests,
    )
    event = Event.of(None, rollout, asked.comment, Evidence(), actor=act.actor.id, actor_name=act.actor.name)
    await office.rollouts.start(rollout, event, audit=act.facts())
    return Answer(RolloutView.of(rollout), rollout.number)


async def promote(act: Act) -> Answer:
    """To everybody, whatever the evidence says."""
    return await _wished(act, Wish.PROMOTE)


async def pause(act: Act) -> Answer:
    """Stay."""
    return await _wished(act, Wish.PAUSE)


async def resume(act: Act) -> Answer:
    """The step begins anew."""
    return await _wished(act, Wish.RESUME)


async def roll_back(act: Act) -> Answer:
    """Back: also of what was promoted."""
    return await _wished(act, Wish.ROLL_BACK)


async def freeze(act: Act) -> Answer:
    """Or thaw."""
    asked, rollout = act.asked(FreezeAsked), await _read(act)
    if rollout.state in OVER:
        raise Refusal("conflict", f"It is {rollout.state}: nothing would move it.")
    if rollout.frozen == asked.frozen:
        return Answer(RolloutView.of(rollout), rollout.number)
    after = replace(rollout, frozen=asked.frozen, number=rollout.number + 1)
    return await _put(act, rollout, after, asked.comment or ("Frozen." if asked.frozen else "Thawed."))


async def _wished(act: Act, wish: Wish) -> Answer:
    rollout = await _read(act)
    try:
        move = wanted(rollout, wish, act.asked(Wished).comment)
    except NotNowError as refused:
        raise Refusal("conflict", str(refused)) from None
    evidence = await act.office.rollouts.evidence(act.id)
    return await _put(act, rollout, settled(rollout, move, evidence, act.now() / _NS), move.reason)


async def _read(act: Act) -> Rollout:
    rollout = await act.office.rollouts.rollout(act.id)
    refuse_stale(act, rollout.number)
    return rollout


async def _put(act: Act, before: Rollout, after: Rollout, reason: str) -> Answer:
    evidence = await act.office.rollouts.evidence(act.id)
    event = Event.of(before, after, reason, evidence, actor=act.actor.id, actor_name=act.actor.name)
    await act.office.rollouts.change(before, after, event, audit=act.facts())
    return Answer(RolloutView.of(after), after.number)


async def _refuse_others(act: Act, asked: RolloutAsked, digests: dict[str, str]) -> None:
    """A number that meant something else in one of the last rollouts means nothing that can be compared."""
    for before in await act.office.rollouts.rollouts(Page(size=_REMEMBERED), model=asked.model):
        for number, digest in digests.items():
            if before.digests.get(number, digest) != digest:
                field = "candidate" if number == asked.candidate else "baseline"
                raise _wrong(
                    field,
                    f"Version {number} of '{asked.model}' is not what it was in rollout {before.id}. "
                    "Versions never change: give what is written now a number of its own.",
                )


async def _baseline(act: Act, asked: RolloutAsked, model: Numbered) -> str:
    """The version that serves now, unless it is said; both must be there."""
    position = (await act.office.rollouts.positions()).get(asked.model)
    promoted = position.candidate if position is not None and position.state == State.PROMOTED else ""
    leads = promoted if position is not None and position.leads(model.live) and promoted else model.live
    baseline = asked.baseline or leads
    if baseline in model.numbers and baseline != leads:
        raise _wrong("baseline", f"Version {leads} serves now: everybody would be moved to {baseline} at once. Leave it out.")
    named = (("candidate", asked.candidate), ("baseline", baseline), *(("others", number) for number in asked.others))
    for field, number in named:
        if number not in model.numbers:
            raise _wrong(field, f"The model '{asked.model}' has no version '{number}'. It has {', '.join(model.numbers)}.")
    if baseline == asked.candidate:
        raise _wrong("candidate", f"Version {baseline} serves already. Name another one.")
    if len({number for _, number in named}) < len(named):
        raise _wrong("others", "Each version is one arm of the test: name none of them twice.")
    return baseline


async def _numbered(act: Act, name: str) -> Numbered:
    names = await act.office.names()
    if names is None:
        raise Refusal("conflict", "The configuration that runs cannot be read here, and so no version of a model is known.")
    model = names.versions.get(name)
    if model is None:
        raise _wrong("model", f"There is no model '{name}' with numbered versions. Write its candidate under `versions` first.")
    return model


def _wrong(field: str, detail: str) -> Refusal:
    return Refusal("invalid", detail, errors=[Mistake(detail=detail, pointer=f"/{field}")])
