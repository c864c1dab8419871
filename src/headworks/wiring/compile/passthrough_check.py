"""Lines of `passthrough` that would let out more than they say."""

from __future__ import annotations

import re

from headworks.domain.config import PassThroughRule
from headworks.domain.passthrough import MODEL, PLACEHOLDER
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.heads import CREDENTIAL, NAME, OURS
from headworks.wiring.config_file.tree import Path

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_SIGNED = re.compile(r"sig(?:nature)?$")
_ACCOUNTS = frozenset(("openai-organization", "openai-project", "anthropic-workspace-id", "x-goog-user-project"))
"""Headers that choose an account: the operator's to send."""


def check_rule(bench: Bench, line: str, rule: PassThroughRule, path: Path) -> None:
    """Note what is wrong with a rule."""
    if line.startswith("GET ") and not rule.shared and not set(PLACEHOLDER.findall(line)) - {MODEL}:
        bench.wrong(
            path,
            "It tells what the whole account holds, of all tenants: which of it is whose, nobody can tell.",
            "Leave it out, or add shared: true if all callers may see all of it.",
            on_key=True,
        )
    if rule.shared and rule.ids:
        bench.wrong((*path, "ids"), "What is shared has no ids to hide.", "Leave out 'ids' or 'shared'.")
    for number, name in enumerate(rule.query or ()):
        if name.casefold() == MODEL:
            bench.wrong(
                (*path, "query", number), "Nobody would ask who may use the model that a parameter names.", "Leave it out."
            )
        if CREDENTIAL.search(name.lower()) or _SIGNED.search(name.lower()):
            bench.wrong((*path, "query", number), f"A client's '{name}' looks like a credential, which is never passed on.")
    for number, name in enumerate(rule.headers or ()):
        _check_header(bench, name.lower(), (*path, "headers", number))
    for number, each in enumerate(rule.content_types or ()):
        if not _MEDIA_TYPE.fullmatch(each.lower()):
            bench.wrong((*path, "content_types", number), f"'{each}' is no content type.", "Write it like multipart/form-data.")
        elif each.lower() == "application/json":
            bench.wrong((*path, "content_types", number), "JSON is always taken.", "Leave it out.")


def _check_header(bench: Bench, name: str, path: Path) -> None:
    if not NAME.fullmatch(name):
        bench.wrong(path, f"'{name}' is not a header name.")
    elif name in OURS or name.startswith(("x-headworks-", "proxy-", "x-forwarded-")) or name == "forwarded":
        bench.wrong(path, f"The header '{name}' is the gateway's own.", "Leave it out.")
    elif CREDENTIAL.search(name) or name in _ACCOUNTS:
        bench.wrong(path, f"The header '{name}' is the operator's to send, under 'headers' of the provider.", "Leave it out.")
