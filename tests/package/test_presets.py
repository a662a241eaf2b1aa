from datetime import UTC, datetime

import pytest

from milepost.presets import Parties, fixed_price, hourly, monday_from, retainer
from milepost.units import DAY, WEEK

A, B, C = ("0x" + digit * 40 for digit in "123")


def test_fixed_price():
    terms = fixed_price(Parties(A, B, arbiter=C), [1, 2])
    assert terms.payee == B
    assert (terms.review_period, terms.response_period, terms.ruling_period) == (
        14 * DAY,
        7 * DAY,
        30 * DAY,
    )
    assert (terms.default_bps, terms.arbiter_fee_bps) == (5_000, 500)
    assert terms.salt != fixed_price(Parties(A, B), [1, 2]).salt


def test_no_fee_without_an_arbiter():
    assert fixed_price(Parties(A, B), [1]).arbiter_fee_bps == 0


def test_hourly():
    terms = hourly(Parties(A, B), rate=45_000_000, hours_per_week=40, start=1_780_000_000)
    assert (terms.period, terms.units, terms.amounts) == (WEEK, 240, (1_800_000_000,))
    begin = datetime.fromtimestamp(terms.start, UTC)
    assert (begin.weekday(), begin.hour, begin.minute, begin.second) == (0, 0, 0, 0)


@pytest.mark.parametrize("offset", [-1, 0, 1, WEEK - 1])
def test_monday_from(offset):
    monday = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
    assert monday_from(monday + offset) == (monday if offset <= 0 else monday + WEEK)


def test_retainer():
    terms = retainer(Parties(A, B, payee=C), amount=7, start=1_780_000_000)
    assert (terms.payee, terms.start, terms.period, terms.units) == (
        C,
        1_780_000_000,
        30 * DAY,
        10_000,
    )
