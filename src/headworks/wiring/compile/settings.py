"""What types alone cannot say of settings: ranges, choices, patterns."""

from __future__ import annotations

import re

import msgspec

from headworks.domain.config import Config
from headworks.domain.snapshot import KEPT, Cors, EdgeSettings, GuardRule
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.problems import did_you_mean

_CHOICES = {
    ("journal", "on_full"): ("refuse", "drop"),
    ("logs", "format"): ("auto", "json", "human"),
    ("logs", "detail"): ("off", "summary", "full"),
    ("customers", "names"): ("none", KEPT),
}
_LARGEST_PORT = 65_535
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_settings(bench: Bench, config: Config) -> None:
    """Note settings that cannot be meant."""
    for (section, field), known in _CHOICES.items():
        value = getattr(getattr(config, section), field)
        if value not in known:
            bench.wrong((section, field), f"'{value}' is not possible here.", did_you_mean(value, known))
    for section, port in (("server", config.server.port), ("control", config.control.port)):
        if port > _LARGEST_PORT:
            bench.wrong((section, "port"), f"A port is at most {_LARGEST_PORT}.")
    if config.server.port == config.control.port != 0:
        bench.wrong(
            ("control", "port"), "This is server.port too: each needs a port of its own.", "The usual ones are 4455 and 4456."
        )
    _check_tls(bench, config.server)
    if config.cache.enabled and config.cache.zero_retention:
        bench.wrong(("cache", "enabled"), "With zero_retention no answer is remembered.", "Leave out one of them.")
    if config.retries.attempts == 0:
        bench.wrong(("retries", "attempts"), "At least one attempt is needed.")
    if config.open_door and config.server.host not in _LOOPBACK:
        bench.warn(
            ("open_door",), f"Anybody who reaches {config.server.host} can spend your money.", "Add keys and remove open_door."
        )


def _check_tls(bench: Bench, server: EdgeSettings) -> None:
    if bool(server.cert_file) != bool(server.key_file):
        bench.wrong(("server",), "TLS needs both cert_file and key_file.")
    if server.client_ca_file and not server.cert_file:
        bench.wrong(("server", "client_ca_file"), "Without TLS nobody shows a certificate.", "Add cert_file and key_file.")
    if server.client_crl_file and not server.client_ca_file:
        bench.wrong(("server", "client_crl_file"), "No client is asked for a certificate.", "Add client_ca_file.")


def compile_server(bench: Bench, settings: EdgeSettings) -> EdgeSettings:
    """The front door's settings, its certificate files found."""
    fields = ("cert_file", "key_file", "client_ca_file", "client_crl_file")
    _check_cors(bench, settings.cors)
    return msgspec.structs.replace(
        settings, **{field: bench.file(getattr(settings, field), ("server", field)) for field in fields}
    )


def _check_cors(bench: Bench, cors: Cors) -> None:
    if cors.credentials and "*" in cors.origins:
        bench.wrong(
            ("server", "cors", "origins", cors.origins.index("*")),
            "Credentials for every web page: any of them could use the certificate or the password that a browser holds for us.",
            "Name the pages' origins, such as https://app.example, or leave out credentials (an API key in a header needs none).",
        )


def compile_guards(bench: Bench, config: Config) -> tuple[GuardRule, ...]:
    """The guards, their patterns tried."""
    for name, spec in config.guards.items():
        for number, pattern in enumerate(spec.patterns):
            try:
                re.compile(pattern)
            except re.error as trouble:
                bench.wrong(("guards", name, "patterns", number), f"This is not a regular expression: {trouble}.")
    return tuple(
        GuardRule(name=name, kind=spec.kind, patterns=spec.patterns, action=spec.action, named=spec.applies == "named")
        for name, spec in config.guards.items()
    )
