"""Invoices as PDF, as one sends them to a company.

The document carries the time of the payment and no other, so the same invoice gives the same bytes
with the same versions of the libraries that draw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from milepost.ledger.statements.invoice import Invoice
from milepost.ledger.statements.paper import (
    BLACK,
    BOLD,
    GREEN,
    GREY,
    MARGIN,
    MONO,
    TEXT,
    WIDTH,
    Paper,
    paper,
)
from milepost.ledger.statements.profile import Profile
from milepost.ledger.words import amount
from milepost.networks import network_of
from milepost.types import same_address

_COLUMN = 80.0
_INDENT = 2.0
_HOW = {
    "release": "Released",
    "dispute": "Part that was not disputed",
    "ruling": "Ruled by the arbiter",
    "lapse": "Default share of a dispute",
    "settlement": "Settled",
}


def to_pdf(
    invoice: Invoice,
    seller: Profile | None = None,
    buyer: Profile | None = None,
    *,
    font: Path | None = None,
) -> bytes:
    """The invoice from the freelancer, `seller`, to the client, `buyer`, as a PDF document.

    `font` is a TrueType font for letters that DejaVu lacks. Raises ExtraMissing, and InputError
    where a letter of what people wrote is in neither, or the font cannot be used. Of a token's
    symbol such letters are replaced.
    """
    with paper(font) as sheet:
        sheet.require_letters(_texts(invoice, seller, buyer))
        symbol = sheet.in_letters(invoice.token.symbol)
        invoice = replace(invoice, token=replace(invoice.token, symbol=symbol))
        _head(sheet, invoice)
        _parties(sheet, invoice, seller, buyer)
        _table(sheet, invoice)
        _total(sheet, invoice)
        _facts(sheet, invoice)
        if seller is not None and seller.note:
            sheet.at(0, sheet.y + 6)
            sheet.write(seller.note, 9)
        author = "" if seller is None else seller.name
        return sheet.finish(f"Invoice {invoice.number}", author, invoice.paid_at)


def _texts(invoice: Invoice, seller: Profile | None, buyer: Profile | None) -> Iterator[str]:
    """The texts of the people who write the invoice."""
    yield from (invoice.number, invoice.title, invoice.description)
    for profile in (seller, buyer):
        if profile is not None:
            yield from (profile.name, profile.note, *profile.lines)


def _head(sheet: Paper, invoice: Invoice) -> None:
    sheet.write("Invoice", 24, font=BOLD)
    sheet.at(WIDTH - _COLUMN, MARGIN)
    state = _state(invoice)
    colour = GREEN if state == "PAID" else BLACK
    sheet.write(state, 14, font=BOLD, colour=colour, width=_COLUMN, align="R")
    sheet.at(0, MARGIN + 14)
    sheet.pair("Number", invoice.number, 9)
    sheet.pair("Date of payment", f"{invoice.day} ({invoice.zone})", 9)


def _state(invoice: Invoice) -> str:
    """What became of the payment, in capitals."""
    if not invoice.waiting:
        return "PAID" if invoice.is_final else "PAID, NOT FINAL"
    state = "NOT DELIVERED" if invoice.waiting == invoice.amount else "PARTLY DELIVERED"
    return state if invoice.is_final else f"{state}, NOT FINAL"


def _parties(sheet: Paper, invoice: Invoice, seller: Profile | None, buyer: Profile | None) -> None:
    terms = invoice.terms
    top = bottom = sheet.y + 8
    for x, label, role, profile, address in (
        (0.0, "From", "Freelancer", seller, terms.freelancer),
        (WIDTH - _COLUMN, "To", "Client", buyer, terms.client),
    ):
        sheet.at(x, top)
        sheet.write(label, 9, colour=GREY, width=_COLUMN)
        sheet.write(profile.name if profile else role, 11, font=BOLD, width=_COLUMN)
        if profile is not None and profile.lines:
            sheet.write("\n".join(profile.lines), 9, width=_COLUMN)
        sheet.write(address, 7.5, font=MONO, colour=GREY, width=_COLUMN, height=5)
        bottom = max(bottom, sheet.y)
    sheet.at(0, bottom + 8)


def _table(sheet: Paper, invoice: Invoice) -> None:
    right, width = WIDTH - _INDENT - 60, 60.0
    sheet.box(8)
    y = sheet.y + 1.6
    sheet.at(_INDENT, y)
    sheet.write("Description", 9, font=BOLD, width=100)
    sheet.at(right, y)
    sheet.write("Amount", 9, font=BOLD, width=width, align="R")
    top = y = y + 9
    for row in invoice.rows:
        sheet.at(right, y)
        sheet.write(amount(row.gain, invoice.token), 10, width=width, align="R")
        note = f"{_HOW[row.kind]}, {row.local.date()}"
        sheet.write(note, 8, colour=GREY, width=width, align="R")
        y = sheet.y + 1.5
    page = sheet.page
    sheet.at(_INDENT, top)
    if invoice.title:
        sheet.write(invoice.title, 9, colour=GREY, width=104)
    first, _, others = invoice.description.partition("\n")
    sheet.write(first, 10, width=104, height=5.5)
    if others:
        sheet.write(others, 8.5, colour=GREY, width=104)
    sheet.at(0, max(sheet.y, y) if sheet.page == page else sheet.y)
    sheet.rule()


def _total(sheet: Paper, invoice: Invoice) -> None:
    worth = invoice.worth
    prices = [row.value.price for row in invoice.rows if row.value is not None]
    sums = {"Total paid" if not invoice.waiting else "Total": amount(invoice.amount, invoice.token)}
    notes = []
    if worth is not None:
        sums["Worth"] = f"{worth:,f} {prices[0].currency}"
        notes = [
            f"1 {invoice.token.symbol} = {p.price:f} {p.currency} on {p.day} (UTC)"
            for p in dict.fromkeys(prices)
        ]
    agreed = invoice.terms.amount_of(invoice.milestone)
    if agreed != invoice.amount:
        notes.append(f"Of {amount(agreed, invoice.token)} agreed for the milestone.")
    for name, value in sums.items():
        sheet.keep_together(7)
        y = sheet.y
        sheet.at(_INDENT, y)
        sheet.write(name, 11, font=BOLD, width=60)
        sheet.at(60, y)
        sheet.write(value, 11, font=BOLD, width=WIDTH - _INDENT - 60, align="R")
        sheet.at(0, sheet.y + 0.5)
    for note in notes:
        sheet.write(note, 8, colour=GREY, width=WIDTH - _INDENT, align="R")


def _facts(sheet: Paper, invoice: Invoice) -> None:
    sheet.keep_together(40)
    sheet.at(0, sheet.y + 10)
    sheet.write("Payment", 10, font=BOLD)
    sheet.at(0, sheet.y + 1)
    for name, value in _payment(invoice):
        is_code = value.startswith("0x")
        sheet.pair(name, value, 7.5 if is_code else 8, font=MONO if is_code else TEXT)
    sheet.at(0, sheet.y + 3)
    sheet.write(" ".join(_notes(invoice)), 8)


def _payment(invoice: Invoice) -> Iterator[tuple[str, str]]:
    """What identifies the payment, by name."""
    terms, token = invoice.terms, invoice.token
    yield "Network", f"{network_of(invoice.chain_id).name}, chain id {invoice.chain_id}"
    if int(token.address, 16):
        yield "Token", token.address
    yield "Escrow", invoice.escrow
    yield "Agreement", "0x" + invoice.agreement.hex()
    yield "Milestone", str(invoice.milestone + 1)
    if not same_address(terms.payee, terms.freelancer):
        yield "Paid to", terms.payee
    for row in invoice.rows:
        event = row.happening.event
        yield "Transaction", "0x" + event.transaction.hex()
        yield "", f"block {event.block}, {row.utc:%Y-%m-%d %H:%M:%S} UTC"
    if invoice.title:
        yield "Agreement file", "0x" + terms.scope.hex()


def _notes(invoice: Invoice) -> Iterator[str]:
    several = "transactions" if len(invoice.rows) > 1 else "transaction"
    yield (
        f"Anybody can check this: look up the {several} above in any explorer of the chain. The "
        "escrow's events there name the agreement, the milestone and what was paid."
    )
    if invoice.title:
        yield (
            "The agreement file has the Keccak-256 hash above, which the agreement on the chain "
            "carries as its scope."
        )
    if invoice.waiting:
        yield (
            f"The payee's wallet could not take {amount(invoice.waiting, invoice.token)} when it "
            "was paid; the escrow keeps it for the payee to withdraw."
        )
    if not invoice.is_final:
        yield "The payment was not final when this was written: the chain can still take it back."
