"""What stands for a customer's name: the same for the same, another for everybody else, and telling nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.customers import LONGEST_NAME, is_reference
from headworks.identity import Introductions, Pepper, PepperedReferences
from headworks.identity.introductions import AT_ONCE, MOST_KNOWN, MOST_WAITING

PEPPER, OTHER = Pepper(b"p" * 32), Pepper(b"o" * 32)
OURS = PepperedReferences([PEPPER])
NAMES = st.text(max_size=40)


@given(NAMES, NAMES)
def test_the_same_name_of_the_same_organisation_has_one_reference_in_every_process(organisation: str, name: str) -> None:
    assert OURS.customer(organisation, name) == PepperedReferences([Pepper(b"p" * 32)]).customer(organisation, name)
    assert is_reference(OURS.customer(organisation, name))
    assert is_reference(OURS.session(organisation, name))


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_others_never_share_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Another name, another organisation, and the two cut elsewhere."""
    assert (OURS.customer(*one) == OURS.customer(*other)) == (one == other)
    assert OURS.customer(one[0] + one[1], "") != OURS.customer(*one) or not one[1]


def test_a_session_of_a_customers_name_is_not_linked_to_the_customer() -> None:
    assert OURS.session("org_a", "ann")[4:] != OURS.customer("org_a", "ann")[4:]


def test_a_name_that_looks_like_a_reference_is_a_name() -> None:
    """Callers cannot make themselves somebody else."""
    victim = OURS.customer("org_a", "ann")

    assert OURS.customer("org_a", victim) != victim


def test_under_another_pepper_references_are_others_and_both_are_known_while_it_is_replaced() -> None:
    both = PepperedReferences([OTHER, PEPPER])

    assert both.customer("org_a", "ann") != OURS.customer("org_a", "ann")
    assert both.customers("org_a", "ann") == (both.customer("org_a", "ann"), OURS.customer("org_a", "ann"))


def test_a_reference_is_short_and_printable() -> None:
    assert re.fullmatch(r"cus_[0-9a-f]{24}", OURS.customer("org_a", "ann@example.com"))
    assert not is_reference("cus_" + "g" * 24)
    assert not is_reference(OURS.customer("", "") + "\n")


def test_names_are_noted_only_while_they_are_wanted_and_told_once() -> None:
    wanted = False
    met = Introductions(OURS, lambda: wanted)
    reference = met.customer("org_a", "ann")
    assert met.take().customers == ()

    wanted = True
    for _ in range(2):
        assert met.customer("org_a", "ann") == reference
    (told,) = met.take().customers
    met.customer("org_a", "ann")

    assert (told.id, told.organisation, told.name) == (reference, "org_a", "ann")
    assert "ann" not in repr(told)
    assert met.take().customers == ()


def test_names_that_nobody_fetches_do_not_fill_the_memory() -> None:
    met = Introductions(OURS, lambda: True)
    for number in range(MOST_WAITING + 5):
        met.customer("org_a", f"{number}" + "x" * LONGEST_NAME)
    taken = [met.take().customers for _ in range(MOST_WAITING // AT_ONCE)]
    assert {len(each) for each in taken} == {AT_ONCE}
    assert {len(each.name) for each in taken[0]} == {LONGEST_NAME}
    assert met.take().customers == ()

    met.customer("org_a", f"{MOST_WAITING}" + "x" * LONGEST_NAME)
    assert len(met.take().customers) == 1, "who did not fit is noted when coming again"


def test_what_is_remembered_as_told_is_bounded() -> None:
    met = Introductions(OURS, lambda: True)
    told = 0
    for number in range(MOST_KNOWN + 1):
        met.customer("", str(number))
        told += len(met.take().customers)
    met.customer("", "0")

    assert told == MOST_KNOWN + 1
    assert len(met.take().customers) == 1
