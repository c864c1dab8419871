"""What a configuration knows of its models, and tells of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headworks.cli.models import models
from headworks.domain.profile import UNKNOWN, Profile
from headworks.domain.snapshot import Listed
from tests.config.compiling import compiled, report_of

KNOWN = """
providers: {openai: , anthropic: }
models:
  smart: openai/gpt-4o
  either: [openai/gpt-4.1, anthropic/claude-sonnet-4-5]
  mine: {targets: [{model: openai/ft-gpt-own, price: free, profile: {context: 1000, features: [tools], serves: [chat]}}]}
  dark: {targets: [{model: openai/nobody-knows, price: free}]}
  "claude-*": anthropic/claude-*
"""


def profile_of(name: str) -> Profile:
    """What is said of a name's model."""
    model = compiled(KNOWN).snapshot.find(name)
    assert model is not None
    return model.profile


def test_a_model_has_what_its_lists_say() -> None:
    assert profile_of("smart").context == 128_000
    assert profile_of("smart").max_output == 16_384
    assert "images" in (profile_of("smart").features or ())


def test_of_several_targets_only_what_all_can_do_is_told() -> None:
    """Whichever answers: the smaller of the sizes, and no logprobs, which one of them has not."""
    profile = profile_of("either")

    assert (profile.context, profile.max_output) == (200_000, 32_768)
    assert profile.features == ("documents", "images", "json_schema", "tools")


def test_the_operators_word_goes_first() -> None:
    assert profile_of("mine") == Profile(context=1000, features=("tools",), serves=("chat",))


def test_what_nobody_said_is_neither_yes_nor_no() -> None:
    assert profile_of("dark") == UNKNOWN


def test_models_behind_a_star_are_told_with_price_and_profile() -> None:
    snapshot = compiled(KNOWN).snapshot
    listed: dict[str, Listed] = {model.name: model for model in snapshot.known}

    haiku = listed["claude-3-haiku"]
    assert (haiku.profile.context, haiku.profile.max_output) == (200_000, 4_096)
    assert haiku.price is not None
    found = snapshot.find("claude-3-haiku")
    assert found is not None
    assert (found.profile, found.price) == (haiku.profile, haiku.price)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("{context: 0}", "context"),
        ("{max_output: -1}", "max_output"),
        ("{features: [tols]}", "Did you mean 'tools'?"),
        ("{serves: [chats]}", "Did you mean 'chat'?"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(profile: str, said: str) -> None:
    report = report_of(f"providers: {{openai: }}\nmodels: {{m: {{targets: [{{model: openai/gpt-4o, profile: {profile}}}]}}}}\n")

    assert said in report


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration, with its keys set."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-o")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-a")
    path = tmp_path / "headworks.yaml"
    path.write_text(KNOWN)
    return path


def test_the_command_lists_what_can_be_asked_for(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(config=file) == 0

    shown = capsys.readouterr().out
    assert "128,000" in shown
    assert "claude-3-haiku" in shown
    assert "claude-* can be asked for too" in shown


def test_programs_read_of_named_models_what_a_gateway_tells(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("mine", "claude-unheard-of", config=file, json=True) == 0

    mine, unheard = sorted(json.loads(capsys.readouterr().out)["data"], key=lambda model: len(model["id"]))
    assert mine["context_length"] == 1000
    assert mine["supported_parameters"] == ["tools", "tool_choice"]
    assert mine["pricing"] == {"prompt": "0", "completion": "0"}
    assert unheard["id"] == "claude-unheard-of"
    assert "context_length" not in unheard


def test_a_name_that_nothing_answers_to_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("nobody", config=file) == 1

    assert "no model is called nobody" in capsys.readouterr().err
