"""Customers of callers: found by reference or name, and their names erased."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from headworks.control.admin.operation import Act, Answer, Operation
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.row import row
from headworks.domain.administration import Scope
from headworks.domain.administration.wire.customers import CustomerListing, CustomerView
from headworks.domain.administration.wire.values import Text
from headworks.domain.customers import Customer, is_reference
from headworks.secrets import MasterRefused, MasterUnavailable, SecretUnreadable


class CustomerQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customers."""

    organisation: Annotated[str, Meta(max_length=64, description="Of this organisation only, by its id.")] = ""
    name: Annotated[
        Text,
        Meta(
            description="Of this name, or this reference. A name is looked for among the customers of `organisation`, and without it "
            "among those of the configuration's callers."
        ),
    ] = ""


async def list_customers(act: Act) -> Answer:
    """Those within reach, by reference."""
    query = act.wanted(CustomerQuery)
    found = await act.office.customers.customers(
        page_of(act), reach=act.reach, organisation=query.organisation, only=_references(act, query)
    )
    shown, cursor = cut(act, found)
    return Answer(CustomerListing(data=tuple([await _view(act, each) for each in shown]), next=cursor))


async def read_customer(act: Act) -> Answer:
    """One of them."""
    return Answer(await _view(act, await act.office.customers.customer(act.id, reach=act.reach)))


async def forget_customer(act: Act) -> Answer:
    """Erase the name."""
    await act.office.customers.forget(act.id, reach=act.reach, audit=act.facts())
    return Answer()


def _references(act: Act, query: CustomerQuery) -> tuple[str, ...]:
    if not query.name or is_reference(query.name):
        return (query.name,) if query.name else ()
    return act.office.references.customers(query.organisation, query.name)


async def _view(act: Act, customer: Customer) -> CustomerView:
    try:
        name = await act.office.name_seals.open(customer)
    except (MasterRefused, MasterUnavailable, SecretUnreadable):
        name = ""
    return CustomerView.of(customer, name)


CUSTOMERS: tuple[Operation, ...] = (
    row(
        "customers.list GET /customers",
        Scope.CUSTOMERS_READ,
        list_customers,
        "Customers that callers within reach have named, by reference; with their names where these are kept.",
        answers=CustomerListing,
        query=CustomerQuery,
    ),
    row("customers.read GET /customers/{id}", Scope.CUSTOMERS_READ, read_customer, "One customer.", answers=CustomerView),
    row(
        "customers.forget DELETE /customers/{id}",
        Scope.CUSTOMERS_WRITE,
        forget_customer,
        "Erase a customer's name, and never keep it again. What was booked stays, by reference.",
        status=204,
    ),
)
"""Rows of the table of operations."""
