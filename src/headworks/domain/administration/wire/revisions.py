"""Revisions of the configuration as the admin API asks for and tells them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.domain.administration.wire.values import Text, When, when_of
from headworks.domain.revision import Difference, Finding, Revision

LARGEST_DOCUMENT = 8_388_608
"""Characters, as of a file."""
Comment = Annotated[Text, Meta(description="Why, for the list of revisions.")]
DryRun = Annotated[bool, Meta(description="Look at it, and change nothing.")]


class ApplyAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A whole configuration, to be put in the place of the active one."""

    document: Annotated[str, Meta(max_length=LARGEST_DOCUMENT, description="The text of a headworks.yaml.")]
    comment: Comment = ""
    dry_run: DryRun = False


class RollbackAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """An earlier document, to be made active again as a new revision."""

    comment: Comment = ""
    dry_run: DryRun = False


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A revision, as it is told. `sha256` is of its document; `restores` is the number of the revision whose document came back."""

    number: int
    active: bool
    at: When | None
    author: str
    author_name: str
    comment: str
    restores: int | None
    sha256: str

    @classmethod
    def of(cls, revision: Revision, active: int) -> RevisionView:
        """As it is told while `active` is the number of the active one."""
        return cls(
            number=revision.number,
            active=revision.number == active,
            at=when_of(revision.at),
            author=revision.author,
            author_name=revision.author_name,
            comment=revision.comment,
            restores=revision.restores or None,
            sha256=revision.digest,
        )


class RevisionText(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with its document, word for word."""

    revision: RevisionView
    document: str


class RevisionListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page, newest first. `next` is the cursor of the following one; null: there is none."""

    data: tuple[RevisionView, ...]
    next: str | None = None


class RevisionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from one revision to another; 0 is the empty document. `diff` is of lines, in unified form; `differences` of meaning."""

    before: int
    after: int
    diff: str
    differences: tuple[Difference, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of applying a document. `applied` is false for a dry run, and where the very same document is active already:
    `revision` is the one that would be made, or that is.
    """

    applied: bool
    revision: RevisionView
    diff: str
    differences: tuple[Difference, ...]
    warnings: tuple[Finding, ...]
