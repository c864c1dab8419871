"""Tokens of other issuers: which are believed, and what they can reach."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from joserfc.jwk import OctKey, OKPKey

from headworks.domain.errors import Fault
from headworks.domain.issuer import ClaimNames, Issuer
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, PartyKind
from tests.identity.house import House, snapshot, turns
from tests.identity.issuers import URL, FakeIssuer, elliptic, rsa, signed, trusted
from tests.identity.records import below, organisation


class Tokens:
    """A house that trusts one issuer. Two organisations each have a team «research»."""

    def __init__(self, issuer: FakeIssuer | None = None, rule: Issuer | None = None) -> None:
        self.issuer = issuer or FakeIssuer()
        self.house = House(fetch=self.issuer.fetch)
        self.clock, self.records = self.house.clock, self.house.records
        self.team = self.records.put_party(below(self.house.org, PartyKind.TEAM, "research"))
        other = self.records.put_party(organisation("globex"))
        self.records.put_party(below(other, PartyKind.TEAM, "research"))
        self.records.put_party(below(other, PartyKind.TEAM, "secret"))
        self.trust(rule or trusted(claims=ClaimNames(team="team")))

    def trust(self, rule: Issuer, revision: str = "r1") -> None:
        self.house.snapshot = snapshot(issuers={rule.issuer: rule}, revision=revision)

    @property
    def wall(self) -> float:
        return self.clock.wall_ns() / 1e9

    def token(self, kid: str | None = "k1", **changes: Any) -> bytes:
        return self.issuer.token(self.wall, kid, **changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        return {"iss": URL, "aud": "headworks", "sub": "a", "exp": int(self.wall) + 300, "team": "research", **changes}

    async def find(self, token: bytes) -> Principal | None:
        return await self.house.find(token)

    async def refusal(self, token: bytes) -> str:
        with pytest.raises(Fault) as refusal:
            await self.find(token)
        assert (refusal.value.code, refusal.value.status) == ("invalid_api_key", 401)
        assert token.split(b".")[-1].decode(
            errors="replace"
        ) not in f"{refusal.value!r}{refusal.value.detail}" or token.endswith(b".")
        why = refusal.value.detail.removeprefix("token: ")
        assert why in refusal.value.message, "its operator finds why, too"
        return refusal.value.message


def run(act: Callable[[Tokens], Awaitable[None]], issuer: FakeIssuer | None = None, rule: Issuer | None = None) -> None:
    async def whole() -> None:
        tokens = Tokens(issuer, rule)
        await tokens.house.directory.feed.look()
        await act(tokens)

    asyncio.run(asyncio.wait_for(whole(), 20))


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> bytes:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


# what is accepted


def test_a_good_token_speaks_for_whom_it_names_below_its_team() -> None:
    async def act(tokens: Tokens) -> None:
        holder = await tokens.find(tokens.token())

        assert holder is not None
        assert (holder.organisation, holder.team) == ("org_acme", tokens.team.id)
        assert holder.id.startswith("jwt:login:")
        assert "alice" not in repr(holder)
        assert holder.expires_at == (int(tokens.wall) + 330) * 10**9

    run(act)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"])
def test_each_kind_of_key_pair_will_do(algorithm: str) -> None:
    keys = {"RS": rsa(), "PS": rsa(), "ES": elliptic(), "Ed": OKPKey.generate_key("Ed25519", private=True)}
    key = keys[algorithm[:2]]

    async def act(tokens: Tokens) -> None:
        assert await tokens.find(signed(tokens.claims(), key, "k1", algorithm)) is not None

    run(act, FakeIssuer(k1=key), trusted(algorithms=(algorithm,)))


def test_a_token_without_key_id_is_proved_by_the_only_key() -> None:
    async def act(tokens: Tokens) -> None:
        assert await tokens.find(tokens.token(None)) is not None

    run(act)


def test_one_of_several_audiences_is_enough() -> None:
    async def act(tokens: Tokens) -> None:
        assert await tokens.find(tokens.token(aud=["other", "headworks"])) is not None

    run(act)


def test_a_service_with_client_credentials_is_one_more_subject() -> None:
    async def act(tokens: Tokens) -> None:
        one = await tokens.find(tokens.token(sub="service-a"))
        other = await tokens.find(tokens.token(sub="service-b"))

        assert one is not None
        assert other is not None
        assert one.id != other.id

    run(act)


def test_the_same_subject_of_two_issuers_is_two_principals() -> None:
    async def act(tokens: Tokens) -> None:
        one = await tokens.find(tokens.token())
        tokens.trust(trusted(name="other", claims=ClaimNames(team="team")), "r2")
        other = await tokens.find(tokens.token())

        assert one is not None
        assert other is not None
        assert one.id != other.id

    run(act)


# what is refused


def test_a_signature_of_somebody_else_is_refused() -> None:
    async def act(tokens: Tokens) -> None:
        assert "signature" in await tokens.refusal(signed(tokens.claims(), elliptic(1), "k1"))
        good = tokens.token()
        head, _, signature = good.split(b".")
        body = base64.urlsafe_b64encode(json.dumps(tokens.claims(sub="mallory")).encode()).rstrip(b"=")
        assert "signature" in await tokens.refusal(b".".join((head, body, signature)))

    run(act)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"iss": "https://evil.example.com"}, "issuer"),
        ({"iss": URL + "/"}, "issuer"),
        ({"aud": "somebody-else"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": []}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": 1}, "expired"),
        ({"nbf": 4_000_000_000}, "nbf"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"sub": None}, "whom"),
        ({"sub": ""}, "whom"),
        ({"sub": 7}, "sub"),
        ({"team": None}, "team"),
        ({"team": "nobody"}, "team"),
        ({"team": {"name": "research"}}, "team"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused_by_name(changes: dict[str, Any], word: str) -> None:
    async def act(tokens: Tokens) -> None:
        assert word in await tokens.refusal(tokens.token(**changes))

    run(act)


def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    async def act(tokens: Tokens) -> None:
        now = int(tokens.wall)
        assert await tokens.find(tokens.token(exp=now - 29)) is not None
        assert "expired" in await tokens.refusal(tokens.token(exp=now - 31))
        assert await tokens.find(tokens.token(nbf=now + 29)) is not None
        assert "nbf" in await tokens.refusal(tokens.token(nbf=now + 31))

    run(act)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256"])
def test_a_token_that_nobody_signed_is_refused(algorithm: str) -> None:
    async def act(tokens: Tokens) -> None:
        assert "algorithm" in await tokens.refusal(unsigned({"alg": algorithm, "kid": "k1"}, tokens.claims()))

    run(act)


def test_the_public_key_does_not_serve_as_a_shared_secret() -> None:
    """Algorithm confusion: HS256 with what everybody can download."""

    async def act(tokens: Tokens) -> None:
        public = rsa()
        for secret in (public.as_pem(private=False), public.as_bytes(), json.dumps(public.as_dict(private=False)).encode()):
            head, body, _ = unsigned({"alg": "HS256", "kid": "k1"}, tokens.claims()).split(b".")
            mac = base64.urlsafe_b64encode(hmac.digest(secret, head + b"." + body, "sha256")).rstrip(b"=")
            assert "algorithm" in await tokens.refusal(b".".join((head, body, mac)))

    run(act, FakeIssuer(k1=rsa()), trusted(algorithms=("RS256", "ES256")))


def test_a_published_secret_proves_nothing() -> None:
    """A symmetric key in a key set, by mistake or by malice, is passed over."""

    async def act(tokens: Tokens) -> None:
        secret = OctKey.generate_key(256)
        tokens.issuer.extra.append({**secret.as_dict(private=True), "kid": "s"})
        assert await tokens.refusal(signed(tokens.claims(), secret, "s", "HS256"))

    run(act)


def test_an_algorithm_that_is_not_pinned_is_refused_though_the_key_would_do() -> None:
    async def act(tokens: Tokens) -> None:
        assert "algorithm" in await tokens.refusal(signed(tokens.claims(), rsa(), "k1", "RS512"))

    run(act, FakeIssuer(k1=rsa()))


def test_a_key_published_for_another_use_or_algorithm_proves_nothing() -> None:
    async def act(tokens: Tokens) -> None:
        del tokens.issuer.keys["k1"]
        public = rsa().as_dict(private=False)
        tokens.issuer.extra += [
            {**public, "kid": "enc", "use": "enc"},
            {**public, "kid": "ops", "key_ops": ["encrypt"]},
            {**public, "kid": "alg", "alg": "RS512"},
        ]
        for kid in ("enc", "ops", "alg"):
            assert "no key" in await tokens.refusal(signed(tokens.claims(), rsa(), kid, "RS256"))
            tokens.clock.advance(6)

    run(act)


def test_a_weak_key_proves_nothing() -> None:
    async def act(tokens: Tokens) -> None:
        assert "no key" in await tokens.refusal(unsigned({"alg": "RS256", "kid": "weak"}, tokens.claims(), b"x" * 128))

    issuer = FakeIssuer()
    issuer.extra.append(
        {"kty": "RSA", "kid": "weak", "n": base64.urlsafe_b64encode(b"\xc5" * 128).decode().rstrip("="), "e": "AQAB"}
    )
    run(act, issuer)


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../etc/passwd",
        "https://evil.example.com/keys",
        "k1' OR '1'='1",
        "k1\u0000",
        "file:///dev/null",
        "x" * 3_000,
        "",
    ],
)
def test_a_key_id_is_only_ever_compared(kid: str) -> None:
    """It is part of no path, no address and no query."""

    async def act(tokens: Tokens) -> None:
        forged = unsigned({"alg": "ES256", "kid": kid, "jku": "https://evil.example.com/jwks"}, tokens.claims(), b"x" * 64)
        assert await tokens.refusal(forged)
        assert set(tokens.issuer.fetched) <= {f"{URL}/.well-known/openid-configuration", tokens.issuer.jwks_uri}

    run(act)


def test_keys_inside_the_token_are_not_used() -> None:
    async def act(tokens: Tokens) -> None:
        mine = elliptic(7)
        public = mine.as_dict(private=False)
        assert "signature" in await tokens.refusal(signed(tokens.claims(), mine, "k1", jwk=public))

    run(act)


def test_an_extension_that_must_be_understood_and_is_not_refuses_the_token() -> None:
    async def act(tokens: Tokens) -> None:
        head = {"alg": "ES256", "kid": "k1", "crit": ["exp"], "exp": 1}
        assert await tokens.refusal(unsigned(head, tokens.claims(), b"x" * 64))

    run(act)


@pytest.mark.parametrize(
    "token",
    [
        b"eyJ..",
        b"eyJ.e30.",
        b"eyJhbGciOiJFUzI1NiJ9.e30.x",
        b"eyJ" + b"a" * 20_000 + b".b.c",
        b"eyJhbGciOiJFUzI1NiJ9.\xff\xff.x",
        b"eyJ.\xc3.\xa4",
        b".".join((base64.urlsafe_b64encode(b'{"alg":"ES256","x":' + b"[" * 6_000), b"e30", b"x")),
        b".".join((b"eyJhbGciOiJFUzI1NiJ9", base64.urlsafe_b64encode(b'{"iss":"x","y":' + b"[" * 6_000), b"x")),
    ],
)
def test_what_is_no_token_is_refused_without_a_question(token: bytes) -> None:
    async def act(tokens: Tokens) -> None:
        assert await tokens.refusal(token)
        assert tokens.issuer.fetched == []
        assert tokens.records.asked == []

    run(act)


def test_an_encrypted_token_is_nobodys() -> None:
    async def act(tokens: Tokens) -> None:
        assert await tokens.find(b"eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d") is None

    run(act)


# whom it can reach


def test_a_team_of_another_organisation_is_out_of_reach() -> None:
    """By its name or by its id: the token belongs where its issuer is bound."""

    async def act(tokens: Tokens) -> None:
        assert "team" in await tokens.refusal(tokens.token(team="secret"))
        assert "team" in await tokens.refusal(tokens.token(team="team_globex_secret"))
        assert "team" in await tokens.refusal(tokens.token(team="org_globex"))

    run(act)


def test_a_team_of_the_same_name_elsewhere_changes_nothing() -> None:
    async def act(tokens: Tokens) -> None:
        holder = await tokens.find(tokens.token())
        assert holder is not None
        assert holder.team == tokens.team.id == "team_acme_research"

    run(act)


def test_a_team_may_be_named_by_its_id_and_one_of_several_groups_may_be_it() -> None:
    async def act(tokens: Tokens) -> None:
        for team in (tokens.team.id, ["everybody", "research"]):
            holder = await tokens.find(tokens.token(team=team))
            assert holder is not None
            assert holder.team == tokens.team.id
        tokens.records.put_party(below(tokens.house.org, PartyKind.TEAM, "sales"))
        assert "more than one" in await tokens.refusal(tokens.token(team=["sales", "research"]))

    run(act)


def test_a_claim_that_no_database_can_be_asked_for_asks_none() -> None:
    """PostgreSQL fails at a zero byte. Whoever can write it into a claim would have had the database taken for lost, by all callers."""

    async def act(tokens: Tokens) -> None:
        assert "team" in await tokens.refusal(tokens.token(team="research\0"))
        assert tokens.records.asked == []

    run(act)


def test_claims_lead_down_to_the_project_and_the_user() -> None:
    names = ClaimNames(team="org.team", project="project", user="email")

    async def act(tokens: Tokens) -> None:
        project = tokens.records.put_party(below(tokens.team, PartyKind.PROJECT, "p"))
        user = tokens.records.put_party(below(project, PartyKind.USER, "alice@example.com"))
        holder = await tokens.find(tokens.token(org={"team": "research"}, project="p", email="alice@example.com"))

        assert holder is not None
        assert (holder.project, holder.user) == (project.id, user.id)
        assert "user" in await tokens.refusal(tokens.token(org={"team": "research"}, project="p", email="bob"))

    run(act, rule=trusted(claims=names))


def test_without_claims_for_it_a_token_stands_at_its_organisation() -> None:
    async def act(tokens: Tokens) -> None:
        holder = await tokens.find(tokens.token(team="whatever"))
        assert holder is not None
        assert holder.lineage == ("org_acme", holder.id)

    run(act, rule=trusted())


def test_a_token_of_a_disabled_team_is_refused() -> None:
    async def act(tokens: Tokens) -> None:
        tokens.records.change_party(tokens.team.id, disabled=True)
        assert "disabled" in await tokens.refusal(tokens.token())

    run(act)


# what is remembered


def test_a_token_is_judged_once_a_minute() -> None:
    async def act(tokens: Tokens) -> None:
        token = tokens.token()
        first = await tokens.find(token)
        asked = len(tokens.records.asked)
        for _ in range(59):
            tokens.clock.advance(1)
            await tokens.house.directory.feed.look()
            assert tokens.house.directory.peek(token, tokens.house.snapshot) is first
        assert len(tokens.records.asked) == asked
        tokens.clock.advance(2)
        await tokens.house.directory.feed.look()
        assert tokens.house.directory.peek(token, tokens.house.snapshot) is None

    run(act)


def test_a_token_is_not_remembered_beyond_its_end() -> None:
    async def act(tokens: Tokens) -> None:
        token = tokens.token(exp=int(tokens.wall) + 5)
        await tokens.find(token)
        tokens.clock.advance(36)
        await tokens.house.directory.feed.look()
        assert tokens.house.directory.peek(token, tokens.house.snapshot) is None
        assert "expired" in await tokens.refusal(token)

    run(act)


def test_two_tokens_that_begin_alike_are_two() -> None:
    """A cache by the first characters would give one caller another's session."""

    async def act(tokens: Tokens) -> None:
        good = tokens.token()
        await tokens.find(good)
        assert tokens.house.directory.peek(good[:-4] + b"AAAA", tokens.house.snapshot) is None
        assert "signature" in await tokens.refusal(good[:-20] + b"A" * 20)

    run(act)


def test_an_issuer_that_is_no_longer_configured_is_no_longer_believed() -> None:
    async def act(tokens: Tokens) -> None:
        token = tokens.token()
        await tokens.find(token)
        tokens.house.snapshot = snapshot(revision="r2")

        assert tokens.house.directory.peek(token, tokens.house.snapshot) is None
        with pytest.raises(Fault, match="not known"):
            await tokens.find(token)

    run(act)


def test_who_was_refused_is_not_let_in_by_a_database_that_is_gone_a_moment_later() -> None:
    """Also where nothing is heard of changes: what was remembered before is worth nothing any more."""

    async def act(tokens: Tokens) -> None:
        issuers = tokens.house.snapshot.identity.issuers
        tokens.house.snapshot = snapshot(stale_for=30, issuers=issuers)
        token = tokens.token()
        assert await tokens.find(token) is not None
        tokens.clock.advance(1.5)
        tokens.records.change_party(tokens.team.id, disabled=True)
        assert "disabled" in await tokens.refusal(token)
        tokens.records.gone = True
        with pytest.raises(Fault, match="identity_unavailable"):
            await tokens.find(token)

    run(act)


def test_a_change_of_parties_makes_tokens_find_their_place_again() -> None:
    """A new team of that name, a renamed one, a narrowed organisation."""

    async def act(tokens: Tokens) -> None:
        token = tokens.token()
        await tokens.find(token)
        tokens.records.change_party(tokens.team.id, name="renamed")
        await tokens.house.look()
        assert "team" in await tokens.refusal(token)
        successor = tokens.records.put_party(below(tokens.house.org, PartyKind.TEAM, "research-2", Bounds(models=("o3",))))
        tokens.records.change_party(successor.id, name="research")
        await tokens.house.look()
        holder = await tokens.find(token)
        assert holder is not None
        assert holder.team == successor.id

    run(act)


def test_a_party_renamed_while_a_token_was_judged_is_not_missed() -> None:
    async def act(tokens: Tokens) -> None:
        token = tokens.token()
        await tokens.find(tokens.token(sub="warm"))
        tokens.records.read.clear()
        tokens.records.open.clear()
        asking = asyncio.create_task(tokens.find(token))
        await tokens.records.read.wait()
        await turns()
        tokens.records.change_party(tokens.team.id, name="renamed")
        await tokens.house.look()
        tokens.records.open.set()

        with pytest.raises(Fault, match="team"):
            await asking

    run(act)


# its keys


def test_a_new_key_is_read_when_the_first_token_names_it() -> None:
    async def act(tokens: Tokens) -> None:
        await tokens.find(tokens.token())
        tokens.clock.advance(10)
        tokens.issuer.keys["k2"] = elliptic(2)
        assert await tokens.find(tokens.token("k2")) is not None

    run(act)


def test_a_withdrawn_key_proves_nothing_once_the_rotation_was_seen() -> None:
    async def act(tokens: Tokens) -> None:
        old = tokens.token()
        await tokens.find(old)
        tokens.clock.advance(10)
        tokens.issuer.keys = {"k2": elliptic(2)}
        assert await tokens.find(tokens.token("k2")) is not None

        await tokens.house.directory.feed.look()
        assert tokens.house.directory.peek(old, tokens.house.snapshot) is None
        assert "no key" in await tokens.refusal(old)

    run(act)


def test_a_withdrawn_key_proves_nothing_after_its_maximum_age_whatever_comes() -> None:
    async def act(tokens: Tokens) -> None:
        await tokens.find(tokens.token())
        tokens.issuer.down = True
        tokens.clock.advance(1_900)
        await tokens.house.directory.feed.look()
        assert await tokens.find(tokens.token()) is not None, "half its age: it is read again beside, and in vain"
        await turns()
        tokens.clock.advance(1_800)
        with pytest.raises(Fault, match="identity_unavailable"):
            await tokens.find(tokens.token())
        tokens.issuer.down = False
        tokens.clock.advance(6)
        assert await tokens.find(tokens.token()) is not None

    run(act)


def test_invented_key_ids_do_not_make_us_a_nuisance_to_the_issuer() -> None:
    async def act(tokens: Tokens) -> None:
        await tokens.find(tokens.token())
        fetched = len(tokens.issuer.fetched)
        for number in range(100):
            tokens.clock.advance(0.1)
            await tokens.refusal(unsigned({"alg": "ES256", "kid": f"k{number}x"}, tokens.claims(), b"x" * 64))
        assert len(tokens.issuer.fetched) - fetched <= 2 * 3

    run(act)


def test_a_discovery_document_of_somebody_else_is_not_believed() -> None:
    async def act(tokens: Tokens) -> None:
        tokens.issuer.says_it_is = "https://evil.example.com"
        with pytest.raises(Fault, match="identity_unavailable") as refusal:
            await tokens.find(tokens.token())
        assert "somebody else's" in refusal.value.detail, "its operator learns why"

    run(act)


def test_keys_are_not_read_without_tls() -> None:
    async def act(tokens: Tokens) -> None:
        tokens.issuer.jwks_uri = "http://login.example.com/keys"
        with pytest.raises(Fault, match="identity_unavailable"):
            await tokens.find(tokens.token())
        assert tokens.issuer.jwks_uri not in tokens.issuer.fetched

    run(act)


def test_a_document_that_is_no_text_is_trouble_of_its_issuer() -> None:
    async def act(tokens: Tokens) -> None:
        tokens.issuer.garbled = True
        with pytest.raises(Fault, match="identity_unavailable"):
            await tokens.find(tokens.token())

    run(act)


def test_one_unreadable_key_does_not_take_the_others_away() -> None:
    async def act(tokens: Tokens) -> None:
        tokens.issuer.extra += [{"kty": "AKP", "kid": "future"}, {"kty": "EC", "kid": "broken"}, {"kid": 7}]
        assert await tokens.find(tokens.token()) is not None

    run(act)
