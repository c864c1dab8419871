"""How a model's targets are chosen, as it is written and what becomes of it."""

from __future__ import annotations

import pytest

from headworks.domain.routing import RoutingRule
from headworks.domain.snapshot import Model
from tests.config.compiling import compiled, report_of

TWO = "openai/gpt-4o, anthropic/claude-sonnet-4-5"


def model(rule: str, name: str = "m") -> Model:
    found = compiled(f"models: {{'{name}': {rule}}}\n").snapshot.find(name.replace("*", "x"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "strategy"),
    [
        ("openai/gpt-4o", "weighted"),
        (f"[{TWO}]", "weighted"),
        (f"{{targets: [{TWO}]}}", "balanced"),
        ("{targets: [{model: openai/gpt-4o, weight: 1}, azure/gpt-4o]}", "weighted"),
        ("{targets: [openai/gpt-4o, {model: azure/gpt-4o, order: 1}]}", "weighted"),
        ("{targets: [openai/gpt-4o, azure/gpt-4o, {model: openai/gpt-4.1, order: 1}]}", "balanced"),
        (f"{{targets: [{TWO}], strategy: fastest}}", "fastest"),
        ("{targets: [{model: openai/gpt-4o, weight: 3}, azure/gpt-4o], strategy: least_busy}", "least_busy"),
    ],
)
def test_the_strategy_is_the_written_one_else_by_weight_where_there_is_one_else_by_seconds(rule: str, strategy: str) -> None:
    azure = "providers: {azure: {resource: r, api_key: k}, openai: , anthropic: }\n"
    assert compiled(f"{azure}models: {{m: {rule}}}\n").snapshot.models["m"].strategy == strategy


def test_bounds_and_what_is_hashed_reach_the_snapshot() -> None:
    found = model(f"{{targets: [{TWO}], strategy: hashed, hash_by: 'tag:document', within: 1.5, below: 0.02 USD}}")
    assert (found.hash_by, found.within, found.below) == ("tag:document", 1.5, 20_000_000)


def test_rules_have_a_name_and_name_targets_by_name_and_by_tag() -> None:
    rules = "[{when: 'prompt_tokens > 8000', to: [large]}, {name: rest, to: ['openai/*'], strategy: cheapest}]"
    found = model(f"{{targets: [{{model: openai/gpt-4o, tags: [large]}}, openai/gpt-4o-mini], routing: {rules}}}")
    assert found.routing == (
        RoutingRule(name="m 1", when="prompt_tokens > 8000", to=("large",)),
        RoutingRule(name="rest", to=("openai/*",), strategy="cheapest"),
    )
    assert [[rule.leads_to(target) for target in found.targets] for rule in found.routing] == [[True, False], [True, True]]


def test_patterns_are_chosen_among_likewise() -> None:
    rule = "{targets: [openai/*, anthropic/*], strategy: sticky, routing: [{when: stream, to: [anthropic/*]}]}"
    found = model(rule, "any-*")
    assert found.strategy == "sticky"
    assert [found.routing[0].leads_to(target) for target in found.targets] == [False, True]


def test_classes_of_data_are_the_targets_own_else_the_providers() -> None:
    text = (
        "providers: {openai: {data_classes: [internal]}}\n"
        "models: {m: {targets: [openai/gpt-4o, {model: openai/gpt-4o-mini, data_classes: [secret]}, {model: openai/o3, data_classes: []}]}}\n"
    )
    targets = compiled(text).snapshot.models["m"].targets
    assert [sorted(target.data_classes) for target in targets] == [["internal"], ["secret"], []]


MISTAKES = {
    "a strategy that there is not": (f"{{targets: [{TWO}], strategy: quickest}}", "1:79: "),
    "no time": (f"{{targets: [{TWO}], within: 0}}", "1:77: No first token comes within no time. Write seconds: within: 1.5."),
    "a price that is none": (
        f"{{targets: [{TWO}], below: cheap}}",
        "1:76: 'cheap' is not an amount: write it like \"10 USD\".",
    ),
    "nothing to hash by": (
        f"{{targets: [{TWO}], hash_by: sesion}}",
        "1:78: Nothing can be hashed by 'sesion'. Did you mean 'session'?",
    ),
    "a target that there is not": (
        f"{{targets: [{TWO}], routing: [{{to: [openai/gpt-4]}}]}}",
        "The model has no target 'openai/gpt-4', and none with that tag. Did you mean 'openai/gpt-4o'?",
    ),
    "a tag that there is not": (
        "{targets: [{model: openai/gpt-4o, tags: [large]}, openai/o3], routing: [{to: [lage]}]}",
        "The model has no target 'lage', and none with that tag. Did you mean 'large'?",
    ),
    "two stars": (f"{{targets: [{TWO}], routing: [{{to: ['*/*']}}]}}", "'*/*' has more than one star."),
    "a fact that there is not": (
        f"{{targets: [{TWO}], routing: [{{when: prompt_token > 5, strategy: fastest}}]}}",
        "There is no fact 'prompt_token'. Did you mean 'prompt_tokens'?",
    ),
    "no condition": (
        f"{{targets: [{TWO}], routing: [{{when: prompt_tokens, strategy: fastest}}]}}",
        "The expression gives a value of type int; a condition is true or false.",
    ),
    "a time zone that there is not": (
        f"{{targets: [{TWO}], routing: [{{when: hour < 8, strategy: fastest, zone: Europe/Berlinn}}]}}",
        "There is no time zone 'Europe/Berlinn'. Write a name of IANA's, such as Europe/Berlin.",
    ),
    "a rule that says nothing": (
        f"{{targets: [{TWO}], routing: [{{when: stream}}]}}",
        "The rule says nothing of what follows. Write to, strategy, priority or deny.",
    ),
    "a denial that leads somewhere": (
        f"{{targets: [{TWO}], routing: [{{deny: no, to: [openai/gpt-4o]}}]}}".replace("no,", "'no',"),
        "A rule that denies leads nowhere. Leave to, strategy and priority out.",
    ),
    "a rule that nothing reaches": (
        f"{{targets: [{TWO}], routing: [{{strategy: fastest}}, {{when: stream, strategy: cheapest}}]}}",
        "Nothing reaches this rule: one before it has no condition. Put that one last.",
    ),
    "two rules of one name": (
        f"{{targets: [{TWO}], routing: [{{name: a, when: stream, strategy: fastest}}, {{name: a, strategy: cheapest}}]}}",
        "The model 'm' has two routing rules called 'a'.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_write(mistake: str) -> None:
    rule, *said = MISTAKES[mistake]
    report = report_of(f"models: {{m: {rule}}}\n")
    assert all(words in report for words in ("1:", *said)), report
