"""Statements as a journal for plain-text accounting: `ledger` and `hledger` both read it.

Accounts are `Assets:Crypto:<token>` for wallets, `Assets:Waiting:<token>` for what the escrow keeps
for a withdrawal, `Income:Freelance:<client>`, `Income:Arbitration` and
`Expenses:Freelance:<freelancer>`. Funding is an expense at once, and what comes back lowers it.
With a price the other side is in the price's currency, and the token's cost stands behind `@@`.

A token has the same name in every journal: its symbol alone where the user knows the token by name
and no other is meant by it, else with its address. So journals can be put together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from unicodedata import category

from milepost.agreement import Token
from milepost.ledger.statements.prices import EXACT, value_of
from milepost.ledger.statements.receipts import Row
from milepost.ledger.statements.statement import Statement
from milepost.ledger.words import hours
from milepost.networks import network_of
from milepost.presets import minutes_of
from milepost.text import one_line
from milepost.types import ZERO_ADDRESS, format_selection
from milepost.units import format_amount

Posting = tuple[str, str]  # an account, and the amount with its commodity
_COLUMN = 62
_MOST_DECIMALS = 60  # more are too many for some programs: then it counts in base units
_CURRENCY = re.compile(r"[A-Z]{3}")


def to_journal(statement: Statement) -> str:
    """The rows as transactions, each of which balances. Not yet final ones are marked `!`."""
    names = _names(statement)
    lines = [
        f"; Statement of {statement.party}, {_period(statement)}",
        f"; Escrow {statement.escrow} on chain {statement.chain_id}, "
        f"as of block {statement.moment.block}. Days are those of {one_line(statement.zone)}.",
    ]
    for total in statement.totals:
        sums = (("paid", total.paid), ("received", total.received), ("waiting", total.waiting))
        shown = ", ".join(f"{n} {_amount(a, total.token)}" for n, a in sums)
        if total.units:
            earned = _amount(total.for_hours, total.token)
            shown += f", {hours(minutes_of(total.units))} hours for {earned}"
        lines.append(f"; {names[total.token]} is {total.token.address}: {shown}")
    lines += [f"; No price of {names[token]} on {day}" for day, token in statement.missing]
    for row in statement.rows:
        lines += ["", *_transaction(row, names[row.token])]
    return "\n".join(lines) + "\n"


def _transaction(row: Row, name: str) -> Iterator[str]:
    event = row.happening.event
    mark = "*" if row.happening.is_final else "!"
    of = "" if row.agreement is None else row.agreement.hex()[:8]
    if row.milestones:
        of += "-" + format_selection(row.milestones)
    code = f"({of}) " if of else ""
    yield f"{row.local.date()} {mark} {code}{row.kind}"
    if row.agreement is not None:
        yield f"    ; agreement: 0x{row.agreement.hex()}"
    yield f"    ; transaction: 0x{event.transaction.hex()}"
    yield f"    ; block: {event.block}, {row.utc:%Y-%m-%d %H:%M:%S} UTC"
    yield f"    ; wallet: {row.address}"
    if row.fee:
        yield f"    ; arbiter's fee: {_amount(row.fee, row.token)}"
    if row.units:
        worked = hours(minutes_of(row.units))
        each = "" if row.rate is None else f" at {_amount(row.rate, row.token)} an hour"
        yield f"    ; hours: {worked}{each}"
    if row.value is not None:
        price = row.value.price
        source = f"{one_line(price.source)}:{price.line}"
        yield f"    ; price: {price.price:f} {price.currency}, {source}"
    for account, amount in _postings(row, name):
        yield f"    {account:<{_COLUMN}}  {amount}"


def _postings(row: Row, name: str) -> Iterator[Posting]:
    segment = _account(name)
    parts = [(f"Assets:Crypto:{segment}", row.amount), (f"Assets:Waiting:{segment}", row.waiting)]
    parts = [(account, amount) for account, amount in parts if amount]
    value, quoted = row.value, f'"{name}"'
    rest = Decimal(0) if value is None else value.amount
    for k, (account, amount) in enumerate(parts):
        text = f"{_amount(amount, row.token)} {quoted}"
        if value is not None:
            # The last part takes what rounding leaves.
            is_last = k == len(parts) - 1
            part = rest if is_last else value_of(amount, row.token, value.price).amount
            rest = EXACT.subtract(rest, part)
            text += f" @@ {part.copy_abs():f} {value.price.currency}"
        yield account, text
    if value is not None:
        yield _other_side(row), f"{EXACT.minus(value.amount):f} {value.price.currency}"
    elif row.gain:
        yield _other_side(row), f"{_amount(-row.gain, row.token)} {quoted}"


def _other_side(row: Row) -> str:
    if row.role == "arbiter":
        return "Income:Arbitration"
    kind = "Expenses" if row.role == "client" else "Income"
    return f"{kind}:Freelance:{row.counterparties[0]}"


def _period(statement: Statement) -> str:
    since, until = statement.since, statement.until
    if since is None and until is None:
        return "the whole time"
    return " ".join(
        [*(["from", str(since)] if since else []), *(["to", str(until)] if until else [])]
    )


def _amount(amount: int, token: Token) -> str:
    decimals = token.decimals if token.decimals <= _MOST_DECIMALS else 0
    return format_amount(amount, decimals, grouped=False)


def _names(statement: Statement) -> dict[Token, str]:
    """A commodity for each token, which does not depend on what other tokens there are rows of."""
    coin = Token(ZERO_ADDRESS, network_of(statement.chain_id).coin, 18)
    known = {t.address.lower(): t for t in (*statement.known, coin)}
    counted = Counter(_account(t.symbol) for t in known.values())
    currency = statement.prices.currency if statement.prices else ""
    tokens = [*(r.token for r in statement.rows), *(t.token for t in statement.totals)]
    tokens += [token for _, token in statement.missing]
    names = {}
    for token in dict.fromkeys(tokens):
        symbol = _clean(token.symbol, _is_fit)
        is_coin = token.address == ZERO_ADDRESS
        of_user = known.get(token.address.lower())
        is_plain = (
            of_user is not None
            and (is_coin or (of_user.symbol == token.symbol and counted[_account(symbol)] == 1))
            and bool(symbol.strip("_ "))
            and symbol != currency
            and not _is_currency(symbol, is_coin)
        )
        unit = " base units" if token.decimals > _MOST_DECIMALS else ""
        names[token] = (symbol if is_plain else f"{symbol} {token.address}".strip()) + unit
    return names


def _is_currency(symbol: str, is_coin: bool) -> bool:
    """Whether a symbol could be a currency's: has its sign, or is three letters of no coin."""
    has_sign = any(category(c) == "Sc" for c in symbol)
    return has_sign or (not is_coin and _CURRENCY.fullmatch(symbol) is not None)


def _account(name: str) -> str:
    """The part of an account's name that says which token it holds."""
    return _clean(name, str.isalnum)


def _clean(text: str, is_fit: Callable[[str], bool]) -> str:
    """A text of nothing that ends a commodity or an account, or means something in a journal."""
    return "".join(c if is_fit(c) else "_" for c in text)


def _is_fit(character: str) -> bool:
    return character.isalnum() or category(character) == "Sc" or character in ".-+/_"
