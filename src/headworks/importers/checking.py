"""Whether a document that was made can be used, judged as `headworks check` does, on a machine where its variables are not set yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from headworks.domain.config import Config
from headworks.providers.catalog import Catalog
from headworks.wiring.compile import Givens, compile_reading
from headworks.wiring.config_file import read_config

_REFERENCE = re.compile(r"\$\{(\w+)\}")
_STAND_IN = "https://not-set.example"
"""For a variable that is not set: as good as an address and as a key."""


def variables_of(text: str, config: Config, catalog: Catalog) -> tuple[str, ...]:
    """Names of the environment variables that a document needs: those it refers to, and the usual ones of providers without a key."""
    keyless = [name for name, rule in config.providers.items() if rule is None or not rule.api_key]
    types = [(rule.type if rule is not None else "") or name for name in keyless for rule in (config.providers[name],)]
    usual = [catalog.providers[type_].key_env[0] for type_ in types if catalog.providers[type_].key_env]
    return tuple(dict.fromkeys((*usual, *_REFERENCE.findall(text))))


def check(text: str, name: str, here: Givens, files: Mapping[str, str]) -> None:
    """`files`: what will lie beside the document, by relative name. Raises `ConfigRefused`."""
    usual = (variable for row in here.catalog.providers.values() for variable in row.key_env)
    stand_ins = dict.fromkeys((*usual, *_REFERENCE.findall(text)), _STAND_IN)
    beside = {str(PurePath(here.directory, file)): value for file, value in files.items()}

    def read(path: str) -> str:
        return beside[path] if path in beside else here.read(path)

    env = stand_ins | {variable: value for variable, value in here.env.items() if value}
    compile_reading(read_config(text, name), msgspec.structs.replace(here, env=env, read=read))
