"""The command for the books: statement. It shows a table, or writes what other programs read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from milepost.cli import render
from milepost.cli.options import Out, Party, asking
from milepost.cli.session import Session
from milepost.cli.tokens import TokenBook
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.ledger.words import hours
from milepost.presets import minutes_of
from milepost.signing import checked_address
from milepost.types import format_selection
from milepost.units import format_amount

if TYPE_CHECKING:
    from milepost.agreement import Token
    from milepost.ledger.statements.prices import Prices
    from milepost.ledger.statements.receipts import Row
    from milepost.ledger.statements.statement import Statement


class Format(StrEnum):
    """How a statement is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    LEDGER = "ledger"


Year = Annotated[int | None, typer.Option("--year", help="All of a year, in the time zone.")]
Month = Annotated[
    str | None, typer.Option("--month", metavar="MONTH", help="All of a month, like 2026-12.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DAY", help="From this day on, like 2026-01-15.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="Up to this day, which is included.")
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="NAME", help="Whose days, like Europe/Berlin; the system's."),
]
PriceFile = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="CSV with date,token,currency,price."),
]
As = Annotated[Format | None, typer.Option("--format", help="How to write it; a table.")]
WalletOnly = Annotated[
    bool,
    typer.Option("--wallet-only", help="Without what a payee at another address received."),
]
Tokens = Annotated[
    list[str] | None,
    typer.Option(
        "--token", metavar="TOKEN", help="Only in this token, by name or address; can be repeated."
    ),
]
_MOST_NAMED = 10  # tokens, of those that strangers can bring in any number


def register(app: typer.Typer) -> None:
    app.command("statement")(asking(statement))


def statement(
    session: Session,
    party: Party = None,
    year: Year = None,
    month: Month = None,
    since: Since = None,
    until: Until = None,
    zone: Zone = None,
    prices: PriceFile = None,
    form: As = None,
    wallet_only: WalletOnly = False,
    tokens: Tokens = None,
    out: Out = None,
) -> None:
    """List what a party received and paid, for their books.

    Example: milepost statement --party 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --year 2026
    """
    from milepost.ledger.statements import statement as library
    from milepost.zones import zone_of

    if session.options.as_json:
        if form not in (None, Format.JSON):
            raise InputError("Give --json or another --format, not both.")
        form = Format.JSON
    form = form or Format.TABLE
    if out is not None and form is Format.TABLE:
        raise InputError("A table is for the terminal. --out goes with --format csv, json, ledger.")
    if party is None:
        raise InputError("Say whose statement it is: --party with an address.")
    first, last = day_of(since, "--since"), day_of(until, "--until")
    if month is not None:
        if year is not None or first or last:
            raise InputError("Give a month, a year, or the days since when and until when.")
        first, last = library.month_of(month)
    book = TokenBook(None, session.ledger.chain_id)
    made = library.statement(
        session.ledger,
        checked_address(party, "--party"),
        year=year,
        since=first,
        until=last,
        zone=zone_of(zone),
        prices=prices_in(prices),
        wallet_only=wallet_only,
        known=book.values(),
        tokens=tokens_in(tokens, book),
    )
    if form is Format.TABLE:
        _show(made)
    elif out is None:
        typer.echo(_text(made, form), nl=False)
    else:
        write_whole({out: _text(made, form).encode()})
        render.progress(f"Saved to {out}.")
    _remark(made)


def day_of(text: str | None, option: str) -> date | None:
    """The day that an option names. Raises InputError."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f'{option}: "{text}" is not a day such as 2026-03-02.') from None


def prices_in(path: Path | None) -> Prices | None:
    """The prices in a file, if there is one. Raises PriceFileError."""
    from milepost.ledger.statements.prices import read_prices

    return None if path is None else read_prices(path)


def tokens_in(names: list[str] | None, book: TokenBook) -> list[str] | None:
    """The addresses of the tokens that --token names; None without it. Raises InputError."""
    if not names:
        return None
    found = []
    for name in names:
        same = [t.address for t in book.values() if t.symbol == name]
        if name in book:
            found.append(book[name].address)
        elif len(same) == 1:
            found += same
        elif name.startswith("0x"):
            found.append(checked_address(name, "--token"))
        else:
            raise InputError(f'--token: "{name}" is no token known by name. Give its address.')
    return found


def remark_on(strange: Iterable[Token]) -> None:
    """On stderr: the tokens that the user does not know by name."""
    named = [f"{token.symbol} ({token.address})" for token in strange]
    if named:
        more = len(named) - _MOST_NAMED
        listed = ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        render.progress(
            f"Not known by name: {listed}. Anybody can make a token of any symbol, and pay with "
            "it. --token leaves out the others.",
            "yellow",
        )


def _text(made: Statement, form: Format) -> str:
    from milepost.ledger.statements.exports import to_csv, to_record
    from milepost.ledger.statements.journal import to_journal

    match form:
        case Format.CSV:
            return to_csv(made)
        case Format.LEDGER:
            return to_journal(made)
    return json.dumps(to_record(made), indent=2) + "\n"


def _show(made: Statement) -> None:
    """The rows, and the totals below them."""
    columns = ("date", "what", "job", "with", "amount", "hours", "rate", "waiting", "worth")
    rows = [_cells(row) for row in made.rows]
    used = [k for k in range(len(columns)) if k < 5 or any(row[k] for row in rows)]
    render.table([columns[k] for k in used], [[row[k] for k in used] for row in rows])
    names = ["total", "token", "paid", "received", "waiting at the end"]
    totals = []
    for total in made.totals:
        decimals = total.token.decimals
        sums = (total.paid, total.received, total.waiting)
        cells = [
            total.token.symbol,
            total.token.address,
            *(format_amount(s, decimals) for s in sums),
        ]
        if any(t.units for t in made.totals):
            cells += [hours(minutes_of(total.units)), format_amount(total.for_hours, decimals)]
        totals.append(cells)
    if any(t.units for t in made.totals):
        names += ["hours", "for hours"]
    if totals:
        render.say("")
    render.table(names, totals)


def _cells(row: Row) -> tuple[str, ...]:
    value = row.value
    fee = format_amount(row.fee, row.token.decimals)
    of = render.short(row.agreement) if row.agreement else ""
    return (
        str(row.local.date()) + ("" if row.happening.is_final else " *"),
        f"{row.kind}, fee {fee}" if row.fee else row.kind,
        f"{of} {format_selection(row.milestones)}".strip(),
        ", ".join(f"{who[:6]}…{who[-4:]}" for who in row.counterparties),
        render.amount(row.amount, row.token),
        hours(minutes_of(row.units)) if row.units else "",
        "" if row.rate is None else format_amount(row.rate, row.token.decimals),
        render.amount(row.waiting, row.token) if row.waiting else "",
        f"{value.amount:,f} {value.price.currency}" if value else "",
    )


def _remark(made: Statement) -> None:
    """On stderr: what it is of, and what a reader has to know."""
    from milepost.ledger.statements.statement import WAYS

    days = [f"{word} {day}" for word, day in (("from", made.since), ("to", made.until)) if day]
    render.progress(
        f"{render.count(len(made.rows), 'row')} {' '.join(days) or 'of the whole time'}, days of "
        f"{made.zone}, at {render.place_in_time(made.moment)}."
    )
    if made.prices is not None and not made.missing:
        worth = ", ".join(f"{way} {made.worth(way):,f} {made.prices.currency}" for way in WAYS)
        render.progress(f"Worth: {worth}.")
    pending = sum(not row.happening.is_final for row in made.rows)
    if pending:
        render.progress(f"{render.count(pending, 'row')} (*) can still be taken back by the chain.")
    for day, token in made.missing:
        render.progress(f"No price of {token.symbol} ({token.address}) on {day}.", "yellow")
    if made.prices is not None and any(
        token in made.strange and made.prices.has_symbol(token, day) for day, token in made.missing
    ):
        render.progress(
            "A price by symbol is only of the coin and of tokens known by name. Write the address "
            "of any other.",
            "yellow",
        )
    remark_on(made.strange)
