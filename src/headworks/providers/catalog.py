"""The catalogue of providers: rows of `catalog.toml`, checked when read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib.resources import files

import msgspec

from headworks.domain.config import PassThroughRule, QuirksRule
from headworks.domain.target import BodyShape, Quirks


class DialectRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a dialect's requests look from outside. `paths` maps endpoint kinds to paths below a base URL, in which `{model}` stands for the
    model, `{foundation_model}` for it without the region or ARN before it, and `{id}` for what a request is about, and `stream_paths` those
    whose streams have another path. `suffix` is what a base URL without a path is completed with.
    """

    suffix: str
    paths: dict[str, str]
    stream_paths: dict[str, str] = {}
    versioned: bool = False
    """A path that does not end in a version is completed too."""
    headers: dict[str, str] = {}
    """Sent unless the client's own travel on."""
    client_headers: tuple[str, ...] = ()
    """Headers that a client may send for itself: the operator's are then only the default."""


class SomeModels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is otherwise for the models whose names one of these patterns fits (`*` for anything): paths beside or instead of the row's, and
    quirks.
    """

    models: tuple[str, ...]
    paths: dict[str, dict[str, str]] = {}
    quirks: QuirksRule = QuirksRule()

    def hold(self, model: str) -> bool:
        """Whether the model is one of them."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class ProviderRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provider; `catalog.toml` explains the fields. `speaks` keeps its order: the first dialect is the preferred one."""

    title: str
    speaks: dict[str, str]
    sign: str | dict[str, str]
    sign_for: str = ""
    root: str = ""
    roots: dict[str, str] = {}
    settings_env: dict[str, tuple[str, ...]] = {}
    paths: dict[str, dict[str, str]] = {}
    stream_paths: dict[str, dict[str, str]] = {}
    some: tuple[SomeModels, ...] = ()
    body: dict[str, BodyShape] = {}
    key_env: tuple[str, ...] = ()
    url_env: str = ""
    prices: str = ""
    self_hosted: bool = False
    passthrough: dict[str, PassThroughRule] = {}
    families: tuple[str, ...] = ()
    port: int = 0
    owned_by: str = ""
    quirks: Quirks = Quirks()

    def signer(self, dialect: str) -> str:
        """Name of the signer for a dialect."""
        return self.sign if isinstance(self.sign, str) else self.sign[dialect]

    def endpoints(self, dialect: str, usual: DialectRow) -> tuple[dict[str, str], dict[str, str]]:
        """Paths of a dialect's endpoints, and of those of its streams: the row's own, else the dialect's."""
        if dialect in self.paths:
            return self.paths[dialect], self.stream_paths.get(dialect, {})
        return usual.paths, usual.stream_paths


class Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows, by name."""

    dialects: Mapping[str, DialectRow]
    providers: Mapping[str, ProviderRow]


def shipped_catalog() -> Catalog:
    """The catalogue that came with this version of Headworks."""
    text = files("headworks.providers").joinpath("catalog.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Catalog)
