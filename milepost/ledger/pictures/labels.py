"""The texts and scales of pictures: dates, amounts, and what strangers called their tokens.

Times are Unix seconds, shown in UTC; amounts base units. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from milepost.agreement import Token
from milepost.text import one_line
from milepost.units import DAY, HOUR, MINUTE, format_amount, to_decimal

_LAST_DAY = 253_402_214_400  # of the year 9999, where calendars here end
_MONDAY = 4 * DAY  # 5 January 1970
_MOST_TICKS = 6
_STEPS = tuple(
    n * unit
    for unit, several in (
        (1, (1, 2, 5, 10, 30)),
        (MINUTE, (1, 2, 5, 10, 30)),
        (HOUR, (1, 2, 6, 12)),
        (DAY, (1, 2, 7, 14)),
    )
    for n in several
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000, 60_000)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WORDS = {0: "", 6: "million ", 9: "billion ", 12: "trillion "}


def ticks(since: int, until: int) -> list[int]:
    """Few round Unix times, the last of them no later than `until`: weeks begin on Mondays."""
    length = until - since
    step = next((s for s in _STEPS if length <= _MOST_TICKS * s), 0)
    if step:
        return list(range(since + (_MONDAY - since) % step, until + 1, step))
    months = next((m for m in _MONTHS if length <= _MOST_TICKS * m * 30 * DAY), _MONTHS[-1])
    begin, end = moment(since), moment(until)
    first, last = begin.year * 12 + begin.month, end.year * 12 + end.month - 1
    firsts = (datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(first, last + 1))
    return [int(f.timestamp()) for f in firsts if (f.year * 12 + f.month - 1) % months == 0]


def calendar(times: Sequence[datetime]) -> list[str]:
    """Labels of rising times, as fine as these are, with the day or the year where it is new."""
    are_days = all((t.hour, t.minute, t.second) == (0, 0, 0) for t in times)
    clock = "%H:%M" if all(t.second == 0 for t in times) else "%H:%M:%S"
    labels, last = [], ""
    for time in times:
        day = f"{time.day} {time:%b}"
        label, above = (day, f"{time:%Y}") if are_days else (f"{time:{clock}}", f"{day} {time:%Y}")
        labels.append(label if above == last else f"{label}\n{above}")
        last = above
    return labels


def moment(timestamp: int) -> datetime:
    """A Unix time as a date, but for what is beyond the end of calendars."""
    return datetime.fromtimestamp(min(max(timestamp, 0), _LAST_DAY), UTC)


def date_of(timestamp: int) -> str:
    """A Unix time in UTC to the minute, for a label."""
    return f"{moment(timestamp):%Y-%m-%d %H:%M}"


def plain(text: str, most: int = 16) -> str:
    """A stranger's text as one short line without anything that steers."""
    shown = one_line(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def short(address: str) -> str:
    """An address for a label."""
    return f"{address[:6]}…{address[-4:]}"


def money(amount: int, token: Token, most: int = 20) -> str:
    """An amount for a label: exact within so many characters, else its first four digits."""
    symbol = plain(token.symbol)
    if len(exact := format_amount(amount, token.decimals)) <= most:
        return f"{exact} {symbol}"
    digits, _, exponent = f"{to_decimal(amount, token.decimals):.3e}".partition("e")
    return f"≈{digits}·{_power(int(exponent))} {symbol}"


def scale_of(most: int, token: Token) -> tuple[int, str]:
    """The power of ten to count in, where base units go up to `most`, and the name of that unit."""
    exponent = len(str(most)) - 1 - token.decimals if most else 0
    power = 0 if -3 <= exponent < 6 else exponent // 3 * 3
    return power, _WORDS.get(power, f"{_power(power)} ") + plain(token.symbol)


def height_of(amount: int, token: Token, power: int) -> float:
    """How high an amount is drawn. A place on paper is all that a float is good enough for."""
    return float(to_decimal(amount, token.decimals + power))


def _power(exponent: int) -> str:
    return "10" + str(exponent).translate(_SUPERSCRIPT)
