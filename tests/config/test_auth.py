"""Credentials that change, as an operator writes them: what is obtained, for whom, and what is said where something is missing."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth
from headworks.domain.errors import Fault
from headworks.domain.target import Target
from headworks.providers.credentials.held import Held, Lease
from headworks.wiring.compile import Compiled, compile_reading
from headworks.wiring.config_file import read_config
from tests.config.compiling import compiled, given, report_of


def document(provider: str, model: str = "m") -> str:
    return f"providers: {{p: {provider}}}\nmodels: {{m: p/{model}}}\nprices: {{p/{model}: free}}\n"


def kept(text: str) -> tuple[Compiled, list[tuple[AuthRule, Held]]]:
    """The compiled document, and what it wants held."""
    held: list[tuple[AuthRule, Held]] = []

    def hold(rule: AuthRule) -> Held:
        held.append((rule, Held(lambda: 0)))
        return held[-1][1]

    givens = msgspec.structs.replace(given({"SECRET": "s3cret-of-the-test"}), hold=hold)
    return compile_reading(read_config(text), givens), held


def only_target(compiled: Compiled) -> Target:
    return compiled.snapshot.models["m"].targets[0]


VERTEX = "{type: vertex-anthropic, location: europe-west1, project: my-project}"


def test_location_and_project_are_filled_into_host_and_path_and_the_model_too() -> None:
    target = only_target(compiled(document(VERTEX, "claude-x@20260101")))

    assert target.origin.host == "europe-west1-aiplatform.googleapis.com"
    base = b"POST /v1/projects/my-project/locations/europe-west1/publishers/anthropic/models/claude-x%4020260101"
    assert target.heads["chat"].startswith(base + b":rawPredict HTTP/1.1\r\n")
    assert target.stream_heads["chat"].startswith(base + b":streamRawPredict HTTP/1.1\r\n")
    assert target.region == "europe-west1"


def test_some_locations_have_another_host() -> None:
    target = only_target(compiled(document(VERTEX.replace("europe-west1", "global"))))

    assert target.origin.host == "aiplatform.googleapis.com"


def test_settings_may_stand_in_the_environment() -> None:
    env = {"GOOGLE_CLOUD_PROJECT": "my-project", "GOOGLE_CLOUD_LOCATION": "us-east5"}

    target = only_target(compiled(document("{type: vertex-anthropic}"), env))

    assert b"/projects/my-project/locations/us-east5/" in target.heads["chat"]


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("{type: vertex-anthropic, project: my-project}", "Add location, or set GOOGLE_CLOUD_LOCATION."),
        ("{type: vertex-anthropic, location: global}", "Add project, or set GOOGLE_CLOUD_PROJECT."),
        ("{type: vertex-anthropic, project: my-project, location: 'eu/../x'}", "no name of one"),
        ("{type: azure, resource: r, auth: {type: entra, client_secret: '${OPENAI_API_KEY}'}}", "'tenant' is missing"),
        ("{type: azure, resource: r, api_key: '${OPENAI_API_KEY}', auth: {type: entra}}", "Leave one of them out."),
        (
            "{type: openai-compatible, base_url: 'http://h', auth: {type: aws, access_key_id: A}}",
            "'secret_access_key' is missing",
        ),
        ("{type: openai-compatible, base_url: 'http://h', auth: {type: oauth}}", "'token_url' is missing"),
        (
            "{type: openai-compatible, base_url: 'http://h', auth: {type: oauth, token_url: 'http://sso/t', client_id: c, client_secret: '${OPENAI_API_KEY}'}}",
            "The secret would travel unprotected.",
        ),
        ("{type: azure, resource: r, auth: {type: entre}}", "Did you mean 'entra'?"),
        ("{type: azure, resource: r, auth: {tenant: t}}", "'auth' needs a type: "),
        ("{type: azure, resource: r, auth: {type: entra, tenent: t}}", "Did you mean 'tenant'?"),
        ("{type: azure, resource: r}", "Set AZURE_OPENAI_API_KEY, or add api_key."),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_what_to_do(provider: str, words: str) -> None:
    assert words in report_of(document(provider))


def test_a_signer_shows_what_is_held_and_refuses_before_there_is_anything() -> None:
    compiled, held = kept(document(VERTEX))
    signer = only_target(compiled).signer
    assert signer is not None
    with pytest.raises(Fault) as refused:
        signer.sign(b"", b"")
    assert refused.value.code == "upstream_credentials"

    held[0][1].lease = Lease("ya29.token")

    assert signer.sign(b"", b"") == b"authorization: Bearer ya29.token\r\n"
    assert only_target(compiled).hidden[-1] == b"ya29.token"


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ("{type: google}", GoogleAuth()),
        ("{type: google, scopes: [s]}", GoogleAuth(scopes=("s",))),
        (
            "{type: entra, tenant: t, client_id: c, client_secret: '${SECRET}', scope: s}",
            EntraAuth(tenant="t", client_id="c", client_secret="s3cret-of-the-test", scope="s"),
        ),
        (
            "{type: oauth, token_url: 'https://sso/t', client_id: c, client_secret: '${SECRET}', audience: a}",
            OAuthAuth(token_url="https://sso/t", client_id="c", client_secret="s3cret-of-the-test", audience="a"),
        ),
        (
            "{type: aws, access_key_id: A, secret_access_key: '${SECRET}'}",
            AwsAuth(access_key_id="A", secret_access_key="s3cret-of-the-test", region="eu-1"),
        ),
    ],
)
def test_what_is_obtained_is_what_was_written_with_its_references_resolved(auth: str, wanted: AuthRule) -> None:
    compiled, _ = kept(document(f"{{type: openai-compatible, base_url: 'http://h', location: eu-1, auth: {auth}}}"))

    assert compiled.auths == {"p": wanted}
    assert "s3cret" not in repr(compiled.auths)


def test_a_key_goes_before_what_could_be_obtained() -> None:
    compiled, held = kept(document("{type: vertex-anthropic, location: global, project: p1, api_key: '${SECRET}'}"))

    assert not held
    assert only_target(compiled).signer is None
    assert b"x-goog-api-key: s3cret-of-the-test\r\n" in only_target(compiled).heads["chat"]
