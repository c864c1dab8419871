"""Our side of signing in through an OpenID provider: the authorisation code flow with PKCE, and access tokens for the admin API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from headworks.domain.administration import Identity, IdentityProvider, RoleAt
from headworks.domain.errors import Fault
from headworks.identity.claims import claimed
from headworks.identity.discovery import PublishedProvider, Unreadable, discovered
from headworks.identity.jwt import Claims, refused, stated
from headworks.identity.resolved import Fetch
from headworks.ports.clock import Clock

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""POST of a body with headers → status and answer. Follows no redirect, bounds size and time; raises `OSError`."""
_GOOD = 200
_PAUSE = 5.0
"""Seconds until a provider is asked again that could not be reached: who keeps trying must not hold up everybody else."""
_MOST_GROUPS = 1_000
_LONGEST_NAME = 128
_FORM = "application/x-www-form-urlencoded"


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What one sign-in is bound to. All of it is ours; the provider sees the verifier's hash until it is shown the code."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    """Where the provider sends the browser back to, to the letter as it is registered there."""


class _Tokens(msgspec.Struct):
    id_token: str


class RelyingParty:
    """One per provider and process."""

    def __init__(self, provider: IdentityProvider, fetch: Fetch, post: Post, clock: Clock) -> None:
        from headworks.identity.jwks import IssuerKeys  # noqa: PLC0415 - joserfc weighs 10 MB, and most trust no provider

        self.provider = provider
        self._fetch = fetch
        self._post = post
        self._clock = clock
        self._keys = IssuerKeys(provider.issuer, fetch, clock, lambda: None)
        self._published: PublishedProvider | None = None
        self._read_at = self._failed_at = -inf
        self._reading = asyncio.Lock()

    async def address(self, flow: Flow) -> str:
        """Where a browser is sent to sign in. Raises `Fault` `identity_unavailable`."""
        endpoint = (await self._document()).authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": flow.redirect,
            "scope": " ".join(self.provider.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    async def check_sender(self, iss: str | None) -> None:
        """Raise where the answer is another provider's (RFC 9207): one that is bad must not be given codes of one that is good."""
        missing = iss is None and (await self._document()).authorization_response_iss_parameter_supported
        if missing or iss not in {None, self.provider.issuer.issuer}:
            raise refused("The answer does not come from the provider that was asked.")

    async def redeem(self, code: str, flow: Flow) -> Claims:
        """The claims of the ID token that a code is good for. Raises `Fault`."""
        token = (await self._bought(code, flow)).encode()
        claims = await self._proved(token, self.provider.client_id)
        azp = claims.get("azp", self.provider.client_id)
        if azp != self.provider.client_id or (
            isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims
        ):
            raise refused("It was made for another client.")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), flow.nonce.encode()):
            raise refused("It answers another sign-in.")
        return claims

    async def claims_of(self, token: bytes) -> Claims:
        """Those of an access token that is made for the admin API. Raises `Fault`."""
        if not self.provider.audience:
            raise refused("Tokens of its issuer do not open the admin API.")
        return await self._proved(token, self.provider.audience)

    def identity_of(self, claims: Claims) -> Identity:
        """Whom they speak of. Raises `Fault`."""
        subjects = claimed(claims, "sub")
        if len(subjects) != 1:
            raise refused("It says nothing of whom it speaks for.")
        return Identity(self.provider.issuer.issuer, subjects[0])

    def name_of(self, claims: Claims) -> str:
        """What they are called; by their subject, where the claim for it is not there. An address that nobody has confirmed is nobody's."""
        named = (
            ()
            if claims.get("email_verified") is False and self.provider.person == "email"
            else claimed(claims, self.provider.person)
        )
        return _printable((named or claimed(claims, "sub"))[0])

    def roles_of(self, claims: Claims) -> tuple[RoleAt, ...]:
        """All roles that follow, each once."""
        values = claimed(claims, self.provider.roles.claim, most=_MOST_GROUPS)
        given = (role for value in values for role in self.provider.roles.given.get(value, ()))
        return tuple(dict.fromkeys(given))

    async def _proved(self, token: bytes, audience: str) -> Claims:
        issuer = self.provider.issuer
        said = stated(token)
        if said.issuer != issuer.issuer or said.algorithm not in issuer.algorithms:
            raise refused("Its issuer or its algorithm is not the configured one.")
        return await self._keys.prove(token, said, msgspec.structs.replace(issuer, audience=(audience,)))

    async def _bought(self, code: str, flow: Flow) -> str:
        document = await self._document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect,
            "client_id": self.provider.client_id,
            "code_verifier": flow.verifier,
        }
        headers = {"content-type": _FORM, "accept": "application/json"}
        if self.provider.client_secret and "client_secret_basic" in document.token_endpoint_auth_methods_supported:
            headers["authorization"] = _basic(self.provider.client_id, self.provider.client_secret)
        elif self.provider.client_secret:
            form["client_secret"] = self.provider.client_secret
        try:
            status, answer = await self._post(document.token_endpoint, headers, urlencode(form).encode())
        except OSError as trouble:
            raise self._unavailable(trouble) from None
        if status != _GOOD:
            raise refused("Its issuer did not take the code.")
        try:
            return msgspec.json.decode(answer, type=_Tokens).id_token
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise refused("Its issuer gave no ID token for the code.") from None

    async def _document(self) -> PublishedProvider:
        """Read anew once in a while, by one caller for all; after a failure not again at once, whoever asks."""
        async with self._reading:
            published, now = self._published, self._clock.now()
            if published is not None and now - self._read_at < self.provider.issuer.max_age:
                return published
            if now - self._failed_at < _PAUSE:
                raise self._unavailable("a moment ago")
            try:
                published = await discovered(self.provider.issuer, self._fetch, PublishedProvider)
            except (OSError, msgspec.DecodeError, UnicodeDecodeError, Unreadable) as trouble:
                self._failed_at = now
                raise self._unavailable(trouble) from None
            self._published, self._read_at = published, now
            return published

    def _unavailable(self, trouble: object) -> Fault:
        return Fault("identity_unavailable", detail=f"the identity provider {self.provider.name} did not answer ({trouble})")


def challenge_of(verifier: str) -> str:
    """What a verifier is known by before it is shown (RFC 7636, S256)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _basic(client: str, secret: str) -> str:
    """Each part encoded by itself, as RFC 6749 has it."""
    return "Basic " + b64encode(f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()).decode()


def _printable(name: str) -> str:
    """As names of administrators may be: one line, no slash."""
    return "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in name)[:_LONGEST_NAME]
