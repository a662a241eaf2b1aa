"""Commands of entries: add, edit, remove."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost.cli.diary.book import (
    AFTER_MIDNIGHT,
    Book,
    EntryId,
    Repository,
    Tags,
    Why,
    Zone,
    entry_line,
    entry_record,
    memo_from,
)
from milepost.cli.options import File, noting
from milepost.cli.session import Session
from milepost.errors import InputError

Start = Annotated[str, typer.Argument(metavar="START", help='Like "2026-12-01 10:20" or "10:20".')]
End = Annotated[str, typer.Argument(metavar="END", help="A time alone is on the day of START.")]
Memo = Annotated[str, typer.Argument(metavar="[MEMO]", help="What was worked on.")]
NewStart = Annotated[str | None, typer.Option("--start", metavar="TIME", help="Another start.")]
NewEnd = Annotated[str | None, typer.Option("--end", metavar="TIME", help="Another end.")]
What = Annotated[
    str, typer.Argument(metavar="ID|SPAN", help='The begin of an id, or "2026-12-01 12:00-12:30".')
]
NewMemo = Annotated[str | None, typer.Option("--memo", "-m", help="Another memo.")]


def register(group: typer.Typer) -> None:
    group.command("add")(noting(add))
    group.command("edit")(noting(edit))
    group.command("remove")(noting(remove))


def add(
    session: Session,
    file: File,
    start: Start,
    end: End,
    memo: Memo = "",
    tag: Tags = None,
    git: Repository = None,
    zone: Zone = None,
) -> None:
    """Write an entry by hand; it is marked as manual, or late.

    Example: milepost diary add hourly.yaml "2026-12-01 10:20" 11:40 "Call about the API"
    """
    book = Book(session, file, zone)
    first = book.moment(start)
    last = book.moment(end, first)
    if last <= first:
        raise InputError(f'"{start}" to "{end}" ends before it begins. {AFTER_MIDNIGHT}')
    with book.write() as diary:
        given = memo_from(git, first, last, memo)
        entry = diary.add(book.now, first, last, given, tag or (), book.zone.key)
    session.show(entry_record(entry), entry_line(entry, book.zone))


def edit(
    session: Session,
    file: File,
    entry: EntryId,
    reason: Why,
    start: NewStart = None,
    end: NewEnd = None,
    memo: NewMemo = None,
    tag: Tags = None,
    zone: Zone = None,
) -> None:
    """Change an entry; the diary keeps how it was, and why.

    One that becomes longer is marked as manual, because no timer saw the rest. Tags replace those
    that it had.

    Example: milepost diary edit hourly.yaml 3f9a --end 11:30 --reason "Lunch began earlier"
    """
    if (start, end, memo, tag) == (None, None, None, None):
        raise InputError("Say what to change: --start, --end, --memo or --tag.")
    book = Book(session, file, zone)
    with book.write() as diary:
        old = diary.entry(entry)
        new = diary.edit(
            book.now,
            old,
            reason,
            start=None if start is None else book.moment(start, old.start),
            end=None if end is None else book.moment(end, old.start),
            memo=memo,
            tags=tag,
        )
    session.show(entry_record(new), entry_line(new, book.zone))


def remove(session: Session, file: File, what: What, reason: Why, zone: Zone = None) -> None:
    """Take an entry, or a span of time, out of what counts; the diary keeps it, and why.

    Example: milepost diary remove hourly.yaml "2026-12-01 12:00-12:30" --reason "Lunch"
    """
    book = Book(session, file, zone)
    span = book.span_of(what)
    with book.write() as diary:
        if span is None:
            found = [diary.entry(what)]
            diary.remove(book.now, found[0], reason)
        else:
            found = diary.cut(book.now, *span, reason)
    lines = [entry_line(e, book.zone) for e in found]
    if span is None:
        session.show({"removed": [entry_record(e) for e in found]}, f"Removed: {lines[0]}")
        return
    record = {"cut": list(span), "of": [entry_record(e) for e in found]}
    session.show(record, "\n".join(["Cut out of:", *lines]))
