"""Statements as CSV for spreadsheets, and as a record for JSON.

Symbols of tokens are other people's texts: what could steer a terminal is shown, and what a
spreadsheet could take for a formula is put behind an apostrophe, and what it could take for the end
of a cell is replaced. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from milepost.agreement import Token
from milepost.ledger.statements.receipts import Row
from milepost.ledger.statements.statement import WAYS, Statement
from milepost.ledger.words import hours
from milepost.presets import minutes_of
from milepost.text import one_line
from milepost.units import format_amount

COLUMNS = (
    "date_utc", "date_local", "kind", "direction", "role", "address", "counterparty", "agreement",
    "milestones", "token", "token_address", "amount", "amount_base_units", "waiting",
    "waiting_base_units", "fee", "fee_base_units", "hours", "minutes", "rate", "rate_base_units",
    "transaction", "block", "is_final", "value", "currency", "price", "price_date", "price_source",
)  # fmt: skip

# With these a cell begins that a spreadsheet may run, as OWASP lists them; also in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# What ends a cell where the file is opened with another separator than it was written with.
_SEPARATORS = str.maketrans(dict.fromkeys(";,|\t", "\ufffd"))


def to_csv(statement: Statement) -> str:
    """The rows under the names of `COLUMNS`: amounts of tokens whole and in base units, lists with
    spaces between, milestones counted from one.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in statement.rows:
        writer.writerow(_cells(row))
    return file.getvalue()


def to_record(statement: Statement) -> dict[str, Any]:
    """The statement for JSON: amounts as strings of base units, times as Unix seconds."""
    worth = {way: statement.worth(way) for way in WAYS}
    return {
        "party": statement.party,
        "chain_id": statement.chain_id,
        "escrow": statement.escrow,
        "block": statement.moment.block,
        "timestamp": statement.moment.timestamp,
        "final_block": statement.moment.final_block,
        "zone": statement.zone,
        "since": statement.since and statement.since.isoformat(),
        "until": statement.until and statement.until.isoformat(),
        "currency": statement.prices and statement.prices.currency,
        "rows": [_record(row) for row in statement.rows],
        "totals": [
            {
                "token": _token(total.token),
                "paid": str(total.paid),
                "received": str(total.received),
                "waiting": str(total.waiting),
                "minutes": minutes_of(total.units),
                "for_hours": str(total.for_hours),
            }
            for total in statement.totals
        ],
        **{f"value_{way}": None if v is None else f"{v:f}" for way, v in worth.items()},
        "unknown_tokens": [_token(token) for token in statement.strange],
        "missing_prices": [
            {"date": day.isoformat(), "token": _token(token)} for day, token in statement.missing
        ],
    }


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _cells(row: Row) -> list[str]:
    event, decimals, value = row.happening.event, row.token.decimals, row.value
    numbers = [
        cell
        for amount in (row.amount, row.waiting, row.fee)
        for cell in (format_amount(amount, decimals, grouped=False), str(amount))
    ]
    worth = ["", "", "", "", ""]
    if value is not None:
        price = value.price
        source = safe_cell(one_line(f"{price.source}:{price.line}"))
        worth = [f"{value.amount:f}", price.currency, f"{price.price:f}", str(price.day), source]
    return [
        row.utc.isoformat(),
        row.local.isoformat(),
        row.kind,
        row.direction,
        row.role or "",
        row.address,
        " ".join(row.counterparties),
        "" if row.agreement is None else "0x" + row.agreement.hex(),
        " ".join(str(i + 1) for i in row.milestones),
        safe_cell(one_line(row.token.symbol).translate(_SEPARATORS)),
        row.token.address,
        *numbers,
        *_hours(row),
        "0x" + event.transaction.hex(),
        str(event.block),
        "true" if row.happening.is_final else "false",
        *worth,
    ]


def _hours(row: Row) -> list[str]:
    if not row.units:
        return ["", "", "", ""]
    minutes = minutes_of(row.units)
    rate = ["", ""]
    if row.rate is not None:
        rate = [format_amount(row.rate, row.token.decimals, grouped=False), str(row.rate)]
    return [hours(minutes), str(minutes), *rate]


def _record(row: Row) -> dict[str, Any]:
    event, value = row.happening.event, row.value
    return {
        "timestamp": row.happening.timestamp,
        "local": row.local.isoformat(),
        "kind": row.kind,
        "direction": row.direction,
        "role": row.role,
        "address": row.address,
        "counterparties": list(row.counterparties),
        "agreement": row.agreement and "0x" + row.agreement.hex(),
        "milestones": [i + 1 for i in row.milestones],
        "token": _token(row.token),
        "amount": str(row.amount),
        "waiting": str(row.waiting),
        "fee": str(row.fee),
        "minutes": minutes_of(row.units) if row.units else None,
        "rate": None if row.rate is None else str(row.rate),
        "transaction": "0x" + event.transaction.hex(),
        "log_index": event.log_index,
        "block": event.block,
        "is_final": row.happening.is_final,
        "value": value
        and {
            "amount": f"{value.amount:f}",
            "currency": value.price.currency,
            "price": f"{value.price.price:f}",
            "date": value.price.day.isoformat(),
            "source": f"{value.price.source}:{value.price.line}",
        },
    }


def _token(token: Token) -> dict[str, Any]:
    return {"address": token.address, "symbol": token.symbol, "decimals": token.decimals}
