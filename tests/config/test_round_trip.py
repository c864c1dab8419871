"""Laws of reading: what can be written can be read, and nothing that is written can break the reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from headworks.domain.config import Config
from headworks.wiring.config_file import read_config
from tests.config.compiling import compiled, refusal

EXPONENT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
"""A number to us and to YAML 1.2; PyYAML, which writes here, takes it for text and leaves the quotes out."""
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda name: name != "<<" and not EXPONENT.fullmatch(name)
)
texts = st.one_of(st.sampled_from(("openai/gpt-4o", "vllm/*", "${HOME}", "no", "1", "~", "a: b", "# c", "- d")), names)


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value of a declared type."""
    match kind:
        case inspect.StructType():
            fields = {field.name: values_of(field.type) for field in kind.fields}
            return st.fixed_dictionaries({}, optional=fields).map(lambda chosen: kind.cls(**chosen))
        case inspect.DictType():
            return st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=2)
        case inspect.VarTupleType():
            return st.lists(values_of(kind.item_type), max_size=2).map(tuple)
        case inspect.UnionType():
            return st.one_of([values_of(member) for member in kind.types])
        case inspect.LiteralType():
            return st.sampled_from([str(value) for value in kind.values])
        case _:
            return SCALARS[type(kind)]


SCALARS: Mapping[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.StrType: texts,
    inspect.IntType: st.integers(0, 2**40),
    inspect.FloatType: st.floats(0, 1e9).map(lambda number: round(number, 3)),
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.DecimalType: st.decimals(0, 1000, places=9, allow_nan=False, allow_infinity=False),
}
configs = values_of(inspect.type_info(Config))


@settings(max_examples=150, deadline=None)
@given(config=configs)
def test_a_configuration_survives_being_written_and_read(config: Config) -> None:
    written = yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True)

    reading = read_config(written)

    assert reading.problems == ()
    assert msgspec.to_builtins(reading.config) == msgspec.to_builtins(config)


@settings(max_examples=150, deadline=None)
@given(config=configs)
def test_any_readable_configuration_compiles_or_is_refused_with_reasons(config: Config) -> None:
    """Never anything else: no exception of another kind, no report without a problem."""
    refused = refusal(yaml.safe_dump(msgspec.to_builtins(config), allow_unicode=True))
    if refused is not None:
        assert refused.problems != ()
        assert all(problem.spot is not None for problem in refused.problems)
        assert str(refused).count("headworks.yaml:") >= len(refused.problems)


scraps = st.sampled_from(
    (
        "{",
        "}",
        "[",
        "]",
        ":",
        " ",
        "\n",
        "- ",
        "&a ",
        "*a",
        "<<",
        "!t ",
        "'",
        '"',
        "|",
        "\t",
        "#",
        "${",
        "models",
        "x",
        "1",
        ",",
        "?",
    )
)


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(scraps, max_size=40))
def test_no_text_can_break_the_reader(pieces: list[str]) -> None:
    reading = read_config("".join(pieces))

    reading.source.report(reading.problems)


@given(text=st.text(max_size=60))
def test_no_characters_can_break_the_reader(text: str) -> None:
    reading = read_config(text)

    reading.source.report(reading.problems)


DOCUMENT = "models: {b: openai/gpt-4o, a: openai/gpt-4.1}\nkeys: {k: {key: '${K}'}}\n"


def revision(text: str, key: str = "hw-1") -> str:
    return compiled(text, {"K": key}).snapshot.revision


def test_a_revision_is_the_meaning_not_the_writing() -> None:
    """Order, comments, quotes and defaults written out make no other revision."""
    same = "# hello\nkeys:\n  k:\n    key: ${K}\n    team: ''\nmodels:\n  a: 'openai/gpt-4.1'\n  b: openai/gpt-4o\nunpriced: refuse\n"

    assert revision(same) == revision(DOCUMENT)


def test_every_change_of_meaning_is_another_revision() -> None:
    """A new secret behind the same reference, too: other credentials are another configuration."""
    changed = [
        revision(DOCUMENT),
        revision(DOCUMENT.replace("gpt-4o", "gpt-4o-mini")),
        revision(DOCUMENT + "timeouts: {idle: 61}\n"),
        revision(DOCUMENT, "hw-2"),
        revision(DOCUMENT.replace("'${K}'", "hw-3")),
        revision(DOCUMENT + "prices: {openai/gpt-4o: {input: {base: 1, above: {10: 2}}}}\n"),
    ]

    assert len(set(changed)) == len(changed)


def test_numbers_keep_their_digits() -> None:
    reading = read_config(
        "models: {m: openai/gpt-4o}\nprices: {openai/gpt-4o: {input: 0.1, output: '0.20', cache_read: 1e-3}}\n"
    )
    rule = reading.config.prices["openai/gpt-4o"]

    assert not isinstance(rule, str)
    assert (rule.input, rule.output, rule.cache_read) == (Decimal("0.1"), Decimal("0.20"), Decimal("0.001"))
