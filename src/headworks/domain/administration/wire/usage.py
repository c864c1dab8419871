"""Usage and costs in the shapes of OpenAI's organisation API."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Names = Annotated[
    tuple[Annotated[str, Meta(max_length=256)], ...],
    Meta(max_length=1000, description="One or more: separated by commas, or the parameter repeated, also as `name[]`."),
]
Instant = Annotated[int, Meta(ge=0, le=1 << 40, description="Seconds since 1970.")]


class _SpanQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    start_time: Instant | None = None
    """Left out: a week ago."""
    end_time: Instant | None = None
    group_by: Names = ()
    project_ids: Names = ()
    user_ids: Names = ()
    api_key_ids: Names = ()
    models: Names = ()
    organization_ids: Names = ()
    customers: Annotated[
        Names,
        Meta(
            description="References, or names of customers of `organization_ids` (without it: of callers in the configuration)."
        ),
    ] = ()
    limit: Annotated[
        Annotated[int, Meta(ge=1, le=1440)] | None,
        Meta(description="How many buckets at most, 1 to 1440. Left out: 7 of days, 24 of hours, 96 of quarters."),
    ] = None
    page: Annotated[str, Meta(max_length=20, pattern="^[0-9]*$", description="The `next_page` of the page before.")] = ""


Endpoints = Literal[
    "completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions", "rerank", "passthrough"
]
"""What usage is told apart by."""


class UsageQuery(_SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which usage."""

    bucket_width: Annotated[Literal["15m", "1h", "1d"], Meta(description="How long a bucket's stretch of time is, in UTC.")] = (
        "1d"
    )
    batch: Annotated[bool | None, Meta(description="Batch jobs alone, of which a gateway has none, or all but those.")] = None


class CostsQuery(_SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which costs."""

    bucket_width: Annotated[Literal["1d"], Meta(description="How long a bucket's stretch of time is, in UTC.")] = "1d"
    line_items: Annotated[Names, Meta(description="The same as `models`.")] = ()


class UsageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one group used in one bucket. Ids are null unless grouped by."""

    object: str
    input_tokens: int = 0
    output_tokens: int = 0
    input_cached_tokens: int = 0
    input_cache_write_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_image_tokens: int = 0
    images: Annotated[int, Meta(description="Pictures made.")] = 0
    characters: Annotated[int, Meta(description="Of text that was spoken.")] = 0
    seconds: Annotated[int, Meta(description="Of sound that was heard.")] = 0
    searches: Annotated[int, Meta(description="Search units of rankings.")] = 0
    pages: Annotated[int, Meta(description="Of documents that were read.")] = 0
    num_model_requests: int = 0
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    batch: bool | None = None
    service_tier: str | None = None
    api_source: str | None = None
    organization_id: str | None = None
    team_id: str | None = None
    customer: str | None = None
    provider: str | None = None


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """Money. No number of JSON is exact everywhere: `exact` is a decimal in text."""

    value: float
    currency: str
    exact: str


class CostsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one group spent in one bucket."""

    amount: Amount
    object: str = "organization.costs.result"
    line_item: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    api_source: str | None = None
    quantity: float | None = None
    organization_id: str | None = None
    team_id: str | None = None
    customer: str | None = None
    provider: str | None = None


class UsageBucket(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of time."""

    start_time: int
    end_time: int
    results: tuple[UsageResult, ...]
    object: str = "bucket"


class CostsBucket(msgspec.Struct, frozen=True, kw_only=True):
    """One day, UTC."""

    start_time: int
    end_time: int
    results: tuple[CostsResult, ...]
    object: str = "bucket"


class UsagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Buckets in the order of time, those without usage too."""

    data: tuple[UsageBucket, ...]
    has_more: bool
    next_page: str | None = None
    object: str = "page"


class CostsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Buckets in the order of time, those without costs too."""

    data: tuple[CostsBucket, ...]
    has_more: bool
    next_page: str | None = None
    object: str = "page"
