"""Rollouts: where they stand, how they came there, and what is known of them."""

from __future__ import annotations

from sqlalchemy import Index, Table

from headworks.stores.sql.schema.columns import METADATA, flag, identity, number, whole, words

ROLLOUTS = Table(
    "rollouts",
    METADATA,
    identity(),  # sorted by time
    words("model"),
    words("state"),
    whole("number"),  # raised by every change: who changes it says which one was read
    words("record"),
    Index(None, "model"),
    Index(None, "state"),
)

ROLLOUT_EVENTS = Table(
    "rollout_events",
    METADATA,
    identity("rollout"),
    number("number"),  # the one that the change gave the rollout
    whole("at"),
    words("actor"),
    words("actor_name"),
    words("before"),
    words("after"),
    whole("step"),
    words("reason"),
    words("evidence"),  # as it was then
)

ROLLOUT_EVIDENCE = Table("rollout_evidence", METADATA, identity("rollout"), words("evidence"), whole("updated_at"))

ROLLOUT_ANSWERS = Table(
    "rollout_answers",
    METADATA,
    identity("exchange"),
    words("tenant"),
    words("rollout"),
    words("version"),
    whole("at"),
    Index(None, "rollout"),
)

ROLLOUT_OPINIONS = Table(
    "rollout_opinions",
    METADATA,
    identity("exchange"),  # that it is about
    identity("tenant"),
    identity("gate"),
    whole("score"),  # millionths
    whole("at"),
    flag("counted"),
    Index(None, "counted"),
)
