"""Prices of tokens that the user supplies, and what amounts are worth at them.

A file of prices is CSV with the header `date,token,currency,price`: a day in UTC, a token by its
symbol or address, the currency's three letters, and the price of one whole token. A symbol is of
the chain's coin and of tokens that the user knows by name, since anybody can make a token of any
symbol. A price counts for its own day only; where there is none, nothing is guessed. A file with a
fault is refused whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

from milepost.agreement import Token
from milepost.errors import PriceFileError
from milepost.text import one_line
from milepost.types import ZERO_ADDRESS
from milepost.units import to_decimal

HEADER = ["date", "token", "currency", "price"]
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_PRICE = re.compile(r"\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_CENT = Decimal("0.01")
# Digits enough for the largest amount at the longest price: nothing but the last step rounds.
EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Price:
    """What one whole token costs on one day, in `currency`, and where that is written."""

    day: date
    currency: str
    price: Decimal
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Value:
    """What an amount is worth at a price, in its currency."""

    amount: Decimal
    price: Price


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one file, all in `currency`; by token (symbol or lower-case address) and day.

    `source` is the file's name.
    """

    source: str
    currency: str
    found: Mapping[tuple[str, date], Price]

    def find(self, token: Token, day: date, known: Collection[Token] = ()) -> Price | None:
        """The price of a token on a day in UTC; one by its address goes before one by its symbol.

        A symbol names the chain's coin, and what of `known` has it. Raises PriceFileError where
        these are several.
        """
        by_address = self.found.get((token.address.lower(), day))
        if by_address is not None:
            return by_address
        # A token that calls itself an address gets no price by that.
        if not is_known(token, known) or _ADDRESS.fullmatch(token.symbol.lower()):
            return None
        by_symbol = self.found.get((token.symbol, day))
        same = {t.address.lower(): t.address for t in known if t.symbol == token.symbol}
        same.setdefault(token.address.lower(), token.address)
        if by_symbol is not None and len(same) > 1:
            listed = ", ".join(address for _, address in sorted(same.items()))
            raise PriceFileError(
                self.source,
                by_symbol.line,
                f"several tokens are called {one_line(token.symbol)}: {listed}. Write the address "
                "of the one that is meant",
            )
        return by_symbol

    def has_symbol(self, token: Token, day: date) -> bool:
        """Whether there is a price of that day for a token of its symbol."""
        return (token.symbol, day) in self.found


def is_known(token: Token, known: Collection[Token]) -> bool:
    """Whether a token is the chain's coin, or one of those that the user knows by name."""
    address = token.address.lower()
    return address == ZERO_ADDRESS or any(t.address.lower() == address for t in known)


def sum_of(values: Iterable[Decimal]) -> Decimal:
    """The exact sum of values, with two decimals at least, and no negative zero."""
    total = Decimal("0.00")
    for value in values:
        total = EXACT.add(total, value)
    return total


def day_of(timestamp: int) -> date:
    """The day in UTC of a Unix time: the one whose price counts."""
    return datetime.fromtimestamp(timestamp, UTC).date()


def value_of(amount: int, token: Token, price: Price) -> Value:
    """What base units are worth, rounded to two decimals, half to even."""
    exact = EXACT.multiply(to_decimal(amount, token.decimals), price.price)
    # A sum has no negative zero.
    return Value(EXACT.add(EXACT.quantize(exact, _CENT), Decimal(0)), price)


def read_prices(path: Path) -> Prices:
    """Read the file of prices at `path`. Raises PriceFileError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PriceFileError(path.name, 0, f"cannot be read: {error.strerror}") from error
    return parse_prices(content, path.name)


def parse_prices(content: bytes, name: str) -> Prices:
    """Read the content of a file called `name`. Raises PriceFileError."""
    try:
        text = content.decode("utf-8-sig")  # spreadsheets put a mark before the first letter
    except UnicodeDecodeError:
        raise PriceFileError(name, 0, "is not a text in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: dict[tuple[str, date], Price] = {}
    has_header = False
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if has_header:
                _add(found, [cell.strip() for cell in row], name, reader.line_num)
            elif row != HEADER:
                problem = f"the header must be {','.join(HEADER)}"
                raise PriceFileError(name, reader.line_num, problem)
            has_header = True
    except csv.Error as error:
        raise PriceFileError(name, reader.line_num, f"is not CSV: {error}") from error
    if not found:
        raise PriceFileError(name, 0, "has no prices")
    return Prices(name, next(iter(found.values())).currency, found)


def _add(found: dict[tuple[str, date], Price], row: list[str], name: str, line: int) -> None:
    """Add the price of one row. Raises PriceFileError."""

    def error(problem: str) -> PriceFileError:
        return PriceFileError(name, line, problem)

    if len(row) != len(HEADER):
        raise error(f"{len(row)} values stand here, and {len(HEADER)} are wanted")
    day, token, currency, price = row
    try:
        on = date.fromisoformat(day if _DAY.fullmatch(day) else "")
    except ValueError:
        raise error(f"{day!r} is not a day such as 2026-03-02") from None
    if not token:
        raise error("the token's symbol or address is missing")
    if not _CURRENCY.fullmatch(currency):
        raise error(f"{currency!r} is not a currency's three letters, such as EUR")
    if not _PRICE.fullmatch(price):
        raise error(f"{price!r} is not a price such as 0.9187")
    other = next(iter(found.values()), None)
    if other is not None and other.currency != currency:
        raise error(f"this price is in {currency}, and line {other.line} in {other.currency}")
    lower = token.lower()
    key = (lower if _ADDRESS.fullmatch(lower) else token, on)
    if key in found:
        raise error(f"{token} has a price of {day} already, in line {found[key].line}")
    found[key] = Price(on, currency, Decimal(price), name, line)
