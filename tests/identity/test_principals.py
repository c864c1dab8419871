"""From a key and its lineage to what its holder may do."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.features import GOVERNED, ORDINARY
from headworks.domain.limits import Calendar, OnLoss, Unit
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, BudgetRule, KeyRecord, LimitRule, Party, PartyKind
from headworks.identity import Compiler
from headworks.ports.records import Found
from tests.identity.records import FakeLookups, below, key_of, organisation

NAMES = ("gpt-4o", "gpt-4o-mini", "claude-opus", "o3")
PATTERNS = (*NAMES, "gpt-*", "*", "claude-*")
THINGS = ("chat", "embeddings", "openai", "eu", "us")


def optional(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(values), max_size=3, unique=True).map(tuple)


BOUNDS = st.builds(
    Bounds,
    models=optional(PATTERNS),
    endpoints=optional(THINGS),
    features=optional((*sorted(GOVERNED)[:3], *sorted(ORDINARY)[:3])),
    providers=optional(THINGS),
    regions=optional(THINGS),
    policies=st.lists(st.sampled_from(THINGS), max_size=2, unique=True).map(tuple),
    guards=st.lists(st.sampled_from(THINGS), max_size=2, unique=True).map(tuple),
    tags=st.dictionaries(st.sampled_from(("cost", "site")), st.sampled_from(("a", "b")), max_size=2),
    limits=st.dictionaries(
        st.sampled_from(("rpm", "day")), st.just(LimitRule(unit=Unit.REQUESTS, amount=5, seconds=60)), max_size=2
    ),
)
TIMES = st.sampled_from((0, 0, 1_000, 2_000, 3_000))


def holder(bounds: list[Bounds], times: list[int]) -> Principal | None:
    """Of a key: the last bounds and time are its own, those before its parties'."""
    *above, own = bounds
    records = FakeLookups()
    kinds = (PartyKind.TEAM, PartyKind.PROJECT, PartyKind.USER)
    party = records.put_party(organisation("o", above[0], expires_at=times[0]))
    for kind, level, time in zip(kinds, above[1:], times[1:], strict=False):
        party = records.put_party(below(party, kind, kind[0], level, expires_at=time))
    _, key = key_of(party, bounds=own, expires_at=times[-1])
    lineage = (*(records.parties[id_] for id_ in party.path), party)
    return Compiler().principal_of(Found(key, lineage, 1))


@given(st.lists(BOUNDS, min_size=2, max_size=5), BOUNDS, st.lists(TIMES, min_size=6, max_size=6))
def test_a_level_more_never_allows_more(bounds: list[Bounds], more: Bounds, times: list[int]) -> None:
    """Whatever an administrator of a child writes into its bounds: its holder gains nothing over what is said above it, silence included."""
    above = holder([*bounds[:-1], Bounds()], [*times[: len(bounds) - 1], 0])
    child = holder([*bounds[:-1], more], [*times[: len(bounds) - 1], times[-1]])

    assert above is not None
    assert child is not None
    assert {name for name in NAMES if child.may_use(name)} <= {name for name in NAMES if above.may_use(name)}
    for field in ("endpoints", "providers", "regions", "ordinary"):
        wider, narrower = getattr(above, field), getattr(child, field)
        assert wider is None or (narrower is not None and set(narrower) <= set(wider))
    assert set(child.features) <= set(above.features)
    assert set(child.policies) >= set(above.policies)
    assert set(child.guards) >= set(above.guards)
    assert all(limit in child.limits for limit in above.limits)
    assert above.tags.items() <= child.tags.items()
    assert not above.expires_at or 0 < child.expires_at <= above.expires_at


@given(st.lists(BOUNDS, min_size=2, max_size=5))
def test_a_governed_feature_takes_a_word_of_consent_and_no_word_against_it(bounds: list[Bounds]) -> None:
    child = holder(bounds, [0] * 6)

    assert child is not None
    said = [set(level.features) for level in bounds if level.features is not None]
    assert set(child.features) <= (set.intersection(*said) if said else set())


@given(st.lists(BOUNDS, min_size=1, max_size=4))
def test_where_the_organisation_is_silent_nobody_below_it_has_anything(below_it: list[Bounds]) -> None:
    """Whoever may make keys cannot give them what was never granted."""
    child = holder([Bounds(), *below_it], [0] * 6)

    assert child is not None
    assert not any(child.may_use(name) for name in NAMES)
    assert child.features == ()


def test_nobody_below_a_disabled_party_is_anybody() -> None:
    records = FakeLookups()
    org = records.put_party(organisation(disabled=True))
    team = records.put_party(below(org, PartyKind.TEAM, "t"))
    _, key = key_of(team)

    assert Compiler().principal_of(Found(key, (org, team), 1)) is None
    assert Compiler().principal_of(Found(key, (), 1)) is None
    assert Compiler().principal_of(Found(key, (organisation(),), 1)) is None, "a lineage that does not lead to the owner"


def test_the_earliest_of_all_ends_counts_and_a_planned_revocation_is_one() -> None:
    records = FakeLookups()
    org = records.put_party(organisation(expires_at=900))
    _, key = key_of(org, expires_at=800, revoked_at=700)

    principal = Compiler().principal_of(Found(key, (org,), 1))
    assert principal is not None
    assert principal.expires_at == 700


def test_a_principal_knows_where_it_stands() -> None:
    records = FakeLookups()
    org = records.put_party(organisation())
    team = records.put_party(below(org, PartyKind.TEAM, "t"))
    project = records.put_party(below(team, PartyKind.PROJECT, "p"))
    robot = records.put_party(below(project, PartyKind.SERVICE_ACCOUNT, "r"))
    _, key = key_of(robot)

    principal = Compiler().principal_of(Found(key, (org, team, project, robot), 1))
    assert principal is not None
    assert principal.lineage == (org.id, team.id, project.id, robot.id, key.id)
    assert (principal.organisation, principal.team, principal.project, principal.user) == (
        org.id,
        team.id,
        project.id,
        robot.id,
    )


def test_limits_and_hard_budgets_of_all_levels_become_limits_that_their_owner_shares() -> None:
    rules = Bounds(
        models=("*",),
        limits={"rpm": LimitRule(unit=Unit.REQUESTS, amount=60, seconds=60)},
        budgets={
            "month": BudgetRule(amount=10**10, calendar=Calendar.MONTH, zone="Europe/Berlin", on_loss=OnLoss.OPEN),
            "soft": BudgetRule(amount=1, hard=False, models=("gpt-*",)),
        },
    )
    org = FakeLookups().put_party(organisation("acme", rules))
    _, key = key_of(org, bounds=Bounds(limits={"rpm": LimitRule(unit=Unit.REQUESTS, amount=6, seconds=60)}))

    principal = Compiler().principal_of(Found(key, (org,), 1))
    assert principal is not None
    assert [(limit.id, limit.owner, limit.rule, limit.amount, limit.budget) for limit in principal.limits] == [
        ("organisation/acme/rpm", "org_acme", "rpm", 60, False),
        ("organisation/acme/month", "org_acme", "month", 10**10, True),
        ("key/one/rpm", "key_acme_one", "rpm", 6, False),
    ]
    assert [limit.on_loss for limit in principal.limits] == [OnLoss.CLOSED, OnLoss.OPEN, OnLoss.CLOSED]
    assert [(budget.owner, budget.rule, budget.models, budget.soft) for budget in principal.soft_budgets] == [
        ("org_acme", "soft", ("gpt-*",), True)
    ]


def test_a_key_in_the_place_of_another_counts_as_that_one() -> None:
    org = organisation("acme", Bounds(models=("*",)))
    rule = Bounds(budgets={"month": BudgetRule(amount=10, calendar=Calendar.MONTH)})
    _, key = key_of(org, bounds=rule, origin="key_first")

    principal = Compiler().principal_of(Found(key, (org,), 1))

    assert principal is not None
    assert [limit.owner for limit in principal.limits] == ["key_first"]
    assert principal.lineage[-1] == key.id


def test_ten_thousand_keys_of_a_team_share_what_they_have_in_common() -> None:
    """Else they would hold seventy thousand limits."""
    rules = Bounds(models=("*",), limits={str(n): LimitRule(unit=Unit.REQUESTS, amount=n + 1, seconds=60) for n in range(7)})
    org = organisation("acme", rules)
    compiler = Compiler()
    keys = [KeyRecord(id=f"key_{n}", owner=org.id, name="n", prefix="hw-", digest=b"") for n in range(10_000)]
    holders = [compiler.principal_of(Found(key, (org,), 1)) for key in keys]

    assert len({id(limit) for one in holders if one is not None for limit in one.limits}) == 7
    assert len({id(one.limits) for one in holders if one is not None}) == 1
    assert len({id(one.levels) for one in holders if one is not None}) == 1


def test_a_changed_party_is_compiled_anew() -> None:
    compiler, records = Compiler(), FakeLookups()
    org = records.put_party(organisation())
    _, key = key_of(org)
    before = compiler.principal_of(Found(key, (org,), 1))
    narrower: Party = records.change_party(org.id, bounds=Bounds(models=("o3",)))
    after = compiler.principal_of(Found(key, (narrower,), 2))

    assert before is not None
    assert after is not None
    assert before.may_use("gpt-4o")
    assert not after.may_use("gpt-4o")


def test_a_party_that_has_come_to_a_version_twice_is_compiled_twice() -> None:
    """A database restored from a backup counts on from there, and says something else of the same version."""
    compiler, records = Compiler(), FakeLookups()
    lost = records.put_party(organisation(bounds=Bounds(models=("*",)), updated_at=1))
    _, key = key_of(lost)
    again = msgspec.structs.replace(lost, bounds=Bounds(models=("o3",)), updated_at=2)
    first, second = (compiler.principal_of(Found(key, (party,), 1)) for party in (lost, again))
    assert first is not None
    assert second is not None
    assert (first.levels, second.levels) == ((("*",),), (("o3",),))
