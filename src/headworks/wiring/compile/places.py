"""Providers, compiled: where each of their dialects is spoken, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

import msgspec

from headworks.domain.config import Config, PassThroughRule, ProviderRule, QuirksRule, ReplicasRule, overlay
from headworks.domain.scrape import Scrape
from headworks.domain.target import BodyShape, Origin, Quirks, Signer, Timeouts
from headworks.providers.catalog import ProviderRow, SomeModels
from headworks.wiring.compile.address import Address, find_address, origin_of, split_url
from headworks.wiring.compile.auth import find_auth, signer_of
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.engines import find_scrape
from headworks.wiring.compile.filled import filled, setting
from headworks.wiring.compile.heads import Heads, build_heads, carried_head, credential, operator_headers, secrets_of, signed
from headworks.wiring.compile.replicas import checked_pool
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_MOST_CONNECTIONS = 1024
_KEY_HEADERS = ("authorization", "x-api-key", "api-key")
"""An operator who writes one of them needs no key besides."""


class Place(msgspec.Struct, frozen=True):
    """One dialect at one provider. `heads` is secret."""

    dialect: str
    origin: Origin
    heads: Heads
    default_headers: dict[bytes, bytes]
    body: BodyShape | None = None
    signer: Signer | None = None
    below: str = ""
    """The path, below the host, that the catalogue has it at."""
    some: tuple[tuple[SomeModels, Heads], ...] = ()
    """What is otherwise for some models."""
    carried: bytes = b""
    """The fixed headers of requests that are only carried. Secret, too."""

    def heads_of(self, model: str) -> Heads:
        """The heads for one model."""
        heads = self.heads
        for rows, others in self.some:
            if rows.hold(model):
                heads = others.over(heads)
        return heads.of(model)

    def __repr__(self) -> str:
        return f"<Place {self.dialect} at {self.origin}>"


class Member(msgspec.Struct, frozen=True):
    """One machine of a provider. `name` tells it from the others of a pool; of one alone it is empty."""

    name: str
    places: tuple[Place, ...]


class Access(msgspec.Struct, frozen=True):
    """By what a provider is asked: the operator's headers, and a key or a signer."""

    headers: dict[str, str]
    key: str
    location: str
    signer: Signer | None

    def __repr__(self) -> str:
        return f"<Access at {self.location or 'the usual place'}>"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One provider, ready to make targets of: `places` has at least one, preferred first. Of a pool it is where all of it is asked; its
    `members` have places of their own.
    """

    name: str
    places: tuple[Place, ...]
    members: tuple[Member, ...]
    timeouts: Timeouts
    row: ProviderRow
    corrections: QuirksRule
    """The operator's, of what the catalogue says of its habits."""
    max_connections: int
    prices: str
    self_hosted: bool
    region: str = ""
    data_classes: tuple[str, ...] = ()
    offer: str = ""
    """The price list that is known to name its models: the catalogue's, at the provider's own address."""
    secrets: tuple[bytes, ...] = ()
    credential: str = ""
    """Stands for the account, whatever its key is now."""
    tenant: str = ""
    passthrough: Mapping[str, PassThroughRule] = {}
    """What may be passed through to it, by method and path: the catalogue's rows, and the operator's over them."""
    mounts: tuple[str, ...] = ()
    """Beginnings of these that are served at the gateway's own paths, too."""
    scrape: Scrape | None = None
    """How the engine of each member is asked, but for the headers."""
    prefix: str = ""
    """What a base URL has before the paths of the catalogue."""

    def quirks_of(self, model: str) -> Quirks:
        """The catalogue's, for one model, and the operator's corrections over them."""
        quirks = self.row.quirks
        for each in self.row.some:
            if each.hold(model):
                quirks = overlay(quirks, each.quirks)
        return overlay(quirks, self.corrections)

    def __repr__(self) -> str:
        return f"<Provider {self.name}>"


class Providers:
    """All providers of a configuration, compiled when first asked for, those of the catalogue included."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self._bench = bench
        self._config = config
        self._made: dict[str, Provider | None] = {}
        for name in config.providers:
            self.get(name, ("providers", name))

    @property
    def known(self) -> list[str]:
        """Names that may be used: the operator's, and the catalogue's rows that need no address."""
        rows = self._bench.givens.catalog.providers
        return [
            *self._config.providers,
            *(name for name, row in rows.items() if row.root and name not in self._config.providers),
        ]

    @property
    def made(self) -> Mapping[str, Provider | None]:
        """Those in use."""
        return self._made

    def get(self, name: str, path: Path) -> Provider | None:
        """The provider of that name; None, with the reason noted once, where it cannot be had. `path` is who asks."""
        if name not in self._made:
            self._made[name] = self._make(name, path)
        return self._made[name]

    def _make(self, name: str, path: Path) -> Provider | None:
        rule = self._config.providers.get(name) or ProviderRule()
        row = self._row(name, rule, path)
        if row is None:
            return None
        there, pool = filled(self._bench, rule, row, path), checked_pool(self._bench, rule, path)
        whole = rule if pool is None else msgspec.structs.replace(rule, base_url=pool.address)
        address = find_address(self._bench, whole, there, path) if there is not None else None
        if address is None:
            return None
        access = self._access(name, rule, row, path)
        origin = origin_of(self._bench, address, rule, path)
        places = tuple(self._place(dialect, row, address, origin, access) for dialect in self._spoken(rule, address, path))
        if not places:
            return None
        members = () if pool is None else tuple(self._members(name, rule, pool, row, access, path))
        return Provider(
            name=name,
            places=places,
            members=members or (Member("", places),),
            timeouts=overlay(overlay(Timeouts(), self._config.timeouts), rule.timeouts),
            row=row,
            corrections=rule.quirks,
            max_connections=rule.max_connections or _MOST_CONNECTIONS,
            prices=self._price_list(rule, path) or row.prices,
            self_hosted=row.self_hosted,
            region=rule.region or access.location,
            data_classes=rule.data_classes,
            offer="" if rule.prices or rule.base_url or "{resource}" in row.root else row.prices,
            secrets=secrets_of(access.key, access.headers),
            credential=_account(name, rule, origin),
            tenant=rule.tenant,
            passthrough=_passed_through(rule, row),
            mounts=rule.mounts,
            scrape=find_scrape(self._bench, rule, path),
            prefix=address.paths[places[0].dialect].removesuffix(places[0].below) if _as_listed(address, places[0]) else "",
        )

    def _members(
        self, name: str, rule: ProviderRule, pool: ReplicasRule, row: ProviderRow, access: Access, path: Path
    ) -> Iterator[Member]:
        urls = pool.urls or self._bench.givens.replicas(name, pool)
        self._bench.members[name] = urls
        known = set[str]()
        for number, url in enumerate(urls):
            below = (*path, "replicas", number) if pool.urls else (*path, "replicas")
            address = split_url(self._bench, self._bench.text(url, below), row, below)
            if address is not None and address.whole in known:
                self._bench.wrong(below, f"There are two replicas at {address.whole}.", "Make one of them another provider.")
            elif address is not None:
                known.add(address.whole)
                origin = origin_of(self._bench, address, rule, path)
                spoken = [dialect for dialect in rule.dialects or address.paths if dialect in address.paths]
                places = tuple(self._place(dialect, row, address, origin, access) for dialect in spoken)
                yield Member(address.whole, places)

    def _row(self, name: str, rule: ProviderRule, path: Path) -> ProviderRow | None:
        rows = self._bench.givens.catalog.providers
        row = rows.get(rule.type or name)
        if row is None and rule.type:
            self._bench.wrong((*path, "type"), f"There is no provider type '{rule.type}'.", did_you_mean(rule.type, rows))
        elif row is None and name in self._config.providers:
            hint = "Add type: openai-compatible, or another row of the catalogue."
            self._bench.wrong(path, f"'{name}' is not in the catalogue and has no type.", hint, on_key=True)
        elif row is None:
            self._bench.wrong(path, f"There is no provider '{name}'.", did_you_mean(name, self.known))
        return row

    def _price_list(self, rule: ProviderRule, path: Path) -> str:
        known = self._bench.givens.prices.providers
        if rule.prices and rule.prices not in known:
            self._bench.wrong((*path, "prices"), f"There is no price list '{rule.prices}'.", did_you_mean(rule.prices, known))
        return rule.prices

    def _access(self, name: str, rule: ProviderRule, row: ProviderRow, path: Path) -> Access:
        headers = operator_headers(self._bench, rule, path)
        location = setting(self._bench, rule, row, "location", path)
        key = "" if rule.auth is not None else credential(self._bench, rule, row, path)
        given = key or any(header in headers for header in _KEY_HEADERS)
        auth = None if given else find_auth(self._bench, rule, row, location, path)
        self._miss_key(rule, row, given or auth, path)
        signer = signer_of(self._bench, name, auth, row, location) if auth is not None else None
        return Access(headers, key, location, signer)

    def _miss_key(self, rule: ProviderRule, row: ProviderRow, given: object, path: Path) -> None:
        if row.key_env and not given and not rule.api_key:
            hint = f"Set {row.key_env[0]}, or add api_key."
            self._bench.wrong(path, f"There is no key for '{row.title}'.", hint, on_key=True)

    def _place(self, dialect: str, row: ProviderRow, address: Address, origin: Origin, access: Access) -> Place:
        spoken = self._bench.givens.catalog.dialects[dialect]
        headers = signed(row, dialect, access.key) | access.headers
        fixed = {name: value for name, value in headers.items() if name not in spoken.client_headers}
        default = spoken.headers | {name: value for name, value in headers.items() if name in spoken.client_headers}
        endpoints = row.endpoints(dialect, spoken)
        base, version = address.paths[dialect], self._bench.givens.version
        heads = build_heads(address, endpoints, base, fixed, version)
        some = tuple((each, build_heads(address, (each.paths.get(dialect, {}), {}), base, fixed, version)) for each in row.some)
        defaults = {name.encode(): value.encode() for name, value in default.items()}
        carried = carried_head(address, fixed | default, version)
        return Place(dialect, origin, heads, defaults, row.body.get(dialect), access.signer, row.speaks[dialect], some, carried)

    def _spoken(self, rule: ProviderRule, address: Address, path: Path) -> list[str]:
        wanted = rule.dialects or tuple(address.paths)
        for number, dialect in enumerate(wanted):
            if dialect not in address.paths:
                hint = did_you_mean(dialect, address.paths)
                self._bench.wrong(
                    (*path, "dialects", number), f"This provider does not speak '{dialect}' at this address.", hint
                )
        return [dialect for dialect in wanted if dialect in address.paths]


def _as_listed(address: Address, place: Place) -> bool:
    return address.paths[place.dialect].endswith(place.below)


def _passed_through(rule: ProviderRule, row: ProviderRow) -> dict[str, PassThroughRule]:
    """What the operator writes of a line of the catalogue lies over it."""
    written = {line: each or PassThroughRule() for line, each in rule.passthrough.items()}
    return {**row.passthrough, **{line: overlay(row.passthrough.get(line, each), each) for line, each in written.items()}}


def _account(name: str, rule: ProviderRule, origin: Origin) -> str:
    """A provider that is led to another place is another account; one that is given a new key, or other replicas, is not."""
    place = str(origin) if rule.replicas is None else "replicas"
    said = f"{place}\n{rule.location}\n{rule.project}\n{rule.resource}"
    return f"{name}@{sha256(said.encode()).hexdigest()[:8]}"
