"""Usage and costs in the shapes of OpenAI's organisation API. Money is a decimal in text: no number of JSON holds it exactly everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Names = Annotated[str, Meta(max_length=4000, description="One or more, separated by commas.")]
Instant = Annotated[int, Meta(ge=0, le=1 << 40, description="Seconds since 1970.")]


class _SpanQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    start_time: Instant | None = None
    """Left out: a week ago."""
    end_time: Instant | None = None
    group_by: Names = ""
    project_ids: Names = ""
    user_ids: Names = ""
    api_key_ids: Names = ""
    models: Names = ""
    organization_ids: Names = ""
    customers: Annotated[
        str,
        Meta(
            max_length=4000,
            description="References, or names of customers of `organization_ids` (without those: of callers in the configuration).",
        ),
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=1440, description="How many buckets at most.")] = 31
    page: Annotated[str, Meta(max_length=20, pattern="^[0-9]*$", description="The `next_page` of the page before.")] = ""


class UsageQuery(_SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which usage."""

    bucket_width: Literal["15m", "1h", "1d"] = "1d"


class CostsQuery(_SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which costs."""

    bucket_width: Literal["1d"] = "1d"


class UsageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one group used in one bucket. Ids are null unless grouped by."""

    object: str
    input_tokens: int = 0
    output_tokens: int = 0
    input_cached_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    num_model_requests: int = 0
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    model: str | None = None
    organization_id: str | None = None
    team_id: str | None = None
    customer: str | None = None
    provider: str | None = None


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """Money."""

    value: str
    currency: str


class CostsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one group spent in one bucket."""

    amount: Amount
    object: str = "organization.costs.result"
    line_item: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
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
