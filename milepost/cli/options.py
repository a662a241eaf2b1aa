"""Options that commands share, each written once.

A command takes a `Session` as its first parameter; `reading`, `signing` and `acting` put the
options in its place. No option takes a key or a password as its value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from milepost.errors import MilepostError

DEFAULT_RPC_URL = "http://127.0.0.1:8545"


@dataclass(frozen=True, slots=True)
class Options:
    """What was given for the shared options."""

    rpc_url: str = DEFAULT_RPC_URL
    escrow: str | None = None
    account: str | None = None
    password_file: Path | None = None
    password_fd: int | None = None
    as_json: bool = False
    yes: bool = False
    dry_run: bool = False
    rpc_timeout: float = 10
    timeout: float = 180
    ledger: str | None = None


_SHARED: dict[str, Any] = {
    "rpc_url": Annotated[
        str, typer.Option("--rpc-url", envvar="ETH_RPC_URL", help="The node to talk to.")
    ],
    "escrow": Annotated[
        str | None,
        typer.Option("--escrow", metavar="ADDRESS", help="The escrow, else the chain's known one."),
    ],
    "account": Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            envvar="ETH_KEYSTORE_ACCOUNT",
            help="Who signs: a keystore's name or path, or an unlocked address of a local chain.",
        ),
    ],
    "password_file": Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            envvar="ETH_PASSWORD",
            help="A file whose first line is the password.",
        ),
    ],
    "password_fd": Annotated[
        int | None,
        typer.Option("--password-fd", help="An open descriptor to read the password from."),
    ],
    "as_json": Annotated[bool, typer.Option("--json", help="Print JSON.")],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Sign or send without asking.")],
    "dry_run": Annotated[
        bool, typer.Option("--dry-run", help="Show and simulate only; sign and send nothing.")
    ],
    "rpc_timeout": Annotated[
        float,
        typer.Option("--rpc-timeout", min=0.1, metavar="SECONDS", help="Wait for each answer."),
    ],
    "timeout": Annotated[
        float, typer.Option("--timeout", min=0, metavar="SECONDS", help="Wait for the block.")
    ],
    "ledger": Annotated[
        str | None,
        typer.Option(
            "--ledger",
            metavar="PLACE",
            envvar="MILEPOST_LEDGER",
            help="The ledger: a file, or the URL of a PostgreSQL database.",
        ),
    ],
}
_READING = ("rpc_url", "rpc_timeout", "escrow", "as_json")
_SIGNING = (*_READING, "account", "password_file", "password_fd", "yes", "dry_run")
_ACTING = (*_SIGNING, "timeout")
_NOTING = ("rpc_url", "rpc_timeout", "as_json")
_STARTING = ("ledger", *_NOTING)
_KEEPING = ("as_json", "password_file", "password_fd", "yes")
_ASKING = ("ledger", "as_json")
_FILLING = ("ledger", "rpc_url", "rpc_timeout", "escrow", "as_json")

# Arguments and options that several commands have.
File = Annotated[Path, typer.Argument(metavar="FILE", help="The agreement file.")]
Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The milestone, from 1.")]
Selection = Annotated[
    str, typer.Argument(metavar="MILESTONES", help='Milestones, like "1,3-5" or "all".')
]
Units = Annotated[str | None, typer.Option("--units", help="Units, as the contract counts.")]
Hours = Annotated[str | None, typer.Option("--hours", help="Hours of an hourly week, like 31.5.")]
Percent = Annotated[str | None, typer.Option("--percent", help='A share, like "80 %".')]
Reason = Annotated[
    Path | None, typer.Option("--reason", help="A file whose hash goes on record; it stays here.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Save to a file instead of stdout.")]
Expires = Annotated[
    str, typer.Option("--expires", help='How long the signature is valid, like "2 days".')
]
Party = Annotated[
    str | None,
    typer.Option("--party", metavar="ADDRESS", envvar="MILEPOST_PARTY", help="Whose, else all."),
]
ToFreelancer = Annotated[
    str, typer.Option("--to-freelancer", metavar="AMOUNT", help="What the freelancer gets.")
]


def is_file(text: str) -> bool:
    """Whether an argument that may name a file does."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False


def reading(function: Callable[..., None]) -> Callable[..., None]:
    """A command that only reads."""
    return _with(function, _READING)


def signing(function: Callable[..., None]) -> Callable[..., None]:
    """A command that signs and sends nothing."""
    return _with(function, _SIGNING)


def acting(function: Callable[..., None]) -> Callable[..., None]:
    """A command that sends transactions."""
    return _with(function, _ACTING)


def noting(function: Callable[..., None]) -> Callable[..., None]:
    """A command that works with what is on this machine.

    It asks a node only for a token whose symbol is written and known to nobody else.
    """
    return _with(function, _NOTING)


def starting(function: Callable[..., None]) -> Callable[..., None]:
    """The same, and it asks the ledger, if there is one."""
    return _with(function, _STARTING)


def keeping(function: Callable[..., None]) -> Callable[..., None]:
    """A command that works with what a password keeps on this machine."""
    return _with(function, _KEEPING)


def asking(function: Callable[..., None]) -> Callable[..., None]:
    """A command that asks the ledger, and no node."""
    return _with(function, _ASKING)


def filling(function: Callable[..., None]) -> Callable[..., None]:
    """A command that works with the ledger and a node."""
    return _with(function, _FILLING)


def _with(function: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    own = [
        p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for p in list(inspect.signature(function).parameters.values())[1:]
    ]
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(Options(), name),
            annotation=_SHARED[name],
        )
        for name in names
    ]

    def command(**given: Any) -> None:
        from milepost.cli.session import Session

        session = Session(Options(**{name: given.pop(name) for name in names}))
        try:
            function(session, **given)
        except MilepostError as error:
            session.explain(error)
            raise

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__module__ = function.__module__
    command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
    return command
