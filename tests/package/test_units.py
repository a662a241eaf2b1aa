from decimal import Decimal

import pytest

from milepost import units
from milepost.errors import AmountError, DurationError, ShareError


@pytest.mark.parametrize(
    ("text", "decimals", "amount"),
    [
        ("1500.25", 6, 1_500_250_000),
        ("1,500.25", 6, 1_500_250_000),
        ("0", 6, 0),
        ("7", 0, 7),
        ("0.000001", 6, 1),
        ("1.0", 18, 10**18),
    ],
)
def test_amount(text, decimals, amount):
    assert units.parse_amount(text, decimals) == amount
    assert units.parse_amount(units.format_amount(amount, decimals), decimals) == amount


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", ".5", "5.", "1.2345678", "1,50", "0x1", "NaN", "1_000", "٣"]
)
def test_amount_refuses(text):
    with pytest.raises(AmountError):
        units.parse_amount(text, 6)


def test_format_amount():
    assert units.format_amount(1_500_250_000, 6, "USDC") == "1,500.25 USDC"
    assert units.format_amount(1, 6) == "0.000001"
    assert units.format_amount(10**18, 18) == "1.00"
    assert units.format_amount(12, 0) == "12"
    assert units.format_amount(-5, 1) == "-0.5"
    assert units.to_decimal(-1_500_250_000, 6) == Decimal("-1500.25")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("14 days", 1_209_600), ("6 hours", 21_600), ("1 day 12 hours", 129_600), ("1 second", 1)],
)
def test_duration(text, seconds):
    assert units.parse_duration(text) == seconds
    assert units.format_duration(seconds) == text


def test_duration_spelling():
    assert units.parse_duration("2 Weeks, 1 day") == 15 * units.DAY
    assert units.format_duration(0) == "0 seconds"


@pytest.mark.parametrize(
    "text", ["", "14", "days", "-1 day", "1.5 hours", "1 month", "1 day2 hours"]
)
def test_duration_refuses(text):
    with pytest.raises(DurationError):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "bps"), [("5 %", 500), ("2.5%", 250), ("0", 0), ("100 %", 10_000)]
)
def test_percent(text, bps):
    assert units.parse_percent(text) == bps
    assert units.parse_percent(units.format_percent(bps)) == bps


@pytest.mark.parametrize("text", ["", "-1", "100.01", "2.555", "five"])
def test_percent_refuses(text):
    with pytest.raises(ShareError):
        units.parse_percent(text)


def test_format_percent():
    assert [units.format_percent(b) for b in (0, 500, 250, 10_000)] == [
        "0 %",
        "5 %",
        "2.5 %",
        "100 %",
    ]


def test_format_time():
    assert units.format_time(1_780_000_000) == "2026-05-28 20:26:40 UTC"
    assert "Unix time" in units.format_time(2**80)
