"""Small documents of other services, asked for aside. A few in an hour: the transport of the data plane has better to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

_SECONDS = 5.0
_MOST = 1_048_576
_GOOD = 200


async def fetch(url: str) -> bytes:
    """GET an `http(s)` address that stands in the configuration or in its discovery document. Raises `OSError` for anything but a
    plain 200 of at most a megabyte. A redirect is none: it could lead anywhere.
    """
    status, body = await asyncio.to_thread(_ask, url, {"accept": "application/json"}, None, "", _SECONDS)
    if status != _GOOD:
        raise OSError(f"status {status}")
    return body


async def post(
    url: str, headers: Mapping[str, str], body: bytes, *, ca_file: str = "", seconds: float = _SECONDS
) -> tuple[int, bytes]:
    """Status and body, of at most a megabyte, of whatever is answered within `seconds`; a redirect is an answer. With `ca_file` its
    certificates are trusted, and no others. Raises `OSError`.
    """
    return await asyncio.to_thread(_ask, url, headers, body, ca_file, seconds)


def _ask(url: str, headers: Mapping[str, str], body: bytes | None, ca_file: str, seconds: float) -> tuple[int, bytes]:
    import http.client  # noqa: PLC0415 - most gateways ask nobody, and need not carry it
    import ssl  # noqa: PLC0415 - likewise
    import urllib.error  # noqa: PLC0415 - likewise
    import urllib.request  # noqa: PLC0415 - likewise

    if not url.startswith(("https://", "http://")):
        raise OSError("no address of the web")
    trust = ssl.create_default_context(cafile=ca_file or None)
    in_the_open = body is not None and url.startswith("http://")  # no proxy is to read it
    opener = urllib.request.OpenerDirector()  # with nothing that redirects, reads files or makes errors of answers
    for handler in (
        urllib.request.ProxyHandler({} if in_the_open else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=trust),
    ):
        opener.add_handler(handler)
    try:
        request = urllib.request.Request(url, body, {**headers, "user-agent": "headworks"})  # noqa: S310 - looked at above
        with opener.open(request, timeout=seconds) as answer:
            read: bytes = answer.read(_MOST + 1)
            status: int = answer.status
    except urllib.error.URLError as trouble:
        reason = trouble.reason
        raise (reason if isinstance(reason, OSError) else OSError(reason)) from None
    except (http.client.HTTPException, ValueError) as trouble:
        raise OSError(type(trouble).__name__) from None
    if len(read) > _MOST:
        raise OSError("longer than a megabyte")
    return status, read
