"""Secrets never reach a message, a representation or a revision."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.cli.administering import TOKEN, credentials_path
from headworks.identity import pepper
from headworks.secrets import master
from headworks.wiring.compile.own_secrets import FILES, VARIABLES
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.seals import AUDIT_KEY
from tests.config.compiling import compiled, refusal, report_of

SECRET = "Zq7wxPv2LmK9"
"""Twelve characters that occur nowhere else."""

PLACES = {
    "api_key": "providers: {{openai: {{api_key: {0}}}}}\nmodels: {{m: openai/gpt-4o}}\n",
    "header": "providers: {{openai: {{headers: {{x-extra: {0}}}}}}}\nmodels: {{m: openai/gpt-4o}}\n",
    "proxy": "providers: {{openai: {{proxy: 'http://me:{0}@squid:3128'}}}}\nmodels: {{m: openai/gpt-4o}}\n",
    "client key": "models: {{m: openai/gpt-4o}}\nkeys: {{me: {{key: {0}}}}}\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_compiled_does_not_show_it(place: str) -> None:
    """Nobody's `repr`: config, snapshot, models, targets, origins, principals, warnings."""
    done = compiled(PLACES[place].format(SECRET))

    shown = [repr(done), repr(done.config), repr(done.snapshot), str(done.snapshot.models), repr(done.snapshot.principals)]
    shown += [repr(target) + repr(target.origin) for model in done.snapshot.models.values() for target in model.targets]
    assert not any(SECRET in text for text in shown)


@pytest.mark.parametrize("place", PLACES)
def test_it_is_in_the_revision_as_a_digest_only(place: str) -> None:
    one, other = (compiled(PLACES[place].format(secret)).snapshot.revision for secret in (SECRET, SECRET[::-1]))

    assert one != other
    assert SECRET not in one


MISTAKES = [
    "providers: {openai: {api_key: Zq7wxPv2LmK9, base_url: nowhere}}\n",
    "providers: {openai: {apikey: Zq7wxPv2LmK9}}\n",
    "providers: {openai: {api-key: Zq7wxPv2LmK9}}\n",
    "providers: {openai: {secret: Zq7wxPv2LmK9}}\n",
    "providers: {openai: Zq7wxPv2LmK9}\n",
    "providers: {openai: {api_key: [Zq7wxPv2LmK9]}}\n",
    'providers: {openai: {api_key: "Zq7wxPv2LmK9\\r\\nx: y"}}\n',
    "providers: {openai: {headers: {Host: Zq7wxPv2LmK9}}}\n",
    "providers: {openai: {headers: {authorization: Zq7wxPv2LmK9}, timeout: 1}}\n",
    "providers: {openai: {proxy: 'ftp://me:Zq7wxPv2LmK9@squid'}}\n",
    "keys: {me: Zq7wxPv2LmK9}\n",
    "keys: {me: {key: Zq7wxPv2LmK9, sha256: Zq7wxPv2LmK9}}\n",
    "keys: {me: {key: Zq7wxPv2LmK9}, you: {key: Zq7wxPv2LmK9}}\n",
    "keys: {me: {key: Zq7wxPv2LmK9, limit: {}}}\n",
    "keys: {me: {token: Zq7wxPv2LmK9}}\n",
    "keys:\n  me:\n    key: Zq7wxPv2LmK9\n    key: Zq7wxPv2LmK9\n",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_beside_it_does_not_show_it(text: str) -> None:
    """The line is shown, the secret in it masked."""
    refused = refusal(text)

    assert refused is not None
    assert SECRET not in str(refused)
    assert SECRET not in repr(refused)
    assert not any(SECRET in repr(problem) for problem in refused.problems)


@settings(max_examples=300, deadline=None)
@given(
    field=st.sampled_from(("api_key", "key", "apiKey", "api_kye", "x-api-key")),
    before=st.lists(st.sampled_from(("a: 1", "{", "[", "b: [", "type: openai", "'", "- c")), max_size=3),
    after=st.lists(st.sampled_from(("}", "]", "d: {", ": :", "'", "\t", "base_url: 5", "&x y", "*z")), max_size=3),
)
def test_no_mangled_document_shows_a_key(field: str, before: list[str], after: list[str]) -> None:
    """Keys look like keys: even where the text is not YAML and nothing can be known about it."""
    key = "sk-" + SECRET * 2
    lines = [*before, f"{field}: {key}", *after]
    refused = refusal("providers:\n  openai:\n" + "".join(f"    {line}\n" for line in lines))

    assert refused is None or key not in str(refused)


def test_a_value_from_the_environment_is_not_shown_either() -> None:
    with pytest.raises(ConfigRefused) as refused:
        compiled("providers: {openai: {api_key: '${BAD}'}}\nmodels: {m: openai/gpt-4o}\n", {"BAD": SECRET + "\n" + SECRET})

    assert SECRET not in str(refused.value)
    assert "line break" in str(refused.value)


def test_a_target_knows_what_must_be_taken_out_of_a_providers_words() -> None:
    """Its key, as the provider may repeat it, in every dialect; and no plain header's value."""
    text = (
        "providers: {anthropic: {headers: {x-team: search, x-proxy-key: pk-1, authorization: 'Bearer tok-2'}}}\n"
        "models: {m: anthropic/claude-sonnet-4-5}\n"
    )
    (target,) = compiled(text).snapshot.models["m"].targets

    assert target.secrets[:3] == (b"pk-1", b"sk-anthropic", b"tok-2")
    assert b"api.anthropic.com" in target.secrets
    assert all(variant.secrets == target.secrets for variant in target.variants.values())
    assert "pk-1" not in repr(target)


def test_what_a_reference_leads_to_is_not_shown_to_whoever_writes_it() -> None:
    """Who may try a configuration need not be able to read this machine's files and environment."""
    issuer = 'identity: {{issuers: {{a: {{issuer: "{0}", audience: x, organisation: org_1}}}}}}\n'
    prices = "price_table: {0}\n"
    for written in (issuer.format("${HIDDEN}"), issuer.format("file:/etc/hidden"), prices.format("/etc/hidden")):
        report = report_of("models: {m: openai/gpt-4o}\n" + written, {"HIDDEN": SECRET}, {"/etc/hidden": SECRET})
        assert SECRET not in report, report


@pytest.mark.parametrize("place", [*PLACES.values(), "models: {{m: openai/gpt-4o}}\ndatabase: {0}\n"])
@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_no_configuration_refers_to_the_secrets_of_the_installation(place: str, variable: str) -> None:
    """Else whoever writes configurations sends the pepper to an address of their own, and signs in as the owner with it."""
    report = report_of(place.format(f'"${{{variable}:-x}}"'), {variable: SECRET})
    assert f"'{variable}' is a secret of this installation itself" in report
    assert SECRET not in report


def test_nor_to_the_files_that_hold_them(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_text(SECRET)
    (tmp_path / "innocent").symlink_to(tmp_path / "pepper")
    elsewhere = tmp_path / "elsewhere"
    env = {"HEADWORKS_MASTER_KEY": f"vault:k,file:{elsewhere}"}
    names = ["pepper", "innocent", "x/../pepper", "elsewhere"]
    for name in (*(f"{tmp_path}/{name}" for name in names), "/proc/self/environ", f"/proc/self/root{tmp_path}/pepper"):
        report = report_of(PLACES["api_key"].format(f"file:{name}"), env, {name: SECRET})
        assert "is a secret of this installation itself" in report, name


def test_the_secrets_of_the_installation_are_called_so_where_they_are_read() -> None:
    """The gateway does not load what reads them."""
    assert {pepper.VARIABLE, master.VARIABLE, AUDIT_KEY, TOKEN} <= VARIABLES
    assert {pepper.FILE, master.FILE, credentials_path().name} == FILES
