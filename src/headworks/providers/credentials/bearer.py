"""Tokens of RFC 6750 that change: a `domain.target.Signer`."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.errors import Fault


class Bearer:
    """Shows the token of now. `token` gives it, None while there is none."""

    def __init__(self, token: Callable[[], str | None]) -> None:
        self._token = token

    def sign(self, head: bytes, body: bytes) -> bytes:  # noqa: ARG002 - a token vouches for any request
        """See `Signer.sign`."""
        token = self._token()
        if token is None:
            raise Fault("upstream_credentials", "There is no access token now. See the log of the gateway for what was tried.")
        return b"authorization: Bearer %b\r\n" % token.encode("ascii")

    def secrets(self) -> tuple[bytes, ...]:
        """See `Signer.secrets`."""
        token = self._token()
        return () if token is None else (token.encode("ascii"),)
