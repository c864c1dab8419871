"""The admin API as one table: every operation with its method and path, the scope it needs, what it asks and answers.

Routes, authorisation, `/admin/v1/openapi.json` and the test of the whole matrix are made from this table. What has no row does not exist;
what a row needs and an administrator does not hold is denied.
"""

from __future__ import annotations

from headworks.control.admin.customers import CUSTOMERS
from headworks.control.admin.login import LOGIN
from headworks.control.admin.operation import Operation
from headworks.control.admin.operations.keys import KEYS
from headworks.control.admin.operations.own import OWN
from headworks.control.admin.operations.parties import of_parties
from headworks.control.admin.operations.people import PEOPLE
from headworks.control.admin.operations.rollouts import ROLLOUTS
from headworks.control.admin.revisions import REVISIONS
from headworks.control.admin.usage import USAGE
from headworks.domain.records import PartyKind

OPERATIONS: tuple[Operation, ...] = (
    *OWN,
    *LOGIN,
    *(operation for kind in PartyKind for operation in of_parties(kind)),
    *KEYS,
    *PEOPLE,
    *USAGE,
    *CUSTOMERS,
    *REVISIONS,
    *ROLLOUTS,
)
"""All there is, in the order of the documentation."""
