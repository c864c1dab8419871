"""Every alarm can ring: it finds its own bad example, and is quiet about a good one."""

from __future__ import annotations

from functools import partial

import pytest

from tests.architecture import alarms_care, alarms_names, alarms_refusals, alarms_shape, alarms_tests
from tests.architecture.alarms_care import Alarm
from tests.architecture.source import Source, length

GOOD = '''
"""A module."""

from collections.abc import Sequence

NAMES: tuple[str, ...] = ("ada", "grace")
SIZES = {"s": 1, "m": 2}


class Basket:
    """Holds apples."""

    def __init__(self) -> None:
        self.apples: list[str] = []

    def add(self, apple: str, *, washed: bool = False) -> tuple[int, int, int]:
        """Put one in."""
        try:
            self.apples.append(apple)
        except MemoryError as trouble:
            raise ValueError("no room") from trouble
        return (1, 2, int(washed))


def test_apples(sizes: Sequence[int]) -> None:
    found = [1]
    found.append(2)
    assert sizes
'''

EMPTY_METHODS = "".join(f"    def on_{n}(self) -> None: ...\n" for n in "abcdef")

BAD: list[tuple[Alarm, str]] = [
    (partial(alarms_shape.oversize_files, limit=2), "a = 1\nb = 2\nc = 3\n"),
    (partial(alarms_shape.long_functions, limit=3), "def f():\n    a = 1\n    b = 2\n    c = 3\n"),
    (alarms_shape.crowded_signatures, "def f(a, b, c, d, e, f, g): ...\n"),
    (alarms_shape.crowded_signatures, "def f(a, b, c, *, d, e, f, g): ...\n"),
    (alarms_shape.boolean_positionals, "def send(now: bool) -> None: ...\n"),
    (alarms_shape.wide_tuples, "def f() -> tuple[int, int, int, int]: ...\n"),
    (alarms_shape.mostly_empty_bases, f"class Listener:\n{EMPTY_METHODS}"),
    (alarms_names.empty_names, "class KeyManager: ...\n"),
    (alarms_names.vendor_decisions, "def f(provider): return provider == 'groq'\n"),
    (alarms_names.vendor_decisions, "def f(model): return model.startswith(('gpt-5', 'x'))\n"),
    (alarms_names.vendor_decisions, "def f(p):\n    match p:\n        case 'ollama': return 1\n"),
    (alarms_names.vendor_literals, "NAME = 'openai'\n"),
    (alarms_care.broad_excepts, "try:\n    a()\nexcept Exception as e:\n    log(e)\n"),
    (alarms_care.unexplained_broad_excepts, "try:\n    a()\nexcept Exception:  # noqa: BLE001\n    log()\n"),
    (alarms_refusals.helpless_refusals, "raise Fault('invalid_request', 'That is wrong.')\n"),
    (alarms_refusals.helpless_refusals, "def say():\n    return 'No.'\nFault('invalid_json', f'Bad: {say()}')\n"),
    (alarms_refusals.helpless_refusals, "text = 'No. Send less.'\ntext = 'No.'\nFault('overloaded', text)\n"),
    (alarms_refusals.helpless_refusals, "Fault('guard_blocked', words or f'{name} objects.')\n"),
    (alarms_care.bare_excepts, "try:\n    a()\nexcept:\n    raise\n"),
    (alarms_care.swallowed_errors, "try:\n    a()\nexcept OSError:\n    pass\n"),
    (alarms_care.swallowed_errors, "try:\n    a()\nexcept OSError:\n    ...\n"),
    (alarms_care.type_ignores, "a = b  # type: ignore[attr-defined]\n"),
    (alarms_care.blanket_type_ignores, "a = b  # type: ig" + "nore\n"),
    (alarms_care.casts, "from typing import cast\na = cast(int, b)\n"),
    (alarms_care.any_annotations, "from typing import Any\ndef f(a: Any): ...\n"),
    (alarms_care.mutable_module_state, "cache = {}\n"),
    (alarms_care.mutable_module_state, "import collections\nseen: set = collections.defaultdict(int)\n"),
    (alarms_care.mutable_module_state, "def f():\n    global count\n    count = 1\n"),
    (alarms_care.mutable_module_state, "SEEN = {}\ndef f(k):\n    SEEN[k] = 1\n"),
    (alarms_care.mutable_module_state, "SEEN = []\ndef f(k):\n    SEEN.append(k)\n"),
    (alarms_care.import_work, "connect()\n"),
    (alarms_care.import_work, "for name in names:\n    register(name)\n"),
    (alarms_tests.mocks, "from unittest import mock\n"),
    (alarms_tests.mocks, "from unittest.mock import patch\n"),
    (alarms_tests.sleeps, "import time\ntime.sleep(1)\n"),
    (alarms_tests.sleeps, "def f():\n    for _ in range(9):\n        time.sleep(1)\n"),
    (alarms_tests.sleeps, "async def f():\n    await asyncio.sleep(0.1)\n"),
    (alarms_tests.reruns, "@pytest.mark.fla" + "ky\ndef test_x(): ...\n"),
    (alarms_tests.tests_that_cannot_fail, "def test_x():\n    f()\n"),
]


@pytest.mark.parametrize(("alarm", "text"), BAD)
def test_an_alarm_rings_for_its_bad_example_only(alarm: Alarm, text: str) -> None:
    assert alarm([Source.of(text)])
    assert alarm([Source.of(GOOD if not isinstance(alarm, partial) else "a = 1\n")]) == []


@pytest.mark.parametrize("path", ["src/headworks/utils.py", "src/headworks/edge/http_helpers.py", "src/headworks/common/x.py"])
def test_a_module_with_an_empty_name_is_found(path: str) -> None:
    assert alarms_names.empty_names([Source.of("", path)])


def test_vendors_are_at_home_where_vendors_are_known() -> None:
    text = "def f(provider): return provider == 'groq'\n"

    assert alarms_names.vendor_decisions([Source.of(text, "src/headworks/providers/catalog.py")]) == []


def test_a_docstring_does_not_make_a_function_long() -> None:
    function = Source.of('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').functions[0]

    assert length(function) == 2


def test_polling_in_a_loop_is_not_hoping() -> None:
    text = "async def f():\n    while not done():\n        await asyncio.sleep(0.01)\n"

    assert alarms_tests.sleeps([Source.of(text)]) == []


def test_percentiles_are_of_the_sorted_sizes() -> None:
    assert alarms_shape.percentile([400, 10, 20, 30], 0.5) == 30
    assert alarms_shape.percentile([400, 10, 20, 30], 0.9) == 400
