"""Who is passed through to a provider, where to, and with what."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.testing import Script
from headworks.testing.upstream import body_of

from .passing import LAB, Tenants, asked, code, each_asked, headers_of, lab, line

# ── paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/passthrough/lab/v1/read/",
        "/passthrough/lab//v1/read",
        "/passthrough//lab/v1/read",
        "/passthrough/lab/v1//read",
        "/passthrough/lab/v1/./read",
        "/passthrough/lab/v1/x/../read",
        "/passthrough/lab/../lab/v1/read",
        "/passthrough/lab/v1/%72ead",
        "/passthrough/lab/v1%2fread",
        "/passthrough/lab/%2e%2e/lab/v1/read",
        "/passthrough/lab/v1/read;x=1",
        "/passthrough/lab/v1/read.",
        "/passthrough/lab/v1/READ",
        "/passthrough/lab/V1/read",
        "/passthrough/LAB/v1/read",
        "/passthrough/lab/v1/read%00",
        "/passthrough/lab/v1/read%20",
        "/passthrough/lab/v1/read\\",
        "/passthrough/lab/v1\\read",
        "/passthrough/lab/v1/read%3Fx=1",
        "/passthrough/lab/v1/chat/completions",
        "/passthrough/lab/v1/models",
        "/passthrough/lab/http://elsewhere.test/v1/read",
        "/passthrough/http://elsewhere.test/v1/read",
        "/passthrough/lab@elsewhere.test/v1/read",
        "/passthrough/lab",
        "/passthrough/lab/",
        "/passthrough/",
        "/passthrough/nobody/v1/read",
        "/passthrough/other/v1/read",
        "/passthrough/lab/v1/models/%2e%2e:predict",
        "/passthrough/lab/v1/models/a%2f..%2fb:predict",
        "/passthrough/lab/v1/models/a%252fb:predict",
        "/passthrough/lab/v1/models/a%0d%0ax:predict",
        "/passthrough/lab/v1/models/%C3%A9:predict",
        "/passthrough/lab/v1/models/a/b:predict",
        "/passthrough/lab/v1/models/a%2Fb:predict",
        "/passthrough/lab/v1/models/:predict",
    ],
)
def test_a_path_that_is_not_listed_letter_by_letter_leads_nowhere(path: str) -> None:
    tenants = lab()
    said = asked(tenants, "POST", path, {"model": "big"})

    assert (said.status, code(said)) == (404, "unknown_endpoint")
    assert tenants.upstream.sent == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_another_line(method: str) -> None:
    assert code(asked(lab(), method, "/passthrough/lab/v1/read", {"model": "big"})) == "unknown_endpoint"


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("/.%2eEfF;?&=#\\:@aA{}v1 \t\r\n\0é"), max_size=24))
def test_whatever_is_asked_only_listed_paths_reach_a_provider(rest: str) -> None:
    """Whatever a path holds, what is sent is one request line, of a listed path."""
    tenants = lab()
    asked(tenants, "POST", f"/passthrough/lab/v1/{rest}", {"model": "big"})

    for request in tenants.upstream.sent:
        verb, target, version = line(request).split(" ")
        assert (verb, version) == ("POST", "HTTP/1.1")
        assert any(passage.match(verb, target.partition("?")[0]) for passage in tenants.snapshot.passthrough["lab"].passages)


def test_what_stands_for_a_placeholder_is_written_anew() -> None:
    tenants = lab()
    asked(tenants, "POST", "/passthrough/lab/v1/models/big%402~x:predict", {})

    assert line(tenants.upstream.sent[0]) == "POST /v1/models/big%402~x:predict HTTP/1.1"


def test_a_path_below_a_base_url_of_ones_own() -> None:
    tenants = Tenants(LAB.replace("http://lab.test/v1", "http://lab.test/deep/v1"), lambda _: Script.json({}))
    asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big"})

    assert line(tenants.upstream.sent[0]) == "POST /deep/v1/read HTTP/1.1"


# ── queries, headers, bodies ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query",
    [
        *("key=sk-1", "api_key=sk-1", "Language=de", "languag%65%20=de", "language[]=de", "language;include=x", "#x"),
        *("language=de&key=sk-1", "language=de;key=sk-1", "?language=de", "=x", "language=%FF", "&".join(["language=x"] * 51)),
    ],
)
def test_a_parameter_that_is_not_listed_is_refused(query: str) -> None:
    tenants = lab()
    said = asked(tenants, "POST", f"/passthrough/lab/v1/listen?{query}", {})

    if query == "language=de;key=sk-1":  # all of it is the value, and is sent as that
        assert line(tenants.upstream.sent[0]) == "POST /v1/listen?language=de%3Bkey%3Dsk-1 HTTP/1.1"
    else:
        assert (said.status, code(said)) == (400, "invalid_request")
        assert tenants.upstream.sent == []


def test_parameters_that_are_listed_travel_on_behind_what_the_line_itself_says() -> None:
    tenants = lab()
    each_asked(
        tenants,
        ("/passthrough/lab/v1/listen?language=d+e%26x&include=a&include=b", {}),
        ("/passthrough/lab/v1/fixed?verbose=1", {}),
    )

    assert [line(request) for request in tenants.upstream.sent] == [
        "POST /v1/listen?language=d+e%26x&include=a&include=b HTTP/1.1",
        "POST /v1/fixed?version=2&verbose=1 HTTP/1.1",
    ]


def test_what_a_line_fixes_of_a_query_cannot_be_said_otherwise() -> None:
    assert code(asked(lab(), "POST", "/passthrough/lab/v1/fixed?version=1", {})) == "invalid_request"


def test_no_header_of_the_client_travels_on_but_those_that_are_listed() -> None:
    tenants = lab()
    asked(
        tenants,
        "POST",
        "/passthrough/lab/v1/listen",
        {},
        x_api_key="k",
        api_key="k",
        cookie="c=1",
        host="evil.test",
        connection="x-lab",
        te="trailers",
        x_lab="7",
        accept="audio/mpeg",
        openai_organization="org-2",
        x_forwarded_for="1.2.3.4",
        transfer_encoding="chunked",
        idempotency_key="same",
        user_agent="curl",
        x_headworks_tags="a=b",
    )
    sent = headers_of(tenants.upstream.sent[0])

    assert sent == {
        "host": "lab.test",
        "accept-encoding": "identity",
        "user-agent": "headworks/1.2.3",
        "authorization": "Bearer hw-nightly",
        "content-type": "application/json",
        "accept": "audio/mpeg",
        "x-lab": "7",
        "x-request-id": sent["x-request-id"],
        "content-length": "2",
    }


def test_no_header_of_the_provider_comes_back_but_what_the_body_is() -> None:
    told = {
        "content-type": "audio/mpeg",
        "content-disposition": "attachment",
        "set-cookie": "a=b",
        "x-ratelimit-limit": "9",
        "location": "/x",
    }
    script = Script(headers=tuple((name.encode(), value.encode()) for name, value in told.items()), pieces=(b"\xff\x00",))
    said = asked(lab(script), "POST", "/passthrough/lab/v1/listen", {})

    ours = {name: value for name, value in said.headers.items() if not name.startswith(b"x-headworks-")}
    assert ours == {b"content-type": b"audio/mpeg", b"content-disposition": b"attachment"}
    assert said.body == b"\xff\x00"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *(("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("audio/wav", 200), ("AUDIO/WAV; rate=1", 200)),
        *(
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/json, audio/wav", 415),
            ("audio/*", 415),
        ),
    ],
)
def test_a_body_is_what_the_line_takes(kind: str, status: int) -> None:
    assert asked(lab(), "POST", "/passthrough/lab/v1/listen", b"{}", content_type=kind).status == status


def test_a_body_that_is_not_json_travels_untouched() -> None:
    tenants = lab()
    asked(tenants, "POST", "/passthrough/lab/v1/listen", b"RIFF\x00\xff", content_type="audio/wav; rate=16000")

    assert tenants.upstream.sent[0].body == b"RIFF\x00\xff"
    assert headers_of(tenants.upstream.sent[0])["content-type"] == "audio/wav; rate=16000"


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"a":1}{}', b'"x"', b"\xff", b'{"stream":1,"stream":2}', b'{"Model":"big"}'])
def test_what_is_said_to_be_json_is_one_plain_object(body: bytes) -> None:
    assert asked(lab(), "POST", "/passthrough/lab/v1/listen", body).status == 400


def test_unknown_fields_keep_their_bytes() -> None:
    tenants = lab()
    body = b'{"model":"big","new":{"float":1.10,"big":123456789012345678901234567890,"text":"\\u00e9"},"list":[ 1,  2]}'
    asked(tenants, "POST", "/passthrough/lab/v1/read", body)

    assert tenants.upstream.sent[0].body == body


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        ({"features": ()}, "feature_not_allowed"),
        ({"features": ("files", "store")}, "feature_not_allowed"),
        ({"endpoints": ("chat",)}, "endpoint_not_allowed"),
        ({"endpoints": ("passthrough",)}, ""),
        ({"providers": ("other",)}, "model_not_allowed"),
        ({"providers": ("lab",)}, ""),
        ({"regions": ("eu",)}, "model_not_allowed"),
        ({"allows_all": False, "models": ("smart",)}, "model_not_allowed"),
        ({"allows_all": False, "models": ("passthrough/other",)}, "model_not_allowed"),
        ({"allows_all": False, "models": ("smart", "passthrough/lab")}, ""),
        ({"allows_all": False, "models": ("passthrough/*",)}, ""),
        ({"levels": (("*",), ("smart",))}, "model_not_allowed"),
    ],
)
def test_who_may_be_passed_through_without_a_model(principal: dict[str, Any], refusal: str) -> None:
    tenants = lab(**principal)
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", {})

    assert (said.status, refusal and code(said)) == ((403, refusal) if refusal else (200, ""))
    assert len(tenants.upstream.sent) == (not refusal)


@pytest.mark.parametrize(
    ("models", "named", "sent"),
    [
        (("smart",), "smart", "big"),
        (("smart",), "big", "big"),
        (("smart",), "small", ""),
        (("smart",), "huge", ""),
        (("wide",), "wide", "small"),
        (("wide",), "small", "small"),
        (("wide",), "big", ""),
        (("any/*",), "huge", ""),
        (("lab/*",), "huge", "huge"),
        (("lab/huge",), "huge", "huge"),
        (("lab/huge",), "huger", ""),
        (("huge",), "huge", ""),  # another's of that name it may be: this provider's it is not
        (("passthrough/lab",), "big", ""),
        (("*",), "whatever", "whatever"),
    ],
)
def test_a_model_is_reached_by_who_may_use_it_there(models: tuple[str, ...], named: str, sent: str) -> None:
    tenants = lab(allows_all=False, models=models)
    said, in_path = each_asked(
        tenants,
        ("/passthrough/lab/v1/read", {"model": named, "max_tokens": 5}),
        (f"/passthrough/lab/v1/models/{named.partition('/')[2] or named}:predict", {}),
    )

    if not sent:
        assert (said.status, code(said), code(in_path)) == (403, "model_not_allowed", "model_not_allowed")
        assert tenants.upstream.sent == []
    else:
        assert msgspec.json.decode(body_of(tenants.upstream.sent[0]))["model"] == sent
        assert line(tenants.upstream.sent[1]) == f"POST /v1/models/{sent}:predict HTTP/1.1"


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"big","model":"huge"}',
        b'{"model":"big","MODEL":"huge"}',
        b'{"model":"big","\\u006dodel":"huge"}',
        b'{"model":["huge"]}',
        b'{"model":"big","models":["huge"]}',
        b'{"model":"big","fallbacks":["huge"]}',
        b'{"model":"big","route":"fallback"}',
        b'{"model":null}',
        b"{}",
    ],
)
def test_no_other_model_hides_beside_the_one_that_is_named(body: bytes) -> None:
    tenants = lab(allows_all=False, models=("smart",))
    assert asked(tenants, "POST", "/passthrough/lab/v1/read", body).status in (400, 403)
    assert tenants.upstream.sent == []


def test_a_name_of_ones_own_may_hold_a_slash() -> None:
    tenants = lab(allows_all=False, models=("any/*",))
    asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "any/huge"})

    assert msgspec.json.decode(body_of(tenants.upstream.sent[0]))["model"] == "huge"


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ({"requests": [{"params": {"model": "huge"}}]}, False),
        ({"session": {"Model": "huge"}}, False),
        ({"steps": [[{"model": "big"}, {"model": "smart"}]]}, True),
        ({"schema": {"properties": {"model": {"type": "string"}}}, "note": "model: huge"}, True),
    ],
)
def test_models_that_are_named_deeper_are_those_that_the_caller_may_use(body: dict[str, Any], passes: bool) -> None:  # noqa: FBT001 - a test's parameter
    tenants = lab(allows_all=False, models=("smart", "passthrough/lab"))
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", body)

    assert (said.status == 200) is passes
    assert passes or code(said) == "model_not_allowed"
    assert asked(lab(), "POST", "/passthrough/lab/v1/listen", body).status == 200


def test_a_path_and_a_body_name_one_model() -> None:
    said = asked(lab(), "POST", "/passthrough/lab/v1/models/big:predict", {"model": "huge"})
    assert (said.status, code(said)) == (400, "invalid_request")


def test_a_refusal_tells_what_is_listed_to_who_may_ask_there() -> None:
    known = asked(lab(), "POST", "/passthrough/lab/v1/x", {}).json["error"]["message"]
    stranger = asked(lab(providers=("other",)), "POST", "/passthrough/lab/v1/x", {}).json["error"]["message"]

    assert "POST /v1/listen" in known
    assert "POST /v1/listen" not in stranger


def test_what_is_shared_is_everybodys_by_its_own_id() -> None:
    tenants = lab(Script.json({"id": "alloy", "file_id": "file-1"}))
    said = asked(tenants, "GET", "/passthrough/lab/v1/voices/alloy")

    assert line(tenants.upstream.sent[0]) == "GET /v1/voices/alloy HTTP/1.1"
    assert said.json == {"id": "alloy", "file_id": "file-1"}
