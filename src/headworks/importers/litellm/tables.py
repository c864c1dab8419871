"""The rows of a LiteLLM database. It is only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from headworks.importers.litellm.row import Row
from headworks.stores.sql.engine import Database

KEYS = "LiteLLM_VerificationToken"
TEAMS = "LiteLLM_TeamTable"
USERS = "LiteLLM_UserTable"
BUDGETS = "LiteLLM_BudgetTable"
ORGANISATIONS = "LiteLLM_OrganizationTable"
READ = (ORGANISATIONS, TEAMS, USERS, BUDGETS, KEYS)
ADVICE = {
    "LiteLLM_ProxyModelTable": "Models that were added in their console. Export them with GET /model/info, and add them to model_list.",
    "LiteLLM_CredentialsTable": "Credentials that were added in their console: put them into the environment, files, or our store of secrets.",
    "LiteLLM_TeamMembership": "Budgets of members within a team: give such members keys of their own, with a budget.",
    "LiteLLM_OrganizationMembership": "Roles within an organisation: give administrators a role on it.",
    "LiteLLM_EndUserTable": "Customers named by callers: limits and budgets can be grouped by customer.",
    "LiteLLM_TagTable": "Budgets of tags: limits and budgets can be grouped by tag.",
    "LiteLLM_ProjectTable": "LIMITS OF PROJECTS HOLD NO LONGER. Make projects, and move their keys there.",
    "LiteLLM_GuardrailsTable": "REQUESTS ARE NOT GUARDED BY THEM ANY LONGER. See the notes on guardrails.",
    "LiteLLM_DeprecatedVerificationToken": "Old keys of rotations that are still good for a while: callers must change to the new ones.",
    "LiteLLM_MCPServerTable": "MCP servers are not passed through.",
    "LiteLLM_PromptTable": "Prompts are kept by callers.",
    "LiteLLM_Config": "Settings that were made in their console: look at GET /get/config/callbacks and write them into the document.",
    "LiteLLM_SpendLogs": "What was spent stays there: the ledger begins with the first request.",
    "LiteLLM_DailyUserSpend": "What was spent stays there: the ledger begins with the first request.",
    "aliases": "Other names of models for this key alone. Write them as models, and allow the key these.",
    "config": "Settings of this key alone have no like.",
    "permissions": "What a key may do is said by models, endpoints and features.",
    "router_settings": "Routing of this key alone has no like.",
    "allowed_cache_controls": "Callers cannot control the cache.",
    "model_id": "The team's other names of models. Write them as models, and allow the team these.",
    "object_permission_id": "MCP servers and vector stores are not passed through.",
    "project_id": "THE PROJECT'S LIMITS HOLD NO LONGER FOR IT. Make the project, and move the key there.",
    "access_group_ids": "Groups of the console. Write the models that they hold.",
    "policies": "Write them as policies in CEL (configuration.md#policies).",
    "auto_rotate": "Keys are rotated when somebody asks for it.",
    "rotation_interval": "Keys are rotated when somebody asks for it.",
    "key_rotation_at": "Keys are rotated when somebody asks for it.",
    "budget_limits": "Further budgets in windows of their own: add them to the budgets of the key or team.",
    "budget_fallbacks": "There is no cheaper model when a budget is spent.",
}
"""What to do about tables and columns that are not taken over."""


class Tables(msgspec.Struct, frozen=True):
    """Rows by table, and of the other tables how many they have."""

    rows: Mapping[str, Sequence[Row]]
    unread: Mapping[str, int]


class NotTheirs(Exception):
    """There is no LiteLLM in that database."""


async def read_tables(database: Database) -> Tables:
    """All that is of interest, in one transaction. Raises `NotTheirs`, and what SQLAlchemy raises."""
    async with database.reading() as connection:
        names = await connection.run_sync(_table_names)
        if KEYS not in names:
            raise NotTheirs(f"{database!r} has no table {KEYS}: name the database that LiteLLM's database_url names.")
        rows = {table: await connection.run_sync(_rows_of(table)) if table in names else [] for table in READ}
        others = [name for name in names if name in ADVICE]
        counts = {name: await connection.run_sync(_count_of(name)) for name in others}
    return Tables(rows, {name: count for name, count in counts.items() if count})


def _table_names(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def _rows_of(table: str) -> Callable[[Connection], list[Row]]:
    """`table` is one of ours: never a name that somebody sent."""
    return lambda connection: [Row(dict(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]  # noqa: S608


def _count_of(table: str) -> Callable[[Connection], int]:
    return lambda connection: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()  # noqa: S608
