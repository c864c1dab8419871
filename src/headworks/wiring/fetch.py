"""One document of an issuer, read aside. A few in an hour: the transport of the data plane has better to do."""

from __future__ import annotations

import asyncio

_SECONDS = 5.0
_MOST = 1_048_576
_HANDLERS = ("ProxyHandler", "HTTPHandler", "HTTPSHandler", "HTTPDefaultErrorHandler", "HTTPErrorProcessor")
"""Of `urllib.request`, without those that redirect or read files."""


async def fetch(url: str) -> bytes:
    """GET an `http(s)` address that stands in the configuration or in its discovery document. Raises `OSError` for anything but a
    plain 200 of at most a megabyte. A redirect is none: it could lead anywhere.
    """
    return await asyncio.to_thread(_get, url)


def _get(url: str) -> bytes:
    import http.client  # noqa: PLC0415 - most gateways trust no issuer, and need not carry it
    import urllib.error  # noqa: PLC0415 - likewise
    import urllib.request  # noqa: PLC0415 - likewise

    if not url.startswith(("https://", "http://")):
        raise OSError("no address of the web")
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(getattr(urllib.request, handler)())
    try:
        request = urllib.request.Request(url, headers={"accept": "application/json", "user-agent": "headworks"})  # noqa: S310 - looked at above
        with opener.open(request, timeout=_SECONDS) as answer:
            body: bytes = answer.read(_MOST + 1)
    except urllib.error.HTTPError as told:
        told.close()
        raise OSError(f"status {told.code}") from None
    except (http.client.HTTPException, ValueError) as trouble:
        raise OSError(type(trouble).__name__) from None
    if len(body) > _MOST:
        raise OSError("longer than a megabyte")
    return body
