"""A LiteLLM database as a mid-sized company has one: tables and rows of these tests' own making."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from headworks.stores.sql.engine import Database

RESEARCH_KEY = "sk-research-alice-4f2a9c"
BLOCKED_KEY = "sk-research-mallory-77b1"
EXPIRED_KEY = "sk-intern-2023-0c0c"
PERSONAL_KEY = "sk-bob-personal-1d1d"
CHEAP_KEY = "sk-batch-cheap-9e9e"
FROZEN_TEAM_KEY = "sk-frozen-5a5a"
PLAIN_KEY = "sk-stored-as-it-is-3b3b"
HOMELESS_KEY = "sk-homeless-6c6c"

_TABLES = {
    "LiteLLM_BudgetTable": "budget_id, max_budget REAL, soft_budget REAL, max_parallel_requests INTEGER, tpm_limit INTEGER, rpm_limit INTEGER, "
    "model_max_budget TEXT, budget_duration TEXT, budget_reset_at TEXT, created_at TEXT, created_by TEXT",
    "LiteLLM_OrganizationTable": "organization_id, organization_alias, budget_id, metadata TEXT, models TEXT, spend REAL, model_spend TEXT",
    "LiteLLM_TeamTable": "team_id, team_alias, organization_id, members_with_roles TEXT, metadata TEXT, max_budget REAL, spend REAL, models TEXT, "
    "max_parallel_requests INTEGER, tpm_limit INTEGER, rpm_limit INTEGER, budget_duration TEXT, blocked INTEGER, model_max_budget TEXT, model_id INTEGER",
    "LiteLLM_UserTable": "user_id, user_alias, user_email, user_role, teams TEXT, organization_id, max_budget REAL, spend REAL, models TEXT, "
    "tpm_limit INTEGER, rpm_limit INTEGER, budget_duration TEXT, metadata TEXT",
    "LiteLLM_VerificationToken": "token, key_name, key_alias, spend REAL, expires TEXT, models TEXT, aliases TEXT, config TEXT, user_id, team_id, "
    "permissions TEXT, max_parallel_requests INTEGER, metadata TEXT, blocked INTEGER, tpm_limit INTEGER, rpm_limit INTEGER, max_budget REAL, "
    "budget_duration TEXT, allowed_routes TEXT, model_max_budget TEXT, budget_id, organization_id, created_at TEXT",
    "LiteLLM_ProxyModelTable": "model_id, model_name",
    "LiteLLM_TeamMembership": "user_id, team_id, budget_id",
}


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def make_sqlite(path: Path) -> str:
    """Its address."""
    with sqlite3.connect(path) as connection:
        for table, columns in _TABLES.items():
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
        for table, row in _rows():
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            values = [json.dumps(value) if isinstance(value, list | dict) else value for value in row.values()]
            connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)  # noqa: S608 - names of our own
    connection.close()
    return f"sqlite:///{path}"


_OWN_TYPES = {
    "models": "TEXT[]", "allowed_routes": "TEXT[]", "teams": "TEXT[]", "metadata": "JSONB", "members_with_roles": "JSONB",
    "model_max_budget": "JSONB", "model_spend": "JSONB", "aliases": "JSONB", "config": "JSONB", "permissions": "JSONB",
    "expires": "TIMESTAMP", "blocked": "BOOLEAN", "tpm_limit": "BIGINT", "rpm_limit": "BIGINT", "max_budget": "DOUBLE PRECISION",
    "spend": "DOUBLE PRECISION",
}  # fmt: skip
"""As PostgreSQL has them, where it is not text."""


async def make_postgres(url: str) -> str:
    """The same, with arrays, JSON and times of PostgreSQL's own."""
    database = Database(url)
    try:
        async with database.writing() as connection:
            for table, columns in _TABLES.items():
                names = [column.split()[0] for column in columns.split(", ")]
                typed = ", ".join(f"{name} {_OWN_TYPES.get(name, 'TEXT')}" for name in names)
                await connection.execute(text(f'CREATE TABLE "{table}" ({typed})'))
            for table, row in _rows():
                marks = ", ".join(f"CAST(:{name} AS {_OWN_TYPES.get(name, 'TEXT')})" for name in row)
                statement = f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})'  # noqa: S608 - names of our own
                await connection.execute(text(statement), {name: _own(name, value) for name, value in row.items()})
    finally:
        await database.close()
    return url


def _own(name: str, value: object) -> object:
    kind = _OWN_TYPES.get(name, "TEXT")
    if kind == "TIMESTAMP":
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    if kind == "BOOLEAN":
        return bool(value)
    if kind == "JSONB":
        return json.dumps(value)
    return value if kind != "TEXT" else str(value)


def _rows() -> list[tuple[str, dict[str, object]]]:
    budget, organisation, team = "LiteLLM_BudgetTable", "LiteLLM_OrganizationTable", "LiteLLM_TeamTable"
    user, key = "LiteLLM_UserTable", "LiteLLM_VerificationToken"
    return [
        (
            budget,
            {"budget_id": "b-acme", "max_budget": 5000.0, "soft_budget": 4000.0, "budget_duration": "30d", "rpm_limit": 3000},
        ),
        (budget, {"budget_id": "b-fortnight", "max_budget": 25.5, "budget_duration": "14d"}),
        (
            organisation,
            {"organization_id": "o-acme", "organization_alias": "acme", "budget_id": "b-acme", "models": [], "spend": 812.5},
        ),
        (
            team,
            {
                "team_id": "team-research",
                "team_alias": "research",
                "organization_id": "o-acme",
                "models": ["gpt-4o", "cheap", "emulated"],
                "max_budget": 300.0,
                "budget_duration": "7d",
                "tpm_limit": 500000,
                "members_with_roles": [{"user_id": "u-alice", "role": "admin"}],
                "metadata": {"tags": ["cost-center:42", "internal"], "guardrails": ["pii"], "floor": 3},
            },
        ),
        (team, {"team_id": "team-frozen", "team_alias": "frozen", "models": [], "blocked": 1}),
        (team, {"team_id": "team-2", "team_alias": "research", "organization_id": "o-acme", "models": ["all-proxy-models"]}),
        (
            user,
            {"user_id": "u-alice", "user_email": "alice@acme.example", "user_role": "proxy_admin", "teams": ["team-research"]},
        ),
        (user, {"user_id": "u-bob", "user_alias": "Bob", "user_role": "internal_user", "max_budget": 20.0, "spend": 12.25}),
        (
            key,
            {
                "token": digest_of(RESEARCH_KEY),
                "key_name": "sk-...2a9c",
                "key_alias": "alice's notebook",
                "team_id": "team-research",
                "user_id": "u-alice",
                "models": ["all-team-models"],
                "rpm_limit": 60,
                "max_parallel_requests": 5,
                "model_max_budget": {"gpt-4o": {"budget_limit": 10.0, "time_period": "1d"}},
                "metadata": {"model_rpm_limit": {"gpt-4o": 10}},
                "expires": "2999-01-01T00:00:00",
                "spend": 1.25,
            },
        ),
        (
            key,
            {"token": digest_of(BLOCKED_KEY), "key_name": "sk-...77b1", "team_id": "team-research", "models": [], "blocked": 1},
        ),
        (
            key,
            {"token": digest_of(EXPIRED_KEY), "key_name": "sk-...0c0c", "models": [], "expires": "2024-01-01T00:00:00+00:00"},
        ),
        (
            key,
            {
                "token": digest_of(PERSONAL_KEY),
                "key_name": "sk-...1d1d",
                "user_id": "u-bob",
                "models": ["emulated"],
                "aliases": {"x": "gpt-4o"},
            },
        ),
        (
            key,
            {
                "token": digest_of(CHEAP_KEY),
                "key_name": "sk-...9e9e",
                "organization_id": "o-acme",
                "models": ["cheap"],
                "budget_id": "b-fortnight",
                "allowed_routes": ["/v1/chat/completions", "/v1/audio/speech"],
                "tpm_limit": 0,
            },
        ),
        (key, {"token": digest_of(FROZEN_TEAM_KEY), "key_name": "sk-...5a5a", "team_id": "team-frozen", "models": []}),
        (key, {"token": PLAIN_KEY, "key_name": "sk-...3b3b", "models": []}),
        (
            key,
            {
                "token": digest_of(HOMELESS_KEY),
                "key_name": "sk-...6c6c",
                "team_id": "team-gone",
                "models": ["no-default-models"],
            },
        ),
        (key, {"token": "f" * 64, "key_name": "sk-...dash", "team_id": "litellm-dashboard", "models": []}),
        ("LiteLLM_ProxyModelTable", {"model_id": "m1", "model_name": "added-in-the-console"}),
        ("LiteLLM_TeamMembership", {"user_id": "u-alice", "team_id": "team-research", "budget_id": "b-fortnight"}),
    ]
