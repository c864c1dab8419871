"""Names of customers at rest: each organisation's under a key of its own, which is one of the secrets of that organisation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headworks.domain.customers import Customer, NamedCustomer
from headworks.ports.records import Conflict
from headworks.secrets.envelope import Secret, SecretUnreadable
from headworks.secrets.vault import Vault

_KEY = "customers"
"""What the key is called among an organisation's secrets."""
_NOBODY = "config:callers"
"""Whose the key is for customers of the configuration's callers, who belong to no organisation."""
_NONCE = 12
_FACTS = {"actor": "control", "operation": "customers.key"}


class NameSeals:
    """`vault_of` gives an organisation's secrets. What it raises is raised here, too: `MasterRefused`, `MasterUnavailable`,
    `SecretUnreadable`. Keys are remembered once they are opened.
    """

    def __init__(self, vault_of: Callable[[str], Vault]) -> None:
        self._vault_of = vault_of
        self._ciphers: dict[str, AESGCM] = {}

    async def seal(self, customer: NamedCustomer) -> bytes:
        """The name, enciphered and bound to its reference. The organisation's first one makes its key."""
        cipher = self._ciphers.get(customer.organisation) or await self._opened(customer.organisation, make=True)
        nonce = secrets.token_bytes(_NONCE)
        return nonce + cipher.encrypt(nonce, customer.name.encode(), customer.id.encode())

    async def open(self, customer: Customer) -> str:
        """The name; empty where none is kept."""
        if not customer.sealed:
            return ""
        cipher = self._ciphers.get(customer.organisation) or await self._opened(customer.organisation, make=False)
        try:
            return cipher.decrypt(customer.sealed[:_NONCE], customer.sealed[_NONCE:], customer.id.encode()).decode()
        except (InvalidTag, ValueError):
            raise SecretUnreadable(
                f"The name of the customer {customer.id} was changed, or sealed under another key."
            ) from None

    async def _opened(self, organisation: str, *, make: bool) -> AESGCM:
        vault = self._vault_of(organisation or _NOBODY)
        key = await vault.get(_KEY)
        if key is None and make:
            with suppress(Conflict):  # another process has made one in the same moment: that one counts
                await vault.put(_KEY, Secret(AESGCM.generate_key(256).hex()), audit=_FACTS)
            key = await vault.get(_KEY)
        if key is None:
            raise SecretUnreadable(f"The key of the names of {organisation or 'the configuration'}'s customers is gone.")
        cipher = self._ciphers[organisation] = AESGCM(bytes.fromhex(key.reveal()))
        return cipher
