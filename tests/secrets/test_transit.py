"""A master key in Vault's transit engine: what it wraps opens by it alone, and whatever is wrong with it is told without a secret."""

from __future__ import annotations

import asyncio
import functools
import io
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from headworks.cli import secrets as commands
from headworks.domain.secret import SealedSecret, SecretRef
from headworks.ports.secrets import MasterKey
from headworks.secrets import Envelope, MasterRefused, MasterUnavailable, Secret, SecretUnreadable, masters_of
from headworks.testing.certificates import self_signed
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.fetch import post
from tests.secrets.test_keeping import VALUE, document, load, put
from tests.secrets.vault import NAMES, ROLE, ROLE_SECRET, TOKEN, Engine, FakeVault

__all__ = ["document"]
REF = SecretRef(name="openai", version=1)
KEY = bytes(range(32))


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as running:
        yield running


def master(url: str, given: Mapping[str, str] = NAMES, written: str = "vault:headworks", *, seconds: float = 20.0) -> MasterKey:
    env = {"HEADWORKS_MASTER_KEY": written, "VAULT_ADDR": url, **given}
    asking = functools.partial(post, seconds=seconds)
    return masters_of(Path("nowhere"), env, shared=True, post=asking)[0]


def seal(*masters: MasterKey, ref: SecretRef = REF) -> SealedSecret:
    return asyncio.run(Envelope(masters).seal(ref, Secret(VALUE)))


def opened(sealed: SealedSecret, *masters: MasterKey) -> str:
    return asyncio.run(Envelope(masters).open(sealed)).reveal()


def test_what_it_wraps_opens_again_and_names_its_key(vault: FakeVault) -> None:
    sealed = seal(master(vault.url))

    assert opened(sealed, master(vault.url)) == VALUE
    assert (sealed.master, sealed.wrapped[:9]) == ("vault:transit/headworks", b"vault:v1:")


def test_it_opens_after_the_service_has_moved(vault: FakeVault) -> None:
    sealed = seal(master(vault.url))

    with FakeVault() as elsewhere:
        elsewhere.engine = vault.engine
        assert opened(sealed, master(elsewhere.url)) == VALUE


def test_a_key_in_anothers_place_does_not_open(vault: FakeVault) -> None:
    mine, theirs = (seal(master(vault.url), ref=replace(REF, name=name)) for name in ("openai", "anthropic"))

    with pytest.raises(SecretUnreadable, match="belongs to another secret"):
        opened(replace(mine, wrapped=theirs.wrapped), master(vault.url))


def test_older_versions_of_its_key_open_until_the_service_forbids_them(vault: FakeVault) -> None:
    old = seal(master(vault.url))
    vault.engine.versions.append(KEY)
    assert opened(old, master(vault.url)) == VALUE

    vault.engine.oldest = 2
    with pytest.raises(MasterUnavailable, match=r"Lower min_decryption_version .*rotate-master"):
        opened(old, master(vault.url))


def test_what_an_older_version_wrapped_is_not_current(vault: FakeVault) -> None:
    envelope = Envelope([master(vault.url)])
    old = seal(master(vault.url))
    assert asyncio.run(envelope.is_current(old))

    vault.engine.versions.append(KEY)

    assert not asyncio.run(envelope.is_current(old))
    assert asyncio.run(envelope.is_current(asyncio.run(envelope.rewrap(old))))


def test_a_role_logs_in_and_again_when_its_token_has_ended(vault: FakeVault) -> None:
    asked = master(vault.url, {"VAULT_ROLE_ID": ROLE, "VAULT_SECRET_ID": ROLE_SECRET})
    first = seal(asked)
    vault.engine.tokens.clear()

    assert opened(first, asked) == VALUE
    logins = [path for path, _ in vault.engine.asked if path.endswith("login")]
    assert len(logins) == 2


def test_tokens_come_from_files_and_openbaos_names_count_too(vault: FakeVault, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)

    assert (
        seal(master(vault.url, {"BAO_TOKEN": f"file:{file}", "BAO_NAMESPACE": "team"})).master == "vault:team/transit/headworks"
    )
    assert vault.engine.asked[-1][1]["x-vault-namespace"] == "team"


def test_over_tls_it_is_trusted_by_its_own_certificate_alone(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with FakeVault(certificate) as secure:
        trusted = master(secure.url, {**NAMES, "VAULT_CACERT": str(certificate.cert)})
        assert opened(seal(trusted), trusted) == VALUE
        with pytest.raises(MasterUnavailable, match=r"SSLCertVerificationError.*VAULT_CACERT"):
            seal(master(secure.url))


# --- what can be wrong

WRONG: dict[str, tuple[Callable[[Engine], object], str]] = {
    "another token": (lambda engine: engine.tokens.clear(), "permits no encrypt. The token has ended, or its policy lacks"),
    "no permission": (lambda engine: setattr(engine, "denied", True), "policy lacks 'update' on transit/encrypt/headworks"),
    "sealed": (lambda engine: setattr(engine, "sealed", True), "is sealed. Unseal it: vault operator unseal"),
    "a standby": (lambda engine: setattr(engine, "answer", (307, b"")), "sends us elsewhere. Let VAULT_ADDR name the active"),
    "a quota": (lambda engine: setattr(engine, "answer", (429, b"{}")), "has had enough requests for now"),
    "broken": (lambda engine: setattr(engine, "answer", (500, TOKEN.encode())), "answers 500"),
    "no Vault": (lambda engine: setattr(engine, "answer", (200, b"<html>")), "answers as Vault does not"),
    "silent": (lambda engine: setattr(engine, "silent", threading.Event()), "does not answer (TimeoutError)"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_what_is_wrong_with_it_is_told_with_what_to_do(vault: FakeVault, how: str) -> None:
    break_it, words = WRONG[how]
    break_it(vault.engine)

    with pytest.raises(MasterUnavailable) as told:
        seal(master(vault.url, seconds=0.3 if how == "silent" else 20.0))

    assert words in str(told.value)
    assert vault.url in str(told.value)
    shows_nothing(told.value)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("vault:other", "Make it: vault write -f transit/keys/other"),
        ("vault:kv/headworks", "vault secrets enable -path=kv transit"),
    ],
)
def test_a_key_or_an_engine_that_is_not_there_is_told_how_to_make(vault: FakeVault, written: str, words: str) -> None:
    with pytest.raises(MasterUnavailable, match=words):
        seal(master(vault.url, written=written))


def test_a_role_that_is_refused_is_told_so(vault: FakeVault) -> None:
    with pytest.raises(MasterUnavailable, match="refuses the role") as told:
        seal(master(vault.url, {"VAULT_ROLE_ID": ROLE, "VAULT_SECRET_ID": f"{ROLE_SECRET}-used-up"}))
    shows_nothing(told.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"VAULT_ADDR": ""}, "Set VAULT_ADDR"),
        ({"VAULT_ADDR": "http://vault.example:8200"}, "must begin with https://"),
        ({"VAULT_TOKEN": ""}, "Set VAULT_TOKEN"),
        ({"VAULT_TOKEN": "file:/nowhere/token"}, "cannot be read"),
        ({"HEADWORKS_MASTER_KEY": "vault:"}, "names no key"),
    ],
)
def test_settings_that_lead_nowhere_are_refused_before_anybody_is_asked(given: dict[str, str], words: str) -> None:
    with pytest.raises(MasterRefused, match=words) as told:
        master("https://127.0.0.1:1", {**NAMES, **given})
    shows_nothing(told.value)


def shows_nothing(trouble: BaseException | None) -> None:
    secrets = (TOKEN, ROLE_SECRET, VALUE, b64encode(KEY).decode())
    while trouble is not None:
        assert [secret for secret in secrets if secret in str(trouble) + repr(trouble)] == []
        trouble = trouble.__cause__


# --- the whole way, from commands and configurations


@pytest.fixture
def in_vault(vault: FakeVault, document: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose secret is under Vault's key."""
    for name, value in {"HEADWORKS_MASTER_KEY": "vault:headworks", "VAULT_ADDR": vault.url, **NAMES}.items():
        monkeypatch.setenv(name, value)
    assert put(document, monkeypatch) == 0
    return document


def test_a_configuration_gets_its_secret_through_vault(in_vault: Path, vault: FakeVault) -> None:
    target = load(in_vault).load().snapshot.models["m"].targets[0]

    assert any(VALUE.encode() in head for head in target.heads.values())
    assert vault.engine.asked[-1][0] == "/v1/transit/decrypt/headworks"


def test_a_start_while_vault_is_gone_is_refused_at_the_line_that_needs_it(
    in_vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")

    with pytest.raises(ConfigRefused, match=r"headworks\.yaml:1:\d+: The master key .*does not answer \(Conn") as told:
        load(in_vault).load()

    shows_nothing(told.value)


def test_commands_tell_that_vault_is_sealed(
    in_vault: Path, vault: FakeVault, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    vault.engine.sealed = True
    monkeypatch.setattr("sys.stdin", io.StringIO(VALUE))

    assert commands.put("openai", in_vault) == 1
    shown = "".join(capfd.readouterr())
    assert "vault operator unseal" in shown
    assert VALUE not in shown


def test_rotation_wraps_what_older_versions_and_other_keys_wrapped(
    in_vault: Path, vault: FakeVault, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From one version to the next, then out of Vault to a key at hand, and nothing is lost on the way."""
    vault.engine.versions.append(KEY)
    assert commands.rotate_master(in_vault) == 0
    assert commands.rotate_master(in_vault) == 0
    vault.engine.oldest = 2
    monkeypatch.setenv("HEADWORKS_MASTER_KEY", f"{KEY.hex()},vault:headworks")
    assert commands.rotate_master(in_vault) == 0
    monkeypatch.setenv("HEADWORKS_MASTER_KEY", KEY.hex())

    assert load(in_vault).load().config.providers
    assert capfd.readouterr().out.count("Wrapped 1 secret again") == 2
