"""The control process works out the ways in by itself, also from a document that was changed since the gateway looked at it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headworks.control.admin.entrance import Entrance
from headworks.domain.administration import Role, RoleAt
from headworks.domain.config import Config, IdentityRule, MappedRole, OidcRule, RolesRule
from headworks.domain.snapshot import ControlSettings
from headworks.ports.records import Missing
from headworks.testing.clock import FrozenClock
from headworks.wiring.entrance import Surroundings, entrance_of

LISTENING = "http://127.0.0.1:4456"
GOOD = OidcRule(
    issuer="https://login.example.com",
    client_id="${CLIENT}",
    client_secret="file:secret",
    roles=RolesRule(map={"admins": "owner", "both": (MappedRole(role="billing", party="org_1"), MappedRole(role="auditor"))}),
)


def opened(folder: Path, rule: OidcRule, *, url: str = "") -> tuple[Entrance, list[str]]:
    """The entrance, and what was said."""
    (folder / "secret").write_text("of the client\n")
    said: list[str] = []
    config = Config(control=ControlSettings(url=url), identity=IdentityRule(oidc={"corporate": rule}, passwords="founder"))
    here = Surroundings(base=folder, environment={"CLIENT": "console"}, address=LISTENING, clock=FrozenClock())
    return entrance_of(config, here, said.append), said


def test_references_are_followed_and_roles_are_spread_out(tmp_path: Path) -> None:
    entrance, said = opened(tmp_path, GOOD)

    provider = entrance.party("corporate").provider
    assert (provider.client_id, provider.client_secret, provider.title) == ("console", "of the client", "corporate")
    assert provider.roles.given == {
        "admins": (RoleAt(Role.OWNER),),
        "both": (RoleAt(Role.BILLING, "org_1"), RoleAt(Role.AUDITOR)),
    }
    assert "of the client" not in repr(entrance)
    assert (entrance.passwords, said) == ("founder", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://login.example.com"},
        {"audience": "console"},
        {"client_secret": "${UNSET}"},
        {"client_secret": "file:gone"},
    ],
)
def test_a_provider_that_is_not_as_it_should_be_lets_nobody_in_and_is_told_of(tmp_path: Path, changes: dict[str, str]) -> None:
    entrance, (said,) = opened(tmp_path, msgspec.structs.replace(GOOD, **changes))

    with pytest.raises(Missing):
        entrance.party("corporate")
    assert "identity.oidc.corporate" in said
    assert "nobody signs in through it" in said


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("", LISTENING),
        ("https://headworks.example.com/", "https://headworks.example.com"),
        ("http://evil.example.com", LISTENING),
    ],
)
def test_browsers_are_sent_back_to_where_the_configuration_says(tmp_path: Path, url: str, begins: str) -> None:
    entrance, _ = opened(tmp_path, GOOD, url=url)

    assert entrance.redirect("corporate") == f"{begins}/admin/v1/login/corporate/callback"
