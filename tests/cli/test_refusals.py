"""Refusals of the admin API, told in words of the command line."""

from __future__ import annotations

import io

import pytest

from headworks.cli.login import login
from headworks.cli.refusals import refusal_lines
from headworks.client import Refused
from headworks.domain.administration.wire.problem import Mistake, Problem


def told(code: str, detail: str, *pointers: str) -> str:
    errors = tuple(Mistake(detail=detail, pointer=pointer) for pointer in pointers)
    problem = Problem(type=f"urn:headworks:problem:{code}", title="No", status=422, detail=detail, errors=errors)
    return "\n".join(refusal_lines(Refused(problem)))


REGEX = r"Expected `str` matching regex '^[0-9]{1,9}(\.[0-9]{1,9})?(?!\\n)$' (/bounds/budgets/.../amount)."
CHECK = "Check it against /admin/v1/openapi.json."


@pytest.mark.parametrize(
    ("detail", "pointer", "words"),
    [
        (f"{REGEX} {CHECK}", "/bounds/budgets/.../amount", "--budget: write an amount of money"),
        (f"{REGEX} {CHECK}", "/amount", "write an amount of money"),
        (f"Expected `str` of length >= 1 (/name). {CHECK}", "/name", "--name: it may not be empty"),
        ("Give `parent`: the organisation.", "", "Give --parent: the organisation."),
        ("Over which time? (/limits/minute/seconds)", "/limits/minute/seconds", "--per: Over which time?"),
        ('Say which models it may use: ["*"] for all. (/bounds/models)', "/bounds/models", "--models: Say which models"),
        ("There is no time zone 'Mars'. (/budgets/month/zone)", "/budgets/month/zone", "--zone: There is no time zone 'Mars'."),
    ],
)
def test_fields_are_flags_and_patterns_are_words(detail: str, pointer: str, words: str) -> None:
    said = told("invalid", detail, *([pointer] if pointer else []))
    assert words in said
    for foreign in ("regex", "openapi", "/bounds", "`"):
        assert foreign not in said


def test_mistakes_in_a_document_are_told_by_their_lines_and_not_as_a_flag() -> None:
    detail = "The document cannot be used: 1 problem. Mend the lines that `errors` names."
    mistake = Mistake(detail="There is no provider 'opnai'.", pointer="/document", line=12, column=10)
    problem = Problem(type="urn:headworks:problem:invalid", title="No", status=422, detail=detail, errors=(mistake,))
    assert list(refusal_lines(Refused(problem))) == [
        "headworks: The document cannot be used: 1 problem.",
        "12:10: There is no provider 'opnai'.",
    ]


def test_of_several_mistakes_each_is_told_once() -> None:
    mistakes = tuple(Mistake(detail=f"No {field}.", pointer=f"/{field}") for field in ("zone", "models"))
    problem = Problem(type="urn:headworks:problem:invalid", title="No", status=422, detail="No zone. (/zone)", errors=mistakes)
    assert list(refusal_lines(Refused(problem))) == ["headworks: --zone: No zone.", "  --models: No models."]


def test_a_lost_race_names_no_header() -> None:
    said = told("stale", 'It is at version 3 now. Read it again, and send your change with If-Match: "3".')
    assert "If-Match" not in said
    assert "run the command again" in said


def test_nothing_is_asked_for_before_there_is_a_server(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEADWORKS_ADMIN_TOKEN", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO("hwa-x\n"))

    assert login(url="http://127.0.0.1:1") != 0

    said = capfd.readouterr()
    assert "does not answer" in said.err
    assert "token for" not in said.err + said.out
