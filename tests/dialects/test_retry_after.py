"""When an upstream says that it may be asked again."""

from __future__ import annotations

import pytest

from headworks.dialects.retry_after import read_retry_after

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
EPOCH = 1795348800


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, 0.0),
        ({"x-ratelimit-reset": str(EPOCH + 60), "date": DATE}, 60.0),
        ({"x-ratelimit-reset": str((EPOCH + 60) * 1000), "date": DATE}, 60.0),
        ({"x-ratelimit-reset": "20"}, 20.0),
        ({"x-ratelimit-reset-requests": "1m2.5s", "x-ratelimit-remaining-requests": "0"}, 62.5),
        ({"x-ratelimit-reset-tokens": "120ms", "x-ratelimit-remaining-tokens": "0"}, 0.12),
        ({"retry-after": "90000"}, 86_400.0),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "9" * 400 + "s"}, 86_400.0),
        ({"retry-after": "9" * 308 + "d"}, 86_400.0),
        ({"retry-after": "0" * 400 + "1s"}, 1.0),
        ({"retry-after-ms": "9" * 300}, 86_400.0),
        ({"retry-after": "-" + "9" * 400 + "s"}, None),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "5000"}, None),
    ],
)
def test_seconds_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """A full bucket's reset says nothing; a point in time counts from the answer's own date, so no clock is needed."""
    waited = read_retry_after([(name.encode(), value.encode()) for name, value in headers.items()])

    assert waited == (None if seconds is None else pytest.approx(seconds))
