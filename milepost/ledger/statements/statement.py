"""Statements: what one party received and paid, row by row, for their books.

A row belongs to the day that it has in the chosen time zone, and is worth what the user's prices
say for its day in UTC. Amounts are base units. Nothing here asks a node.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from milepost.agreement import Token
from milepost.errors import InputError
from milepost.ledger.reads import Ledger, Moment
from milepost.ledger.statements.prices import EXACT, Prices, day_of, is_known, sum_of, value_of
from milepost.ledger.statements.receipts import Row, rows_of
from milepost.types import same_address
from milepost.zones import local_day, system_zone

Way = Literal["in", "back", "out"]
WAYS: tuple[Way, ...] = ("in", "back", "out")


@dataclass(frozen=True, slots=True)
class Total:
    """Sums of a statement in one token: `paid` and `received` in its time, and what was `waiting`
    at its end. `units` are those of the party's own hourly work in its rows, as their freelancer,
    and `for_hours` is what they earned.
    """

    token: Token
    paid: int
    received: int
    waiting: int
    units: int = 0
    for_hours: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """The rows of a party from day `since` to day `until`, both included, oldest first.

    `missing` are the days in UTC, and their tokens, for which `prices` has no price. `known` are
    the tokens that the user knows by name.
    """

    party: str
    chain_id: int
    escrow: str
    moment: Moment
    zone: str
    since: date | None
    until: date | None
    prices: Prices | None
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    missing: tuple[tuple[date, Token], ...]
    known: tuple[Token, ...] = ()

    def worth(self, way: Way) -> Decimal | None:
        """The values together of all that was earned (`in`), of all that the party paid (`out`), or
        of what of that came back; None unless all rows have one.
        """
        if self.prices is None or self.missing:
            return None
        total = sum_of(r.value.amount for r in self.rows if r.value and _way(r) == way)
        return EXACT.minus(total) if way == "out" else total

    @property
    def strange(self) -> tuple[Token, ...]:
        """The tokens of its rows that the user does not know by name."""
        tokens = dict.fromkeys(row.token for row in self.rows)
        return tuple(t for t in tokens if not is_known(t, self.known))


def period_of(
    year: int | None, since: date | None = None, until: date | None = None
) -> tuple[date | None, date | None]:
    """The first and the last day of a year, or of what is given. Raises InputError."""
    if year is not None:
        if since or until:
            raise InputError("Give a year, or the days since when and until when.")
        if not 1970 <= year <= 9998:
            raise InputError(f"{year} is no year that a chain has blocks of.")
        return date(year, 1, 1), date(year, 12, 31)
    if since and until and since > until:
        raise InputError(f"{since} is after {until}.")
    return since, until


def month_of(text: str) -> tuple[date, date]:
    """The first and the last day of a month such as "2026-12". Raises InputError."""
    if re.fullmatch(r"\d{4}-\d\d", text, re.ASCII):
        year, month = int(text[:4]), int(text[5:])
        if 1970 <= year <= 9998 and 1 <= month <= 12:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    raise InputError(f'"{text}" is no month such as 2026-12 that a chain has blocks of.')


def statement(
    ledger: Ledger,
    party: str,
    *,
    year: int | None = None,
    since: date | None = None,
    until: date | None = None,
    zone: ZoneInfo | None = None,
    prices: Prices | None = None,
    wallet_only: bool = False,
    known: Iterable[Token] = (),
    tokens: Collection[str] | None = None,
) -> Statement:
    """The statement of the address `party` for a year, for days, or for the whole time.

    Years and days begin when they do in `zone`, else in the system's. What a freelancer's payee at
    another address received for the freelancer's work belongs to it, unless `wallet_only`. `known`
    are the tokens that the user knows by name; `tokens` the addresses of those to show, else all.
    Raises InputError, and PriceFileError where a price does not say which token it is of.
    """
    known = tuple(known)
    since, until = period_of(year, since, until)
    zone = zone or system_zone()
    with ledger.at_one_moment() as asked:
        moment = asked.moment()
        rows = list(rows_of(asked.payments(party), party, zone))
        for payee in () if wallet_only else _payees(asked, party):
            rows += rows_of(asked.payments(payee), party, zone, payee)
    rows.sort(key=lambda r: (r.happening.event.block, r.happening.event.log_index))
    if tokens is not None:
        wanted = {address.lower() for address in tokens}
        rows = [r for r in rows if r.token.address.lower() in wanted]
    rows = list(_with_one_fee(rows))
    past = [r for r in rows if until is None or r.local.date() <= until]
    chosen = [r for r in past if since is None or r.local.date() >= since]
    if prices is not None:
        chosen = [_valued(r, prices, known) for r in chosen]
    missing = {
        (day_of(r.happening.timestamp), r.token)
        for r in chosen
        if prices is not None and r.gain and r.value is None
    }
    return Statement(
        party=party,
        chain_id=ledger.chain_id,
        escrow=ledger.escrow,
        moment=moment,
        zone=str(zone),
        since=since,
        until=until,
        prices=prices,
        rows=tuple(chosen),
        totals=tuple(_totals(chosen, past)),
        missing=tuple(sorted(missing, key=lambda m: (m[0], m[1].symbol, m[1].address))),
        known=known,
    )


def is_within(timestamp: int, zone: ZoneInfo, since: date | None, until: date | None) -> bool:
    """Whether a Unix time is on a day in the zone from `since` to `until`."""
    day = local_day(timestamp, zone)
    return (since is None or day >= since) and (until is None or day <= until)


def _payees(ledger: Ledger, party: str) -> Iterable[str]:
    """Other addresses that receive what the party earns as a freelancer."""
    jobs = ledger.jobs(party, "freelancer")
    return dict.fromkeys(j.terms.payee for j in jobs if not same_address(j.terms.payee, party))


def _way(row: Row) -> Way:
    return "back" if row.is_return else row.direction


def _with_one_fee(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, of which only the first of one event has its fee."""
    before: tuple[int, int] | None = None
    for row in rows:
        place = (row.happening.event.block, row.happening.event.log_index)
        yield replace(row, fee=0) if place == before else row
        before = place


def _valued(row: Row, prices: Prices, known: Collection[Token]) -> Row:
    if not row.gain:
        return row
    day = day_of(row.happening.timestamp)
    price = prices.find(row.token, day, known)
    return row if price is None else replace(row, value=value_of(row.gain, row.token, price))


def _totals(chosen: Iterable[Row], past: Iterable[Row]) -> Iterator[Total]:
    paid: Counter[Token] = Counter()
    received: Counter[Token] = Counter()
    waiting: Counter[Token] = Counter()
    units: Counter[Token] = Counter()
    for_hours: Counter[Token] = Counter()
    for row in chosen:
        # Anybody can name anybody as the payee of as many hours as they like.
        if row.units and row.role == "freelancer":
            units[row.token] += row.units
            for_hours[row.token] += row.gain
        if row.direction == "out":
            paid[row.token] -= row.amount
        else:
            received[row.token] += row.amount
    for row in past:
        waiting[row.token] += row.waiting
    for token in dict.fromkeys((*paid, *received, *waiting, *units)):
        sums = (paid[token], received[token], waiting[token], units[token], for_hours[token])
        if any(sums):
            yield Total(token, *sums)
