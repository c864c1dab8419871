"""LiteLLM's config.yaml: every line becomes something, or is told."""

from __future__ import annotations

import re

import pytest
import yaml

from headworks.domain.config import GuardSpec, ModelRule, PriceRule, TargetRule
from headworks.importers.checking import check
from headworks.importers.litellm.document import written
from headworks.importers.litellm.providers import SECRETS, Vendors
from headworks.importers.notes import Verdict
from headworks.providers.catalog import shipped_catalog
from headworks.testing.clock import FrozenClock
from headworks.wiring.load import givens
from tests.importers.making import SAMPLE, imported, notes_at, unsupported

CATALOG = shipped_catalog()
VENDORS = Vendors(CATALOG).rows


def one_model(params: str, info: str = "{}", name: str = "m") -> str:
    return f"model_list:\n  - model_name: '{name}'\n    litellm_params: {params}\n    model_info: {info}\n"


def targets_of(text: str, name: str = "m") -> tuple[TargetRule, ...]:
    rule = imported(text).config.models[name]
    if isinstance(rule, str):
        return (TargetRule(model=rule),)
    assert isinstance(rule, ModelRule)
    return tuple(target for target in rule.targets if isinstance(target, TargetRule))


def test_a_configuration_of_realistic_size_becomes_one_that_check_accepts() -> None:
    made = imported(SAMPLE.read_text())
    files = {f"{SECRETS}/{name}": value for name, value in made.secrets.items()}

    check(written(made), "headworks.yaml", givens({}, FrozenClock()), files)

    assert len(made.config.models) == 50
    assert yaml.safe_load(written(made))["models"]["house-code"] == {
        "targets": [{"model": "vllm-gpu-c/devstral"}],
        "fallbacks": ["house-chat"],
    }


def test_nothing_of_the_document_is_passed_over_in_silence() -> None:
    """Each model of the sample is named in the report, and each setting at its own line."""
    text = SAMPLE.read_text()
    notes = imported(text).notes.all
    lines = text.splitlines()
    groups = {line.split("model_name: ")[1].strip('"') for line in lines if "model_name: " in line}
    settings = range(lines.index("router_settings:") + 1, lines.index("guardrails:"))
    said_below = ("model_group_alias:", "fallbacks:", "context_window_fallbacks:", "cache_params:")
    said_above = ("num_retries: 5", "request_timeout:")  # router_settings says the same, and counts
    plain = [number + 1 for number in settings if re.match(r"  [a-z]", lines[number])]
    silent = {number for number in plain if not lines[number - 1].strip().startswith((*said_below, *said_above))}

    assert groups - {word for note in notes for word in note.what.split()} == set()
    assert sorted(silent - {note.line for note in notes}) == []


def test_no_credential_of_the_document_is_in_what_is_made_of_it() -> None:
    made = imported(SAMPLE.read_text())
    shown = written(made) + repr(made) + "".join(f"{note.what}{note.told}" for note in made.notes.all)

    assert [value for value in made.secrets.values() if value in shown] == []
    assert set(made.secrets.values()) == {"sk-lab-literal-0123456789abcdef", "none-needed", "secret-in-a-header"}


@pytest.mark.parametrize("vendor", [name for name, row in VENDORS.items() if row.type])
def test_a_model_of_each_provider_becomes_one_that_check_accepts(vendor: str) -> None:
    """Where the address is the operator's own, and the place AWS's, as the environment says them."""
    own = (
        ""
        if VENDORS[vendor].base_url or CATALOG.providers[VENDORS[vendor].type].root
        else ", api_base: 'https://llm.example/v1'"
    )
    env = {
        **{variable: "set" for row in CATALOG.providers.values() for variable in row.key_env},
        **{
            variable: "set"
            for row in CATALOG.providers.values()
            for variables in row.settings_env.values()
            for variable in variables
        },
        **{row.key: "set" for row in VENDORS.values()},
        "AZURE_API_BASE": "https://acme.openai.azure.com",
        "DATABRICKS_API_BASE": "https://acme.cloud.databricks.com/serving-endpoints",
    }

    made = imported(one_model(f"{{model: '{vendor}/some-model'{own}}}"))

    assert unsupported(made.notes.all) == []
    check(written(made), "headworks.yaml", givens(env, FrozenClock()), {})


def test_deployments_of_one_name_are_targets_with_their_shares() -> None:
    text = """
model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-4o, rpm: 900}}
  - {model_name: m, litellm_params: {model: groq/llama-3.1-8b-instant, rpm: 300}}
"""
    assert [(target.model, target.weight) for target in targets_of(text)] == [
        ("openai/gpt-4o", 3),
        ("groq/llama-3.1-8b-instant", 1),
    ]
    assert [note.verdict for note in imported(text).notes.all if "rpm" in note.what] == [Verdict.APPROXIMATED] * 2


def test_one_deployment_twice_is_one_target() -> None:
    text = "model_list:\n" + "  - {model_name: m, litellm_params: {model: openai/gpt-4o, weight: 2}}\n" * 2

    assert [(target.model, target.weight) for target in targets_of(text)] == [("openai/gpt-4o", 2)]


@pytest.mark.parametrize(
    ("params", "price"),
    [
        (
            "{model: hosted_vllm/x, api_base: 'http://h:1', input_cost_per_token: 0.00000015, output_cost_per_token: 6e-07}",
            ("0.15", "0.6"),
        ),
        ("{model: openai/gpt-4o, input_cost_per_token: 2e-06, output_cost_per_token: 8e-06}", ("2", "8")),
    ],
)
def test_prices_per_token_are_prices_per_million(params: str, price: tuple[str, str]) -> None:
    written_price = targets_of(one_model(params))[0].price

    assert not isinstance(written_price, str)
    assert written_price is not None
    assert (f"{written_price.input:f}", f"{written_price.output:f}") == price


def test_a_published_model_at_another_address_costs_what_it_cost() -> None:
    """LiteLLM goes by its name; free, budgets would not see it any more."""
    text = one_model("{model: openai/gpt-4o, api_base: 'http://proxy.internal:4000/v1', api_key: os.environ/KEY}")
    (target,) = targets_of(text)

    assert isinstance(target.price, PriceRule)
    assert (f"{target.price.input:f}", f"{target.price.output:f}") == ("2.5", "10")
    assert any("served elsewhere" in note.what and note.verdict is Verdict.APPROXIMATED for note in imported(text).notes.all)


def test_a_model_that_nobody_has_priced_is_free_and_said_to_be() -> None:
    made = imported(one_model("{model: custom_openai/secret-sauce, api_base: 'http://h:1'}"))

    assert any("no published price" in note.what and note.verdict is Verdict.APPROXIMATED for note in made.notes.all)


@pytest.mark.parametrize(
    ("params", "info"),
    [
        ("{model: bedrock/anthropic.claude-v2}", "{}"),
        ("{model: openai/dall-e-3}", "{mode: image_generation}"),
        ("{model: nobody/knows}", "{}"),
        ("{model: openai/gpt-4o}", "{team_id: t1}"),
        ("{model: 'openai/*'}", "{}"),
    ],
)
def test_what_cannot_be_served_is_left_out_and_told_with_its_line(params: str, info: str) -> None:
    made = imported(one_model(params, info))

    assert made.config.models == {}
    assert [note.verdict for note in notes_at(made.notes.all, 2)] == [Verdict.UNSUPPORTED]


@pytest.mark.parametrize(
    "address", ["{}", "{api_base: not-an-address}", "{api_base: 'ftp://x'}", "{api_base: 'http://h:99999'}"]
)
def test_a_server_that_nobody_could_find_is_left_out(address: str) -> None:
    params = address.replace("{", "{model: custom_openai/x" + ", " * (address != "{}"))

    assert imported(one_model(params)).config.models == {}


def test_a_number_that_cannot_be_is_told() -> None:
    text = one_model("{model: openai/gpt-4o}") + "router_settings: {cooldown_time: -5}\n"

    assert unsupported(imported(text).notes.all) == ["router_settings.cooldown_time: -5"]


def test_a_fallback_to_what_was_left_out_is_told() -> None:
    text = one_model("{model: openai/gpt-4o}") + "router_settings:\n  fallbacks: [{m: [gone]}]\n"

    assert unsupported(imported(text).notes.all) == ["m falls back to gone"]


def test_an_alias_of_a_pattern_has_its_star_filled() -> None:
    text = one_model("{model: 'openai/*'}", name="openai/*") + "router_settings: {model_group_alias: {gpt-4: openai/gpt-4o}}\n"

    assert [target.model for target in targets_of(text, "gpt-4")] == ["openai/gpt-4o"]


def test_router_settings_count_before_the_others() -> None:
    both = "router_settings: {num_retries: 1, timeout: 30}\nlitellm_settings: {num_retries: 7, request_timeout: 600}\n"
    config = imported(one_model("{model: openai/gpt-4o}") + both).config

    assert (config.retries.attempts, config.timeouts.total) == (2, 30.0)


def test_a_filter_by_patterns_is_a_guard_and_others_are_told_loudly() -> None:
    made = imported(SAMPLE.read_text())
    loud = [note.what for note in made.notes.all if "NOT GUARDED" in note.told]

    assert made.config.guards == {"no-cards": GuardSpec(patterns=(r"\b(?:\d[ -]?){15}\d\b", r"(?i)\bproject\-nightfall\b"))}
    assert loud == ["guardrail pii (presidio, pre_call, post_call)"]


def test_a_master_key_in_the_document_is_kept_as_its_digest() -> None:
    made = imported(one_model("{model: openai/gpt-4o}") + "general_settings: {master_key: sk-very-secret}\n")

    assert "sk-very-secret" not in written(made)
    assert len(made.config.keys["master"].sha256) == 64


def test_without_a_master_key_the_door_stays_as_open_as_it_was_and_that_is_told() -> None:
    made = imported(one_model("{model: openai/gpt-4o}"))

    assert made.config.open_door
    assert "no master_key" in [note.what for note in made.notes.all]
