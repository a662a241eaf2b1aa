"""The command that writes a report to look at and to print: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost.cli.options import Party, asking
from milepost.cli.session import Session
from milepost.signing import checked_address

Page = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The HTML page to write.")]


def register(app: typer.Typer) -> None:
    app.command("report")(asking(report))


def report(session: Session, out: Page, party: Party = None) -> None:
    """Write a page of money, jobs, deadlines and pictures, for a browser or the printer.

    Example: milepost report --out report.html
    """
    from milepost.files import write_whole
    from milepost.ledger.pictures import report as library

    who = checked_address(party, "--party") if party else None
    page = library.report(session.ledger, who)
    write_whole({out: page.encode()})
    session.show({"file": str(out)}, f"Saved to {out}.")
