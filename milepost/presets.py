"""Ready-made terms for the usual kinds of work, by the names that people know them by.

A preset fills in periods, shares and metering; whoever needs others uses `dataclasses.replace`. The
arbiter's fee is zero where there is no arbiter. Each returns terms with a fresh random salt.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from milepost.types import ZERO_ADDRESS, ZERO_HASH, Terms, same_address
from milepost.units import DAY, HOUR, MINUTE, WEEK

REVIEW_PERIOD = 14 * DAY
RESPONSE_PERIOD = 7 * DAY
RULING_PERIOD = 30 * DAY
DEFAULT_BPS = 5_000
ARBITER_FEE_BPS = 500
UNIT = 10 * MINUTE
MONTH = 30 * DAY
RETAINER_UNITS = 10_000

# 1970-01-05 was a Monday.
_FIRST_MONDAY = 4 * DAY


@dataclass(frozen=True, slots=True)
class Parties:
    """Who deals, in which token. The payee is the freelancer unless named."""

    client: str
    freelancer: str
    token: str = ZERO_ADDRESS
    arbiter: str = ZERO_ADDRESS
    payee: str | None = None


def fixed_price(parties: Parties, amounts: Iterable[int], *, scope: bytes = ZERO_HASH) -> Terms:
    """Milestones at a price each, in token base units."""
    return _terms(parties, tuple(amounts), scope)


def hourly(
    parties: Parties, *, rate: int, hours_per_week: int, start: int, scope: bytes = ZERO_HASH
) -> Terms:
    """Weeks from the Monday, 00:00 UTC, on or after `start` (Unix time), in units of ten minutes.

    `rate` is token base units per hour; each week is funded with the weekly limit times it.
    """
    units = hours_per_week * HOUR // UNIT
    return _terms(
        parties,
        (rate * hours_per_week,),
        scope,
        start=monday_from(start),
        period=WEEK,
        units=units,
    )


def retainer(parties: Parties, *, amount: int, start: int, scope: bytes = ZERO_HASH) -> Terms:
    """The same amount (base units) every 30 days from `start` (Unix time), in 10,000ths."""
    return _terms(parties, (amount,), scope, start=start, period=MONTH, units=RETAINER_UNITS)


def monday_from(timestamp: int) -> int:
    """The first Monday, 00:00 UTC, that is not before `timestamp`."""
    return timestamp + (_FIRST_MONDAY - timestamp) % WEEK


def is_hourly(terms: Terms) -> bool:
    """Whether work is paid by the hour, in weeks from Monday and units of ten minutes.

    The contract counts units without a name: these are the numbers of `hourly`.
    """
    seconds = terms.units * UNIT
    has_weeks = terms.period == WEEK and terms.start == monday_from(terms.start)
    return has_weeks and 0 < seconds <= WEEK and seconds % HOUR == 0


def minutes_of(units: int) -> int:
    """The minutes of units of hourly work."""
    return units * (UNIT // MINUTE)


def rate_of(terms: Terms) -> int | None:
    """Token base units of an hour; None where that is no whole number, or the work not hourly."""
    if not is_hourly(terms):
        return None
    rate, rest = divmod(terms.amounts[0] * HOUR, terms.units * UNIT)
    return None if rest else rate


def units_paid(terms: Terms, amount: int) -> int | None:
    """The units of hourly work for which `amount`, in token base units, is paid.

    Their worth is rounded down; what a dispute leaves of a claim can be one base unit more. None
    where no number of units is worth that, and where a unit is worth so little that rounding could
    hide how many there were.
    """
    whole = terms.amounts[0]
    if not is_hourly(terms) or whole < 2 * terms.units:
        return None
    units = -(-(amount + 1) * terms.units // whole) - 1
    return units if amount - whole * units // terms.units <= 1 else None


def _terms(
    parties: Parties,
    amounts: tuple[int, ...],
    scope: bytes,
    *,
    start: int = 0,
    period: int = 0,
    units: int = 0,
) -> Terms:
    has_arbiter = not same_address(parties.arbiter, ZERO_ADDRESS)
    return Terms(
        client=parties.client,
        freelancer=parties.freelancer,
        payee=parties.payee or parties.freelancer,
        arbiter=parties.arbiter,
        token=parties.token,
        review_period=REVIEW_PERIOD,
        response_period=RESPONSE_PERIOD,
        ruling_period=RULING_PERIOD,
        arbiter_fee_bps=ARBITER_FEE_BPS if has_arbiter else 0,
        default_bps=DEFAULT_BPS,
        start=start,
        period=period,
        units=units,
        scope=scope,
        salt=os.urandom(32),
        amounts=amounts,
    )
