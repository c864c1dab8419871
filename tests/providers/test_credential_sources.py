"""Credentials from where they are given: real libraries against servers of ours, on real sockets."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth
from headworks.providers.credentials import sources
from headworks.providers.credentials.held import Lease, Unobtainable
from headworks.providers.sigv4 import AwsKeys
from headworks.testing.certificates import self_signed
from headworks.wiring.clock import SystemClock
from tests.providers.token_server import Asked, TokenServer

SECRET = "a-secret-of-the-test"
SOON = datetime.fromtimestamp(SystemClock().wall_ns() // 10**9, UTC) + timedelta(hours=1)
ENDS = SOON.strftime("%Y-%m-%dT%H:%M:%SZ")
TEMPORARY = AwsKeys("ASIATEMPORARY", "temporary-secret", "temporary-token")


def now() -> float:
    return SystemClock().wall_ns() / 10**9


def obtain(rule: AuthRule) -> Lease:
    return sources.obtain(rule, SystemClock().wall_ns)


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make a machine that has no credentials of its own."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_aws_keys_that_are_written_never_end() -> None:
    lease = obtain(AwsAuth(access_key_id="AKIA", secret_access_key=SECRET))

    assert (lease.value, lease.ends) == (AwsKeys("AKIA", SECRET), None)
    assert SECRET not in repr(lease)


def test_aws_keys_from_the_environment_and_from_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(f"[work]\naws_access_key_id = OFFILE\naws_secret_access_key = {SECRET}\n")
    assert obtain(AwsAuth(profile="work")).value == AwsKeys("OFFILE", SECRET)

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OFENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert obtain(AwsAuth()).value == AwsKeys("OFENV", SECRET)


def test_aws_keys_of_the_instance_come_by_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> tuple[int, object]:
        if asked.method == "PUT":
            return 200, "session-token"
        if asked.headers.get("x-aws-ec2-metadata-token") != "session-token":
            return 401, "IMDSv2 only"
        if asked.path.endswith("/security-credentials/"):
            return 200, "my-role"
        keys = {"AccessKeyId": "ASIATEMPORARY", "SecretAccessKey": "temporary-secret", "Token": "temporary-token"}
        return 200, {"Code": "Success", "Type": "AWS-HMAC", "Expiration": ENDS, "LastUpdated": ENDS} | keys

    with TokenServer(answer).running() as server:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        lease = obtain(AwsAuth())

    assert (lease.value, lease.ends) == (TEMPORARY, SOON.timestamp())


def _sts(action: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
        "<AccessKeyId>ASIATEMPORARY</AccessKeyId><SecretAccessKey>temporary-secret</SecretAccessKey>"
        f"<SessionToken>temporary-token</SessionToken><Expiration>{ENDS}</Expiration></Credentials></{action}Result></{action}Response>"
    )


def test_aws_keys_by_web_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("eyJ.of-the.pod")
    with TokenServer(lambda _: (200, _sts("AssumeRoleWithWebIdentity"))).running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        lease = obtain(AwsAuth(region="eu-central-1"))

    assert (lease.value, lease.ends) == (TEMPORARY, SOON.timestamp())
    assert "WebIdentityToken=eyJ.of-the.pod" in server.asked[0].body


def test_aws_keys_of_a_role_that_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = AwsAuth(access_key_id="AKIA", secret_access_key=SECRET, role_arn="arn:aws:iam::123456789012:role/r", region="eu-1")
    with TokenServer(lambda _: (200, _sts("AssumeRole"))).running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        lease = obtain(rule)

    assert (lease.value, lease.ends) == (TEMPORARY, SOON.timestamp())
    assert SECRET not in str(server.asked)


def test_where_aws_has_nothing_that_is_said() -> None:
    with pytest.raises(Unobtainable, match="AWS knows of no credential here"):
        obtain(AwsAuth())


def service_account(path: Path, token_uri: str) -> GoogleAuth:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    facts = {"type": "service_account", "client_email": "hw@p.iam.example", "private_key": pem, "token_uri": token_uri}
    path.write_bytes(msgspec.json.encode(facts | {"project_id": "p", "private_key_id": "1"}))
    return GoogleAuth(file=str(path))


def test_google_tokens_of_a_service_account(tmp_path: Path) -> None:
    given = {"access_token": "ya29.given", "expires_in": 3600, "token_type": "Bearer"}
    with TokenServer(lambda _: (200, given)).running() as server:
        lease = obtain(service_account(tmp_path / "key.json", f"{server.url}/token"))

    assert lease.value == "ya29.given"
    assert lease.ends is not None
    assert 3500 < lease.ends - now() < 3800
    assert "assertion=eyJ" in server.asked[0].body


def test_google_tokens_by_the_application_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenServer(lambda _: (200, {"access_token": "ya29.given", "expires_in": 60})).running() as server:
        rule = service_account(tmp_path / "key.json", f"{server.url}/token")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", rule.file)
        assert obtain(GoogleAuth()).value == "ya29.given"


def test_a_revoked_google_key_is_told_without_what_was_signed(tmp_path: Path) -> None:
    refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature eyJhbGciOiJSUzI1NiJ9.abc.def."}
    with TokenServer(lambda _: (400, refusal)).running() as server:
        rule = service_account(tmp_path / "key.json", f"{server.url}/token")
        with pytest.raises(Unobtainable, match="invalid_grant") as refused:
            obtain(rule)

    assert "eyJhbGci" not in str(refused.value)


@pytest.mark.parametrize(("status", "words"), [(200, ""), (401, "AADSTS7000215")], ids=["given", "revoked"])
def test_entra_tokens_of_an_application(
    status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.cert, certificate.key)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.cert))

    def answer(asked: Asked) -> tuple[int, object]:
        if "openid-configuration" in asked.path:
            base = f"{server.url}/tenant"
            return 200, {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/a", "issuer": base}
        if status != 200:
            return status, {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET} is wrong"}
        return 200, {"access_token": "given", "expires_in": 3600, "token_type": "Bearer"}

    server = TokenServer(answer, tls)
    rule = EntraAuth(tenant="tenant", client_id="c", client_secret=SECRET, scope="https://x/.default", authority=server.url)
    with server.running():
        if words:
            with pytest.raises(Unobtainable, match=words) as refused:
                obtain(rule)
            assert SECRET not in str(refused.value)
            assert SECRET not in caplog.text
            return
        lease = obtain(rule)

    assert lease.value == "given"
    assert lease.ends is not None
    assert 3500 < lease.ends - now() < 3800


def oauth(url: str) -> OAuthAuth:
    return OAuthAuth(token_url=f"{url}/token", client_id="hw", client_secret=SECRET, scope="models", audience="lab")


def test_oauth_tokens_by_client_credentials() -> None:
    with TokenServer(lambda _: (200, {"access_token": "given", "expires_in": 60, "token_type": "Bearer"})).running() as server:
        lease = obtain(oauth(server.url))

    assert lease.value == "given"
    assert lease.ends is not None
    assert 50 < lease.ends - now() < 300
    (asked,) = server.asked
    assert asked.body == "grant_type=client_credentials&scope=models&audience=lab"
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (401, {"error": "invalid_client", "error_description": f"{SECRET} is revoked"}, "answered with 401"),
        (200, "hello", "something that is no token"),
        (200, {"access_token": "x", "expires_in": "soon"}, "something that is no token"),
        (302, "", "answered with 302"),
        (500, "x" * 10_000, "answered with 500"),
    ],
)
def test_what_an_oauth_server_refuses_is_told_without_the_secret(status: int, said: object, words: str) -> None:
    with TokenServer(lambda _: (status, said)).running() as server, pytest.raises(Unobtainable, match=words) as refused:
        obtain(oauth(server.url))

    assert SECRET not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_server_that_is_down_is_told() -> None:
    with TokenServer(lambda _: (200, "")).running() as server:
        url = server.url
    with pytest.raises(Unobtainable, match="cannot be asked"):
        obtain(oauth(url))


@pytest.mark.parametrize("rule", [AwsAuth(secret_access_key=SECRET), OAuthAuth(client_secret=SECRET)])
def test_no_rule_shows_its_secret(rule: AuthRule) -> None:
    assert SECRET not in repr(rule)


@pytest.mark.parametrize("token", ["", "a\r\nx-evil: 1", "a b", "tøken", "a\x00", "a\n"])
def test_a_token_that_no_header_can_hold_is_none(token: str) -> None:
    """Else each request would fail over it, or say more than it should."""
    serving = TokenServer(lambda _: (200, {"access_token": token, "expires_in": 60})).running()
    with serving as server, pytest.raises(Unobtainable, match="no header can hold") as refused:
        obtain(oauth(server.url))

    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("life", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_token_whose_end_is_no_time_is_none(life: str) -> None:
    serving = TokenServer(lambda _: (200, {"access_token": "given", "expires_in": life})).running()
    with serving as server, pytest.raises(Unobtainable, match="no time"):
        obtain(oauth(server.url))


def test_aws_keys_that_no_header_can_hold_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OFENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a\r\nx-evil: 1")

    with pytest.raises(Unobtainable, match="no header can hold"):
        obtain(AwsAuth())


def test_a_secret_is_told_in_no_spelling() -> None:
    secret = "a/secret+of=the test"
    shown = base64.b64encode(f"hw:{quote_plus(secret)}".encode()).decode()
    with TokenServer(lambda _: (400, f"{secret} {quote_plus(secret)} {quote(secret)} {shown}")).running() as server:
        rule = OAuthAuth(token_url=f"{server.url}/token", client_id="hw", client_secret=secret)
        with pytest.raises(Unobtainable, match="400") as refused:
            obtain(rule)

    for spelling in (secret, quote_plus(secret), quote(secret), quote(secret, safe=""), shown):
        assert spelling not in str(refused.value)


def test_a_file_of_google_that_cannot_be_read_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match=r"gone\.json cannot be read: No such file"):
        obtain(GoogleAuth(file=str(tmp_path / "gone.json")))
    with pytest.raises(Unobtainable, match="cannot be read: Is a directory"):
        obtain(GoogleAuth(file=str(tmp_path)))
    (tmp_path / "odd.json").write_text("secret words, no JSON")
    with pytest.raises(Unobtainable, match="is no file of a credential of Google") as refused:
        obtain(GoogleAuth(file=str(tmp_path / "odd.json")))
    assert "secret words" not in str(refused.value)
