"""`headworks config`: revisions of the configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import ASKING, LISTING, WRITING, Asking, Listing, Writing, administer
from headworks.cli.telling import tell, tell_all
from headworks.client import Client
from headworks.domain.administration.wire.revisions import ApplyAsked, Outcome, RevisionText, RollbackAsked
from headworks.domain.revision import Difference

_COLUMNS = ("number", "active", "at", "author_name", "restores", "sha256", "comment")
_ANY = "any"
BasedOn = Annotated[
    str,
    Parameter(
        help="The number of the revision that this was made of, as `list` and `show` tell it; 0: there is none yet. If another one was "
        "applied since, nothing happens. `any`: whatever is active."
    ),
]


def list_all(*, listing: Listing = LISTING) -> int:
    """List revisions, newest first."""
    return administer(listing.url, lambda client: tell_all(listing.cut(client.revisions.list()), _COLUMNS, json=listing.json))


def show(number: int | None = None, *, asking: Asking = ASKING) -> int:
    """Print the document of a revision, and on standard error which one it is.

    Args:
        number: Which; left out: the active one.
    """

    def work(client: Client) -> None:
        found = client.revisions.read(number)
        if not asking.json:
            print(f"headworks: {_described(found)}", file=sys.stderr)
        tell(found, found.document.removesuffix("\n"), json=asking.json)

    return administer(asking.url, work)


def diff(number: int | None = None, *, against: int | None = None, file: Path | None = None, asking: Asking = ASKING) -> int:
    """Say in what two revisions differ: what their settings mean, and line by line.

    Args:
        number: Which; left out: the active one.
        against: What to compare it with; left out: the one before. 0: nothing.
        file: Compare the active revision with this file instead, as applying it would.
    """

    def work(client: Client) -> None:
        if file is not None:
            outcome = client.revisions.apply(ApplyAsked(document=_text(file), dry_run=True), based_on=None)
            tell(outcome, _compared(outcome.differences, outcome.diff), json=asking.json)
            return
        found = client.revisions.diff(number, against=against)
        tell(found, _compared(found.differences, found.diff), json=asking.json)

    return administer(asking.url, work)


def apply(file: Path, *, based_on: BasedOn, comment: str = "", dry_run: bool = False, writing: Writing = WRITING) -> int:
    """Make a file the active revision. Gateways that follow the database take it within seconds.

    Args:
        file: A whole headworks.yaml.
        comment: Why, for those who look at the list later.
        dry_run: Say what would be, and change nothing.
    """

    def work(client: Client) -> None:
        asked = ApplyAsked(document=_text(file), comment=comment, dry_run=dry_run)
        outcome = client.revisions.apply(asked, based_on=_base(based_on), idempotency_key=writing.idempotency_key)
        tell(outcome, _told(outcome, dry_run=dry_run), json=writing.json)

    return administer(writing.url, work)


def rollback(number: int, *, based_on: BasedOn, comment: str = "", dry_run: bool = False, writing: Writing = WRITING) -> int:
    """Make an earlier document active again, as a new revision.

    Args:
        number: Whose document.
        comment: Why.
        dry_run: Say what would be, and change nothing.
    """

    def work(client: Client) -> None:
        asked = RollbackAsked(comment=comment, dry_run=dry_run)
        outcome = client.revisions.rollback(number, asked, based_on=_base(based_on), idempotency_key=writing.idempotency_key)
        tell(outcome, _told(outcome, dry_run=dry_run), json=writing.json)

    return administer(writing.url, work)


def export(file: Path, *, number: int | None = None, asking: Asking = ASKING) -> int:
    """Write the document of a revision to a file, word for word.

    Args:
        file: Where to; it must not be there yet.
        number: Which; left out: the active one.
    """

    def work(client: Client) -> None:
        found = client.revisions.read(number)
        try:
            with file.open("x", encoding="utf-8", newline="") as written:
                written.write(found.document)
        except OSError as trouble:
            raise ValueError(f"{file} cannot be written: {trouble.strerror}. Name a file that is not there yet") from None
        next_step = f"headworks config apply {file} --based-on {found.revision.number}"
        tell(found.revision, f"{file}: {_described(found)}. To put a changed one in its place:\n{next_step}", json=asking.json)

    return administer(asking.url, work)


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as written:
            return written.read()
    except (OSError, UnicodeDecodeError) as trouble:
        raise ValueError(f"{file} cannot be read: {trouble}") from None


def _base(written: str) -> int | None:
    if written == _ANY:
        return None
    if not (written.isascii() and written.isdigit()):
        raise ValueError(f"--based-on {written}: write the number of a revision, or any")
    return int(written)


def _described(found: RevisionText) -> str:
    revision = found.revision
    active = ", active" if revision.active else ""
    return f"revision {revision.number}{active}, by {revision.author_name} at {revision.at}"


def _told(outcome: Outcome, *, dry_run: bool) -> str:
    number = outcome.revision.number
    if outcome.applied:
        first = f"Revision {number} is active."
    elif outcome.revision.active:
        first = f"Revision {number} is active and says the same, word for word: nothing was done."
    else:
        first = f"This would be revision {number}." if dry_run else ""
    warnings = [f"warning: {each.line}:{each.column}: {each.message} {each.hint}".rstrip() for each in outcome.warnings]
    return "\n".join([first, *map(_line, outcome.differences), *warnings])


def _compared(differences: tuple[Difference, ...], text: str) -> str:
    if not text:
        return "They are the same, word for word."
    summary = [*map(_line, differences)] or ["They mean the same."]
    return "\n".join([*summary, "", text.removesuffix("\n")])


_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def _line(difference: Difference) -> str:
    place = " ".join(part for part in (difference.section, difference.name, difference.field) if part)
    return f"{_MARKS[difference.change]} {place}"
