"""Who is denied, by which rule, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.facts import Facts
from headworks.domain.policy import PolicyRule
from headworks.domain.principal import Principal
from headworks.policies import PolicyBook

from .asking import allow, deny, named, request, verdict

INTERN = Principal(id="k2", name="intern", team="interns", organisation="org_1", lineage=("org_1", "k2"), tags={"env": "dev"})


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ('team == "interns"', True),
        ('key == "intern" && principal == "k2"', True),
        ('organisation == "org_1" && "org_1" in lineage', True),
        ('project == "" && user == ""', True),
        ('model == "gpt-4o" && asked == "gpt-4o"', True),
        ('model.startsWith("gpt-5")', False),
        ('endpoint == "chat" && dialect == "openai_chat"', True),
        ('"images" in features', True),
        ('features.exists(f, f == "tools")', False),
        ('"documents" in features && !("files" in features)', True),
        ("prompt_tokens == 12 && choices == 1", True),
        ("max_tokens > 4000", True),  # what is set aside where nobody caps it: 4096
        ("stream", False),
        ('customer == "acme" && session == "s1"', True),
        ('tags.env == "dev" && tags.job == "nightly"', True),
        ('has(tags.other) && tags.other == "x"', False),
        ('"openai" in providers && "azure" in providers', True),
        ('regions.all(r, r == "eu")', False),
        ('date == "2026-11-22" && time == "18:35" && hour == 18 && weekday == 7', True),
        ('now > timestamp("2026-11-22T18:00:00Z")', True),
        ("now.getHours() == 18", True),
    ],
)
def test_every_fact_can_be_asked_for(when: str, holds: bool) -> None:  # noqa: FBT001 - a column of the table
    headers = {b"x-headworks-customer": b"acme", b"x-headworks-session": b"s1", b"x-headworks-tags": b"job=nightly"}
    call = request(INTERN, headers=headers, features=frozenset(("images", "files")))

    assert bool(verdict(call, deny(when))) is holds
    assert bool(verdict(call, allow(when))) is not holds


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ((), ""),
        ((deny("stream"),), ""),
        ((deny("true", "x", message="Ask Jo."),), "The policy 'x' does not let this request pass (Ask Jo)."),
        ((allow("stream", "a"),), "none of these allows this one: 'a'."),
        ((allow("stream", "a"), allow("!stream", "b")), ""),
        ((allow("stream", "a"), allow("choices > 9", "b")), "none of these allows this one: 'a', 'b'."),
        ((allow("!stream"), deny("choices == 1", "x")), "The policy 'x'"),
        ((allow("true"), deny("true", "x")), "The policy 'x'"),
        ((deny('tags.missing == "x"', "x"),), "The policy 'x' cannot be evaluated"),
        ((allow("true"), allow('tags.missing == "x"', "x")), "The policy 'x' cannot be evaluated"),
        ((named(deny("true", "x")),), ""),
        ((named(allow("stream", "x")),), ""),
    ],
)
def test_a_request_passes_unless_a_rule_denies_and_where_some_allow_one_has_to(
    rules: tuple[PolicyRule, ...], told: str
) -> None:
    said = verdict(request(), *rules)

    assert told in said if told else not said


def test_a_rule_for_some_applies_to_those_of_whom_a_level_names_it() -> None:
    bound = request(Principal(id="k", policies=("x",)))

    assert verdict(bound, named(deny("true", "x")))
    assert not verdict(request(), named(deny("true", "x")))


def test_a_rule_that_does_not_exist_denies() -> None:
    said = verdict(request(Principal(id="k", policies=("gone",))), allow("true"))

    assert "'gone', which is not in the configuration" in said


def test_a_refusal_tells_the_caller_the_rule_and_the_operator_its_expression() -> None:
    with pytest.raises(Fault) as refused:
        PolicyBook().refuse((deny('team == ""', "x"),), Facts(request()))

    fault = refused.value
    assert (fault.status, fault.row.openai, fault.row.retry) == (403, "permission_error", "no")
    assert "team" not in fault.message
    assert fault.detail == 'policy x: team == ""'


def test_an_error_is_told_to_the_operator_alone() -> None:
    with pytest.raises(Fault) as refused:
        PolicyBook().refuse((deny('tags.job == "x"', "x"),), Facts(request()))

    assert "job" not in refused.value.message
    assert refused.value.detail == "policy x: there is no 'job': ask for it with has() first."


def test_times_are_those_of_the_rule_s_zone() -> None:
    assert verdict(request(), deny("hour == 19", zone="Europe/Berlin"), deny("hour == 18", "utc")).startswith("The policy 'no'")
    assert verdict(request(), deny("hour == 18", zone="Europe/Berlin"), deny("hour == 18", "utc")).startswith(
        "The policy 'utc'"
    )
    assert verdict(request(), deny('date == "2026-11-23"', zone="Pacific/Auckland"))


def test_what_a_caller_is_alone_is_asked_once() -> None:
    book, rules = PolicyBook(), (deny('team == "interns"', "x"), allow('team == "staff"'))
    bound = book.bound(rules, INTERN)

    assert bound is book.bound(rules, INTERN)
    assert bound._denies == bound._allows == bound._facts == ()
    assert verdict(request(INTERN), *rules).startswith("The policy 'x'")


def test_a_principal_made_anew_and_a_snapshot_made_anew_are_judged_anew() -> None:
    """An allow-list that is stale after a reload was a peer's failure."""
    book = PolicyBook()
    rules = (allow('team == "staff"'),)
    before, after = Principal(id="k", team="staff"), Principal(id="k", team="interns")

    assert not verdict(request(before), *rules, book=book)
    assert verdict(request(after), *rules, book=book)
    assert not verdict(request(before), *rules, book=book)
    assert verdict(request(before), allow('team == "board"'), book=book)


def test_no_fact_of_one_request_is_seen_by_the_next() -> None:
    book, rules = PolicyBook(), (deny('"images" in features || max_tokens > 5000 || has(tags.x) || customer == "acme"'),)
    principal = Principal(id="k")

    assert verdict(request(principal, features=frozenset(("images",))), *rules, book=book)
    assert verdict(request(principal, max_tokens=6000), *rules, book=book)
    assert verdict(request(principal, headers={b"x-headworks-tags": b"x=1"}), *rules, book=book)
    assert verdict(request(principal, user="acme"), *rules, book=book)
    assert not verdict(request(principal, max_tokens=10), *rules, book=book)


def test_explanations_tell_every_rule_that_applies() -> None:
    rules = (allow("stream", "a"), deny("!stream", "d"), named(deny("true", "n")), deny('tags.z == ""', "e"))
    rulings = PolicyBook().rulings(rules, Facts(request(Principal(id="k", policies=("gone",)))))

    assert [(ruling.policy, ruling.then, ruling.holds) for ruling in rulings] == [
        ("gone", "", None),
        ("d", "deny", True),
        ("e", "deny", None),
        ("a", "allow", False),
    ]


_CONDITIONS = st.sampled_from(
    ["true", "false", "stream", "choices == 1", 'team == "t"', 'tags.z == "x"', 'user == ""', "hour == 18", "hour == 1"]
)
_RULES = st.lists(st.tuples(_CONDITIONS, st.booleans(), st.booleans()), max_size=6)


@given(_RULES, st.lists(st.integers(0, 6), max_size=3))
@settings(deadline=None, max_examples=200)
def test_deny_always_wins_and_a_rule_that_denies_never_lets_more_pass(
    drawn: list[tuple[str, bool, bool]], bound: list[int]
) -> None:
    rules = [
        named(rule) if some else rule
        for number, (when, denies, some) in enumerate(drawn)
        for rule in [(deny if denies else allow)(when, f"r{number}")]
    ]
    call = request(Principal(id="k", team="t", policies=tuple(f"r{number}" for number in bound)))
    passes = not verdict(call, *rules)
    holds: dict[str, Any] = {ruling.policy: ruling for ruling in PolicyBook().rulings(tuple(rules), Facts(call))}

    by_hand = not any(ruling.holds is None or (ruling.then == "deny" and ruling.holds) for ruling in holds.values())
    allows = [ruling for ruling in holds.values() if ruling.then == "allow"]
    assert passes is (by_hand and (not allows or any(ruling.holds for ruling in allows)))
    assert verdict(call, *rules, deny("true", "last"))
    assert verdict(call, *rules, *(deny(when, f"more{number}") for number, (when, _, _) in enumerate(drawn))) or passes


_PRINCIPALS = (Principal(id="a", team="t"), Principal(id="b", team="t", tags={"z": "x"}), Principal(id="a", policies=("r0",)))
_ASKED = st.tuples(
    st.sampled_from(_PRINCIPALS), st.booleans(), st.sampled_from([1, 2]), st.sampled_from([None, b"z=x", b"z=y,w=1"])
)


@given(_RULES, st.lists(_ASKED, max_size=6))
@settings(deadline=None, max_examples=150)
def test_a_book_that_has_seen_others_judges_like_a_new_one(
    drawn: list[tuple[str, bool, bool]], asked: list[tuple[Principal, bool, int, bytes | None]]
) -> None:
    rules = tuple(
        named(rule) if some else rule
        for number, (when, denies, some) in enumerate(drawn)
        for rule in [(deny if denies else allow)(when, f"r{number}")]
    )
    used = PolicyBook()
    for principal, stream, choices, tags in asked:
        if principal.tags and tags == b"z=y,w=1":
            continue  # a fixed tag cannot be set to something else
        call = request(principal, stream=stream, choices=choices, headers={b"x-headworks-tags": tags} if tags else {})
        assert _told(used, rules, call) == _told(PolicyBook(), rules, call)


def _told(book: PolicyBook, rules: tuple[PolicyRule, ...], call: Call) -> str:
    """What a book says of a request; rules are those of one snapshot, and so the same object."""
    try:
        book.refuse(rules, Facts(call))
    except Fault as fault:
        return fault.message
    return ""
