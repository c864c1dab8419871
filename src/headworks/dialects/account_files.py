"""Files that a provider reads with its account's own rights (`gs://…`, `s3://…`): whose they are, a request in another language cannot prove."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headworks.domain.errors import Fault
from headworks.domain.message import Conversation, Document, Image, Opaque, Part, Text, ToolResult
from headworks.domain.target import EVERYBODY, Target
from headworks.domain.web_address import on_the_web

_SHOWN = 80
_BAD_REQUEST = 400
_INLINE = "data:"
_ADDRESSES = frozenset(("url", "uri"))


def refuse_account_files(talk: Conversation, target: Target) -> None:
    """Raise `unknown_id` where a conversation names one, unless the account is everybody's."""
    if target.tenant == EVERYBODY:
        return
    for message in talk.messages:
        for url in _urls(message.parts):
            if not url.startswith(_INLINE) and not on_the_web(url):
                raise Fault(
                    "unknown_id",
                    f"'{url[:_SHOWN]}' is not on the web: {target.provider} would read it with rights that are not the caller's. "
                    "Send the file itself, or an address that everybody may ask.",
                    param="messages",
                    status=_BAD_REQUEST,
                )


def _urls(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case Text():  # as most are
                pass
            case Image() | Document() if part.url:
                yield part.url
            case ToolResult():
                yield from _urls(part.content)
            case Opaque():
                yield from _addresses(part.raw)
            case _:
                pass


def _addresses(raw: object) -> Iterator[str]:
    """Of a part that only its own language knows, for upstreams that know it as well."""
    waiting = [raw]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case dict(members):
                yield from (each for name, each in members.items() if isinstance(each, str) and name in _ADDRESSES)
                waiting += members.values()
            case _:
                pass
