"""Model strings and credentials → our providers. Deployments that share address and credentials share a provider."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec

from headworks.domain.config import ProviderRule
from headworks.domain.patterns import name_matches
from headworks.domain.target import Tls
from headworks.importers.litellm.section import Section
from headworks.providers.catalog import Catalog, ProviderRow

SECRETS = "headworks-secrets"
"""Folder beside the document for credentials that stood in theirs: ours holds none."""
_REFERENCE = re.compile(r"\$\{\w+\}")
_PLAIN = re.compile(r"[^a-z0-9]+")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,4}|:[1-5]\d{4})?(/[A-Za-z0-9._~%@!$&'()*+,;=/-]*)?")
_CREDENTIAL_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


class VendorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of providers.toml, which explains the fields."""

    type: str = ""
    named: str = ""
    base_url: str = ""
    key: str = ""
    prices: str = ""
    elsewhere: str = ""
    approximated: str = ""
    instead: str = ""


class Vendors:
    """What LiteLLM calls providers."""

    def __init__(self, catalog: Catalog) -> None:
        text = files("headworks.importers.litellm").joinpath("providers.toml").read_text("utf-8")
        self.rows = msgspec.convert(tomllib.loads(text), dict[str, VendorRow])
        self.catalog = catalog

    def split(self, model: str, vendor: str) -> tuple[str, str]:
        """The vendor's name and the vendor's name of the model. `vendor`: said beside the model string. Empty where nobody knows."""
        first, slash, rest = model.partition("/")
        if vendor:
            return vendor, rest if first == vendor and slash else model
        if slash and first in self.rows:
            return first, rest
        family = (name for name, row in self.catalog.providers.items() if any(name_matches(f, model) for f in row.families))
        found = next(family, "")
        return next((name for name, row in self.rows.items() if found and row.type == found and not row.named), ""), model


class Found(msgspec.Struct, frozen=True):
    """A provider that was made or found. `prices` is the list that LiteLLM goes by: the vendor's, wherever its models are served."""

    name: str
    rule: ProviderRule
    row: ProviderRow
    prices: str


class Providers:
    """Collects the providers of an import. `secrets` are credentials that stood in the document: file name to value."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.rules: dict[str, ProviderRule] = {}
        self._secrets: dict[str, str] = {}

    @property
    def secrets(self) -> Mapping[str, str]:
        """File name to value."""
        return self._secrets

    def of(self, vendor: VendorRow, params: Section) -> Found:
        """The provider of a deployment, made at its first one."""
        prices = vendor.prices or self._catalog.providers[vendor.type].prices
        if vendor.elsewhere and _is_elsewhere(params, self._catalog.providers[vendor.type]):
            vendor = VendorRow(type=vendor.elsewhere)
        row = self._catalog.providers[vendor.type]
        rule = self._rule(vendor, row, params)
        stem = vendor.type if row.root else _label(rule)
        name = self._name(vendor.named or stem, rule)
        if name not in self.rules:
            self.rules[name] = msgspec.structs.replace(rule, type="" if name == rule.type else rule.type)
        return Found(name, rule, row, prices)

    def unfit_address(self, vendor: VendorRow, params: Section) -> str:
        """Why nobody could be reached there; empty where somebody could, as far as can be told."""
        written = params.text("api_base") or params.text("base_url") or vendor.base_url
        if not written:
            return (
                "" if self._catalog.providers[vendor.type].root else "Nobody knows where it is: add api_base, and import again."
            )
        return (
            ""
            if "${" in written or _ADDRESS.fullmatch(written)
            else "Its api_base is no plain http:// or https:// address: mend it."
        )

    def kept(self, value: str, hint: str) -> str:
        """A credential, or a reference to one: of a bare one a reference to the file that it goes into."""
        if not value or _REFERENCE.fullmatch(value):
            return value
        known = next((name for name, other in self._secrets.items() if other == value), "")
        name = known or _free(_PLAIN.sub("-", hint.lower()).strip("-"), self._secrets)
        self._secrets[name] = value
        return f"file:{SECRETS}/{name}"

    def _rule(self, vendor: VendorRow, row: ProviderRow, params: Section) -> ProviderRule:
        written = params.text("api_base") or params.text("base_url")
        key = params.text("api_key") or params.text("azure_ad_token")
        usual = not key and vendor.key and vendor.key not in row.key_env
        return ProviderRule(
            type=vendor.type,
            base_url=(written or vendor.base_url).rstrip("/"),
            api_key=f"${{{vendor.key}}}" if usual else _unless_usual(self.kept(key, f"{vendor.type}-key"), row, written),
            headers=self._headers(vendor, params),
            tls=Tls(verify=False) if params.flag("ssl_verify") is False else Tls(),
            prices=vendor.prices,
            region=params.text("region_name"),
        )

    def _headers(self, vendor: VendorRow, params: Section) -> dict[str, str]:
        headers: dict[str, str] = {}
        for field in ("extra_headers", "headers"):
            given = params.section(field)
            for name in given.names():
                value = given.text(name)
                hidden = _CREDENTIAL_HEADER.search(name) is not None
                headers[name.lower()] = self.kept(value, f"{vendor.type}-{name}") if hidden else value
        organisation = params.text("organization")
        return headers | ({"openai-organization": organisation} if organisation else {})

    def _name(self, stem: str, rule: ProviderRule) -> str:
        for name, known in self.rules.items():
            if msgspec.structs.replace(known, type=known.type or name) == rule:
                return name
        return stem if stem not in self.rules else _free(f"{stem}-{_label(rule).removeprefix(f'{stem}-')}", self.rules)


def _unless_usual(key: str, row: ProviderRow, address: str) -> str:
    """The catalogue knows where the usual key is; with an address of its own a provider is better told."""
    return "" if not address and row.key_env and key == f"${{{row.key_env[0]}}}" else key


def _label(rule: ProviderRule) -> str:
    """What tells a provider from others of its type: host or credential."""
    host = _host(rule.base_url)
    said = host.split(".")[0] if host and not host[0].isdigit() else rule.api_key.removeprefix(f"file:{SECRETS}/")
    return _PLAIN.sub("-", said.lower()).strip("-") or "other"


def _is_elsewhere(params: Section, row: ProviderRow) -> bool:
    """Whether the address is another house's. Of one that only the environment knows nobody can tell."""
    written = params.text("api_base") or params.text("base_url")
    domain = ".".join((urlsplit(row.root).hostname or "").split(".")[-2:])
    return bool(written) and "${" not in written and not (_host(written) == domain or _host(written).endswith(f".{domain}"))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _free(stem: str, taken: Mapping[str, object]) -> str:
    if stem not in taken:
        return stem
    return next(name for number in range(2, len(taken) + 3) if (name := f"{stem}-{number}") not in taken)
