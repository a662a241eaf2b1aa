"""The group `milepost diary`: the work diary of an hourly agreement.

One module for what belongs together: the timer, entries, other programs' files, what is shown,
sealed weeks, their proofs, the client's review, captures. They share `book`, `claims`, `doubts` and
`picture`.
"""

from __future__ import annotations

import typer

from milepost.cli.lazy import lazy

# Where each command is, in the order of the help.
COMMANDS = {
    "start": "diary.timer",
    "stop": "diary.timer",
    "status": "diary.timer",
    "add": "diary.entries",
    "edit": "diary.entries",
    "remove": "diary.entries",
    "log": "diary.show",
    "report": "diary.show",
    "import": "diary.exchange",
    "export": "diary.exchange",
    "merge": "diary.exchange",
    "seal": "diary.sealing",
    "reopen": "diary.sealing",
    "bill": "diary.sealing",
    "prove": "diary.proofs",
    "verify": "diary.proofs",
    "review": "diary.review",
    "captures": "diary.captures",
}

group = typer.Typer(
    cls=lazy(COMMANDS),
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Keep a work diary that proves itself, by the hour.",
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="diary")
