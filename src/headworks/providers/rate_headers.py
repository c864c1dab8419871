"""The headers in which providers say what is left of their rate limits."""

from __future__ import annotations

from headworks.domain.rate_headers import RateHeaders

RATE_HEADERS = (
    RateHeaders(
        unit="requests",
        limit=b"x-ratelimit-limit-requests",
        remaining=b"x-ratelimit-remaining-requests",
        reset=b"x-ratelimit-reset-requests",
    ),
    RateHeaders(
        unit="tokens",
        limit=b"x-ratelimit-limit-tokens",
        remaining=b"x-ratelimit-remaining-tokens",
        reset=b"x-ratelimit-reset-tokens",
    ),
    RateHeaders(
        unit="requests",
        limit=b"anthropic-ratelimit-requests-limit",
        remaining=b"anthropic-ratelimit-requests-remaining",
        reset=b"anthropic-ratelimit-requests-reset",
    ),
    RateHeaders(
        unit="tokens",
        limit=b"anthropic-ratelimit-tokens-limit",
        remaining=b"anthropic-ratelimit-tokens-remaining",
        reset=b"anthropic-ratelimit-tokens-reset",
        coarse=1000,
    ),
)
"""Of tokens Anthropic tells the limit that binds most, rounded to thousands."""
