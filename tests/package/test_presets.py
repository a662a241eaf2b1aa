from dataclasses import replace
from datetime import UTC, datetime

import pytest

from milepost.presets import (
    Parties,
    fixed_price,
    hourly,
    is_hourly,
    minutes_of,
    monday_from,
    rate_of,
    retainer,
    units_paid,
)
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


WEEKS = hourly(Parties(A, B), rate=45_000_000, hours_per_week=40, start=1_780_000_000)


def test_what_is_hourly():
    assert is_hourly(WEEKS)
    assert is_hourly(hourly(Parties(A, B), rate=1, hours_per_week=168, start=1))
    others = [
        fixed_price(Parties(A, B), [1]),
        retainer(Parties(A, B), amount=7, start=WEEKS.start),
        *(replace(WEEKS, start=WEEKS.start + shift) for shift in (-1, 1, DAY)),
        replace(WEEKS, period=WEEK + 1),
        replace(WEEKS, units=0),
        replace(WEEKS, units=241),
        replace(WEEKS, units=1014),
    ]
    assert not any(map(is_hourly, others))
    assert {rate_of(terms) for terms in others} == {units_paid(terms, 5) for terms in others}
    assert rate_of(others[0]) is None


def test_hours_and_what_one_costs():
    assert (minutes_of(0), minutes_of(1), minutes_of(189)) == (0, 10, 31 * 60 + 30)
    assert rate_of(WEEKS) == 45_000_000
    assert rate_of(replace(WEEKS, amounts=(1_800_000_001,))) is None


@pytest.mark.parametrize("amount", [480, 481, 1799, 1800, 50_000_001])
def test_an_amount_tells_its_units_or_nothing(amount):
    terms = replace(WEEKS, amounts=(amount,))

    def worth(units):
        return amount * units // 240

    assert [units_paid(terms, worth(u)) for u in range(241)] == list(range(241))
    # What is left of a claim after a part of it was paid is rounded twice.
    for claimed in range(1, 241):
        for conceded in range(claimed):
            found = units_paid(terms, worth(claimed) - worth(conceded))
            assert found == claimed - conceded
    for between in range(worth(7) + 2, worth(8)):
        assert units_paid(terms, between) is None


def test_an_amount_of_tiny_units_tells_nothing():
    assert units_paid(replace(WEEKS, amounts=(479,)), 479) is None
