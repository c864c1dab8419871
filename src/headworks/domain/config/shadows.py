"""Shadows, as an operator writes them."""

from __future__ import annotations

from headworks.domain.config.limits import LimitsRule
from headworks.domain.config.written import Written


class ShadowsRule(Written, frozen=True):
    """What rollouts may ask of candidates besides, at nobody's cost but the operator's."""

    concurrent: int = 4
    """Under way at once."""
    waiting: int = 16
    """Beyond so many that wait they are dropped."""
    limits: LimitsRule = LimitsRule()
    """Of all together, as those of a key: `{budget: 10 USD}`."""
