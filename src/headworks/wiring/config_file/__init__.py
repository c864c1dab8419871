"""`headworks.yaml`: read strictly, with every mistake found at once and shown where it stands."""

from __future__ import annotations

import msgspec

from headworks.domain.config import Config
from headworks.wiring.config_file.decode import decode
from headworks.wiring.config_file.document import Unreadable, read_document
from headworks.wiring.config_file.problems import ConfigRefused, Problem, Source

__all__ = ["ConfigRefused", "Problem", "Reading", "Source", "Unreadable", "read_config"]


class Reading(msgspec.Struct, frozen=True):
    """A document as far as it could be read. With `problems` it must not be used, but the rest of it can be checked."""

    config: Config
    source: Source
    problems: tuple[Problem, ...] = ()


def read_config(text: str, name: str = "headworks.yaml") -> Reading:
    """Read a document. What is wrong is in the reading's problems; nothing is raised."""
    try:
        root, problems = read_document(text)
    except Unreadable as trouble:
        return Reading(Config(), Source(name, text), (trouble.problem,))
    config, mistakes = decode(root, Config)
    return Reading(config, Source(name, text, root), (*problems, *mistakes))
