"""What is wrong with an expression is found when the configuration is loaded, and told where it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headworks.domain.facts import CALLER, REQUEST, TIME
from headworks.policies.language import FACTS, LONGEST, Mistaken, compiled, context
from headworks.wiring.compile.policies import SAMPLE
from tests.config.compiling import compiled as configuration
from tests.config.compiling import report_of

MODELS = "models: {m: openai/gpt-4o}\nkeys: {k: {key: hw-1}}\n"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("", "The condition is empty"),
        ("team ==", "This is no CEL expression: mismatched input '<EOF>' (line 1, column 8 of it)."),
        ('taem == "x"', "There is no fact 'taem'. Did you mean 'team'?"),
        ("principal.team == team", "The expression cannot be evaluated"),
        ('model.startWith("gpt")', "There is no function 'startWith'. Did you mean 'startsWith'?"),
        ("max_tokens > team", "cannot be evaluated: No such overload"),
        ("max_tokens", "gives a value of type int; a condition is true or false."),
        ("tags", "gives a value of type dict"),
        ('model.matches("[")', "not a valid regex"),
        ("1 / 0 > 1", "division by zero"),
        ("x.exists(x, true)", "Undefined variable"),
        ("true" + " && true" * 1000, "4096 are the most"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(when: str, told: str) -> None:
    report = report_of(f"{MODELS}policies:\n  p:\n    when: '{when}'\n")

    assert told in report
    assert report.startswith("headworks.yaml:5:"), report


def test_other_slips_of_policies_are_told_too() -> None:
    report = report_of(
        "models: {m: openai/gpt-4o}\n"
        "policies: {p: {when: 'stream', zone: Europe/Berln, then: permit, applies: some}}\n"
        "keys: {k: {key: hw-1, policies: [q], guards: [g], endpoints: [caht], providers: [opnai], regions: [eu], features: [tols]}}"
    )

    for told in (
        "time zone 'Europe/Berln'",
        "permit",
        "some",
        "no policy 'q'",
        "no guard 'g'",
        "endpoint 'caht'. Did you mean 'chat'",
    ):
        assert told in report
    for told in ("provider in use 'opnai'. Did you mean 'openai'", "no region 'eu'", "feature 'tols'. Did you mean 'tools'"):
        assert told in report


def test_a_policy_and_its_keys_are_compiled() -> None:
    done = configuration(
        "models: {m: openai/gpt-4o}\nproviders: {openai: {region: eu}}\nguards: {g: {patterns: [x], applies: named}}\n"
        "policies: {p: {when: 'tags.a == \"b\"', then: allow, applies: named, message: hm, zone: Europe/Berlin}}\n"
        "keys: {k: {key: hw-1, policies: [p], guards: [g], regions: [eu], providers: [openai], endpoints: [chat],"
        " features: [tools, web_search], tags: {a: b}}, plain: {key: hw-2}, none: {key: hw-3, features: []}}"
    ).snapshot
    holders = {holder.id: holder for holder in done.principals.values()}

    assert [(rule.name, rule.then, rule.applies, rule.message, rule.zone) for rule in done.policies] == [
        ("p", "allow", "named", "hm", "Europe/Berlin")
    ]
    assert done.guards[0].named
    assert done.models["m"].targets[0].region == "eu"
    key = holders["k"]
    assert (key.policies, key.guards, key.regions, key.providers, key.endpoints) == (
        ("p",),
        ("g",),
        ("eu",),
        ("openai",),
        ("chat",),
    )
    assert (key.features, key.ordinary, key.tags) == (("web_search",), ("tools",), {"a": "b"})
    assert (holders["plain"].features, holders["plain"].ordinary, holders["plain"].endpoints) == ((), None, None)
    assert (holders["none"].features, holders["none"].ordinary) == ((), ())


def test_the_sample_request_has_every_fact() -> None:
    assert set(SAMPLE) == FACTS == {*CALLER, *REQUEST, *TIME}
    for name in FACTS:
        assert compiled(f"{name} == {name}").ask(context(SAMPLE)) is True


def test_what_depends_on_a_tag_that_may_be_missing_is_no_mistake() -> None:
    assert configuration(MODELS + "policies: {p: {when: 'tags.z == 1'}}").snapshot.policies


@pytest.mark.parametrize(
    "text", ["(" * 2000 + "true" + ")" * 2000, "[" * 4000, "!" * 4000 + "true", "-" * LONGEST, "\0", "a" * 4000]
)
def test_no_expression_brings_the_process_down(text: str) -> None:
    try:
        answer = compiled(text).ask(context({}))
    except Mistaken:
        return
    assert answer in (True, False)


def test_the_library_s_command_line_is_not_loaded() -> None:
    """It would cost 30 MB and 0.4 s in every gateway."""
    code = "import sys; from headworks.policies import compiled; compiled('true'); print('prompt_toolkit' in sys.modules, 'cel.cli' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["False", "False"]
