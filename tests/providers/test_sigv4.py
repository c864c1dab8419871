"""Signatures as AWS checks them: botocore's own are the judge."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.providers.sigv4 import AwsKeys, SigV4

HOST = "bedrock-runtime.eu-west-1.amazonaws.com"
NS = 10**9
NOW = 1_790_000_000
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=40)
QUERIES = st.sampled_from(["", "b=2&a=1", "x", "a=%20&A=1"])


class OfThen(auth.SigV4Auth):
    """botocore's signer at a given second."""

    def __init__(self, keys: AwsKeys, second: int) -> None:
        super().__init__(
            Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token or None), "bedrock", "eu-west-1"
        )
        self._when = datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")

    def signed(self, path: str, body: bytes) -> dict[str, str]:
        """The headers that a request is sent with."""
        request = AWSRequest("POST", f"https://{HOST}{path}", data=body)
        request.context["timestamp"] = self._when
        self._modify_request_before_signing(request)
        said = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(said, request))
        return {name.lower(): value for name, value in request.headers.items()}


def headers_of(lines: bytes) -> dict[str, str]:
    assert lines.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in lines.decode().removesuffix("\r\n").split("\r\n"))


@given(
    model=WORDS,
    query=QUERIES,
    body=st.binary(max_size=200),
    secret=WORDS,
    token=st.sampled_from(["", "temporary=="]),
    second=st.integers(0, 4 * 10**9),
)
def test_a_request_is_signed_as_botocore_signs_it(
    model: str, query: str, body: bytes, secret: str, token: str, second: int
) -> None:
    keys = AwsKeys("AKIDEXAMPLE", secret, token)
    path = f"/model/{quote(model, safe='')}/converse" + (f"?{query}" if query else "")
    head = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n".encode()

    lines = SigV4(lambda: keys, "eu-west-1", "bedrock", lambda: second * NS + 7).sign(head, body)

    assert headers_of(lines) == OfThen(keys, second).signed(path, body)


@pytest.mark.parametrize(
    "path", ["/model/./converse", "/model/../converse", "/../x", "//model//m/converse/", "/..", "/.m/..n/"]
)
def test_a_path_is_signed_without_its_dots(path: str) -> None:
    """AWS takes them away before it looks at the signature."""
    keys = AwsKeys("AKIDEXAMPLE", "secret")
    head = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\n".encode()

    lines = SigV4(lambda: keys, "eu-west-1", "bedrock", lambda: NOW * NS).sign(head, b"")

    assert headers_of(lines) == OfThen(keys, NOW).signed(path, b"")


def test_other_keys_and_another_day_sign_otherwise_at_once() -> None:
    held = [AwsKeys("first", "a"), AwsKeys("second", "b"), AwsKeys("second", "c")]
    days = [0, 1]
    at = iter((keys, day) for day in days for keys in held)
    given_now: list[tuple[AwsKeys, int]] = []
    signer = SigV4(lambda: given_now[-1][0], "eu-west-1", "bedrock", lambda: (NOW + 86_400 * given_now[-1][1]) * NS)
    head = f"POST /model/m/converse HTTP/1.1\r\nhost: {HOST}\r\n".encode()

    for keys, day in at:
        given_now.append((keys, day))
        assert headers_of(signer.sign(head, b"")) == OfThen(keys, NOW + 86_400 * day).signed("/model/m/converse", b"")


def test_without_credentials_another_target_may_be_tried() -> None:
    with pytest.raises(Fault) as refused:
        SigV4(lambda: None, "eu-west-1", "bedrock", lambda: 0).sign(b"POST / HTTP/1.1\r\nhost: h\r\n", b"")

    assert refused.value.code == "upstream_credentials"


def test_what_is_secret_is_known_to_be_and_the_keys_hide_it() -> None:
    keys = AwsKeys("AKID", "hush", "token")

    assert SigV4(lambda: keys, "r", "s", lambda: 0).secrets() == (b"hush", b"token")
    assert "hush" not in repr(keys)
    assert SigV4(lambda: None, "r", "s", lambda: 0).secrets() == ()
