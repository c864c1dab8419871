"""Their document → ours, as text that `headworks check` accepts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec
import yaml

from headworks.domain.config import Config, KeyRule, ModelRule, ProviderRule, TargetRule, WrittenModel
from headworks.domain.snapshot import CacheSettings
from headworks.importers.litellm.guards import guards_of
from headworks.importers.litellm.models import Models
from headworks.importers.litellm.prices import Pricing
from headworks.importers.litellm.providers import Providers, Vendors
from headworks.importers.litellm.routing import Routing
from headworks.importers.litellm.section import Section, line_of, text_of
from headworks.importers.litellm.settings import Settings
from headworks.importers.notes import Notes
from headworks.providers.catalog import Catalog
from headworks.providers.price_table import PriceTable
from headworks.wiring.config_file.document import read_document

_CALLBACKS = ("callbacks", "success_callback", "failure_callback", "service_callback")
_METRICS = "prometheus"
_MASTER = "master"
_WIDTH = 128


class Published(msgspec.Struct, frozen=True):
    """What is known of providers and prices."""

    catalog: Catalog
    prices: PriceTable
    at: datetime


class Imported(msgspec.Struct, frozen=True):
    """What was made of a document. `groups` are its access groups: name to names of models."""

    config: Config
    notes: Notes
    secrets: Mapping[str, str]
    """Credentials that stood in the document: file name in `SECRETS` to value."""
    groups: Mapping[str, list[str]]

    def __repr__(self) -> str:
        return f"<Imported {self.notes.place}>"


def import_document(text: str, name: str, published: Published, database: str = "") -> Imported:
    """Read a document. `database` becomes the setting of that name. Raises `Unreadable` for what is no YAML."""
    root, problems = read_document(text)
    notes, top = Notes(name), Section(root)
    for problem in problems:
        notes.unsupported(problem.spot.line + 1 if problem.spot else 0, "a key that stands twice", problem.message)
    vendors, providers = Vendors(published.catalog), Providers(published.catalog)
    models = Models(notes, vendors, providers, Pricing(published.prices, published.at, notes))
    rules = models.read(top.list("model_list"), top.list("credential_list"))
    router, library, general = (top.section(part) for part in ("router_settings", "litellm_settings", "general_settings"))
    routing = Routing(notes, router, library, rules)
    routing.strategy()
    routing.aliases_and_fallbacks()
    if not rules:
        notes.unsupported(
            top.line_at("model_list"), "no model was taken over", "Add one under models: a gateway without any is not started."
        )
    keys = _keys(notes, general, library)
    config = Config(
        providers=_in_use(providers.rules),
        models={group: _short(rule) for group, rule in rules.items()},
        keys=keys,
        open_door=not keys,
        retries=routing.retries(),
        timeouts=routing.timeouts(),
        breaker=routing.breaker(),
        cache=_cache(notes, library),
        guards=guards_of(top.list("guardrails"), notes),
        database=database,
    )
    _callbacks(notes, library)
    _environment(notes, top)
    _tell_rest(notes, top, models, (router, library, general))
    return Imported(config, notes, providers.secrets, models.groups)


def written(imported: Imported) -> str:
    """Our document."""
    plain = msgspec.to_builtins(imported.config, builtin_types=(Decimal,))
    body = yaml.dump(_without_blanks(plain), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return f"# Made of {imported.notes.place} by `headworks import`. All settings: docs/configuration.md\n{body}"


def _without_blanks(value: object) -> object:
    """Sections in which all is as usual are not written."""
    match value:
        case dict():
            return {key: _without_blanks(part) for key, part in value.items() if part != {}}
        case list() | tuple():
            return [_without_blanks(part) for part in value]
        case _:
            return value


class _Dumper(yaml.SafeDumper):
    """Writes decimals as they are, and repeats values instead of naming them."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True

    def represent_data(self, data: object) -> yaml.Node:
        """Decimals as plain numbers, never with an exponent."""
        if not isinstance(data, Decimal):
            return super().represent_data(data)
        kind = "float" if data % 1 else "int"
        return self.represent_scalar(f"tag:yaml.org,2002:{kind}", f"{data:f}")


def _in_use(rules: Mapping[str, ProviderRule]) -> dict[str, ProviderRule | None]:
    return {name: None if rule == ProviderRule() else rule for name, rule in rules.items()}


def _short(rule: ModelRule) -> WrittenModel:
    """A single plain target needs no more than its name."""
    target = rule.targets[0]
    plain = isinstance(target, TargetRule) and target == TargetRule(model=target.model)
    return target.model if plain and rule == ModelRule(targets=(target,)) and isinstance(target, TargetRule) else rule


def _keys(notes: Notes, general: Section, library: Section) -> dict[str, KeyRule]:
    """The master key opens all models, and no administration."""
    where = general if general.node("master_key") is not None else library
    library.node("master_key")
    key = where.text("master_key")
    if not key:
        notes.approximated(
            0,
            "no master_key",
            "open_door: true, as it was: anybody who reaches the gateway may call it. Add keys and remove it",
        )
        return {}
    line = where.line_at("master_key")
    notes.approximated(
        line, "master_key", f"keys.{_MASTER}: it opens all models, but not the admin API, which has its own administrators"
    )
    if key.startswith("${"):
        return {_MASTER: KeyRule(key=key, features=("*",))}
    return {_MASTER: KeyRule(sha256=hashlib.sha256(key.encode()).hexdigest(), features=("*",))}


def _cache(notes: Notes, library: Section) -> CacheSettings:
    params = library.section("cache_params")
    if library.flag("cache") is not True:
        return CacheSettings()
    seconds = params.number("ttl")
    kind = params.text("type")
    notes.approximated(
        library.line_at("cache"),
        f"cache ({kind or 'local'})",
        "remembered in the gateway's memory, each caller's answers apart, equal questions only",
    )
    return CacheSettings(enabled=True, seconds=float(seconds)) if seconds else CacheSettings(enabled=True)


def _callbacks(notes: Notes, library: Section) -> None:
    for field in _CALLBACKS:
        for node in library.list(field):
            name, line = text_of(node), line_of(node)
            if name == _METRICS:
                notes.mapped(line, f"{field}: {name}", "/metrics of the control port, always (metrics.md has the names)")
            else:
                notes.unsupported(
                    line, f"{field}: {name}", "Every exchange is in the journal (journal.md), from which it can be exported."
                )


def _environment(notes: Notes, top: Section) -> None:
    given = top.section("environment_variables")
    for name in given.names():
        notes.unsupported(
            given.line_at(name),
            f"environment_variables.{name}",
            "Set it where Headworks is started: documents set no variables.",
        )


def _tell_rest(notes: Notes, top: Section, models: Models, settings: tuple[Section, Section, Section]) -> None:
    tell = Settings(notes).tell
    for name, section in zip(("router_settings", "litellm_settings", "general_settings"), settings, strict=True):
        tell(name, section)
    for name, section in models.sections:
        tell(name, section)
    tell("top", top)
