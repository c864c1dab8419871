"""How a refusal by a limit is told: the same words and codes whatever store counts."""

from __future__ import annotations

from headworks.domain.counted import counted
from headworks.domain.errors import Fault
from headworks.domain.limits.limit import Calendar, Claim, Limit, Reason, Standing, Unit
from headworks.domain.money import Money

_RATES = {Unit.REQUESTS: "rate_limit_exceeded", Unit.CONCURRENT: "concurrency_limit_exceeded"}
_NOUNS = {
    Unit.REQUESTS: "request",
    Unit.INPUT_TOKENS: "input token",
    Unit.OUTPUT_TOKENS: "output token",
    Unit.TOKENS: "token",
}
_STRETCHES = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour", 86400.0: "a day"}


class Exceeded(Fault):
    """A limit refuses. `standings` tell how this and the other limits of the request stand: nothing was taken of any."""

    def __init__(self, code: str, message: str, retry_after: float | None, claim: Claim, reason: Reason) -> None:
        super().__init__(code, message, retry_after=retry_after, detail=claim.limit.id)
        self.claim = claim
        self.reason = reason
        self.standings: tuple[Standing, ...] = ()


def exceeded(claim: Claim, reason: Reason, wait: float, free: int, carried: int = 0) -> Exceeded:
    """The fault for a refused claim: `wait` is in seconds, `free` what was to be had, `carried` what of the period before counts."""
    limit = claim.limit
    code = _code(limit, reason, wait)
    retry_after = wait if reason is not Reason.NEVER and wait > 0.0 else None
    return Exceeded(code, _words(claim, reason, wait, (max(free, 0), carried)), retry_after, claim, reason)


def allowance(limit: Limit) -> str:
    """What a limit allows, in words: `600 requests a minute`."""
    rollover = limit.rollover
    carries = f", and up to {_amount(limit, rollover.most)} left over by the one before" if rollover is not None else ""
    return f"{_amount(limit, limit.amount)}{_stretch(limit)}{carries}"


def _code(limit: Limit, reason: Reason, wait: float) -> str:
    if limit.unit is Unit.COST:
        if reason is Reason.HELD:
            return "spend_set_aside"
        if reason is Reason.SPENT and not limit.budget:
            return "spend_limit_exceeded"
        return "project_spend_limit_exceeded"
    if reason is Reason.NEVER:
        return "request_exceeds_limit"
    if reason is Reason.SPENT and wait <= 0.0:
        return "quota_exceeded"
    return _RATES.get(limit.unit, "token_limit_exceeded")


def _words(claim: Claim, reason: Reason, wait: float, left: tuple[int, int]) -> str:
    limit, (free, carried) = claim.limit, left
    needed = claim.amount if claim.least < 0 else claim.least
    said = f"The limit '{limit.id}' allows {allowance(limit)}; "
    if reason is Reason.NEVER:
        return f"{said}this request alone needs {_amount(limit, needed)}.{_smaller(limit)}"
    if limit.unit is Unit.CONCURRENT:
        return f"{said}so many are. Wait for one to end."
    verb = "is" if free == 1 and limit.unit is not Unit.COST else "are"
    carries = f" with the {_amount(limit, carried)} carried over" if carried else ""
    said += f"{_amount(limit, free)} {verb} left{carries}, and this request needs {_amount(limit, needed)}."
    if reason is Reason.HELD:
        return f"{said} More is set aside for requests under way, most of which will give some of it back: try again soon."
    if wait > 0.0:
        return f"{said} Try again in {wait:.1f} s.{_smaller(limit)}"
    return f"{said} Have an administrator raise it.{_smaller(limit)}"


def _amount(limit: Limit, amount: int) -> str:
    if limit.unit is Unit.COST:
        return str(Money(amount, limit.currency))
    if limit.unit is Unit.CONCURRENT:
        return f"{counted(amount, 'request')} under way at once"
    return counted(amount, _NOUNS[limit.unit])


def _stretch(limit: Limit) -> str:
    if limit.calendar is not None:
        article = "an" if limit.calendar is Calendar.HOUR else "a"
        return f" {article} {limit.calendar}"
    if limit.seconds:
        return f" {_STRETCHES.get(limit.seconds, f'in {limit.seconds:g} s')}"
    return ""


def _smaller(limit: Limit) -> str:
    return "" if limit.unit is Unit.REQUESTS else " A shorter question, or fewer output tokens (max_tokens), may fit."
