"""Amounts, durations and shares, between what people write and the integers the contract counts in.

Decimal appears only here, when parsing and showing; float never. Nothing is rounded: what does not
fit is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from milepost.errors import AmountError, DurationError, ShareError

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_DURATION_PART = re.compile(r"(\d+)\s*(second|minute|hour|day|week)s?", re.ASCII)
_SECONDS = {"second": 1, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}


def parse_amount(text: str, decimals: int) -> int:
    """Base units of an amount such as "1500.25" or "1,500.25" for a token of `decimals`.

    Raises AmountError.
    """
    plain = text.strip()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain, re.ASCII):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise AmountError(text, "write digits with at most one point, such as 1500.25")
    integer, _, fraction = plain.partition(".")
    if len(fraction) > decimals:
        raise AmountError(text, f"this token has {decimals} decimals")
    return int(integer + fraction.ljust(decimals, "0"))


def format_amount(amount: int, decimals: int, symbol: str = "", *, grouped: bool = True) -> str:
    """The exact amount for a person, with at least two decimals where the token has them."""
    sign, digits = "-" if amount < 0 else "", str(abs(amount)).rjust(decimals + 1, "0")
    integer = digits[: len(digits) - decimals]
    fraction = digits[len(digits) - decimals :].rstrip("0").ljust(min(2, decimals), "0")
    text = sign + (f"{int(integer):,}" if grouped else integer)
    if fraction:
        text += f".{fraction}"
    return f"{text} {symbol}" if symbol else text


def to_decimal(amount: int, decimals: int) -> Decimal:
    """The exact amount of base units as a Decimal, for tables and exports."""
    return Decimal((int(amount < 0), tuple(int(c) for c in str(abs(amount))), -decimals))


def parse_duration(text: str) -> int:
    """Seconds of a duration such as "14 days", "6 hours" or "1 day 12 hours".

    Raises DurationError.
    """
    rest, seconds = text.strip().lower(), 0
    if not rest:
        raise DurationError(text)
    while rest:
        match = _DURATION_PART.match(rest)
        if match is None:
            raise DurationError(text)
        seconds += int(match[1]) * _SECONDS[match[2]]
        tail = rest[match.end() :]
        rest = tail.lstrip(" ,")
        if rest == tail and rest:
            raise DurationError(text)
    return seconds


def format_duration(seconds: int) -> str:
    """A duration in days, hours, minutes and seconds; "0 seconds" for none.

    `parse_duration` reads it back.
    """
    parts: list[str] = []
    rest = seconds
    for name in ("day", "hour", "minute", "second"):
        n, rest = divmod(rest, _SECONDS[name])
        if n:
            parts.append(f"{n} {name}" + ("" if n == 1 else "s"))
    return " ".join(parts) or "0 seconds"


def parse_percent(text: str) -> int:
    """10,000ths of a share such as "5 %", "2.5%" or "50".

    Raises ShareError beyond 100 % or two decimals.
    """
    plain = text.strip().removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(plain) or len(plain.partition(".")[2]) > 2:
        raise ShareError(text)
    bps = int(Decimal(plain) * 100)
    if bps > 10_000:
        raise ShareError(text)
    return bps


def format_percent(bps: int) -> str:
    """A share of 10,000ths for a person: 500 is "5 %"."""
    return format_amount(bps, 2, grouped=False).rstrip("0").rstrip(".") + " %"


def format_time(timestamp: int) -> str:
    """A Unix time for a person, in UTC to the second: "2026-03-02 09:00:00 UTC"."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {timestamp} of Unix time"
