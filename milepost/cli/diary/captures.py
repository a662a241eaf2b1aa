"""The command of captures: what there is of them, shown, deleted, or revealed in a dispute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from milepost.cli import render
from milepost.cli.diary.book import Book, Zone, span
from milepost.cli.options import File, keeping
from milepost.cli.session import Session
from milepost.diary import pulse
from milepost.diary.captures import Captures
from milepost.errors import InputError
from milepost.presets import UNIT

SetUp = Annotated[bool, typer.Option("--set-up", help="Make the key, with a password of yours.")]
Show = Annotated[
    Path | None, typer.Option("--show", metavar="FOLDER", help="Write the pictures there, to see.")
]
Delete = Annotated[
    str | None,
    typer.Option("--delete", metavar="TIME", help="Delete the one at a time, with its segment."),
]
Reveal = Annotated[
    str | None,
    typer.Option("--reveal", metavar="TIME", help="Write one into --out, as a dispute needs it."),
]
Folder = Annotated[Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where to.")]


def register(group: typer.Typer) -> None:
    group.command("captures")(keeping(captures))


def captures(
    session: Session,
    file: File,
    set_up: SetUp = False,
    show: Show = None,
    delete: Delete = None,
    reveal: Reveal = None,
    out: Folder = None,
    zone: Zone = None,
) -> None:
    """List the captures of an agreement that asks for them, or do one thing with them.

    Example: milepost diary captures hourly.yaml --show pictures
    """
    book = Book(session, file, zone)
    if not book.rules.asks_captures:
        raise InputError("This agreement asks for no captures, and none are ever taken.")
    kept = Captures(book.folder / pulse.CAPTURES)
    if [set_up or None, show, delete, reveal].count(None) < 3:
        raise InputError("Give one of --set-up, --show, --delete and --reveal.")
    if (reveal is None) != (out is None):
        raise InputError("--reveal goes with --out.")
    if set_up:
        try:
            book.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{book.folder} cannot be used: {error.strerror}.") from error
        kept.set_up(session.password("the captures"))
        session.show({"set_up": str(kept.folder)}, f"The key is in {kept.folder}.")
    elif show is not None:
        _show(session, kept, show)
    elif delete is not None:
        _delete(book, kept, _segment(book, delete))
    elif reveal is not None and out is not None:
        identity = kept.unlock(session.password("the captures"))
        picture, nonce = kept.reveal(_segment(book, reveal), identity, out)
        session.show(
            {"picture": str(picture), "nonce": str(nonce)},
            f"Not encrypted, for whoever decides: {picture} and {nonce}.",
        )
    else:
        _list(book, kept)


def _list(book: Book, kept: Captures) -> None:
    found = kept.list()
    if book.session.options.as_json:
        records: list[dict[str, Any]] = [
            {"start": c.start, "taken_at": c.taken_at, "hash": "0x" + c.hash.hex(),
             "is_seen": c.is_seen}
            for c in found
        ]  # fmt: skip
        render.data({"captures": records})
        return
    lines = [
        f"{span(c.start, c.start + UNIT, book.zone)}  {'seen' if c.is_seen else 'not seen yet'}"
        for c in found
    ]
    render.say("\n".join(lines) or "No capture.")


def _show(session: Session, kept: Captures, folder: Path) -> None:
    identity = kept.unlock(session.password("the captures"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = []
        for capture in kept.list():
            path = folder / f"capture-{capture.start}.png"
            pulse.write_private(path, kept.open(capture.start, identity))
            paths.append(str(path))
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.") from error
    session.show(
        {"pictures": paths},
        f"{render.count(len(paths), 'picture')} in {folder}, not encrypted. Delete the folder when "
        "you have seen them.",
    )


def _delete(book: Book, kept: Captures, start: int) -> None:
    """Delete a capture and the segment that it is of, which stays where its week is sealed."""
    first, end = start, start + UNIT
    when = span(first, end, book.zone)
    if all(capture.start != start for capture in kept.list()):
        raise InputError(f"There is no capture of {when}.")
    with book.write() as diary:
        if diary.timer is not None and diary.timer.since < end:
            raise InputError(f"The timer runs since before {when} ended. Stop it first.")
        is_sealed = diary.seal_of(book.rules.week_of(start)) is not None
        what = "the capture, which its sealed segment then has not" if is_sealed else (
            "the capture and the work"
        )  # fmt: skip
        book.session.confirm(f"Delete {what}, of {when}? It cannot be undone")
        if not is_sealed and diary.between(first, end):
            diary.cut(book.now, first, end, "Capture deleted")
        kept.delete(start)
    book.session.show({"deleted": start}, f"Deleted: {when}.")


def _segment(book: Book, text: str) -> int:
    moment = book.moment(text)
    return moment - moment % UNIT
