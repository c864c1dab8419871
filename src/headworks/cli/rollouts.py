"""`headworks rollouts`: candidates for a model's live version, on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from headworks.cli.administering import ASKING, LISTING, WRITING, Asking, Listing, Names, Writing, administer
from headworks.cli.rollouts_asked import GATES, gates_of, part_of, steps_of
from headworks.cli.telling import tell, tell_all, tell_rows, tell_whole
from headworks.client import Client
from headworks.domain.administration.wire.rollouts import (
    FreezeAsked,
    RolloutAsked,
    RolloutDetail,
    RolloutView,
    StepBody,
    Wished,
)
from headworks.domain.position import Unit

_COLUMNS = ("id", "model", "baseline", "candidate", "others", "state", "step", "share", "since", "frozen", "number")
_GATES = ("of", "finding", "margin", "baseline", "candidate", "low", "high", "evidence", "asked", "smallest")
_ARMS = ("version", "outcomes", "observed", "mean")
_EVENTS = ("number", "at", "by", "before", "after", "step", "outcomes", "failures", "reason")
Id = Annotated[str, Parameter(help="Of the rollout: `headworks rollouts list` tells it.")]
Number = Annotated[
    int | None,
    Parameter(help="The number that you have read. If it has changed since, nothing happens. Left out: whatever it is."),
]
Mean = Literal["first_token", "inter_token", "cost", "feedback", "judge"]


def list_all(*, model: str | None = None, listing: Listing = LISTING) -> int:
    """List rollouts, newest first.

    Args:
        model: Only those of this model.
    """

    def work(client: Client) -> None:
        tell_all(listing.cut(client.rollouts.list(model=model)), _COLUMNS, json=listing.json)

    return administer(listing.url, work)


def show(id_: Id, *, asking: Asking = ASKING) -> int:
    """Show a rollout: where it stands, what is known by each gate, and how it came there."""

    def work(client: Client) -> None:
        found = client.rollouts.read(id_)
        if asking.json:
            tell(found, "", json=True)
        else:
            _print(found)

    return administer(asking.url, work)


def start(  # noqa: PLR0913 - one parameter a flag
    model: str,
    candidate: str,
    *,
    baseline: str | None = None,
    steps: Names = None,
    least: int | None = None,
    lasting: str | None = None,
    most: str | None = None,
    shadow: str | None = None,
    gates: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True, help=GATES)] = None,
    alpha: float = 0.05,
    unit: Unit = "session",
    ab: Mean | None = None,
    also: Names = None,
    comment: str = "",
    writing: Writing = WRITING,
) -> int:
    """Begin to lead requests for a model to another of its versions, step by step.

    Args:
        model: The name that callers ask for.
        candidate: Number of the version.
        baseline: What it is compared with; left out: the version that serves now.
        steps: Shares, the last of them 100%; left out: 1% 5% 20% 50% 100%.
        least: Outcomes of the candidate before a step is left; left out: 200.
        lasting: How long each step lasts at the least; left out: 10m, of the usual steps 1h from 50% on.
        most: How long a step may wait for outcomes before somebody is asked; left out: 1d.
        shadow: Before all steps, ask the candidate this share of requests besides, and throw its answers away: 5%.
        alpha: The chance of taking back a candidate that is no worse.
        unit: What stays with one version.
        ab: Serve as many units by each arm until one is shown to be better at this.
        also: Further candidates of that test: whichever is shown to be worse than another is taken out.
        comment: Why.
    """

    def work(client: Client) -> None:
        every = steps_of(steps, least=least, lasting=lasting, most=most)
        asked = RolloutAsked(
            model=model,
            candidate=candidate,
            baseline=baseline,
            steps=every,
            shadow=StepBody(share=part_of(shadow)) if shadow is not None else None,
            gates=gates_of(gates),
            alpha=alpha,
            unit=unit,
            objective=ab,
            others=tuple(also or ()),
            comment=comment,
        )
        tell_whole(client.rollouts.start(asked, idempotency_key=writing.idempotency_key), json=writing.json)

    return administer(writing.url, work)


def promote(id_: Id, *, based_on: Number = None, comment: str = "", writing: Writing = WRITING) -> int:
    """Let the candidate serve everybody at once, whatever the evidence says."""
    key = writing.idempotency_key
    return _told(
        writing, lambda client: client.rollouts.promote(id_, Wished(comment=comment), number=based_on, idempotency_key=key)
    )


def pause(id_: Id, *, based_on: Number = None, comment: str = "", writing: Writing = WRITING) -> int:
    """Leave the candidate's share as it is until somebody decides."""
    key = writing.idempotency_key
    return _told(
        writing, lambda client: client.rollouts.pause(id_, Wished(comment=comment), number=based_on, idempotency_key=key)
    )


def resume(id_: Id, *, based_on: Number = None, comment: str = "", writing: Writing = WRITING) -> int:
    """Go on where it was paused. The step begins anew."""
    key = writing.idempotency_key
    return _told(
        writing, lambda client: client.rollouts.resume(id_, Wished(comment=comment), number=based_on, idempotency_key=key)
    )


def rollback(id_: Id, *, based_on: Number = None, comment: str = "", writing: Writing = WRITING) -> int:
    """Take the candidate back, also after it was promoted. Answers under way end as they would have."""
    key = writing.idempotency_key
    return _told(
        writing, lambda client: client.rollouts.rollback(id_, Wished(comment=comment), number=based_on, idempotency_key=key)
    )


def freeze(
    id_: Id,
    *,
    thaw: Annotated[bool, Parameter(help="Let the evidence move it again.", negative=())] = False,
    based_on: Number = None,
    comment: str = "",
    writing: Writing = WRITING,
) -> int:
    """Let nothing but the circuit, and people, move it."""
    asked, key = FreezeAsked(frozen=not thaw, comment=comment), writing.idempotency_key
    return _told(writing, lambda client: client.rollouts.freeze(id_, asked, number=based_on, idempotency_key=key))


def _told(writing: Writing, move: Callable[[Client], RolloutView]) -> int:
    return administer(writing.url, lambda client: tell_whole(move(client), json=writing.json))


def _print(found: RolloutDetail) -> None:
    tell_whole(found.rollout, json=False)
    for rows, columns in ((found.gates, _GATES), (found.arms, _ARMS), (found.events, _EVENTS)):
        if rows:
            print()
            tell_rows(map(_rounded, rows), columns)


def _rounded(row: msgspec.Struct) -> dict[str, object]:
    return {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in msgspec.structs.asdict(row).items()}
