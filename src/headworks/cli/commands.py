"""All commands, as tables: what they are called, where they are, and one line about each. Nothing of them is loaded."""

from __future__ import annotations

COMMANDS = (
    ("demo", "headworks.cli.demo:demo", "Simulated providers, a gateway and live traffic. Needs no API key."),
    ("init", "headworks.cli.init:init", "Write a short configuration to start from."),
    ("check", "headworks.cli.check:check", "Say whether the configuration can be used, and what it means."),
    ("models", "headworks.cli.models:models", "List the models that callers may ask for: what each can do, and what it costs."),
    ("serve", "headworks.cli.serve:serve", "Serve: gateway and control plane, until told to stop."),
    ("restart", "headworks.cli.serve:restart", "Replace the running gateway by a new one without losing a request."),
    ("exchanges", "headworks.cli.exchanges:exchanges", "List what has gone through the gateway, newest first."),
    ("explain", "headworks.cli.explain:COMMAND", "Tell the journey of one request: stages, tries, tokens, price."),
    ("doctor", "headworks.cli.doctor:doctor", "Look at configuration, machine and running gateway, and say what is wrong."),
    ("login", "headworks.cli.login:login", "Keep an admin token for the commands that administer."),
    ("logout", "headworks.cli.login:logout", "Forget it."),
    ("whoami", "headworks.cli.oneself:whoami", "Say who you are to the control plane, and what you may do."),
    ("emulate", "headworks.cli.emulate:emulate", "Run emulated model providers until interrupted."),
    ("simulate", "headworks.cli.simulate:simulate", "Play a trace of real load through strategies, and compare them."),
    ("prices", "headworks.cli.prices:prices", "Write a newer price table than the one that is shipped."),
    ("version", "headworks.cli.doctor:version", "Print the versions of Headworks, Python and the parts on the hot path."),
)
"""Name, where it is, and one line about it, in the order in which a newcomer meets them."""

PARTIES = (
    ("organisations", "headworks.cli.parties:ORGANISATIONS", "Tenants."),
    ("teams", "headworks.cli.parties:TEAMS", "Teams of organisations."),
    ("projects", "headworks.cli.parties:PROJECTS", "Projects of teams or organisations."),
    ("users", "headworks.cli.parties:USERS", "People who hold keys."),
    ("service-accounts", "headworks.cli.parties:SERVICE_ACCOUNTS", "Programs that hold keys."),
)
"""Kinds of parties: each has all `PARTY_VERBS`."""

PARTY_VERBS = (
    ("list", "list_all", "List those within your reach."),
    ("show", "show", "Show one."),
    ("create", "create", "Make one."),
    ("change", "change", "Change some of it, disable it, or let it through again."),
    ("move", "move", "Put it under another party, with all below it."),
    ("remove", "remove", "Remove it with its keys."),
)
"""Verb, the method that does it, and one line about it. Organisations stand under nothing, and are not moved."""

GROUPS = (
    (
        "keys",
        "API keys.",
        (
            ("list", "headworks.cli.keys:list_all", "List keys within your reach."),
            ("show", "headworks.cli.keys:show", "Show what is known of a key, never itself."),
            ("create", "headworks.cli.keys:create", "Make a key. It is printed once."),
            ("change", "headworks.cli.keys:change", "Change name or expiry."),
            ("remove", "headworks.cli.keys:remove", "Remove a key."),
            ("rotate", "headworks.cli.keys:rotate", "Make another key in the place of one; both are good for a while."),
            ("revoke", "headworks.cli.keys:revoke", "Refuse a key from now on."),
            ("policy", "headworks.cli.keys:policy", "Say what a key may do in effect."),
        ),
    ),
    (
        "bounds",
        "What parties and keys may use.",
        (
            ("show", "headworks.cli.bounds:show", "Show what one level says."),
            ("change", "headworks.cli.bounds:change", "Change what one level says."),
        ),
    ),
    (
        "limits",
        "Limits of parties and keys.",
        (
            ("list", "headworks.cli.limits:list_all", "List the limits of one level."),
            ("show", "headworks.cli.limits:show", "Show a limit."),
            ("create", "headworks.cli.limits:create", "Set a limit."),
            ("change", "headworks.cli.limits:change", "Change a limit."),
            ("remove", "headworks.cli.limits:remove", "Take a limit away."),
        ),
    ),
    (
        "budgets",
        "Budgets of parties and keys.",
        (
            ("list", "headworks.cli.budgets:list_all", "List the budgets of one level."),
            ("show", "headworks.cli.budgets:show", "Show a budget."),
            ("create", "headworks.cli.budgets:create", "Set a budget."),
            ("change", "headworks.cli.budgets:change", "Change a budget."),
            ("remove", "headworks.cli.budgets:remove", "Take a budget away."),
            ("top-up", "headworks.cli.budgets:top_up", "Add money to a budget for one period."),
            ("top-ups", "headworks.cli.budgets:top_ups", "List what was added to a budget."),
        ),
    ),
    (
        "usage",
        "Tokens and requests.",
        (("list", "headworks.cli.usage:list_usage", "List them by time, model, key, project, …"),),
    ),
    (
        "costs",
        "What callers were charged.",
        (("list", "headworks.cli.usage:list_costs", "List it by day, model, key, project, …"),),
    ),
    (
        "customers",
        "Whom callers serve, by reference.",
        (
            ("list", "headworks.cli.customers:list_all", "List customers that callers have named."),
            ("show", "headworks.cli.customers:show", "Show a customer."),
            ("forget", "headworks.cli.customers:forget", "Erase a customer's name for good."),
        ),
    ),
    (
        "administrators",
        "Who administers.",
        (
            ("list", "headworks.cli.administrators:list_all", "List those who have a role within your reach."),
            ("show", "headworks.cli.administrators:show", "Show somebody."),
            ("create", "headworks.cli.administrators:create", "Make an administrator, with a first role."),
            ("change", "headworks.cli.administrators:change", "Change name, address or password; disable somebody."),
            ("remove", "headworks.cli.administrators:remove", "Remove somebody, with all roles, tokens and sessions."),
        ),
    ),
    (
        "identities",
        "Whom administrators come as through an identity provider.",
        (
            ("create", "headworks.cli.administrators:create_identity", "Say whom somebody comes as."),
            ("remove", "headworks.cli.administrators:remove_identity", "Let somebody come through none any more."),
        ),
    ),
    (
        "grants",
        "Roles of administrators on parties.",
        (
            ("list", "headworks.cli.administrators:list_grants", "List roles on parties within your reach."),
            ("create", "headworks.cli.administrators:create_grant", "Give somebody a role."),
            ("remove", "headworks.cli.administrators:remove_grant", "Take a role away."),
        ),
    ),
    (
        "tokens",
        "Your own admin tokens.",
        (
            ("list", "headworks.cli.oneself:list_tokens", "List them: never the tokens themselves."),
            ("create", "headworks.cli.oneself:create_token", "Make one, as wide as you or narrower. It is printed once."),
            ("revoke", "headworks.cli.oneself:revoke_token", "Refuse one from now on."),
        ),
    ),
    (
        "sessions",
        "Your own sessions in browsers.",
        (
            ("list", "headworks.cli.oneself:list_sessions", "List where you are signed in."),
            ("remove", "headworks.cli.oneself:remove_session", "End one at once."),
        ),
    ),
    (
        "password",
        "Your own password.",
        (("change", "headworks.cli.passwords:change", "Change it. Your sessions end."),),
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
        "rollouts",
        "Candidates for a model's live version, on their way.",
        (
            ("list", "headworks.cli.rollouts:list_all", "List them, newest first."),
            ("show", "headworks.cli.rollouts:show", "Show one: where it stands, what is known, and how it came there."),
            ("start", "headworks.cli.rollouts:start", "Begin one."),
            ("promote", "headworks.cli.rollouts:promote", "Let the candidate serve everybody at once."),
            ("pause", "headworks.cli.rollouts:pause", "Leave its share as it is until somebody decides."),
            ("resume", "headworks.cli.rollouts:resume", "Go on where it was paused."),
            ("rollback", "headworks.cli.rollouts:rollback", "Take the candidate back."),
            ("freeze", "headworks.cli.rollouts:freeze", "Let nothing but the circuit move it; --thaw lets the evidence again."),
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
            ("list", "headworks.cli.audit_list:list_all", "List acts and denials within your reach, newest first."),
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
    + tuple(
        (f"{noun} {verb}", where, words)
        for noun, where, _ in PARTIES
        for verb, _, words in PARTY_VERBS
        if (noun, verb) != ("organisations", "move")
    )
    + tuple((f"{first} {name}", where, words) for first, _, seconds in GROUPS for name, where, words in seconds)
)
"""Every command by its full name."""
