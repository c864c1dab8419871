"""What models cost, as published: the shipped `prices.json` (made by `price_build.py`) compiled into price cards on demand.

The table is read per provider when first asked for, so a gateway keeps in memory only what it uses.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.resources import files

import msgspec

from headworks.domain.money import PriceCard, PriceVariant, Rate, Tier
from headworks.domain.profile import UNKNOWN, Profile
from headworks.providers.price_match import Index, dashed_date

_NANOS = 10**9
_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "output_citation_mtok": "citation",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_audio_read",
    "output_audio_mtok": "output_audio",
    "input_image_mtok": "input_image",
    "output_image_mtok": "output_image",
    "input_mchars": "characters",
}
"""Prices in dollars per million tokens or characters, and the card's field for each."""
_FLAT = {
    "requests_kcount": "request",
    "web_searches_kcount": "web_search",
    "input_document_kpages": "page",
    "input_annotated_document_kpages": "annotated_page",
}
"""Prices in dollars per thousand."""
_HOURS = ("audio_hours", "input_audio_hours")
"""Dollars per hour of sound that is heard: what the lists call it, and called it before."""
_TOKENS = ("input_mtok", "output_mtok")
_COUNTED = (*_TOKENS, "input_mchars", "input_document_kpages", *_HOURS)
"""A price list without any bills in units that this gateway does not count."""

_FREE = (":free", "moderation")
"""How the names of entries end whose empty price means that nobody bills them; all others' means that nobody knows."""


class Tiered(msgspec.Struct, frozen=True, array_like=True):
    """A price that changes with the size of the input: `[threshold, price]` from there on."""

    base: str
    tiers: tuple[tuple[int, str], ...]


Prices = dict[str, str | Tiered]


class Entry(msgspec.Struct, frozen=True):
    """One model of one provider. `prices` and `variants` carry when they hold: empty for always, `2026-10-12` from that day on,
    `00:30/16:30` within that window each day (UTC). The last that holds counts, and the first if none does.
    """

    id: str
    match: tuple[tuple[str, ...], ...]
    prices: tuple[tuple[str, Prices], ...]
    variants: tuple[tuple[dict[str, str], str, Prices], ...] = ()
    context: int | None = None
    """Tokens."""
    deprecated: bool | None = None


class Quote(msgspec.Struct, frozen=True):
    """What a model costs at one moment. No card means: known, but not priced in anything that is counted here.

    `until` is when the price may be another one, None for never.
    """

    card: PriceCard | None
    until: datetime | None = None


class _Written(msgspec.Struct, frozen=True):
    version: str
    providers: dict[str, msgspec.Raw]


class _Book(msgspec.Struct, frozen=True):
    fallback: tuple[str, ...]
    models: tuple[Entry, ...]


class _Opened:
    __slots__ = ("book", "index")

    def __init__(self, book: _Book) -> None:
        self.book = book
        self.index = Index([entry.match for entry in book.models])


class PriceTable:
    """All published prices. One per process; look-ups open a provider's list at first use."""

    def __init__(self, data: bytes) -> None:
        """`data` is the content of a `prices.json`. Raises `msgspec.DecodeError` where it is not."""
        written = msgspec.json.decode(data, type=_Written)
        self.version = written.version
        self.digest = hashlib.sha256(data).hexdigest()
        self._closed = written.providers
        self._opened: dict[str, _Opened] = {}

    @property
    def providers(self) -> list[str]:
        """Ids of the providers with a price list."""
        return sorted(self._closed)

    def quote(self, provider: str, model: str, at: datetime) -> Quote | None:
        """The price of a provider's model at a moment; None where the table does not know the model."""
        found = self._entry(provider, model)
        if found is None:
            return None
        entry, own = found
        card = _card(entry, at, self.version, variants=own)
        return Quote(card, _changes_after(entry, at))

    def profile(self, provider: str, model: str) -> Profile:
        """What the list says of a model beside its price; `UNKNOWN` where it does not know the model."""
        found = self._entry(provider, model)
        return UNKNOWN if found is None else Profile(context=found[0].context, deprecated=found[0].deprecated)

    def models(self, provider: str, at: datetime) -> list[str]:
        """The models on a provider's own list that have a price by the token and are called there as the provider calls them."""
        opened = self._open(provider)
        if opened is None:
            return []
        numbered = enumerate(opened.book.models)
        named = (entry for number, entry in numbered if opened.index.find(entry.id.lower()) == number)
        return [entry.id for entry in named if _is_priced(entry, at, _TOKENS)]

    def changes_after(self, provider: str, at: datetime) -> datetime | None:
        """When any price on a provider's list may next be another one; None for never."""
        opened = self._open(provider)
        entries = opened.book.models if opened is not None else ()
        return min((change for entry in entries if (change := _changes_after(entry, at)) is not None), default=None)

    def _entry(self, provider: str, model: str) -> tuple[Entry, bool] | None:
        """What a provider's model is listed as, and whether on the provider's own list."""
        name = model.lower()
        return self._find(provider, name) or self._find(provider, dashed_date(name))

    def _find(self, provider: str, name: str) -> tuple[Entry, bool] | None:
        opened = self._open(provider)
        if opened is None:
            return None
        number = opened.index.find(name)
        if number is not None:
            return opened.book.models[number], True
        for other in opened.book.fallback:
            lender = self._open(other)
            number = lender.index.find(name) if lender is not None else None
            if lender is not None and number is not None:
                return lender.book.models[number], False
        return None

    def _open(self, provider: str) -> _Opened | None:
        opened = self._opened.get(provider)
        if opened is None and provider in self._closed:
            opened = self._opened[provider] = _Opened(msgspec.json.decode(self._closed[provider], type=_Book))
        return opened


def shipped_prices() -> PriceTable:
    """The table that came with this version of Headworks."""
    return PriceTable(files("headworks.providers").joinpath("prices.json").read_bytes())


def _is_priced(entry: Entry, at: datetime, units: tuple[str, ...] = _COUNTED) -> bool:
    prices = _in_force(entry, at)
    return any(unit in prices for unit in units) if prices else entry.id.endswith(_FREE)


def _card(entry: Entry, at: datetime, source: str, *, variants: bool) -> PriceCard | None:
    if not _is_priced(entry, at):
        return None
    instead = (
        tuple(PriceVariant(when, _fields(changed)) for when, span, changed in entry.variants if _holds(span, at))
        if variants
        else ()
    )
    card = PriceCard(source=source, variants=tuple(variant for variant in instead if variant.instead))
    return msgspec.structs.replace(card, **_fields(_in_force(entry, at)))


def _in_force(entry: Entry, at: datetime) -> Prices:
    for span, prices in reversed(entry.prices):
        if _holds(span, at):
            return prices
    return entry.prices[0][1] if entry.prices else {}


def _fields(prices: Prices) -> dict[str, Rate | int]:
    """The card's fields for published prices; units that are not counted here are left out."""
    fields: dict[str, Rate | int] = {_RATES[unit]: _rate(price) for unit, price in prices.items() if unit in _RATES}
    for unit, field in _FLAT.items():
        price = prices.get(unit)
        if isinstance(price, str):
            fields[field] = nanos_per_million(price) // 1000
    for unit in _HOURS:
        price = prices.get(unit)
        if isinstance(price, str):
            fields["audio_minute"] = nanos_per_million(Decimal(price) / 60)
    return fields


def _rate(price: str | Tiered) -> Rate:
    if isinstance(price, str):
        return Rate(nanos_per_million(price))
    tiers = tuple(Tier(start, nanos_per_million(dearer)) for start, dearer in price.tiers)
    return Rate(nanos_per_million(price.base), tiers)


def nanos_per_million(dollars: str | Decimal) -> int:
    """Dollars per million as integer nano-dollars per million. Prices finer than 10⁻⁹ dollars a million are rounded half to even."""
    return int((Decimal(dollars) * _NANOS).to_integral_value())


def _holds(span: str, at: datetime) -> bool:
    if not span:
        return True
    if "/" not in span:
        return at.astimezone(UTC).date() >= date.fromisoformat(span)
    start, end = _window(span)
    now = at.astimezone(UTC).time()
    return (start <= now < end) if start <= end else (now >= start or now < end)


def _changes_after(entry: Entry, at: datetime) -> datetime | None:
    spans = {span for span, _ in entry.prices} | {span for _, span, _ in entry.variants}
    return min((moment for span in spans for moment in _edges(span, at)), default=None)


def _edges(span: str, at: datetime) -> list[datetime]:
    """When this span next begins or ends to hold, after `at`."""
    if not span:
        return []
    today = at.astimezone(UTC).date()
    if "/" not in span:
        start = datetime.combine(date.fromisoformat(span), time(), UTC)
        return [start] if start > at else []
    edges = [datetime.combine(today + timedelta(days), edge, UTC) for edge in _window(span) for days in (0, 1)]
    return [edge for edge in edges if edge > at]


def _window(span: str) -> tuple[time, time]:
    start, _, end = span.partition("/")
    return time.fromisoformat(start), time.fromisoformat(end)
