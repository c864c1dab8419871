"""The house is kept: the alarms of `alarms_*.py` over the project's own files."""

from __future__ import annotations

import pytest

from tests.architecture import alarms_care, alarms_names, alarms_refusals, alarms_shape, alarms_tests
from tests.architecture.source import source_files, test_files

NAMES_DIALECTS = {
    "src/headworks/cli/emulate.py": "which wire the emulator is to speak",
    "src/headworks/domain/governed.py": "which fields each dialect lets a caller choose a model or a price with",
    "src/headworks/domain/foreign_fields.py": "where each dialect names what a provider keeps",
    "src/headworks/edge/routes.py": "which dialect is spoken on which path",
    "src/headworks/domain/config/auth.py": "the name that `auth` has in the document",
}
"""Files outside the vendors' floors that name a dialect which is called like its vendor, and why."""

JSON_FLOORS = {"dialects", "testing"}
JSON_FILES = {
    "src/headworks/cli/check.py": "prints what it finds as JSON",
    "src/headworks/cli/check_tables.py": "likewise",
    "src/headworks/wiring/compile/revision.py": "gives any value of a configuration a fixed form to be hashed",
    "src/headworks/domain/plain_json.py": "reads any JSON",
    "src/headworks/domain/message.py": "parts that only their own dialect knows are carried as JSON",
    "src/headworks/domain/events.py": "likewise",
    "src/headworks/domain/embedding.py": "likewise",
    "src/headworks/domain/ranking.py": "likewise",
    "src/headworks/domain/call.py": "the top-level fields of a request are undecoded JSON",
    "src/headworks/domain/target.py": "the top-level fields of a request's body",
    "src/headworks/providers/credentials/aws.py": "botocore's own objects, which have no types",
    "src/headworks/providers/credentials/google.py": "google-auth's, likewise",
    "src/headworks/providers/credentials/entra.py": "azure-identity's, likewise",
    "src/headworks/providers/price_build.py": "reads the price library's own objects",
    "src/headworks/stores/journal/schema.py": "lifts records of older versions, which are JSON until they are lifted",
    "src/headworks/stores/valkey/acts.py": "MessagePack to and from the scripts on the server",
    "src/headworks/stores/valkey/wire.py": "the server's answers, of any type it knows",
    "src/headworks/wiring/config_file/decode.py": "what an operator wrote, before it is checked",
    "src/headworks/wiring/config_file/document.py": "likewise",
}
"""Where `Any` may stand, beside dialects: JSON at a border."""

ACCEPTANCE = ("tests/config/test_models.py",)
"""Tests of what is accepted without a word: that nothing is raised is their assertion."""


def test_no_file_is_too_long() -> None:
    assert alarms_shape.oversize_files(source_files()) == []


def test_no_test_file_is_too_long() -> None:
    assert alarms_shape.oversize_files(test_files(), limit=800) == []


def test_files_stay_small_in_the_middle_and_at_the_tail() -> None:
    sizes = [source.lines for source in source_files()]

    assert alarms_shape.percentile(sizes, 0.5) < alarms_shape.FILE_MEDIAN
    assert alarms_shape.percentile(sizes, 0.9) <= alarms_shape.FILE_P90


def test_no_function_is_very_long() -> None:
    assert alarms_shape.long_functions(source_files(), alarms_shape.FUNCTION_LIMIT) == []


def test_few_functions_are_long() -> None:
    found = alarms_shape.long_functions(source_files(), alarms_shape.FUNCTION_LONG)
    count = sum(len(source.functions) for source in source_files())

    assert len(found) <= alarms_shape.FUNCTION_SHARE * count, found


def test_no_signature_is_crowded() -> None:
    assert alarms_shape.crowded_signatures(source_files()) == []


def test_no_flag_can_be_given_by_position() -> None:
    assert alarms_shape.boolean_positionals(source_files()) == []


def test_no_function_returns_a_wide_tuple() -> None:
    assert alarms_shape.wide_tuples(source_files()) == []


def test_no_base_class_is_mostly_empty() -> None:
    assert alarms_shape.mostly_empty_bases(source_files()) == []


def test_names_say_something() -> None:
    assert alarms_names.empty_names(source_files()) == []


def test_nothing_is_decided_by_a_vendors_name() -> None:
    assert alarms_names.vendor_decisions(source_files()) == []


def test_vendors_are_named_only_where_vendors_are_known() -> None:
    elsewhere = [source for source in source_files() if source.path not in NAMES_DIALECTS]

    assert alarms_names.vendor_literals(elsewhere) == []


def test_every_file_that_may_name_a_dialect_still_does() -> None:
    assert {finding.partition(":")[0] for finding in alarms_names.vendor_literals(source_files())} == NAMES_DIALECTS.keys()


def test_few_handlers_catch_everything_and_each_says_why() -> None:
    found = alarms_care.broad_excepts(source_files())

    assert len(found) <= alarms_care.BROAD_LIMIT, found
    assert alarms_care.unexplained_broad_excepts(source_files()) == []


@pytest.mark.parametrize("alarm", [alarms_care.bare_excepts, alarms_care.swallowed_errors])
def test_no_error_is_swallowed(alarm: alarms_care.Alarm) -> None:
    assert alarm(source_files()) == []


def test_every_refusal_says_what_to_do() -> None:
    product = [source for source in source_files() if source.floor != "testing"]
    assert alarms_refusals.helpless_refusals(product) == []


def test_type_ignores_are_rare_and_name_their_rule() -> None:
    found = alarms_care.type_ignores(source_files())
    thousands = sum(source.lines for source in source_files()) / 1000

    assert len(found) <= alarms_care.IGNORES_PER_1000 * thousands, found
    assert alarms_care.blanket_type_ignores((*source_files(), *test_files())) == []


def test_casts_are_rare() -> None:
    assert len(alarms_care.casts(source_files())) <= alarms_care.CAST_LIMIT


def test_any_stands_only_for_json_at_a_border() -> None:
    inside = [source for source in source_files() if source.floor not in JSON_FLOORS and source.path not in JSON_FILES]

    assert alarms_care.any_annotations(inside) == []


def test_no_module_holds_state() -> None:
    assert alarms_care.mutable_module_state(source_files()) == []


def test_no_module_works_when_it_is_imported() -> None:
    assert alarms_care.import_work(source_files()) == []


@pytest.mark.parametrize(
    "alarm",
    [alarms_tests.mocks, alarms_tests.sleeps, alarms_tests.reruns, alarms_tests.tests_that_cannot_fail],
)
def test_tests_are_honest(alarm: alarms_care.Alarm) -> None:
    tests = [source for source in test_files() if "/architecture/" not in source.path and "/bench_" not in source.path]

    assert [finding for finding in alarm(tests) if not finding.startswith(ACCEPTANCE)] == []
