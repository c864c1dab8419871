"""Which proxy the customary variables prescribe, and what its URL says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.transport import proxy_for
from headworks.transport.proxy import parse_proxy

BOTH = {"https_proxy": "http://secure:1", "http_proxy": "http://plain:2", "no_proxy": ""}


@pytest.mark.parametrize(
    ("scheme", "environment", "expected"),
    [
        ("https", BOTH, "http://secure:1"),
        ("http", BOTH, "http://plain:2"),
        ("https", {"HTTPS_PROXY": "http://upper:1"}, "http://upper:1"),
        ("https", {"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1"}, "http://lower:1"),
        ("https", {"http_proxy": "http://plain:2"}, ""),
        ("https", {"all_proxy": "http://all:3"}, "http://all:3"),
        ("http", {"ALL_PROXY": "http://all:3", "http_proxy": "http://plain:2"}, "http://plain:2"),
        ("http", {"HTTP_PROXY": "http://plain:2"}, "http://plain:2"),
        ("http", {"HTTP_PROXY": "http://evil:2", "REQUEST_METHOD": "GET"}, ""),
        ("https", {}, ""),
        ("https", {"https_proxy": ""}, ""),
    ],
)
def test_the_variable_of_the_scheme_decides(scheme: str, environment: dict[str, str], expected: str) -> None:
    assert proxy_for(scheme, "api.example.com", 443, environment) == expected


@pytest.mark.parametrize(
    ("host", "exempt", "bypassed"),
    [
        ("api.example.com", "*", True),
        ("api.example.com", "example.com", True),
        ("api.example.com", ".example.com", True),
        ("api.example.com", "*.example.com", True),
        ("example.com", "example.com", True),
        ("example.com", ".example.com", True),
        ("API.Example.COM", "example.com", True),
        ("api.example.com.", "example.com", True),
        ("badexample.com", "example.com", False),
        ("api.example.com", "example.org, example.com", True),
        ("api.example.com", "example.org  example.com", True),
        ("api.example.com", "example.com:443", True),
        ("api.example.com", "example.com:8443", False),
        ("api.example.com", "", False),
        ("api.example.com", ".", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.3:80", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db8::1", "[2001:db8::1]:443", True),
        ("2001:db8::1", "[2001:db8::1]:80", False),
        ("api.example.com", "10.0.0.0/8", False),
        ("10.1.2.3", "example.com", False),
    ],
)
def test_exemptions(host: str, exempt: str, bypassed: bool) -> None:  # noqa: FBT001 - pytest's parameter
    environment = {"https_proxy": "http://proxy:1", "no_proxy": exempt}
    assert (proxy_for("https", host, 443, environment) == "") is bypassed


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_never_reached_through_a_proxy(host: str) -> None:
    assert proxy_for("http", host, 80, {"all_proxy": "http://proxy:1"}) == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_exemption_list_is_an_error(host: str, exempt: str) -> None:
    assert proxy_for("https", host, 443, {"https_proxy": "http://proxy:1", "no_proxy": exempt}) in {"", "http://proxy:1"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy", "http://proxy:80"),
        ("https://proxy", "https://proxy:443"),
        ("https://[::1]:8443/", "https://::1:8443"),
    ],
)
def test_the_url_of_a_proxy(url: str, expected: str) -> None:
    assert str(parse_proxy(url)) == expected


def test_user_and_password_are_read_and_never_shown() -> None:
    proxy = parse_proxy("http://us%40er:p%3Aw@proxy:3128")
    assert base64.b64decode(proxy.authorization.removeprefix(b"Basic ")) == b"us@er:p:w"
    assert repr(proxy) == "<ProxyAddress http://proxy:3128>"


@pytest.mark.parametrize(
    "url", ["socks5://u:secret@proxy:1080", "http://u:secret@:3128", "http://u:secret@proxy:99999", "http://[secret"]
)
def test_urls_that_can_not_be_used(url: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_proxy(url)
    assert caught.value.code == "proxy_failed"
    assert "secret" not in repr(caught.value)
