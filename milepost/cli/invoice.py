"""The command invoice: PDF documents of what was paid for milestones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import terms as typed
from milepost.cli import render
from milepost.cli.options import asking, is_file
from milepost.cli.session import Session
from milepost.cli.statement import (
    PriceFile,
    Since,
    Tokens,
    Until,
    Year,
    Zone,
    day_of,
    prices_in,
    remark_on,
    tokens_in,
)
from milepost.cli.tokens import TokenBook
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.signing import checked_address
from milepost.units import format_amount

if TYPE_CHECKING:
    from milepost.ledger.statements.invoice import Invoice, Side

JobId = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="The agreement's id, the beginning of it, or its file."),
]
Milestone = Annotated[int | None, typer.Argument(metavar="N", min=1, help="The milestone, from 1.")]
Of = Annotated[
    str | None,
    typer.Option(
        "--party",
        metavar="ADDRESS",
        help="Every invoice from or to this address; else MILEPOST_PARTY.",
    ),
]
Files = Annotated[
    list[Path] | None, typer.Option("--file", help="The agreement file; can be repeated.")
]
Seller = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="YAML about the freelancer.")
]
Buyer = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="YAML about the client.")]
Font = Annotated[
    Path | None,
    typer.Option("--font", metavar="FILE", help="A TrueType font for letters that DejaVu lacks."),
]
OwnNumber = Annotated[
    str | None,
    typer.Option("--number", metavar="TEXT", help="The invoice's number, if you keep a series."),
]
Target = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="PATH", help="The PDF file; with --party, a directory."),
]


def register(app: typer.Typer) -> None:
    app.command("invoice")(asking(invoice))


def invoice(
    session: Session,
    out: Target,
    job: JobId = None,
    number: Milestone = None,
    party: Of = None,
    year: Year = None,
    since: Since = None,
    until: Until = None,
    zone: Zone = None,
    prices: PriceFile = None,
    files: Files = None,
    seller: Seller = None,
    buyer: Buyer = None,
    font: Font = None,
    own_number: OwnNumber = None,
    tokens: Tokens = None,
) -> None:
    """Write the invoice of a paid milestone as PDF, or with --party all of a year.

    Example: milepost invoice 0x5e884898 1 --file website.yaml --from me.yaml --out invoice.pdf
    """
    from milepost.ledger.statements import invoice as library
    from milepost.ledger.statements.invoice_pdf import to_pdf
    from milepost.ledger.statements.prices import is_known
    from milepost.ledger.statements.profile import read_profile
    from milepost.zones import zone_of

    if job is None:
        party = party or os.environ.get("MILEPOST_PARTY")
    if party is not None:
        if job is not None:
            raise InputError("Give an agreement and a milestone, or --party, not both.")
        if own_number is not None:
            raise InputError("--number is for one invoice.")
        days = day_of(since, "--since"), day_of(until, "--until")
        book = TokenBook(None, session.ledger.chain_id)
        found = library.invoices(
            session.ledger,
            checked_address(party, "--party"),
            year=year,
            since=days[0],
            until=days[1],
            files=[session.agreement_on_file(path) for path in files or ()],
            zone=zone_of(zone),
            prices=prices_in(prices),
            known=book.values(),
            tokens=tokens_in(tokens, book),
            side=_side(seller, buyer),
        )
        if seller is not None:
            _require_one({i.terms.freelancer for i in found}, "--from", "freelancers")
        if buyer is not None:
            _require_one({i.terms.client for i in found}, "--to", "clients")
    else:
        if job is None or number is None:
            raise InputError("Say of what: an agreement and a milestone, or --party.")
        if (year, since, until) != (None, None, None):
            raise InputError("--year, --since and --until go with --party.")
        if tokens:
            raise InputError("--token goes with --party.")
        paths = [*(files or ()), *([Path(job)] if is_file(job) else [])]
        if len(paths) > 1:
            raise InputError("An invoice is of one agreement. Give one file.")
        file = session.agreement_on_file(paths[0]) if paths else None
        ledger = session.ledger
        if file is not None and not files:
            job = "0x" + typed.agreement_id(file.terms, ledger.chain_id, ledger.escrow).hex()
        book = TokenBook(None, ledger.chain_id)
        one = library.invoice(
            ledger,
            job,
            number - 1,
            file=file,
            zone=zone_of(zone),
            prices=prices_in(prices),
            known=book.values(),
        )
        found = [one if own_number is None else replace(one, number=own_number)]
    sender, receiver = (read_profile(p) if p is not None else None for p in (seller, buyer))
    drawn = [to_pdf(one, sender, receiver, font=font) for one in found]
    places = [out] if party is None else [out / f"{one.number}.pdf" for one in found]
    if party is not None:
        _make_directory(out)
    write_whole(dict(zip(places, drawn, strict=True)))
    _report(session, found, places)
    strange = {one.token for one in found if not is_known(one.token, book.values())}
    remark_on(sorted(strange, key=lambda t: (t.symbol, t.address)))
    if prices is not None:
        for one in found:
            if one.worth is None:
                token = f"{one.token.symbol} ({one.token.address})"
                render.progress(f"{one.number}: no price of {token} in {prices.name}.", "yellow")


def _side(seller: Path | None, buyer: Path | None) -> Side | None:
    """Who the party is where only one of the two sides is described: the one that is."""
    if seller is not None and buyer is None:
        return "freelancer"
    return "client" if buyer is not None and seller is None else None


def _require_one(found: set[str], option: str, who: str) -> None:
    if len(found) > 1:
        raise InputError(
            f"{option} is about one, and these invoices are of {len(found)} {who}. Leave "
            "it out, or write the invoices one by one."
        )


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be made: {error.strerror}") from error


def _report(session: Session, found: list[Invoice], places: list[Path]) -> None:
    records = [
        {
            "number": one.number,
            "agreement": "0x" + one.agreement.hex(),
            "milestone": one.milestone + 1,
            "date": str(one.day),
            "token": {
                "address": one.token.address,
                "symbol": one.token.symbol,
                "decimals": one.token.decimals,
            },
            "amount": str(one.amount),
            "waiting": str(one.waiting),
            "value": None if one.worth is None else f"{one.worth:f}",
            "currency": one.currency,
            "is_final": one.is_final,
            "file": str(place),
        }
        for one, place in zip(found, places, strict=True)
    ]
    lines = [
        f"{one.number}  {one.day}  "
        f"{format_amount(one.amount, one.token.decimals, one.token.symbol)}  {place}"
        for one, place in zip(found, places, strict=True)
    ]
    session.show({"invoices": records}, "\n".join(lines) or "No milestone was paid in that time.")
    pending = [one.number for one in found if not one.is_final]
    if pending:
        render.progress(f"Not final yet, the chain can take it back: {', '.join(pending)}.")
