"""The application: its groups of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

import milepost
from milepost.cli.lazy import lazy
from milepost.errors import MilepostError

# Where each command is, in the order of the help.
COMMANDS = {
    "new": "draft",
    "check": "deal",
    "sign": "deal",
    "fund": "deal",
    "accept": "deal",
    "status": "deal",
    "submit": "work",
    "approve": "work",
    "claim": "work",
    "changes": "work",
    "request-refund": "work",
    "refund": "work",
    "dispute": "disputes",
    "rule": "disputes",
    "offer": "disputes",
    "settle": "disputes",
    "lapse": "disputes",
    "amend": "amending",
    "diary": "diary",
    "jobs": "jobs",
    "job": "jobs",
    "ledger": "ledger",
    "due": "due",
    "watch": "watch",
    "statement": "statement",
    "invoice": "invoice",
    "report": "report",
    "withdraw": "network",
    "accounts": "network",
    "deploy": "network",
    "chain": "network",
}

app = typer.Typer(
    cls=lazy(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Rich help would take half as long again to show, for frames.
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    help="Payment protection for freelance work: fund, deliver, approve, get paid.",
    epilog="Exit codes: 0 done, 1 stopped by a no, 2 input, 3 keys and signatures, 4 node, "
    "5 refused by the contract, 6 too little money, 7 a transaction without its effect, "
    "8 the ledger, 9 the diary.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(milepost.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit with 0, or with the `exit_code` of the error."""
    # Most commands end before it pays to look for garbage.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a letter
    try:
        app(args)
    except MilepostError as error:
        from milepost.cli.render import progress

        progress(f"Error: {error.message}", "red")
        for note in getattr(error, "__notes__", ()):
            progress(note)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
