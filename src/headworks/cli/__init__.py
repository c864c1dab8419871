"""The command line. A command's module is imported only when it is the one that was asked for."""

from __future__ import annotations

import os
import sys

from cyclopts import App

from headworks import __version__

COMMANDS = (
    ("demo", "headworks.cli.demo:demo", "Simulated providers, a gateway and live traffic. Needs no API key."),
    ("init", "headworks.cli.init:init", "Write a short configuration to start from."),
    ("check", "headworks.cli.check:check", "Say whether the configuration can be used, and what it means."),
    ("serve", "headworks.cli.serve:serve", "Serve: gateway and control plane, until told to stop."),
    ("restart", "headworks.cli.serve:restart", "Replace the running gateway by a new one without losing a request."),
    ("exchanges", "headworks.cli.exchanges:exchanges", "List what has gone through the gateway, newest first."),
    ("explain", "headworks.cli.explain:COMMAND", "Tell the journey of one request: stages, tries, tokens, price."),
    ("doctor", "headworks.cli.doctor:doctor", "Look at configuration, machine and running gateway, and say what is wrong."),
    ("login", "headworks.cli.login:login", "Keep an admin token for the commands that administer."),
    ("logout", "headworks.cli.login:logout", "Forget it."),
    ("emulate", "headworks.cli.emulate:emulate", "Run emulated model providers until interrupted."),
    ("prices", "headworks.cli.prices:prices", "Write a newer price table than the one that is shipped."),
    ("version", "headworks.cli.doctor:version", "Print the versions of Headworks, Python and the parts on the hot path."),
)
"""Name, where it is, and one line about it, in the order in which a newcomer meets them."""

GROUPS = (
    (
        "keys",
        "API keys.",
        (
            ("create", "headworks.cli.keys:create", "Make a key. It is printed once."),
            ("list", "headworks.cli.keys:list_all", "List keys within your reach."),
            ("rotate", "headworks.cli.keys:rotate", "Make another key in the place of one; both are good for a while."),
            ("revoke", "headworks.cli.keys:revoke", "Refuse a key from now on."),
            ("policy", "headworks.cli.keys:policy", "Say what a key may do in effect."),
        ),
    ),
    (
        "organisations",
        "Tenants.",
        (
            ("create", "headworks.cli.parties:create_organisation", "Make an organisation."),
            ("list", "headworks.cli.parties:list_organisations", "List organisations within your reach."),
        ),
    ),
    (
        "teams",
        "Teams of organisations.",
        (
            ("create", "headworks.cli.parties:create_team", "Make a team."),
            ("list", "headworks.cli.parties:list_teams", "List teams within your reach."),
        ),
    ),
    (
        "projects",
        "Projects of teams.",
        (
            ("create", "headworks.cli.parties:create_project", "Make a project."),
            ("list", "headworks.cli.parties:list_projects", "List projects within your reach."),
        ),
    ),
    (
        "users",
        "Users, who hold keys.",
        (
            ("create", "headworks.cli.parties:create_user", "Make a user."),
            ("list", "headworks.cli.parties:list_users", "List users within your reach."),
        ),
    ),
    (
        "budgets",
        "Budgets of parties and keys.",
        (
            ("top-up", "headworks.cli.budgets:top_up", "Add money to a budget for one period."),
            ("top-ups", "headworks.cli.budgets:top_ups", "List what was added to a budget."),
        ),
    ),
    (
        "config",
        "Revisions of the configuration, where `config_from: database` keeps it in the database.",
        (
            ("list", "headworks.cli.config:list_all", "List revisions, newest first."),
            ("show", "headworks.cli.config:show", "Print the document of a revision."),
            ("diff", "headworks.cli.config:diff", "Say in what two revisions differ, or a file and a revision."),
            ("apply", "headworks.cli.config:apply", "Make a file the active revision."),
            ("rollback", "headworks.cli.config:rollback", "Make an earlier document active again, as a new revision."),
            ("export", "headworks.cli.config:export", "Write the document of a revision to a file."),
        ),
    ),
    (
        "database",
        "The tables that hold organisations, keys, the audit and the ledger.",
        (
            ("check", "headworks.cli.database:check", "Say whether the tables are those that this version works with."),
            ("upgrade", "headworks.cli.database:upgrade", "Bring the tables to this version, as a start does by itself."),
            ("downgrade", "headworks.cli.database:downgrade", "Bring the tables back, before an older Headworks is installed."),
        ),
    ),
    (
        "secrets",
        "Provider credentials, kept enciphered.",
        (
            ("put", "headworks.cli.secrets:put", "Keep a credential; headworks.yaml refers to it as secret:NAME."),
            ("list", "headworks.cli.secrets:list_all", "Say what is kept, without showing it."),
            ("remove", "headworks.cli.secrets:remove", "Forget a credential."),
            ("rotate-master", "headworks.cli.secrets:rotate_master", "Wrap all under a new master key."),
        ),
    ),
    (
        "import",
        "Come from another gateway.",
        (("litellm", "headworks.cli.import_litellm:litellm", "Take over LiteLLM's configuration, keys, teams and budgets."),),
    ),
    (
        "audit",
        "The record of administrative acts.",
        (
            ("verify", "headworks.cli.audit:verify", "Say whether anything in it was changed, cut off or written anew."),
            ("export", "headworks.cli.audit:export", "Write it as JSON lines, with a signed head, to be kept elsewhere."),
            ("ledger", "headworks.cli.audit_ledger:ledger", "Prove that exchanges, postings and counters come to the same."),
        ),
    ),
)
"""Commands of two words: the first, one line about all of them, and the second as above."""

_WITHIN = (
    (
        "explain access",
        "headworks.cli.access:access",
        "Say whether a key may ask a model, and which level or policy decides it.",
    ),
)
"""Of commands that do something by themselves, too."""

EVERY = (
    COMMANDS
    + _WITHIN
    + tuple((f"{first} {name}", where, words) for first, _, seconds in GROUPS for name, where, words in seconds)
)
"""Every command by its full name."""

INTERRUPTED = 130
"""What a shell expects of a program that was ended by Ctrl-C."""


def build() -> App:
    """The application, with every command known by name and none loaded."""
    app = App(
        name="headworks",
        help="One door in front of every model: governed, metered, and fast.",
        version=__version__,
    )
    for place, (name, where, words) in enumerate(COMMANDS):
        app.command(where, name=name, help=words, sort_key=place)
    for place, (name, words, commands) in enumerate(GROUPS, start=len(COMMANDS)):
        group = App(name=name, help=words, sort_key=place)
        for order, (second, where, about) in enumerate(commands):
            group.command(where, name=second, help=about, sort_key=order)
        app.command(group)
    return app


def main() -> None:
    """Run the command line of this process."""
    try:
        build()()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `headworks exchanges | head`: whoever read us has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
