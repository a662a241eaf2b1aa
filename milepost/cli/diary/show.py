"""Commands that show the diary: log, report."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from milepost.cli import render
from milepost.cli.diary import picture
from milepost.cli.diary.book import Book, WeekChoice, Zone, entry_line, entry_record, span
from milepost.cli.options import File, noting
from milepost.cli.session import Session
from milepost.diary.diary import Diary
from milepost.diary.pictures.sheet import Sheet, totals
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.units import WEEK

Everything = Annotated[
    bool, typer.Option("--all", help="Also how edited entries were, and what was removed.")
]
Output = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Draw an .svg or .html file.")
]


def register(group: typer.Typer) -> None:
    group.command("log")(noting(log))
    group.command("report")(noting(report))


def log(
    session: Session,
    file: File,
    week: WeekChoice = None,
    everything: Everything = False,
    zone: Zone = None,
) -> None:
    """Draw weeks and list their entries with their ids. This week unless named.

    Example: milepost diary log hourly.yaml --week 1-2
    """
    book = Book(session, file, zone)
    diary, chosen = book.read(), book.weeks(week, [book.week])
    # One that crosses from week to week is there once.
    entries = list({e.id: e for w in chosen for e in diary.between(*_bounds(book, w))}.values())
    if session.options.as_json:
        record: dict[str, Any] = {"entries": [entry_record(e) for e in entries]}
        if everything:
            record["history"] = {e.id: _history(diary, e.id) for e in entries}
            record["removed"] = [
                {**entry_record(life.versions[-1].entry), "reason": reason}
                for life, reason in _removed(diary, book, chosen)
            ]
        render.data(record)
        return
    for w in chosen:
        picture.show_week(sheet_of(book, diary, w))
    lines = []
    for entry in entries:
        lines.append(entry_line(entry, book.zone))
        versions = diary.history(entry.id) if everything else ()
        for old, new in pairwise(versions):
            was = span(old.entry.start, old.entry.end, book.zone)
            when = book.at(new.record.content["at"])
            lines.append(f"          was {was}  {old.entry.memo}; changed {when}: {new.reason}")
    if everything:
        for life, reason in _removed(diary, book, chosen):
            lines.append(f"{entry_line(life.versions[-1].entry, book.zone)}  removed: {reason}")
    render.say("\n".join(lines) or "No entry.")


def report(
    session: Session,
    file: File,
    week: WeekChoice = None,
    out: Output = None,
    zone: Zone = None,
) -> None:
    """Draw weeks and add them up: a row a day, a cell for ten minutes. This week unless named.

    In the terminal, or as an .svg of one week or an .html of several.

    Example: milepost diary report hourly.yaml --week 1-4 --out december.html
    """
    book = Book(session, file, zone)
    diary = book.read()
    sheets = [sheet_of(book, diary, w) for w in book.weeks(week, [book.week])]
    segments = [s for sheet in sheets for s in sheet.segments]
    if out is not None:
        write_whole({out: drawn(out, sheets)})
        session.show({"report": str(out)}, f"Drawn: {out}")
    elif session.options.as_json:
        found = totals(segments, book.zone)
        render.data(
            {
                "weeks": [
                    {"week": s.week, "units": len(s.segments), "limit": s.limit} for s in sheets
                ],
                "units": found.units,
                "by_kind": {str(k): n for k, n in found.by_kind.items()},
                "by_tag": found.by_tag,
                "by_memo": found.by_memo,
                "by_day": {day.isoformat(): n for day, n in found.by_day.items()},
            }
        )
    else:
        picture.show(*sheets)


def sheet_of(book: Book, diary: Diary, week: int) -> Sheet:
    """A week of the diary as it is drawn."""
    first, end = _bounds(book, week)
    segments, limit = diary.week(week), book.rules.limit
    timer, now = diary.timer, book.now
    is_running = timer is not None and timer.since < end and now > first
    return Sheet(
        title=book.rules.title,
        week=week + 1,
        first=first,
        end=end,
        zone=book.zone,
        segments=tuple(segments),
        limit=limit,
        over=frozenset(s.start for s in segments[limit:]),
        running=(timer.since, now) if timer is not None and is_running else None,
    )


def drawn(path: Path, sheets: list[Sheet]) -> bytes:
    """Weeks as the kind of file that the name says. Raises InputError for another kind."""
    from milepost.diary.pictures.drawing import svg
    from milepost.diary.pictures.page import html

    match path.suffix.lower():
        case ".html" | ".htm":
            return html(sheets).encode()
        case ".svg" if len(sheets) == 1:
            return svg(sheets[0]).encode()
        case ".svg":
            raise InputError("An .svg shows one week. Choose one, or write an .html.")
    raise InputError(f"{path}: weeks are drawn as an .svg or an .html file.")


def _bounds(book: Book, week: int) -> tuple[int, int]:
    first = book.rules.week_start(week)
    return first, first + WEEK


def _history(diary: Diary, entry: str) -> list[dict[str, Any]]:
    return [
        {**entry_record(v.entry), "reason": v.reason, "written_at": v.record.content["at"]}
        for v in diary.history(entry)
    ]


def _removed(diary: Diary, book: Book, weeks: Iterable[int]) -> list[tuple[Any, str]]:
    bounds = [_bounds(book, w) for w in weeks]
    return [
        (life, life.removal.content["reason"])
        for life in diary.removed
        if life.removal is not None
        and any(a < life.versions[-1].entry.end and life.versions[-1].entry.start < b
                for a, b in bounds)
    ]  # fmt: skip
