"""The command `milepost watch`: events and deadlines, to mail, chats and webhooks."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from milepost.cli import render
from milepost.cli.ledger import WebsocketUrl, open_database, syncer_of
from milepost.cli.options import Party, filling
from milepost.cli.session import Session
from milepost.errors import DeliveryFailed, InputError, MilepostError, NodeUnreachable
from milepost.signing import checked_address
from milepost.types import same_address
from milepost.units import parse_duration

if TYPE_CHECKING:
    from milepost.ledger.deadlines.news import Message
    from milepost.ledger.deadlines.watch import Watch
    from milepost.ledger.store import Store

_PAUSE = 1.0  # seconds before a node that was never there is looked for again
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.I)  # a path has lost one of the slashes

To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="URL",
        envvar="MILEPOST_WATCH_TO",
        help="Where to send, as Apprise writes it; can be repeated.",
    ),
]
ToFile = Annotated[
    Path | None, typer.Option("--to-file", help="A file of such URLs, one a line.", metavar="FILE")
]
Before = Annotated[
    str, typer.Option("--before", metavar="DURATIONS", help="When to tell of a deadline.")
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="What was sent is remembered by it; else by the party."),
]
Once = Annotated[bool, typer.Option("--once", help="Send what there is to send, and end.")]


def register(app: typer.Typer) -> None:
    app.command("watch", cls=_Discreet, context_settings={"allow_extra_args": True})(filling(watch))


class _Discreet(TyperCommand):
    """A command that repeats nothing of what it does not expect: it may be a URL."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            place = len(given) - given[::-1].index(ctx.args[0])
            raise InputError(
                f"What stands in place {place} after `watch` belongs to no option. "
                "Put --to before each URL."
            )
        return rest


def watch(
    session: Session,
    party: Party = None,
    to: To = None,
    to_file: ToFile = None,
    before: Before = "3 days,1 day",
    name: Name = None,
    once: Once = False,
    ws_url: WebsocketUrl = None,
) -> None:
    """Tell what happens to a party's jobs, and which deadlines come, until interrupted.

    Example: milepost watch --party 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --to-file urls.txt
    """
    from milepost.ledger.deadlines.notify import targets
    from milepost.ledger.deadlines.watch import Watch

    others = {"--party": party, "--to-file": to_file, "--before": before, "--name": name}
    for option, value in others.items():
        if _URL.search(str(value)):
            raise InputError(f"{option} takes no URL. What was given is not repeated here.")
    who = checked_address(party, "--party") if party else None
    thresholds = [parse_duration(part) for part in before.split(",") if part.strip()]
    goals = targets(_urls(to, to_file))
    with _Ending() as ending:
        absence: NodeUnreachable | None = None
        with ending.at_once():
            if not once:
                database = _wait_for_node(session)
            else:
                try:
                    database = open_database(session)
                except NodeUnreachable as error:
                    database, absence = _without_node(session, error), error
        watched = Watch(
            database,
            who,
            goals,
            name=name,
            before=thresholds,
            tell=render.progress,
            on_sent=lambda message, target: _sent(session, message, target),
            is_over=lambda: ending.is_wanted,
        )
        if absence is not None:
            watched.deliver(is_synced=False)
            raise absence
        _run(session, database, watched, ending, ws_url, once=once)


def _run(
    session: Session,
    database: Store,
    watched: Watch,
    ending: _Ending,
    ws_url: str | None,
    *,
    once: bool,
) -> None:
    from milepost.chain.heads import Heads
    from milepost.ledger.sync import PASSING

    syncer = syncer_of(session, database)
    has_read = False

    def sync() -> None:
        nonlocal has_read
        shown = nullcontext() if has_read else render.waiting("Reading the chain")
        has_read = True
        with ending.at_once(), shown:
            syncer.sync()

    def wait() -> None:
        with ending.at_once():
            heads.wait()

    if once:
        try:
            sync()
        except PASSING:
            # What waits and what is due needs no node.
            watched.deliver(is_synced=False)
            raise
        waiting = watched.deliver()
        if waiting:
            raise DeliveryFailed(waiting)
        return
    render.progress("Watching. Ctrl-C ends it.")
    with Heads(session.options.rpc_url, ws_url) as heads:
        watched.run(sync, wait)


def _wait_for_node(session: Session) -> Store:
    has_failed = False
    while True:
        try:
            return open_database(session)
        except NodeUnreachable as error:
            if not has_failed:
                render.progress(f"{error.message} Trying on.", "yellow")
            has_failed = True
        time.sleep(_PAUSE)


def _without_node(session: Session, error: NodeUnreachable) -> Store:
    """The ledger that is there already. Raises `error` where it is not clear which one is meant."""
    try:
        escrow = session.ledger.escrow
    except MilepostError:
        raise error from None
    wanted = session.options.escrow
    if wanted is not None and not same_address(escrow, wanted):
        raise error
    return session.database


def _urls(given: Sequence[str] | None, file: Path | None) -> list[str]:
    """All URLs in their order. No message repeats one: they hold secrets."""
    found = list(given or ())
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read.") from error
        stripped = (line.strip() for line in lines)
        found += [line for line in stripped if line and not line.startswith("#")]
    if not found:
        raise InputError("Say where to send: --to URL, --to-file FILE, or MILEPOST_WATCH_TO.")
    return found


def _sent(session: Session, message: Message, target: str) -> None:
    if session.options.as_json:
        record = {"key": message.key, "block": message.block, "target": target}
        render.line({**record, "title": message.title, "body": message.body})
    else:
        render.progress(f"Sent to {target}: {message.title}")


class _Ending:
    """Makes SIGTERM and Ctrl-C end the command: at once, or after the message that is being sent,
    for which `notify.LIMIT` is the longest.

    A context manager; only while it lasts are the signals caught.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._may_interrupt = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> _Ending:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        return kind is KeyboardInterrupt and self.is_wanted

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While it lasts, a signal interrupts what is being done. Nothing of it is lost by that."""
        self._may_interrupt = True
        try:
            if self.is_wanted:
                raise KeyboardInterrupt
            yield
        finally:
            self._may_interrupt = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        is_repeated, self.is_wanted = self.is_wanted, True
        if self._may_interrupt or is_repeated:
            raise KeyboardInterrupt
