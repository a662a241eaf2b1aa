"""Commands that take and give files: import, export, merge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost.cli import render
from milepost.cli.diary.book import Book, WeekChoice, Zone, content_of, entries
from milepost.cli.options import File, Out, noting
from milepost.cli.session import Session
from milepost.diary.entries import Entry, Frame, length
from milepost.diary.errors import DiaryDamaged, EntriesOverlap, EntryRefused
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.types import MAX_MILESTONES

FOREIGN = ("watson", "timewarrior", "toggl", "clockify", "activitywatch", "ical")
WRITTEN = ("json", "csv", "timewarrior", "toggl", "log")

Source = Annotated[Path, typer.Argument(metavar="SOURCE", help="The other program's file.")]
From = Annotated[
    str | None, typer.Option("--from", help=f"Whose file it is: {', '.join(FOREIGN)}.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="TEXT", help="Only with this tag or memo; can be repeated."),
]
Memo = Annotated[
    str, typer.Option("--memo", "-m", help="The memo of what has none, and of ActivityWatch.")
]
Skip = Annotated[
    bool, typer.Option("--skip-overlaps", help="Leave out what overlaps what is there.")
]
Order = Annotated[
    str | None,
    typer.Option("--date-order", help="day-first or month-first, where a file fits both."),
]
To = Annotated[str, typer.Option("--to", help=f"What to write: {', '.join(WRITTEN)}.")]
Email = Annotated[str, typer.Option("--email", help="For Toggl: whose entries they become.")]
LogFile = Annotated[
    Path, typer.Argument(metavar="LOG", help="The log of the diary on another machine.")
]


def register(group: typer.Typer) -> None:
    group.command("import")(noting(import_))
    group.command("export")(noting(export))
    group.command("merge")(noting(merge))


def import_(
    session: Session,
    file: File,
    source: Source,
    from_: From = None,
    only: Only = None,
    week: WeekChoice = None,
    memo: Memo = "",
    skip: Skip = False,
    date_order: Order = None,
    zone: Zone = None,
) -> None:
    """Add what another time tracker recorded; a second time adds nothing.

    Work outside of the agreement's weeks is left out. An overlap refuses all of it.

    Example: milepost diary import hourly.yaml frames.json --only bakery
    """
    from milepost.diary.formats import FORMATS, Context, DateOrder, guess

    book, content = Book(session, file, zone), content_of(source)
    name = from_ or guess(content, source.name)
    if name not in FORMATS:
        raise InputError(f'"{name}" is none of {", ".join(FORMATS)}.')
    if date_order is not None and date_order not in tuple(DateOrder):
        raise InputError(f'"{date_order}" is none of {", ".join(DateOrder)}.')
    order = None if date_order is None else DateOrder(date_order)
    reading = FORMATS[name](content, Context(source.name, book.zone, book.now, order, memo))
    chosen, outside = [], 0
    weeks = set(book.weeks(week, range(MAX_MILESTONES)))
    for frame in reading.frames:
        if only and not {*frame.tags, frame.memo} & set(only):
            continue
        if _weeks_of(book, frame) <= weeks:
            chosen.append(frame)
        else:
            outside += 1
    try:
        with book.write() as diary:
            found = diary.import_(chosen, name, book.now, skip=skip)
    except EntriesOverlap as error:
        error.add_note("Nothing was added. --skip-overlaps leaves such entries out.")
        raise
    except EntryRefused as error:
        error.add_note("Nothing was added. --week takes chosen weeks only.")
        raise
    for sentence in reading.left_out:
        render.progress(sentence)
    seconds = sum(e.seconds for e in found.added)
    record = {
        "source": name,
        "added": len(found.added),
        "seconds": seconds,
        "known": found.known,
        "overlapping": len(found.overlapping),
        "outside": outside,
        "left_out": list(reading.left_out),
    }
    others = {
        "there already": found.known,
        "left out as overlapping": len(found.overlapping),
        "outside of the weeks": outside,
    }
    text = f"{entries(len(found.added))} added from {name}"
    text += f", {length(seconds)}" if found.added else ""
    text += "".join(f"; {n:,} {what}" for what, n in others.items() if n)
    session.show(record, f"{text}.")


def export(
    session: Session,
    file: File,
    to: To = "json",
    week: WeekChoice = None,
    email: Email = "",
    out: Out = None,
    zone: Zone = None,
) -> None:
    """Write entries for another program, or this machine's log for another machine to merge.

    Example: milepost diary export hourly.yaml --to csv --week 1-4 --out december.csv
    """
    book = Book(session, file, zone)
    diary = book.read()
    if to == "log":
        if week is not None:
            raise InputError("A log is exported whole, without --week.")
        content = diary.own_log()
        if not content:
            raise InputError("Nothing was written to the diary on this machine yet.")
    else:
        weeks = set(book.weeks(week, range(MAX_MILESTONES)))
        chosen = [e for e in diary.entries if _weeks_of(book, e) & weeks]
        content = _written(to, chosen, book, email).encode()
    if out is None:
        typer.echo(content, nl=False)
        return
    write_whole({out: content})
    session.show({"file": str(out)}, f"Saved to {out}.")


def merge(session: Session, file: File, log: LogFile) -> None:
    """Take over the diary of another machine, from what `diary export --to log` wrote there.

    Example: milepost diary merge hourly.yaml laptop.log
    """
    book, content = Book(session, file), content_of(log)
    with book.write() as diary:
        try:
            new = diary.merge(content, log.name)
        except DiaryDamaged as error:
            if error.line == 1:
                error.add_note(f"Is it a log? `milepost diary export {file} --to log` writes one.")
            raise
    count = len(diary.entries)
    record = {"new_records": new, "entries": count}
    session.show(record, f"{render.count(new, 'new record')}; the diary has {entries(count)}.")


def _written(to: str, chosen: list[Entry], book: Book, email: str) -> str:
    from milepost.diary.formats import write

    match to:
        case "json":
            return write.to_json(chosen)
        case "csv":
            return write.to_csv(chosen)
        case "timewarrior":
            return write.to_timewarrior(chosen)
        case "toggl" if email:
            return write.to_toggl(chosen, book.zone, email)
        case "toggl":
            raise InputError("Toggl imports for a member of its workspace: name theirs, --email.")
    raise InputError(f'"{to}" is none of {", ".join(WRITTEN)}.')


def _weeks_of(book: Book, frame: Frame | Entry) -> set[int]:
    rules = book.rules
    return set(range(rules.week_of(frame.start), rules.week_of(frame.end - 1) + 1))
