"""Revisions of the configuration: whole documents, judged before they are applied, and never changed afterwards.

`If-Match` says which number was active when the new document was made (`"0"`: none yet). The highest number is the active one; an earlier
document comes back under a new number.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.control.admin.operation import Act, Answer, Operation
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.row import row
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration import Scope
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.revisions import (
    LARGEST_DOCUMENT,
    ApplyAsked,
    Outcome,
    RevisionDiff,
    RevisionListing,
    RevisionText,
    RevisionView,
    RollbackAsked,
)
from headworks.domain.revision import Finding, Revision, digest_of
from headworks.ports.records import Missing
from headworks.ports.revisions import Comparison, Verdict

ACTIVE = "active"
"""In place of a number."""
_DIGITS = 15
_Before = Annotated[int, Meta(ge=0, le=10**_DIGITS - 1, description="The revision to start from; left out: the one before.")]


class DiffQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to compare with."""

    against: _Before | None = None


async def list_revisions(act: Act) -> Answer:
    """Newest first."""
    active, _ = await act.office.revisions.latest()
    shown, cursor = cut(act, await act.office.revisions.revisions(page_of(act)), "number")
    return Answer(RevisionListing(data=tuple(RevisionView.of(each, active) for each in shown), next=cursor))


async def read_revision(act: Act) -> Answer:
    """With its document. The ETag is its number."""
    number = await _number(act)
    revision, document = await act.office.revisions.revision(number), await act.office.revisions.document(number)
    active, _ = await act.office.revisions.latest()
    return Answer(RevisionText(revision=RevisionView.of(revision, active), document=document), number)


async def read_diff(act: Act) -> Answer:
    """From an earlier one, or any other, to this one."""
    after, against = await _number(act), act.wanted(DiffQuery).against
    before = after - 1 if against is None else against
    found = await _compare(act, before, f"revision {after}", await act.office.revisions.document(after))
    return Answer(RevisionDiff(before=before, after=after, diff=found.text, differences=found.differences))


async def apply(act: Act) -> Answer:
    """A new document. Gateways take it within seconds."""
    asked = act.asked(ApplyAsked)
    return await _put(act, asked.document, asked)


async def roll_back(act: Act) -> Answer:
    """An earlier document, under a new number."""
    number = await _number(act)
    return await _put(act, await act.office.revisions.document(number), act.asked(RollbackAsked), restores=number)


async def _put(act: Act, document: str, asked: ApplyAsked | RollbackAsked, restores: int = 0) -> Answer:
    revisions, documents = act.office.revisions, act.office.documents
    active, digest = await revisions.latest()
    refuse_stale(act, active)
    if documents.unfollowed and not asked.dry_run:
        raise Refusal("conflict", documents.unfollowed)
    verdict = await documents.judge(document)
    _refuse_mistakes(verdict, "" if restores else "/document")
    found = await _compare(act, active, f"revision {active + 1}", document)
    revision = _next(act, active, document, asked.comment, restores)
    applied = revision.digest != digest and not asked.dry_run
    if applied:
        revision = await revisions.add(revision, document, audit=act.facts())
        active = revision.number
    elif revision.digest == digest:
        revision = await revisions.revision(active)
    outcome = Outcome(
        applied=applied,
        revision=RevisionView.of(revision, active),
        diff=found.text,
        differences=found.differences,
        warnings=verdict.warnings,
    )
    return Answer(outcome, active)


def _next(act: Act, active: int, document: str, comment: str, restores: int) -> Revision:
    return Revision(
        number=active + 1,
        digest=digest_of(document),
        author=act.actor.id,
        author_name=act.actor.name,
        comment=comment,
        restores=restores,
    )


async def _number(act: Act) -> int:
    """Of the revision that the path names."""
    if act.id == ACTIVE:
        active, _ = await act.office.revisions.latest()
        if not active:
            raise Refusal("not_found", "No revision was applied yet: gateways run their files.")
        return active
    if not (act.id.isascii() and act.id.isdigit() and len(act.id) <= _DIGITS):
        raise Missing(act.id)
    return int(act.id)


async def _compare(act: Act, before: int, label: str, document: str) -> Comparison:
    """The revision numbered `before`, 0 being the empty one, with a document."""
    earlier = await act.office.revisions.document(before) if before else ""
    return await act.office.documents.compare((f"revision {before}", earlier), (label, document))


def _refuse_mistakes(verdict: Verdict, pointer: str) -> None:
    """Raise where the document cannot be used, with every mistake in it."""
    if not verdict.problems:
        return
    count = len(verdict.problems)
    mistakes = [Mistake(detail=_words(each), pointer=pointer, line=each.line, column=each.column) for each in verdict.problems]
    detail = f"The document cannot be used: {count} problem{'s' * (count != 1)}. Mend the lines that `errors` names."
    raise Refusal("invalid", detail, errors=mistakes)


def _words(problem: Finding) -> str:
    where = f"{problem.path}: " if problem.path else ""
    return f"{where}{problem.message} {problem.hint}".rstrip()


REVISIONS: tuple[Operation, ...] = (
    row(
        "revisions.list GET /config/revisions",
        Scope.CONFIG_READ,
        list_revisions,
        "Revisions of the configuration, newest first.",
        answers=RevisionListing,
        query=ListQuery,
        everywhere=True,
    ),
    row(
        "revisions.apply POST /config/revisions",
        Scope.CONFIG_WRITE,
        apply,
        "Apply a whole configuration; `If-Match` says which number it was made of. With `dry_run`, say what that would do.",
        asks=ApplyAsked,
        answers=Outcome,
        locks=True,
        everywhere=True,
        largest=2 * LARGEST_DOCUMENT,
    ),
    row(
        "revisions.read GET /config/revisions/{id}",
        Scope.CONFIG_READ,
        read_revision,
        "One revision, by its number or as `active`, with its document.",
        answers=RevisionText,
        everywhere=True,
    ),
    row(
        "revisions.diff GET /config/revisions/{id}/diff",
        Scope.CONFIG_READ,
        read_diff,
        "What a revision changed, or in what it differs from any other.",
        answers=RevisionDiff,
        query=DiffQuery,
        everywhere=True,
    ),
    row(
        "revisions.rollback POST /config/revisions/{id}/rollback",
        Scope.CONFIG_WRITE,
        roll_back,
        "Make an earlier document active again, as a new revision.",
        asks=RollbackAsked,
        answers=Outcome,
        locks=True,
        everywhere=True,
    ),
)
"""Rows of the table of operations."""
