"""The application: its groups of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import milepost
from milepost.cli import deal, disputes, network, work
from milepost.cli.render import progress
from milepost.errors import MilepostError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Payment protection for freelance work: fund, deliver, approve, get paid.",
)
for group in (deal, work, disputes, network):
    group.register(app)


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
    """Run the command and exit: 2 input, 3 signing, 4 chain, 5 refused by the contract."""
    try:
        app(args)
    except MilepostError as error:
        progress(f"Error: {error.message}", "red")
        sys.exit(error.exit_code)
