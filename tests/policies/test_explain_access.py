"""`headworks explain access` gives the journey's decision, and tells what led to it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.cli import build
from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, Narrowed, narrowed
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel
from headworks.journey.access import Explainer, Level, Question
from headworks.journey.permission import Permission, refuse_endpoint
from headworks.journey.planner import Planner
from headworks.policies import PolicyBook
from headworks.testing import sample_snapshot, sample_target
from tests.sql.house import AUDIT, house, key, migrate, organisation, team

from .asking import allow, deny, named, request

CONFIG = """\
providers: {openai: {api_key: x, region: eu}, azure: {resource: r, api_key: y, region: us}}
models:
  smart: {targets: [openai/gpt-4o, azure/gpt-4o], fallbacks: [fast, us]}
  fast: openai/gpt-4o-mini
  us: azure/gpt-4o-mini
guards: {cards: {patterns: [x]}, pii: {patterns: [y], applies: named}}
policies:
  no-long: {when: 'team == "interns" && max_tokens > 4000', message: "interns get 4000 tokens"}
  batch: {when: 'has(tags.job)', then: allow, applies: named}
keys:
  intern: {key: hw-1, team: interns, models: [smart, fast, us], regions: [eu], features: [tools], limits: {requests_per_minute: 60}}
  robot: {key: hw-2, policies: [batch], guards: [pii], endpoints: [chat]}
  mute: {key: hw-3, features: []}
  saver:
    key: hw-4
    limits: {budgets: {monthly: {amount: 9 USD, calendar: month, rollover: {most: 4 USD, since: 2026-11-01}}}}
"""


class Desk:
    """The command over one configuration, whose database lies beside it."""

    def __init__(self, directory: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.database = f"sqlite:///{directory}/records.db"
        self.file = directory / "headworks.yaml"
        self.file.write_text(f"database: {self.database}\n{CONFIG}")
        self._capture = capture

    def run(self, *words: str) -> tuple[object, str, str]:
        """What it ends with and prints. The name of a key and of a model come first."""
        named_key, model, *more = words
        command = ["explain", "access", str(self.file), "--key", named_key, "--model", model, *more]
        try:
            code = build()(command, result_action="return_value")
        except SystemExit as ended:
            code = ended.code
        printed = self._capture.readouterr()
        return code, printed.out, printed.err

    def told(self, *words: str) -> dict[str, Any]:
        """The decision, as programs get it."""
        return json.loads(self.run(*words, "--json")[1])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("COLUMNS", "200")
    return Desk(tmp_path, capsys)


@pytest.mark.parametrize(
    ("words", "code", "by"),
    [
        (("intern", "smart", "--max-tokens", "100"), "", ""),
        (("intern", "smart", "--max-tokens", "100", "--feature", "tools"), "", ""),
        (("intern", "smart"), "policy_denied", "no-long"),
        (("intern", "smart", "--feature", "images"), "feature_not_allowed", "key intern"),
        (("intern", "us"), "model_not_allowed", "key intern"),
        (("intern", "smrt"), "model_not_found", "key intern"),
        (("robot", "smart"), "policy_denied", "batch"),
        (("robot", "smart", "--tag", "job=x"), "", ""),
        (("robot", "smart", "--tag", "job=x", "--endpoint", "count_tokens"), "endpoint_not_allowed", "key robot"),
        (("robot", "smart", "--tag", "job=x", "--feature", "web_search"), "feature_not_allowed", "key robot"),
        (("mute", "smart", "--feature", "tools"), "feature_not_allowed", "key mute"),
        (("mute", "smart", "--dialect", "anthropic"), "", ""),
    ],
)
def test_it_says_which_level_or_rule_decides(desk: Desk, words: tuple[str, ...], code: str, by: str) -> None:
    told = desk.told(*words)

    assert (told["allowed"], told["code"]) == (not code, code)
    assert [step["by"] for step in told["steps"] if not step["passes"]] == ([by] if by else [])


def test_it_says_what_may_be_carried_over(desk: Desk) -> None:
    told = desk.told("saver", "smart", "--max-tokens", "100")["limits"]["key/saver/monthly"]

    assert told == "9 USD a month, and up to 4 USD left over by the one before"


def test_a_page_for_people_tells_where_it_would_go_and_before_whom(desk: Desk) -> None:
    code, out, _ = desk.run("intern", "smart", "--max-tokens", "100")

    assert code == 0
    for words in (
        "allowed: key intern asks 'smart' (chat)",
        "leaves openai/gpt-4o (allowed: eu)",
        'does not hold: team == "interns"',
        "served by   openai/gpt-4o",
        "fallback    fast: at openai/gpt-4o-mini",
        "fallback    us: not, ",
        "judged by   cards",
        "60 requests a minute",
    ):
        assert words in out
    assert "hw-1" not in out


def test_a_denial_ends_with_one_and_says_what_the_caller_is_told(desk: Desk) -> None:
    code, out, _ = desk.run("intern", "smart")

    assert code == 1
    assert "policy_denied: The policy 'no-long' does not let this request pass (interns get 4000 tokens)." in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("intern", "smart", "--feature", "tols"), "Did you mean 'tools'?"),
        (("intern", "smart", "--endpoint", "chats"), "Did you mean 'chat'?"),
        (("intern", "smart", "--tag", "x"), "write NAME=VALUE"),
    ],
)
def test_words_that_mean_nothing_are_told(desk: Desk, words: tuple[str, ...], said: str) -> None:
    code, _, err = desk.run(*words)

    assert code == 2
    assert said in err


def test_a_key_of_the_database_is_explained_level_by_level(desk: Desk) -> None:
    migrate(desk.database)

    async def fill() -> None:
        async with house(desk.database) as there:
            acme = organisation("acme")
            research = team("research", acme)
            everything = Bounds(models=("*",), regions=("eu",), tags={"job": "x"})
            fast = Bounds(models=("fast", "smart"), policies=("batch",))
            for party, bounds in ((acme, everything), (research, fast)):
                made = msgspec.structs.replace(party, bounds=bounds)
                await there.records.add_party(made, reach=("*",), audit=AUDIT)
            for number, more in ((1, {}), (2, {"revoked_at": 1}), (3, {"bounds": Bounds(models=("smart",))})):
                await there.records.add_key(key(number, research.id, **more), reach=("*",), audit=AUDIT)

    asyncio.run(fill())
    good = desk.told("key 1", "smart", "--max-tokens", "9")
    assert good["allowed"], good
    assert good["levels"] == ["organisation acme", "team research", "key key 1"]
    assert good["targets"] == ["openai/gpt-4o"]
    assert desk.told("hw-00000003", "fast")["steps"][3] == {
        "by": "key key 3",
        "what": "models",
        "passes": False,
        "why": "nothing fits 'fast' (allowed: smart)",
    }
    assert "revoked" in desk.told(f"key_{2:032x}", "smart")["message"]
    assert desk.run("nobody", "smart")[0] == 1


_SOME = {
    "models": st.sampled_from([None, ("*",), ("gpt-4o",), ("other",), ()]),
    "endpoints": st.sampled_from([None, ("chat",), ("embeddings",)]),
    "features": st.sampled_from([None, ("*",), ("tools",), ()]),
    "providers": st.sampled_from([None, ("openai",), ("lab",)]),
    "regions": st.sampled_from([None, ("eu",), ("us",)]),
    "policies": st.sampled_from([(), ("some",), ("gone",)]),
}
_RULES = (deny('team == "x"'), named(allow('key == "key" && !stream', "some")), deny("max_tokens > 100 && stream", "long"))


@given(
    st.lists(st.builds(Bounds, **_SOME), min_size=1, max_size=3), st.booleans(), st.sampled_from([None, 50, 500]), st.booleans()
)
@settings(deadline=None)
def test_its_decision_is_the_journey_s(levels: list[Bounds], stream: bool, most: int | None, tools: bool) -> None:  # noqa: FBT001 - drawn
    left = narrowed(levels)
    principal = Principal(id="k", name="key", **{field: getattr(left, field) for field in Narrowed.__struct_fields__})
    name = AskedModel("gpt-4o")
    targets = (sample_target("openai/gpt-4o", region="eu"), sample_target("azure/gpt-4o"))
    snapshot = sample_snapshot(models={name: Model(name=name, targets=targets)}, policies=_RULES)
    features = frozenset(("tools",)) if tools else frozenset[str]()
    question = Question(
        model=name, dialect="openai_chat", endpoint=Kind.CHAT, stream=stream, max_tokens=most, features=features
    )
    book = PolicyBook()
    permission = Permission(Planner(), book)

    found = Explainer(permission, book).access(
        snapshot, principal, [Level(str(number), level) for number, level in enumerate(levels)], question
    )

    call = request(principal, stream=stream, max_tokens=most, features=features)
    call = msgspec.structs.replace(call, snapshot=snapshot)
    assert call.ask is not None
    code = ""
    try:
        refuse_endpoint(call)
        permission.plan(call, call.ask, name, snapshot.models[name])
    except Fault as fault:
        code = fault.code
    if tools and principal.ordinary is not None and "tools" not in principal.ordinary:
        assert not found.allowed
    else:
        assert found.allowed is (not code), (found, code)
    denied = [step for step in found.steps if not step.passes]
    assert found.allowed is not bool(denied) or found.code == "model_not_allowed", found
