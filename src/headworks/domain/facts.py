"""What policies and `group_by` read of one request. Each fact is worked out when it is asked for, and only then."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from headworks.domain.call import Ask, Call
from headworks.domain.confines import DATA_CLASS, Confines
from headworks.domain.errors import Fault
from headworks.domain.features import used
from headworks.domain.plan import Plan
from headworks.domain.principal import Principal
from headworks.domain.versions import PIN

CUSTOMER = b"x-headworks-customer"
SESSION = b"x-headworks-session"
TAGS = b"x-headworks-tags"
LONGEST = 256
"""Characters of what a caller names: customer, session, a tag's value."""
MOST_TAGS = 20
_PINNED = "customer"
"""A tag of this name on a level fixes the customer."""
_BY_REFERENCE = frozenset(("customer", "session"))
"""Facts that are written down by reference."""

CALLER: dict[str, str] = {
    "key": "name of the key",
    "principal": "id of the key, `jwt:…` for a token, `x509:…` for a client certificate",
    "organisation": "id of the organisation",
    "team": "id of the team; of a key in the configuration its `team`",
    "project": "id of the project",
    "user": "id of the user or service account",
    "lineage": "ids from the organisation down to the key",
}
"""Facts that are the same for all requests of a key."""
REQUEST: dict[str, str] = {
    "model": "name of the model as it is configured, of each fallback in its turn",
    "asked": "name of the model as the caller wrote it",
    "endpoint": "kind of request: `chat`, `completions`, `embeddings`, `realtime`, `passthrough`, `count_tokens`",
    "passage": "of a request that is passed through its line, `POST /v1/ocr`; empty of others",
    "dialect": "language of the request: `openai_chat`, `openai_responses`, `anthropic`, `gemini`, `cohere`, `ollama`",
    "features": "list of what the request uses: `tools`, `images`, …",
    "prompt_tokens": "input tokens, estimated",
    "max_tokens": "output tokens that the caller allows; where none are named, the most that is set aside",
    "choices": "answers asked for",
    "stream": "whether the answer is to be streamed",
    "customer": "the caller's customer: header `x-headworks-customer`, or `user`, or `metadata.user_id`",
    "session": "header `x-headworks-session`",
    "tags": "tags of all levels and of header `x-headworks-tags`",
    "data_class": "tag `data_class`; empty where there is none",
    "providers": "list of the providers that may serve it",
    "regions": "list of the regions that it may be served in",
}
"""Facts of one request."""
TIME: dict[str, str] = {
    "now": "timestamp",
    "date": "`2026-11-22`, in the policy's time zone",
    "time": "`18:05`, likewise",
    "hour": "0 to 23, likewise",
    "weekday": "1 for Monday to 7 for Sunday, likewise",
}
"""Facts of the time at which it came."""


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Facts:
    """Of one call on its way to one model: `plan` and `ask` where they are others than the call's, or not yet in it.

    What a caller may have written wrongly raises `Fault` `invalid_request` when it is asked for.
    """

    HEADERS = frozenset((CUSTOMER, SESSION, TAGS, PIN))
    """What callers may say of a request beside its body."""
    __slots__ = ("_ask", "_call", "_customer", "_plan", "_principal", "_tags")

    def __init__(self, call: Call, plan: Plan | None = None, ask: Ask | None = None) -> None:
        plan, ask = plan or call.plan, ask or call.ask
        assert plan is not None
        assert ask is not None
        assert call.principal is not None
        self._call = call
        self._ask: Ask = ask
        self._plan: Plan = plan
        self._principal: Principal = call.principal
        self._customer: str | None = None
        self._tags: dict[str, str] | None = None

    def of(self, name: str) -> object:
        """A fact of `CALLER` or `REQUEST`."""
        return getattr(self, name) if name in REQUEST else caller_fact(self._principal, name)

    def group(self, name: str) -> str:
        """What a counter is told apart by: `customer`, `session`, `model`, `tag:NAME` or a fact of the caller. Empty where there is none.
        Counters are written down, so customers and sessions go by their references.
        """
        return getattr(self._call, name) if name in _BY_REFERENCE else self.said(name)

    def said(self, name: str) -> str:
        """The same as callers say it."""
        return self.tags.get(name[4:], "") if name.startswith("tag:") else str(self.of(name))

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self._principal

    @property
    def model(self) -> str:
        """As configured."""
        return self._plan.model.name

    @property
    def asked(self) -> str:
        """As the caller wrote it."""
        return self._ask.model

    @property
    def endpoint(self) -> str:
        """The kind of request."""
        return self._call.kind.value

    @property
    def passage(self) -> str:
        """Where it is passed through."""
        return self._call.passed.passage.line if self._call.passed is not None else ""

    @property
    def dialect(self) -> str:
        """The caller's language."""
        return self._call.front

    @property
    def features(self) -> list[str]:
        """What it uses."""
        return sorted(used(self._ask))

    @property
    def prompt_tokens(self) -> int:
        """Estimated."""
        return self._ask.prompt_tokens

    @property
    def max_tokens(self) -> int:
        """The caller's cap, or what would be set aside without one."""
        asked = self._ask.max_tokens
        return asked if asked is not None else max(target.max_output for target in self._plan.targets)

    @property
    def choices(self) -> int:
        """Answers."""
        return self._ask.choices

    @property
    def stream(self) -> bool:
        """Whether the answer is streamed."""
        return self._ask.stream

    @property
    def customer(self) -> str:
        """The caller's customer; empty where none is named. Named twice, differently: refused."""
        if self._customer is None:
            self._customer = customer_of(self._call, self._ask, self._principal)
        return self._customer

    @property
    def session(self) -> str:
        """What belongs together, in the caller's eyes; empty where nothing is said."""
        return _named(self._call, SESSION)

    @property
    def tags(self) -> dict[str, str]:
        """The caller's own, and those of the request beside them."""
        if self._tags is None:
            self._tags = _tags_of(self._call, self._principal)
        return self._tags

    @property
    def data_class(self) -> str:
        """Of what it holds, in the operator's words; empty where nothing is said."""
        return self.tags.get(DATA_CLASS, "")

    @property
    def providers(self) -> list[str]:
        """Who may serve it."""
        return list(dict.fromkeys(target.provider for target in self._plan.targets))

    @property
    def regions(self) -> list[str]:
        """Where it may be served; of a target that tells no region, an empty one."""
        return list(dict.fromkeys(target.region for target in self._plan.targets))

    def local(self, zone: str) -> datetime:
        """When it came, in a time zone of IANA's."""
        return (_EPOCH + timedelta(microseconds=self._call.at // 1000)).astimezone(_zone(zone))

    def check(self) -> None:
        """Look at what the caller says in headers of ours, whoever needs it. Raises `Fault`."""
        headers = self._call.headers
        if CUSTOMER in headers:
            assert self.customer is not None
        if TAGS in headers:
            assert self.tags is not None
        if SESSION in headers:
            assert self.session is not None


def caller_fact(principal: Principal, name: str) -> object:
    """A fact of `CALLER`."""
    if name == "key":
        return principal.name
    return principal.id if name == "principal" else getattr(principal, name)


def confines_of(call: Call) -> Confines | None:
    """Where a call may be served at all: by its caller's bounds, and by the class of data that a level or a header tells; None where
    these leave everything open. Raises `Fault` where the header is written wrongly.
    """
    principal = call.principal
    if principal is None:
        return None
    data_class = _tags_of(call, principal).get(DATA_CLASS, "") if TAGS in call.headers else principal.tags.get(DATA_CLASS, "")
    if principal.providers is None and principal.regions is None and not data_class:
        return None
    return Confines(principal.providers, principal.regions, data_class)


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def customer_of(call: Call, ask: Ask, principal: Principal) -> str:
    """For whom the caller asks: what its key fixes, or what it says, in a header or in the body. Raises `Fault` where these differ."""
    said = _named(call, CUSTOMER)
    pinned = principal.tags.get(_PINNED)
    if pinned is not None:
        if said and said != pinned:
            raise _wrong(CUSTOMER, "names another customer than the one that this key is fixed to. Leave it out.")
        return pinned
    written = ask.user
    if said and written and said != written:
        raise _wrong(CUSTOMER, "names another customer than the body's user. Send one of them, or the same in both.")
    return said or written


def _named(call: Call, header: bytes) -> str:
    value = call.headers.get(header)
    if not value:
        return ""
    text = value.decode("utf-8", "replace").strip()
    if len(text) > LONGEST:
        raise _wrong(header, f"is longer than {LONGEST} characters.")
    return text


def _tags_of(call: Call, principal: Principal) -> dict[str, str]:
    """Those of all levels, and those of the header beside them."""
    fixed, written = principal.tags, call.headers.get(TAGS)
    return {**_tags(written, fixed), **fixed} if written else fixed


def _tags(written: bytes, fixed: dict[str, str]) -> dict[str, str]:
    """`a=b,c=d`. A tag that is fixed cannot be set to something else."""
    tags: dict[str, str] = {}
    for part in written.decode("utf-8", "replace").split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name or not equals or len(name) > LONGEST or len(value) > LONGEST or len(tags) >= MOST_TAGS:
            raise _wrong(TAGS, f"is not of the form name=value,name=value with at most {MOST_TAGS} tags.")
        if tags.setdefault(name, value) != value:
            raise _wrong(TAGS, f"sets the tag '{name}' twice.")
        if fixed.get(name, value) != value:
            raise _wrong(TAGS, f"sets the tag '{name}', which is fixed for this key. Leave it out.")
    return tags


def _wrong(header: bytes, what: str) -> Fault:
    return Fault("invalid_request", f"Correct the header '{header.decode()}': it {what}", param=header.decode())
