"""The journey of every request, on every endpoint, in every dialect, streamed or whole: this list, in this order.

    Observe     sees every ending: the journal's record, the answer's headers
    Identify    key → principal, at the headers, before the body is read
    Authorise   may this principal ask this model for this?
    Limits      set aside requests, tokens, money; settle afterwards
    Guard       judge the question, before any memory could answer it
    Cache       answers that are known already; idempotency
    Meter       open the account before the first upstream byte; the receipt
    Route       which target, and what after a failure
    Attempt     one try of one target

A stage knows nothing of the others: it gets a call, may proceed with it, and returns the reply.
"""

from headworks.journey.attempt import Attempt
from headworks.journey.authorise import Authorise
from headworks.journey.cache import Cache
from headworks.journey.compose import Journey
from headworks.journey.guard import Guard
from headworks.journey.identify import Identify
from headworks.journey.limits import Limits
from headworks.journey.meter import Meter
from headworks.journey.observe import Observe
from headworks.journey.route import Route

JOURNEY = (Observe, Identify, Authorise, Limits, Guard, Cache, Meter, Route, Attempt)
"""The stages, outermost first."""

__all__ = [
    "JOURNEY",
    "Attempt",
    "Authorise",
    "Cache",
    "Guard",
    "Identify",
    "Journey",
    "Limits",
    "Meter",
    "Observe",
    "Route",
]
