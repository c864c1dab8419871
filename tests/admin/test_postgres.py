"""The same stories on PostgreSQL: what locks, orders and compares differently there."""

from __future__ import annotations

import pytest

from tests.admin.conftest import Story
from tests.admin.house import run
from tests.admin.test_leaked_tokens import revoked_while_minting, revoked_with_all
from tests.admin.test_peers_failures import at_once, borrowed_repeat, demoted, denials, handing_on
from tests.admin.test_records import keys, pages, parties, removed_with_a_past
from tests.admin.test_sign_in import before_the_link, first_time, groups_change, linked
from tests.sql.conftest import Ready, postgres_server, ready, templates

__all__ = ["postgres_server", "ready", "templates"]

STORIES: list[Story] = [
    at_once, borrowed_repeat, demoted, denials, handing_on, keys, pages, parties,
    removed_with_a_past, revoked_while_minting, revoked_with_all,
    before_the_link, first_time, groups_change, linked,
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_on_postgresql(story: Story, ready: Ready) -> None:
    run(ready("postgresql"), story)
