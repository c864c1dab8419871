"""What of a Responses request chooses a price, a feature or storage is governed, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.errors import Fault
from headworks.domain.governed import refuse_governed
from headworks.domain.principal import Principal
from tests.dialects.responses_wire import ask, question

SHELL = {"type": "shell", "environment": {"type": "container_auto"}}
SHOT = {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot", "file_id": "file-1"}}
PICTURE = {"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}
BROUGHT = {"type": "additional_tools", "role": "developer", "tools": [{"type": "web_search"}]}

GOVERNED = [
    ({"store": True}, "store"),
    ({"service_tier": "priority"}, "service_tier"),
    ({"prompt": {"id": "pmpt_1"}}, "prompt"),
    ({"tools": [{"type": "web_search"}]}, "web_search"),
    ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "files"),
    ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "code_execution"),
    ({"tools": [{"type": "mcp", "server_label": "x"}]}, "mcp"),
    ({"tools": [SHELL]}, "server_tools"),
    ({"input": [PICTURE]}, "files"),
    ({"input": [SHOT]}, "files"),
    ({"input": [BROUGHT]}, "web_search"),
]
PLAIN = [
    {"store": False, "service_tier": "auto", "prompt": None},
    {"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}, {"type": "local_shell"}]},
    {"input": [{**BROUGHT, "tools": [{"type": "function", "name": "f"}]}, {"role": "user", "content": "tools", "tools": None}]},
]


@pytest.mark.parametrize(("asked", "feature"), GOVERNED, ids=lambda value: str(value)[:40])
def test_it_takes_the_feature(asked: dict[str, Any], feature: str) -> None:
    with pytest.raises(Fault, match=f"lacks the feature '{feature}'"):
        refuse_governed("openai_responses", ask(question(**asked)), Principal(id="k"))

    refuse_governed("openai_responses", ask(question(**asked)), Principal(id="k", features=(feature,)))


@pytest.mark.parametrize("asked", PLAIN, ids=lambda value: str(value)[:40])
def test_what_the_caller_does_itself_takes_none(asked: dict[str, Any]) -> None:
    refuse_governed("openai_responses", ask(question(**asked)), Principal(id="k"))


@pytest.mark.parametrize("kind", ["file_search", "code_interpreter", "mcp", "web_search_preview"])
def test_what_reads_more_than_the_request_holds_is_named_for_reservations(kind: str) -> None:
    """A spending limit refuses it, where no reserve is set: nobody can tell what it will cost."""
    plain = ask(question(tools=[{"type": "function", "name": "f"}])).features

    assert ask(question(tools=[{"type": kind}])).features > plain == {"tools"}
