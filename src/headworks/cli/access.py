"""`headworks explain access`: may this key do that, and which level or rule decides it?"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headworks.cli.access_claims import certified, claimant, claims_in
from headworks.cli.access_holders import Holder, configured, recorded
from headworks.cli.rule_words import scope
from headworks.cli.settings import ConfigPath, misuse, report
from headworks.domain.features import KNOWN
from headworks.domain.governed import GOVERNED
from headworks.domain.kind import Kind
from headworks.domain.limits import allowance
from headworks.journey.access import Access, Explainer, Question, Step
from headworks.journey.permission import Permission
from headworks.journey.planner import Planner
from headworks.policies import PolicyBook
from headworks.wiring.clock import SystemClock
from headworks.wiring.compile import Compiled
from headworks.wiring.compile.access import ENDPOINTS
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.load import ConfigFile
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME

_WIDTH_OF_A_PIPE = 120
_LANGUAGES = tuple(GOVERNED)
Flag = Annotated[bool, Parameter(negative=())]
Names = Annotated[tuple[str, ...], Parameter(negative=())]


def access(  # noqa: PLR0913 - the facts of a request, each an option
    config: ConfigPath = None,
    *,
    key: str = "",
    claims: str = "",
    token_claims: Path | None = None,
    certificate: Path | None = None,
    model: str,
    endpoint: str = "chat",
    dialect: str = _LANGUAGES[0],
    feature: Names = (),
    tag: Names = (),
    customer: str = "",
    max_tokens: int | None = None,
    stream: Flag = False,
    json: Flag = False,
) -> int:
    """Say whether a key, or the bearer of a token, may ask a model, and which level or policy decides it. Nothing is sent, and no
    issuer is asked anything.

    Ends with 0 if it may and 1 if not.

    Args:
        config: Which configuration.
        key: The key's name in the configuration; of one in the database its id, or its beginning as lists show it.
        claims: Instead of a key what a token claims, as JSON. It needs no signature.
        token_claims: The same from a file; /dev/stdin is one.
        certificate: Instead of a key a client's certificate, in PEM. Its authority is not looked at.
        model: As a caller would write it.
        endpoint: Kind of request: chat, completions, embeddings, count_tokens, models.
        dialect: Language of the request: openai_chat, openai_responses, anthropic, gemini, cohere, ollama.
        feature: What it uses, such as tools or web_search. May be repeated.
        tag: NAME=VALUE, as in x-headworks-tags. May be repeated.
        customer: As in x-headworks-customer.
        max_tokens: Output tokens that it allows.
        stream: Whether the answer is to be streamed.
        json: Print it for programs.
    """
    if sum(map(bool, (key, claims, token_claims, certificate))) != 1:
        misuse("Whose access? Give --key, --claims, --token-claims or --certificate.")
    file = config or Path(CONFIG_NAME)
    question = Question(
        model=model,
        endpoint=_endpoint(endpoint),
        dialect=_known(dialect, "--dialect", _LANGUAGES),
        features=frozenset(_known(name, "--feature", tuple(sorted(KNOWN))) for name in feature),
        max_tokens=max_tokens,
        stream=stream,
        customer=customer,
        tags=dict(_tag(text) for text in tag),
        at=SystemClock().wall_ns(),
    )
    compiled = _compiled(file)
    if compiled is None:
        return Exit.CONFIG
    holder = _by_key(config, compiled, key, file) if key else _by_proof(config, compiled, certificate, claims, token_claims)
    if holder is None:
        return Exit.FAILED if key else Exit.UNAVAILABLE
    return _tell(holder, question, _decided(compiled, holder, question), _counted_in(compiled, holder), json=json)


def _compiled(file: Path) -> Compiled | None:
    """The configuration; None where it is refused, and then it is said why."""
    try:
        return ConfigFile(file, os.environ, SystemClock()).load()
    except ConfigRefused as refused:
        sys.stderr.write(report(refused, file))
        return None


def _by_proof(
    config: Path | None, compiled: Compiled, certificate: Path | None, claims: str, token_claims: Path | None
) -> Holder | None:
    """Whoever a certificate or, where there is none, claims lead to."""
    if certificate is not None:
        return certified(config, compiled, certificate)
    return claimant(config, compiled, claims_in(claims, token_claims))


def _by_key(config: Path | None, compiled: Compiled, key: str, file: Path) -> Holder | None:
    """Who holds it; None where that is not one, and then it is said why."""
    holder = configured(compiled, key)
    holders = [holder] if holder is not None else recorded(config, key)
    if len(holders) == 1:
        return holders[0]
    _tell_of_all(key, holders, file)
    return None


def _counted_in(compiled: Compiled, holder: Holder) -> dict[str, str]:
    """What each limit and budget gives, in words."""
    hard = (*compiled.snapshot.limits, *holder.principal.limits)
    soft = (*compiled.snapshot.soft_budgets, *holder.principal.soft_budgets)
    refusing = {limit.id: f"{allowance(limit)}{scope(limit)}" for limit in hard}
    return refusing | {limit.id: f"{allowance(limit)}{scope(limit)}, which only alerts" for limit in soft}


def _tell(holder: Holder, question: Question, decision: Access, limits: Mapping[str, str], *, json: bool) -> int:
    if json:
        print(msgspec.json.format(msgspec.json.encode(_as_json(holder, decision, limits)), indent=2).decode())
    else:
        _show(holder, question, decision, limits)
    return Exit.OK if decision.allowed else Exit.FAILED


def _decided(compiled: Compiled, holder: Holder, question: Question) -> Access:
    """As the journey would decide, and whether the key opens anything at all."""
    policies = PolicyBook()
    decision = Explainer(Permission(Planner(), policies), policies).access(
        compiled.snapshot, holder.principal, holder.levels, question
    )
    if not holder.trouble:
        return decision
    return msgspec.structs.replace(decision, allowed=False, code="invalid_api_key", message=holder.trouble)


def _endpoint(name: str) -> Kind:
    return Kind(_known(name, "--endpoint", ENDPOINTS))


def _known(name: str, option: str, known: tuple[str, ...]) -> str:
    if name not in known:
        hint = did_you_mean(name, known) or f"Known: {', '.join(known)}."
        misuse(f"{option} {name}: there is no such thing. {hint}")
    return name


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        misuse(f"--tag {text}: write NAME=VALUE.")
    return name, value


def _tell_of_all(key: str, holders: list[Holder], file: Path) -> None:
    if holders:
        sys.stderr.write(f"{len(holders)} keys are called {key}. Which one?\n")
        sys.stderr.write("".join(f"  --key {holder.principal.id}   {_where(holder)}\n" for holder in holders))
    else:
        sys.stderr.write(
            f"No key is called {key}, in {file} or in its database.\n"
            "Give a key's name in the configuration, or its id or first characters, as lists of keys show them: not the key itself.\n"
        )


def _where(holder: Holder) -> str:
    return " / ".join(level.name for level in holder.levels)


def _as_json(holder: Holder, decision: Access, limits: Mapping[str, str]) -> dict[str, object]:
    principal = holder.principal
    return {
        "key": principal.id,
        "levels": [level.name for level in holder.levels],
        **msgspec.to_builtins(decision),
        "limits": limits,
    }


def _show(holder: Holder, question: Question, decision: Access, limits: Mapping[str, str]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, highlight=False)
    word = Text("allowed", "bold green") if decision.allowed else Text("denied", "bold red")
    console.print(Text.assemble(word, f": {_where(holder)} asks '{question.model}' ({question.endpoint})"))
    if decision.message:
        console.print(Text(f"{decision.code}: {decision.message}"))
    if decision.steps:
        console.print()
        console.print(_table(decision.steps))
    if decision.allowed:
        console.print()
        console.print(Text(f"served by   {', '.join(decision.targets)}"))
        for step in decision.fallbacks:
            console.print(Text(f"fallback    {step.by}: {'at ' if step.passes else 'not, '}{step.why}"))
        console.print(Text(f"judged by   {', '.join(decision.guards) or 'no guard'}"))
        for name, words in limits.items():
            console.print(Text(f"counted in  {name}: {words}"))


def _table(steps: tuple[Step, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("by", "asked", "", "why"):
        table.add_column(column, overflow="fold")
    for step in steps:
        table.add_row(
            Text(step.by), Text(step.what), Text("yes", "green") if step.passes else Text("no", "red"), Text(step.why)
        )
    return table
