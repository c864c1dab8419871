"""The golden grid holds: no cell is wrong, and providers' own descriptions find nothing wrong with what is sent and told.

That each cell is what the page of the table says, the check of generated documentation shows.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest

from tests.dialects.published_spec import SPECS
from tests.grid import judges
from tests.grid.cases import CASES
from tests.grid.clients import FRONTS
from tests.grid.grid import SERVERS, Cell, Verdict, cells

described = pytest.mark.skipif(not SPECS.exists(), reason=f"no descriptions at {SPECS}")


@lru_cache(maxsize=1)
def grid() -> tuple[Cell, ...]:
    return tuple(cells())


def test_no_cell_is_blank_or_wrong() -> None:
    assert len(grid()) == len(FRONTS) * len(SERVERS) * len(CASES) * 2
    assert [cell for cell in grid() if cell.verdict is Verdict.WRONG] == []
    assert all(cell.words for cell in grid() if cell.verdict is not Verdict.PASSED)


@described
def test_upstreams_are_asked_as_their_descriptions_say() -> None:
    complaints = Counter[str]()
    for cell in grid():
        for body in cell.sent:
            complaints.update(f"{cell.upstream}, {cell.case}: {one}" for one in judges.of_questions(cell.upstream, body))
    assert sorted(complaints) == []


@described
def test_clients_ask_as_their_descriptions_say() -> None:
    """What the grid asks is what real clients could have asked."""
    complaints = Counter[str]()
    for cell in grid():
        for asked in cell.asked[:1]:
            complaints.update(f"{cell.front}, {cell.case}: {one}" for one in judges.of_questions(cell.front, asked.sent))
    assert sorted(complaints) == []


@described
def test_clients_are_told_as_their_descriptions_say() -> None:
    complaints = Counter[str]()
    for cell in grid():
        for told in cell.told:
            found = judges.of_answers(cell, told)
            complaints.update(f"{cell.front} from {cell.upstream}, {cell.case}: {one}" for one in found)
    assert sorted(complaints) == []
