"""Identity providers of administrators: what would make owners of strangers is refused at once."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from headworks.domain.administration import Role
from headworks.domain.config.oidc import RoleName
from headworks.wiring.config_file import ConfigRefused
from tests.config.compiling import compiled

BASE = "models: {smart: openai/gpt-4o}\nkeys: {a: {key: hw-a}}\n"
ISSUER = "https://login.example.com"
GOOD: dict[str, object] = {
    "issuer": ISSUER,
    "client_id": "console",
    "client_secret": "${CLIENT_SECRET}",
    "roles": {"map": {"admins": "owner", "finance": {"role": "billing", "party": "org_1"}}},
}
SECRET = {"CLIENT_SECRET": "of-the-client"}


def written(name: str = "corporate", more: str = "", **changes: object) -> str:
    rule = {field: value for field, value in {**GOOD, **changes}.items() if value is not None}
    return BASE + f"identity: {{oidc: {{{name}: {rule!r}}}{more}}}\n"


def test_a_provider_with_roles_on_parties_is_good() -> None:
    oidc = compiled(written(), SECRET).config.identity.oidc

    assert oidc["corporate"].roles.map["admins"] == "owner"


def test_every_role_can_be_mapped() -> None:
    assert set(get_args(RoleName)) == set(Role)


def test_the_clients_secret_is_in_the_revision_and_not_in_the_words() -> None:
    one, other = (compiled(written(), {"CLIENT_SECRET": secret}).snapshot.revision for secret in ("one", "another"))

    assert one != other


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"issuer": "http://login.example.com"}, "https"),
        ({"issuer": "https://[login"}, "https"),
        ({"client_id": None}, "lets nobody in"),
        ({"audience": "console"}, "for something else"),
        ({"scopes": ["email"]}, "openid"),
        ({"client_secret": "secret:oidc"}, "file:/path"),
        ({"algorithms": []}, "algorithm"),
        ({"algorithms": ["HS256"]}, "HS256"),
        ({"leeway": 3600}, "leeway"),
        ({"roles": {}, "provision": True}, "gives a role"),
        ({"roles": {}, "audience": "headworks-admin"}, "gives a role"),
        ({"roles": {"claim": "", "map": {"admins": "owner"}}}, "No claim"),
        ({"roles": {"map": {"admins": "ownr"}}}, "ownr"),
        ({"roles": {"map": {"admins": {"role": "owner", "party": "acme"}}}}, "nowhere"),
        ({"name": "corp/../x"}, "no name"),
    ],
)
def test_what_would_let_in_the_wrong_people_is_refused(changes: dict[str, Any], word: str) -> None:
    name = str(changes.pop("name", "corporate"))

    with pytest.raises(ConfigRefused, match=word):
        compiled(written(f"'{name}'", **changes), SECRET)


def test_tokens_for_models_do_not_administer() -> None:
    """An issuer may serve both: then its tokens say by their audience which door they are for."""
    callers = f", issuers: {{x: {{issuer: '{ISSUER}', audience: headworks, organisation: org_1}}}}"

    with pytest.raises(ConfigRefused, match="for something else"):
        compiled(written(more=callers, audience="headworks"), SECRET)
    assert compiled(written(more=callers, audience="headworks-admin"), SECRET)


def test_an_issuer_has_one_entry() -> None:
    """A subject is found by its issuer: two sets of roles for it would take turns."""
    with pytest.raises(ConfigRefused, match="another entry"):
        compiled(BASE + f"identity: {{oidc: {{one: {GOOD!r}, two: {GOOD!r}}}}}\n", SECRET)


def test_an_audience_is_compared_with_what_a_reference_leads_to() -> None:
    with pytest.raises(ConfigRefused, match="for something else"):
        compiled(written(client_id="${CLIENT}", audience="console"), {**SECRET, "CLIENT": "console"})
    callers = ", issuers: {x: {issuer: '${CALLERS}', audience: headworks, organisation: org_1}}"
    with pytest.raises(ConfigRefused, match="for something else"):
        compiled(written(more=callers, audience="headworks"), {**SECRET, "CALLERS": ISSUER})


def test_passwords_are_turned_off_only_where_there_is_another_way_in() -> None:
    with pytest.raises(ConfigRefused, match="nobody could sign in"):
        compiled(BASE + "identity: {passwords: founder}\n")
    assert compiled(written(more=", passwords: founder"), SECRET)


@pytest.mark.parametrize("url", ["http://headworks.example.com", "headworks", "https://example.com/console", "https://a@b.c"])
def test_browsers_are_sent_back_only_to_the_control_plane_itself(url: str) -> None:
    with pytest.raises(ConfigRefused, match="no address for browsers"):
        compiled(BASE + f"control: {{url: '{url}'}}\n")
