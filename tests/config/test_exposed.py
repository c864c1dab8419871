"""Credentials that stand in a document are found, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from headworks.wiring.config_file import read_config
from headworks.wiring.config_file.exposed import exposed
from headworks.wiring.config_file.tree import dotted

EXPOSED = {
    "providers: {p: {api_key: sk-1}}": "providers.p.api_key",
    "providers: {p: {api_key: '${KEY:-sk-1}'}}": "providers.p.api_key",
    "providers: {p: {headers: {x-api-key: abc}}}": "providers.p.headers.x-api-key",
    "providers: {p: {headers: {Authorization: Bearer abc}}}": "providers.p.headers.Authorization",
    "providers: {p: {proxy: 'http://me:pw@proxy:3128'}}": "providers.p.proxy",
    "keys: {me: {key: hw-1}}": "keys.me.key",
    "keys: {me: {key: 12345}}": "keys.me.key",
    "a: &k {key: hw-1}\nkeys: {me: *k}": "keys.me.key",
    "database: postgresql://me:pw@db/headworks": "database",
    "cluster: {url: 'valkey://:pw@counters:6379'}": "cluster.url",
    "cluster: {url: 'valkey://:pa$word@counters:6379'}": "cluster.url",
    "providers: {p: {base_url: 'https://api.example/v1?api_key=abc'}}": "providers.p.base_url",
    "providers: {p: {headers: {x-functions-code: abc}}}": "providers.p.headers.x-functions-code",
    "alerts: {webhooks: {w: {url: 'https://hooks.example/T0/B0/x'}}}": "alerts.webhooks.w.url",
    "alerts: {webhooks: {w: {secret: abc}}}": "alerts.webhooks.w.secret",
    "alerts: {email: {password: abc}}": "alerts.email.password",
    "identity: {oidc: {o: {client_secret: abc}}}": "identity.oidc.o.client_secret",
}
HARMLESS = (
    "providers: {p: {api_key: '${KEY}'}}",
    "providers: {p: {api_key: '${KEY:-}'}}",
    "providers: {p: {api_key: 'file:/run/key'}}",
    "providers: {p: {api_key: 'secret:openai'}}",
    "providers: {p: {headers: {authorization: 'Bearer ${KEY}', x-title: mine}}}",
    "providers: {p: {proxy: 'http://proxy:3128', base_url: 'https://api.example/v1'}}",
    "keys: {me: {sha256: '0000'}}",
    "keys: {me: {key: null}}",
    "database: postgresql://me:${PASSWORD}@db/headworks",
    "database: postgresql://me@db/headworks",
    "providers: {p: {base_url: 'https://api.example/v1?api-version=2024-10&api_key=${KEY}'}}",
    "cluster: {url: 'valkey://counters:6379'}",
    "alerts: {webhooks: {w: {url: '${HOOK}'}}}",
)


def test_a_default_is_told_from_a_credential_that_stands_alone() -> None:
    (problem,) = exposed(read_config("keys: {me: {key: '${KEY:-hw-1}'}}").source)
    assert "default of ${KEY}" in problem.message
    assert "Write ${KEY}" in problem.hint
    assert "hw-1" not in problem.text


@pytest.mark.parametrize("text", EXPOSED)
def test_a_credential_is_found_where_it_stands(text: str) -> None:
    (problem,) = exposed(read_config(text).source)

    assert dotted(problem.path) == EXPOSED[text]


@pytest.mark.parametrize("text", HARMLESS)
def test_references_and_what_is_no_credential_pass(text: str) -> None:
    assert exposed(read_config(text).source) == []


def test_a_text_that_is_no_yaml_has_none() -> None:
    assert exposed(read_config("a: [").source) == []
