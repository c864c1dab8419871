"""Config → Snapshot: everything that does not depend on a request is worked out here, once, and every mistake is found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from headworks.domain.config import AuthRule, Config
from headworks.domain.names import Names, Numbered
from headworks.domain.snapshot import Model, ShadowSettings, Snapshot
from headworks.providers.price_table import PriceTable
from headworks.stores.sql.address import anchored
from headworks.wiring.compile.alerts import check_alerts
from headworks.wiring.compile.bench import Bench, Givens
from headworks.wiring.compile.cluster import compile_cluster
from headworks.wiring.compile.identity import compile_identity
from headworks.wiring.compile.limits import LimitCompiler
from headworks.wiring.compile.models import Models
from headworks.wiring.compile.mounts import compile_mounts
from headworks.wiring.compile.oidc import check_oidc
from headworks.wiring.compile.passthrough import compile_passthrough
from headworks.wiring.compile.policies import compile_policies
from headworks.wiring.compile.principals import compile_keys
from headworks.wiring.compile.profiles import check_profiles
from headworks.wiring.compile.revision import revision_of
from headworks.wiring.compile.settings import check_settings, compile_guards, compile_server
from headworks.wiring.compile.targets import Targets
from headworks.wiring.config_file import ConfigRefused, Problem, Reading, Source

__all__ = ["Compiled", "Givens", "compile_config", "compile_reading", "compile_settings"]


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """A usable configuration. `names` are those that bounds can speak of; `files` are those it was made from beside the document; `until` is when a price changes by date."""

    snapshot: Snapshot
    config: Config
    names: Names = Names()
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    until: datetime | None = None
    auths: dict[str, AuthRule] = {}
    """By provider: the credentials to keep. Secret."""
    members: Mapping[str, tuple[str, ...]] = {}
    """By provider: the replicas that it was compiled with."""
    digests: Mapping[str, str] = {}
    """Of all that never changes under the same number: what `Givens.remembered` is made of."""


def compile_config(config: Config, givens: Givens) -> Compiled:
    """Compile a configuration that was made, not read. Raises `ConfigRefused` with all that is wrong."""
    return compile_reading(Reading(config, Source("configuration", "")), givens)


def compile_reading(reading: Reading, givens: Givens) -> Compiled:
    """Compile a document as read. Raises `ConfigRefused` with all that is wrong, the reading's problems included."""
    bench = Bench(givens)
    config = reading.config
    bench.journal, bench.database = config.journal.directory, _database(bench, config)
    if config.price_table:
        _use_own_prices(bench, config.price_table)
    targets = Targets(bench, config)
    models = Models(bench, config, targets)
    _check_prices(targets, models)
    check_profiles(bench, config)
    check_settings(bench, config)
    check_alerts(bench, config.alerts)
    check_oidc(bench, config)
    limiting = LimitCompiler(bench, models)
    shared = limiting.of_everybody(config.limits, config.budgets)
    snapshot = Snapshot(
        revision="",
        models=models.fixed,
        principals=compile_keys(bench, config, models),
        resolve=models.resolver(),
        patterns=models.patterns,
        known=models.known(),
        passthrough=compile_passthrough(bench, config, targets, models.fixed),
        mounts=compile_mounts(bench, targets),
        edge=compile_server(bench, config.server),
        control=config.control,
        journal=config.journal,
        logs=config.logs,
        cache=config.cache,
        customers=config.customers,
        shadows=_shadows(config, limiting),
        limits=shared.limits,
        soft_budgets=shared.soft_budgets,
        guards=compile_guards(bench, config),
        policies=compile_policies(bench, config),
        breaker=config.breaker,
        retry_budget=config.retry_budget,
        unpriced=config.unpriced,
        open_door=config.open_door,
        cluster=compile_cluster(bench, config.cluster),
        database=bench.database,
        identity=compile_identity(bench, config),
    )
    _refuse_mistakes(reading, bench)
    revision = revision_of(config, bench.digests, bench.givens.prices.digest)
    return Compiled(
        snapshot=msgspec.structs.replace(snapshot, revision=revision),
        config=config,
        names=_names(config, models),
        warnings=tuple(bench.warnings),
        files=tuple(sorted(bench.files)),
        until=bench.until,
        auths=bench.auths,
        members=bench.members,
        digests=models.digests,
    )


def compile_settings(reading: Reading, givens: Givens) -> Config:
    """Look at no more than the settings of a document: its keys, models, prices and providers may have been left out. Raises
    `ConfigRefused` with all that is wrong.
    """
    bench = Bench(givens)
    _database(bench, reading.config)
    check_settings(bench, reading.config)
    compile_server(bench, reading.config.server)
    _refuse_mistakes(reading, bench)
    return reading.config


def _database(bench: Bench, config: Config) -> str:
    return anchored(bench.secret(config.database, ("database",)), Path(bench.givens.directory))


def _shadows(config: Config, limiting: LimitCompiler) -> ShadowSettings:
    rule = config.shadows
    rules = limiting.rules("headworks/shadows", rule.limits, ("shadows", "limits"), {})
    return ShadowSettings(
        concurrent=rule.concurrent, waiting=rule.waiting, limits=rules.limits, soft_budgets=rules.soft_budgets
    )


def _names(config: Config, models: Models) -> Names:
    return Names(
        models=models.names,
        providers=frozenset(models.providers),
        regions=frozenset(models.regions),
        policies=frozenset(config.policies),
        guards=frozenset(config.guards),
        versions={name: _numbered(model) for name, model in models.fixed.items() if model.numbers},
    )


def _numbered(model: Model) -> Numbered:
    return Numbered(model.live, model.numbers, {number: version.digest for number, version in model.versions.items()})


def _refuse_mistakes(reading: Reading, bench: Bench) -> None:
    problems = (*reading.problems, *_not_caused_by(reading.problems, bench.problems))
    if problems:
        raise ConfigRefused(reading.source.located(problems), reading.source.report(problems))


def _use_own_prices(bench: Bench, name: str) -> None:
    text = bench.text(f"file:{name}", ("price_table",))
    if not text:
        return
    try:
        bench.givens = msgspec.structs.replace(bench.givens, prices=PriceTable(text.encode()))
    except msgspec.DecodeError:
        bench.wrong(("price_table",), f"'{name}' is no price table.", "Make one with: headworks prices FILE.")


def _check_prices(targets: Targets, models: Models) -> None:
    names = {target.written for model in models.fixed.values() for target in model.every_target}
    targets.pricing.check_use(names, models.open_providers, targets.providers.known)


def _not_caused_by(read: tuple[Problem, ...], compiled: list[Problem]) -> list[Problem]:
    """Problems that are not merely what an unreadable value left behind."""
    causes = [problem.path for problem in read if problem.path]
    if any(not problem.path for problem in read):
        return []
    return [problem for problem in compiled if not any(_related(cause, problem.path) for cause in causes)]


def _related(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
