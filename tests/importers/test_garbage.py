"""Documents that are wrong in any place: never a traceback, and nothing is made that `headworks check` refuses."""

from __future__ import annotations

import functools
import random

import pytest
import yaml

from headworks.importers.checking import check
from headworks.importers.litellm.document import written
from headworks.importers.litellm.providers import SECRETS
from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import Givens
from headworks.wiring.load import givens
from tests.importers.making import SAMPLE, imported

_WRONG: tuple[object, ...] = (
    None,
    "",
    0,
    -1,
    1e400,
    True,
    "x" * 300,
    "os.environ/X",
    "a/b/c",
    "*",
    "**/*",
    [],
    {},
    [[]],
    [{}],
    {"a": []},
)


@functools.cache
def here() -> Givens:
    return givens({}, FrozenClock())


def spoilt(tree: object, chance: random.Random) -> object:
    """The same with one value replaced or left out."""
    if isinstance(tree, dict) and tree and chance.random() > 0.05:
        name = chance.choice(list(tree))
        return {key: spoilt(value, chance) if key == name else value for key, value in tree.items()}
    if isinstance(tree, list) and tree and chance.random() > 0.05:
        place = chance.randrange(len(tree))
        return [spoilt(value, chance) if number == place else value for number, value in enumerate(tree)]
    return chance.choice(_WRONG)


@pytest.mark.parametrize("seed", range(25))
def test_a_document_with_mistakes_becomes_one_without(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same mistakes at every run
    tree: object = yaml.safe_load(SAMPLE.read_text())
    for _ in range(chance.randint(1, 12)):
        tree = spoilt(tree, chance)

    made = imported(yaml.safe_dump(tree))

    check(written(made), "headworks.yaml", here(), {f"{SECRETS}/{name}": value for name, value in made.secrets.items()})
    assert made.notes.all
