"""What administrators keep: who there is, which keys they hold, what they may do. Lives in SQL and overlays the configuration."""

from headworks.domain.records.bounds import NO_BOUNDS, Bounds, BudgetRule, LimitRule
from headworks.domain.records.ended import Ended, ended
from headworks.domain.records.key import KeyRecord
from headworks.domain.records.limiting import limit_of, limit_of_budget
from headworks.domain.records.narrowing import Narrowed, narrowed
from headworks.domain.records.party import PARENTS, Party, PartyKind
from headworks.domain.records.rolling import dated
from headworks.domain.records.top_up import TopUp, added

__all__ = [
    "NO_BOUNDS",
    "PARENTS",
    "Bounds",
    "BudgetRule",
    "Ended",
    "KeyRecord",
    "LimitRule",
    "Narrowed",
    "Party",
    "PartyKind",
    "TopUp",
    "added",
    "dated",
    "ended",
    "limit_of",
    "limit_of_budget",
    "narrowed",
]
