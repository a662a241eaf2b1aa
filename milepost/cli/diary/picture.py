"""Weeks of the diary on a terminal: a row for each day, and below it what was done when.

It fits the width that it is given and is read without colours too. Memos are other people's texts:
they are cut to the line and what would steer a terminal is shown, never obeyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from milepost.diary.entries import Segment, in_hours
from milepost.diary.pictures.sheet import (
    AGAIN,
    CELL,
    SEVERITY,
    Mark,
    Row,
    Sheet,
    Totals,
    clocks,
    day_name,
    hours,
    legend,
    rows,
    shown,
    stretches,
    totals,
)
from milepost.zones import local_day

_STEPS = (CELL, 20, 30, 60, 120)  # minutes of a cell, the finest that fits
_BLOCKS = dict(zip(Mark, "·»█▒░+X", strict=True))
_LETTERS = dict(zip(Mark, ".>#mL+X", strict=True))
_STYLES = {
    Mark.EMPTY: "dim",
    Mark.RUNNING: "bold cyan",
    Mark.TRACKED: "cyan",
    Mark.MANUAL: "yellow",
    Mark.LATE: "magenta",
    Mark.OVER: "bold blue",
    Mark.CONTESTED: "bold red",
}
_SOURCE = 16  # characters of a source's name
_MOST_DRAWN = 5  # weeks, so that a month is drawn day by day
_MOST_TOTALS = 20  # tags and memos
_FEWEST_OF_MEMO = 20  # columns, else memos have lines of their own


def show(*sheets: Sheet) -> None:
    """Weeks on stdout, as wide as the terminal, and the totals of several in one time zone.

    Few weeks are drawn day by day with their entries, many in a line each.
    """
    console = Console(highlight=False)
    width, is_ascii = console.width, console.options.ascii_only
    parts = []
    if len(sheets) > _MOST_DRAWN:
        parts.append(weeks_text(sheets, width, is_ascii=is_ascii))
    else:
        for sheet in sheets:
            parts.append(week_text(sheet, width, is_ascii=is_ascii))
            parts.append(entries_text(sheet, width, is_ascii=is_ascii))
    console.print(Text("\n\n").join(part for part in parts if part), soft_wrap=True)
    if len(sheets) > 1:
        show_totals([s for sheet in sheets for s in sheet.segments], sheets[0].zone)


def show_week(sheet: Sheet) -> None:
    """The days of a week on stdout, without its entries."""
    console = Console(highlight=False)
    is_ascii = console.options.ascii_only
    console.print(week_text(sheet, console.width, is_ascii=is_ascii), "\n", soft_wrap=True)


def show_totals(segments: Iterable[Segment], zone: ZoneInfo) -> None:
    """What segments add up to, on stdout under a blank line."""
    console = Console(highlight=False)
    is_ascii = console.options.ascii_only
    made = totals_text(totals(segments, zone), console.width, is_ascii=is_ascii)
    console.print(Text("\n").append_text(made), soft_wrap=True)


def week_text(sheet: Sheet, width: int, *, is_ascii: bool = False) -> Text:
    """The picture of a week in lines of at most `width` columns.

    Six cells an hour where they fit, else fewer, of which each shows most of what is in it. All
    but strangers' texts is ASCII if `is_ascii`.
    """
    signs = _LETTERS if is_ascii else _BLOCKS
    drawn = rows(sheet)
    low, high = hours(drawn)
    names = max(len(row.name) for row in drawn)
    sums = [_sum(row) for row in drawn]
    room = width - names - max(map(len, sums)) - 4
    step = next((step for step in _STEPS if _count(low, high, step) <= room), _STEPS[-1])
    lines = [Text(shown(sheet.title), "bold"), Text(sheet.heading)]
    facts = (Text.assemble((shown(name), "dim"), " ", shown(value)) for name, value in sheet.facts)
    lines += _packed(facts, width)
    lines += [Text(), Text(" " * (names + 2) + _ruler(low, high, step), "dim")]
    for row, total in zip(drawn, sums, strict=True):
        line = Text(row.name.ljust(names) + "  ")
        for mark, run in groupby(_cells(row, low, high, step)):
            size = len(list(run))
            line.append((signs[mark] if mark else " ") * size, _STYLES[mark] if mark else "")
        lines.append(line.append("  " + total.rjust(max(map(len, sums)))))
    lines += [Text(), Text.assemble("Total ", (sheet.worked, "bold"))]
    lines += _packed(_legend([sheet], signs), width)
    notes = [f"A cell is {step} minutes.", f"Times in {shown(str(sheet.zone))}."]
    if step != CELL:
        notes.insert(1, "It shows most of its work.")
    if any(row.units is None for row in drawn):
        notes.append(AGAIN)
    lines += _packed((Text(text, "dim") for text in notes), width)
    return _joined(lines, width, is_ascii=is_ascii)


def entries_text(sheet: Sheet, width: int, *, is_ascii: bool = False) -> Text:
    """The stretches of a week day by day, one in a line of at most `width` columns."""
    signs = _LETTERS if is_ascii else _BLOCKS
    found = stretches(sheet.segments, sheet.contested, sheet.over)
    zone = sheet.zone
    times = ["-".join(clocks(s.start, s.end, zone)) for s in found]
    sources = ["" if s.source == "timer" else shown(s.source, _SOURCE) for s in found]
    columns = times, [in_hours(s.units) for s in found], [str(s.kind) for s in found], sources
    sizes = [max(map(cell_len, column), default=0) for column in columns]
    before = sum(size + 2 for size in sizes if size) + 2
    lines, last = [], None
    for s, *texts in zip(found, *columns, strict=True):
        day = local_day(s.start, zone)
        if day != last:
            lines.append(Text(day_name(day), "bold"))
            last = day
        line = Text.assemble((f"{signs[s.mark]} ", _STYLES[s.mark]))
        for n, (text, size) in enumerate(zip(texts, sizes, strict=True)):
            space = " " * (size - cell_len(text))
            line.append(f"{space}{text}  " if n == 1 else f"{text}{space}  " if size else "")
        if width - before < _FEWEST_OF_MEMO:
            lines.append(line)
            line = Text(" " * 4)
        lines.append(line.append(shown(s.memo)))
    return _joined(lines, width, is_ascii=is_ascii)


def weeks_text(sheets: Sequence[Sheet], width: int, *, is_ascii: bool = False) -> Text:
    """Weeks in a line each: a bar of what is in it, and how much of the limit that is."""
    signs = _LETTERS if is_ascii else _BLOCKS
    days = [datetime.fromtimestamp(sheet.first, UTC) for sheet in sheets]
    names = [f"Week {s.week}, {d.day} {d:%b %Y}" for s, d in zip(sheets, days, strict=True)]
    name_size, size = max(map(len, names)), max(len(s.worked) for s in sheets)
    # Each mark has a column at least, which may be more than its share.
    room = max(width - name_size - size - 4 - len(Mark), 1)
    most = max(max(len(s.segments) for s in sheets), 1)
    lines = [Text(title, "bold") for title in dict.fromkeys(shown(s.title) for s in sheets)]
    lines.append(Text())
    for name, sheet in zip(names, sheets, strict=True):
        line = Text(f"{name:<{name_size}}  {sheet.worked:>{size}}  ")
        counted = Counter(map(sheet.mark, sheet.segments))
        for mark in Mark:
            if counted[mark]:
                line.append(signs[mark] * max(counted[mark] * room // most, 1), _STYLES[mark])
        lines.append(line)
    lines += [Text(), *_packed(_legend(sheets, signs), width)]
    return _joined(lines, width, is_ascii=is_ascii)


def totals_text(found: Totals, width: int, *, is_ascii: bool = False) -> Text:
    """Totals by kind, by tag and by memo; of many the greatest, and the rest together."""
    lines = [Text.assemble(("Totals", "bold"), f" {in_hours(found.units)}")]
    for name, counted in (("kind", found.by_kind), ("tag", found.by_tag), ("memo", found.by_memo)):
        items = [(shown(what), units) for what, units in counted.items()]
        if not items:
            continue
        items, rest = items[:_MOST_TOTALS], items[_MOST_TOTALS:]
        if rest:
            items.append((f"({len(rest)} more)", sum(units for _, units in rest)))
        size = max(len(in_hours(units)) for _, units in items)
        lines += [Text(), Text(f"By {name}", "bold")]
        lines += [Text(f"{in_hours(units):>{size}}  {what}") for what, units in items]
    return _joined(lines, width, is_ascii=is_ascii)


def _legend(sheets: Iterable[Sheet], signs: dict[Mark, str]) -> Iterator[Text]:
    for mark, words in legend(*sheets):
        yield Text.assemble((signs[mark], _STYLES[mark]), f" {words}")


def _sum(row: Row) -> str:
    if row.units is None:
        return ""
    return in_hours(row.units) if row.units else "-"


def _count(low: int, high: int, step: int) -> int:
    return -(-(high - low) * 60 // step)


def _cells(row: Row, low: int, high: int, step: int) -> list[Mark | None]:
    """What each cell of a row shows; None where that time is not of the day or of the week."""
    line: list[Mark | None] = [None] * _count(low, high, step)
    for begin, end in row.spans:
        for n in range((begin - low * 60) // step, (end - CELL - low * 60) // step + 1):
            if 0 <= n < len(line):
                line[n] = Mark.EMPTY
    for n, group in groupby(row.cells, lambda cell: (cell.minute - low * 60) // step):
        counted = Counter(cell.mark for cell in group)
        line[n] = max(counted, key=lambda mark: (counted[mark], SEVERITY[mark]))
    return line


def _ruler(low: int, high: int, step: int) -> str:
    """Hours above the cells, as many as have room."""
    every = -(-3 * step // 60)
    line = [" "] * (_count(low, high, step) + 2)
    for hour in range(low, high + 1):
        if hour % every == 0:
            place = (hour - low) * 60 // step
            line[place : place + 2] = f"{hour:02}"
    return "".join(line)


def _packed(items: Iterable[Text], width: int) -> list[Text]:
    """The items in lines, as many in each as fit."""
    lines: list[Text] = []
    for item in items:
        if lines and lines[-1].cell_len + 3 + item.cell_len <= width:
            lines[-1].append("   ").append_text(item)
        else:
            lines.append(item.copy())
    return lines


def _joined(lines: Iterable[Text], width: int, *, is_ascii: bool) -> Text:
    """One text of lines that are cut to the width."""
    end = "..." if is_ascii else "…"
    made = Text("\n").join(_cut(line, width, end) for line in lines)
    made.no_wrap = True
    return made


def _cut(line: Text, width: int, end: str) -> Text:
    line.rstrip()
    if line.cell_len <= width:
        return line
    kept = set_cell_size(line.plain, max(width - cell_len(end), 0)).rstrip()
    return line[: len(kept)].append(end)
