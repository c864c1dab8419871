"""The settings of a long document, read without its long lists."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.config import Config
from headworks.wiring.config_file import read_config
from headworks.wiring.config_file.excerpt import read_excerpt

KEYS = "keys:\n" + "".join(f"  key-{number}: {{key: hw-{number}, team: {'t' * 150}}}\n" for number in range(1_700))
MODELS = "models:\n  m: openai/gpt-4o # a list\n\n# a comment\n  'openai/*': openai/*\n"
SETTINGS = "server: {port: 1}\njournal:\n  keep_days: 3\n"


def bare(config: Config) -> Config:
    return msgspec.structs.replace(config, keys={}, models={}, prices={}, providers={})


@pytest.mark.parametrize(
    "text",
    [
        SETTINGS + MODELS + KEYS,
        KEYS + SETTINGS + MODELS + "logs: {detail: off}\n",
        MODELS + KEYS + SETTINGS.rstrip("\n"),
        SETTINGS + KEYS.rstrip("\n"),
        KEYS + "server:\nmodels:\n  port: openai/gpt-4o",
        "x-own: &own {port: 7}\nserver: *own\n" + KEYS,
        "x-own: &own {port: 7}\nserver:\n  <<: *own\n" + KEYS,
    ],
)
def test_the_settings_are_those_of_the_whole_document(text: str) -> None:
    whole, excerpt = read_config(text), read_excerpt(text)

    assert bare(excerpt.config) == bare(whole.config)
    assert excerpt.problems == whole.problems == ()


def test_the_lists_of_a_long_document_are_left_out_and_those_of_a_short_one_are_not() -> None:
    assert len(read_excerpt(SETTINGS + MODELS + KEYS).config.keys) <= 1
    assert read_excerpt(SETTINGS + MODELS).config == read_config(SETTINGS + MODELS).config


def test_a_mistake_in_the_settings_is_told_where_it_stands() -> None:
    text = MODELS + KEYS + "server: {prot: 1}\n"

    assert [problem.message for problem in read_excerpt(text).problems] == [p.message for p in read_config(text).problems]
    assert read_excerpt(text).source.report(read_excerpt(text).problems) == read_config(text).source.report(
        read_config(text).problems
    )
