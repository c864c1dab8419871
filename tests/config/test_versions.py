"""Versions of models and of prompts: what they become, and that they never change under the same number."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.prompt import Said
from headworks.domain.snapshot import Model
from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import Compiled, compile_reading
from headworks.wiring.config_file import ConfigRefused, read_config
from headworks.wiring.load import ConfigFile
from tests.config.compiling import compiled, given, report_of

GUIDE = """
prompts:
  support:
    3: {text: "You help {{name}}.", labels: [production]}
    4: {text: "You help {{name}} in {{language}}.", variables: {language: {default: English}}, labels: [staging]}
guards: {secrets: {patterns: [hunter2], applies: named}}
models:
  support:
    live: 11
    versions:
      11: {targets: [openai/gpt-4o], prompt: support@3}
      12:
        targets: [openai/gpt-4o, anthropic/claude-sonnet-4-5]
        parameters: {temperature: 0.2}
        fixed: {max_tokens: 300}
        prompt: support@4
        guards: [secrets]
        retry: {attempts: 5}
"""


def support(text: str = GUIDE) -> Model:
    return compiled(text).snapshot.models["support"]


def again(text: str, before: Compiled) -> Compiled:
    """Compiled where what was in force before is remembered."""
    return compile_reading(read_config(text), msgspec.structs.replace(given(), remembered=before.digests))


def test_a_model_is_what_its_live_version_says_with_all_versions_beside() -> None:
    model = support()

    assert (model.live, model.numbers) == ("11", ("11", "12"))
    assert [target.name for target in model.targets] == ["openai/gpt-4o"]
    assert [target.name for target in model.versions["12"].targets] == ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"]
    assert [target.name for target in model.every_target] == ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"]


def test_a_version_has_parameters_guards_retries_and_a_prompt_of_its_own() -> None:
    version = support().versions["12"]

    assert (version.name, version.number) == ("support", "12")
    assert (version.defaults, version.fixed) == ({"temperature": 0.2}, {"max_tokens": 300})
    assert (version.guards, version.retry.attempts) == (("secrets",), 5)
    assert version.template is not None
    assert version.template.reference == "support@4"
    assert version.template.said({"name": "Ada"}) == (Said("system", "You help Ada in English."),)


def test_the_only_version_is_live_without_a_word() -> None:
    assert support("models: {support: {versions: {7: {targets: [openai/gpt-4o]}}}}\n").live == "7"


def test_a_label_stands_for_a_version_of_a_prompt_and_is_warned_of() -> None:
    labelled = compiled(GUIDE.replace("prompt: support@3", "prompt: support@production"))
    template = labelled.snapshot.models["support"].versions["11"].template

    assert template is not None
    assert template.reference == "support@3"
    assert any("follows a label" in warning.message for warning in labelled.warnings)


@pytest.mark.parametrize(
    "edit",
    [
        ("[openai/gpt-4o], prompt", "[openai/gpt-4o-mini], prompt"),
        ("temperature: 0.2", "temperature: 0.3"),
        ("max_tokens: 300", "max_tokens: 301"),
        ("guards: [secrets]", "guards: []"),
        ("attempts: 5", "attempts: 4"),
        ('3: {text: "You help {{name}}."', '3: {text: "You obey {{name}}."'),
    ],
)
def test_the_same_number_with_other_content_is_refused(edit: tuple[str, str]) -> None:
    with pytest.raises(ConfigRefused, match="has been in force with other content"):
        again(GUIDE.replace(*edit), compiled(GUIDE))


@pytest.mark.parametrize(
    "edit",
    [
        ("live: 11", "live: 12"),
        ("labels: [staging]", "labels: [staging, next]"),
        (
            "      11: {targets: [openai/gpt-4o], prompt: support@3}\n",
            "      11: {prompt: support@3, targets: [openai/gpt-4o]}\n",
        ),
        ("attempts: 5}", "attempts: 5}\n      13: {targets: [openai/gpt-4.1]}"),
    ],
)
def test_what_is_live_labels_and_new_numbers_may_change(edit: tuple[str, str]) -> None:
    assert again(GUIDE.replace(*edit), compiled(GUIDE)).digests


def test_a_version_that_follows_a_label_may_say_something_else_when_the_label_moves() -> None:
    before = GUIDE.replace("prompt: support@3", "prompt: support@production")
    moved = before.replace(", labels: [production]", "").replace("labels: [staging]", "labels: [staging, production]")

    model = again(moved, compiled(before)).snapshot.models["support"]

    assert model.versions["11"].template == model.versions["12"].template


def test_a_file_that_changes_a_version_is_refused_by_who_has_read_it_before(tmp_path: Path) -> None:
    path = tmp_path / "headworks.yaml"
    path.write_text(f"open_door: true\n{GUIDE}")
    file = ConfigFile(path, {"OPENAI_API_KEY": "sk", "ANTHROPIC_API_KEY": "sk"}, FrozenClock())
    file.load()
    path.write_text(f"open_door: true\n{GUIDE.replace('temperature: 0.2', 'temperature: 0.9')}")

    with pytest.raises(ConfigRefused, match="Write the change under a new number"):
        file.load()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("live: 11", "live: 13"), "There is no version 13. Known: 11, 12."),
        (("    live: 11\n", ""), "Which of the versions 11, 12 is live? Write live: NUMBER."),
        (("      12:", "      10:"), "10 comes after 11. Numbers ascend."),
        (("      12:", "      twelve:"), "'twelve' is no number of a version. Count from 1."),
        (
            ("    live: 11", "    targets: [openai/gpt-4o]\n    live: 11"),
            "'support' has versions, and each has targets of its own.",
        ),
        (("targets: [openai/gpt-4o], prompt", "prompt"), "Version 11 of 'support' has no target."),
        (("support@4", "support@5"), "There is no prompt 'support@5'."),
        (("guards: [secrets]", "guards: [secret]"), "There is no guard 'secret'. Did you mean 'secrets'?"),
        (("fixed: {max", "fixed: {temperature: 1, max"), "'temperature' is fixed: a default would never hold."),
        (("labels: [staging]", "labels: [production]"), "'support@production' stands for support@3 already."),
        (("labels: [staging]", "labels: ['9']"), "A label is no number."),
        (("{language: {default", "{lang: {default"), "The text has no place for 'lang'."),
        (("You help {{name}}.", "You help {{ the name }}."), "Two braces stand for a variable, and these name none."),
        (('{text: "You help {{name}}."', "{text: hi, messages: [{content: hi}]"), "A prompt has either a text or messages."),
        (
            ('text: "You help {{name}}."', "messages: [{content: hi}, {role: system, content: ho}]"),
            "What the system says comes first.",
        ),
    ],
)
def test_mistakes_are_told_with_what_to_write(edit: tuple[str, str], said: str) -> None:
    assert edit[0] in GUIDE
    assert said in report_of(GUIDE.replace(*edit))


def test_a_mistake_in_the_live_version_is_told_once() -> None:
    assert (
        report_of(GUIDE.replace("11: {targets: [openai/gpt-4o]", "11: {targets: [opnai/gpt-4o]")).count("opnai") == 2
    )  # said, and shown


def test_a_pattern_has_no_versions() -> None:
    text = "providers: {openai: }\nmodels: {'openai/*': {versions: {1: {targets: [openai/gpt-4o]}}}}\n"

    assert "stands for many models" in report_of(text)


def test_live_without_versions_is_refused() -> None:
    assert "'m' has no versions." in report_of("models: {m: {targets: [openai/gpt-4o], live: 3}}\n")


def test_what_a_caller_must_fill_is_asked_for_by_name() -> None:
    template = support().versions["11"].template
    assert template is not None

    with pytest.raises(Fault) as refused:
        template.said({"nam": "Ada"})

    assert (refused.value.status, refused.value.param) == (400, "prompt_variables")
    assert "'name'" in refused.value.message


def test_shadows_have_limits_as_keys_have() -> None:
    text = "models: {m: openai/gpt-4o}\nshadows: {concurrent: 2, limits: {budgets: {daily: {amount: 10 USD, calendar: day}}}}\n"

    shadows = compiled(text).snapshot.shadows

    assert (shadows.concurrent, shadows.waiting) == (2, 16)
    assert [limit.amount for limit in shadows.limits] == [10 * 10**9]
