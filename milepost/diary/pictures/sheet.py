"""What a picture of a week shows, whether it is drawn in a terminal, as SVG or on a page.

Days are those of a time zone, so a week has eight of them where its first second is not midnight.
A cell stands under the time that clocks showed. Where they were put back, the hour that came twice
has a row of its own for the second time; where they were put forward, there is a hole. Times are
Unix seconds, amounts of work are units of ten minutes. A sheet whose segments are not those of its
week, once each and in their order, is refused. Nothing here draws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from milepost.diary.entries import Kind, Segment, in_hours, length
from milepost.errors import InputError
from milepost.presets import UNIT
from milepost.text import one_line
from milepost.units import MINUTE, format_time
from milepost.zones import local_day, local_time

CELL = UNIT // MINUTE
"""Minutes of the clock that a cell lasts."""

FEWEST_HOURS = 8
"""Hours of the day that a picture has at least."""

AGAIN = "Clocks were put back: again is the time that they showed twice."
"""What is said under a row of that name."""

_NOON = 12  # around which an empty week is drawn


class Mark(StrEnum):
    """What a cell shows, in words; of several that are true the last one here."""

    EMPTY = "no work"
    RUNNING = "timer running"
    TRACKED = "tracked"
    MANUAL = "manual"
    LATE = "late"
    OVER = "over the weekly limit"
    CONTESTED = "contested"


SEVERITY = {mark: n for n, mark in enumerate(Mark)}
_OF_KIND = {Kind.TRACKED: Mark.TRACKED, Kind.MANUAL: Mark.MANUAL, Kind.LATE: Mark.LATE}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A week of the diary of an agreement, as it is drawn. Raises InputError.

    `week` counts from 1 and lasts [first, end). `contested` and `over` are the starts of segments:
    those that the client contests, and those beyond the weekly limit of `limit` units. `facts` are
    names and values for the head. `running` is since when a timer runs, and the time now.
    """

    title: str
    week: int
    first: int
    end: int
    zone: ZoneInfo
    segments: tuple[Segment, ...]
    limit: int
    contested: frozenset[int] = frozenset()
    over: frozenset[int] = frozenset()
    facts: tuple[tuple[str, str], ...] = ()
    running: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        last = self.first - UNIT
        for segment in self.segments:
            if not last < segment.start < self.end or segment.start % UNIT:
                raise InputError(
                    f"The segment at {format_time(segment.start)} is not the next one of week "
                    f"{self.week}. Segments begin every ten minutes, come in their order, and "
                    f"these are from {format_time(self.first)} until {format_time(self.end)}."
                )
            last = segment.start

    @property
    def heading(self) -> str:
        """The week and its days in UTC: "Week 5, Mon 30 Nov to Sun 6 Dec 2026"."""
        first, last = (datetime.fromtimestamp(t, UTC).date() for t in (self.first, self.end - 1))
        year = "" if first.year == last.year else f" {first.year}"
        return f"Week {self.week}, {day_name(first)}{year} to {day_name(last)} {last.year}"

    @property
    def worked(self) -> str:
        """How much of the limit is worked, in words."""
        return f"{in_hours(len(self.segments))} of {in_hours(self.limit)}"

    def mark(self, segment: Segment) -> Mark:
        """What the cell of a segment shows."""
        return _mark(segment.kind, segment.start in self.contested, segment.start in self.over)


@dataclass(frozen=True, slots=True)
class Cell:
    """Ten minutes that show something. `minute` is the clock's, counted from 0:00.

    `segment` is None where only a timer runs.
    """

    minute: int
    start: int
    mark: Mark
    segment: Segment | None


@dataclass(frozen=True, slots=True)
class Row:
    """A day in the zone, or an hour of it that came twice.

    `spans` are the minutes of the clock, [from, until), that there were on that day in the week.
    `units` is the work of the whole day, None in the row of the hour that came twice.
    """

    day: date
    name: str
    spans: tuple[tuple[int, int], ...]
    cells: tuple[Cell, ...]
    units: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Segments one after another that differ in nothing but their time."""

    start: int
    end: int
    kind: Kind
    source: str
    memo: str
    tags: tuple[str, ...]
    is_contested: bool
    is_over: bool

    @property
    def units(self) -> int:
        """How long it is."""
        return (self.end - self.start) // UNIT

    @property
    def mark(self) -> Mark:
        """What its cells show."""
        return _mark(self.kind, self.is_contested, self.is_over)


@dataclass(frozen=True, slots=True)
class Totals:
    """Units of work by what they are: tags and memos with most work first, days as they came.

    A segment with several tags counts for each of them, one without any for none.
    """

    units: int
    by_kind: dict[Kind, int]
    by_tag: dict[str, int]
    by_memo: dict[str, int]
    by_day: dict[date, int]


def rows(sheet: Sheet) -> list[Row]:
    """The rows of a week, in their order.

    Days of which nothing is to be seen within `hours` are left out, and so is an hour that came
    twice in which nothing was done.
    """
    worked = {segment.start: segment for segment in sheet.segments}
    since, now = sheet.running or (0, 0)
    spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
    cells: dict[tuple[int, int], list[Cell]] = {}
    days: Counter[int] = Counter()
    for start in range(sheet.first, sheet.end, UNIT):
        time = datetime.fromtimestamp(start, sheet.zone)
        key = time.toordinal(), time.fold
        minute = time.hour * 60 + time.minute
        known = spans.setdefault(key, [])
        if known and known[-1][1] == minute:
            known[-1] = known[-1][0], minute + CELL
        else:
            known.append((minute, minute + CELL))
        segment = worked.get(start)
        if segment:
            days[key[0]] += 1
            mark = sheet.mark(segment)
        elif since < start + UNIT and start < now:
            mark = Mark.RUNNING
        else:
            continue
        cells.setdefault(key, []).append(Cell(minute, start, mark, segment))
    found = []
    for (ordinal, fold), existing in spans.items():
        day, within = date.fromordinal(ordinal), tuple(cells.get((ordinal, fold), ()))
        if not fold:
            name, units = day_name(day), days[ordinal]
            found.append(Row(day, name, tuple(existing), within, units))
        elif within:
            name = f"again {local_time(within[0].start, sheet.zone):%Z}"
            found.append(Row(day, name, tuple(existing), within, None))
    low, high = (hour * 60 for hour in hours(found))
    return [row for row in found if any(low < end and begin < high for begin, end in row.spans)]


def hours(rows: Iterable[Row]) -> tuple[int, int]:
    """The hours of the day, [from, until), in which all cells of the rows are."""
    minutes = [cell.minute for row in rows for cell in row.cells] or [_NOON * 60]
    low, high = min(minutes) // 60, min(max(minutes) // 60 + 1, 24)
    low = max(0, min(low - max(0, FEWEST_HOURS - (high - low)) // 2, 24 - FEWEST_HOURS))
    return low, max(high, low + FEWEST_HOURS)


def stretches(
    segments: Iterable[Segment],
    contested: Collection[int] = frozenset(),
    over: Collection[int] = frozenset(),
) -> list[Stretch]:
    """The stretches of segments that come in their order; `contested` and `over` are starts."""
    found = []
    # Starts less ten minutes for each segment before stay the same for as long as there is no gap.
    numbered = groupby(
        enumerate(segments),
        lambda item: (
            item[1].start - item[0] * UNIT,
            (item[1].kind, item[1].source, item[1].memo, item[1].tags),
            (item[1].start in contested, item[1].start in over),
        ),
    )
    for (_, said, marks), group in numbered:
        run = [segment for _, segment in group]
        found.append(Stretch(run[0].start, run[-1].end, *said, *marks))
    return found


def totals(segments: Iterable[Segment], zone: ZoneInfo) -> Totals:
    """The totals of segments that come in their order, by days in the zone among others."""
    kinds: Counter[Kind] = Counter()
    tags: Counter[str] = Counter()
    memos: Counter[str] = Counter()
    days: Counter[date] = Counter()
    for s in segments:
        kinds[s.kind] += 1
        memos[s.memo] += 1
        tags.update(set(s.tags))
        days[local_day(s.start, zone)] += 1
    return Totals(
        units=kinds.total(),
        by_kind={kind: kinds[kind] for kind in Kind if kinds[kind]},
        by_tag=_by_most(tags),
        by_memo=_by_most(memos),
        by_day=dict(days),
    )


def legend(*sheets: Sheet) -> list[tuple[Mark, str]]:
    """The marks that sheets have, and in words how much there is of each, whatever else it is."""
    counted: Counter[Mark] = Counter()
    for sheet in sheets:
        counted.update(_OF_KIND[segment.kind] for segment in sheet.segments)
        counted[Mark.OVER] += sum(s.start in sheet.over for s in sheet.segments)
        counted[Mark.CONTESTED] += sum(s.start in sheet.contested for s in sheet.segments)
    found = [(mark, f"{mark} {in_hours(counted[mark])}") for mark in Mark if counted[mark]]
    for sheet in sheets:
        if sheet.running:
            since, now = sheet.running
            words = f"since {clock(since, sheet.zone)}, {length(now - since)} so far"
            found.append((Mark.RUNNING, f"{Mark.RUNNING} {words}"))
    return found


def kind_words(kind: Kind, is_contested: bool, is_over: bool) -> str:
    """The kind of work, and what else is to be known of it: "late, contested"."""
    marks = (is_over, Mark.OVER), (is_contested, Mark.CONTESTED)
    return ", ".join([kind, *(mark for holds, mark in marks if holds)])


def day_name(day: date) -> str:
    """A day for a label, "Mon 30 Nov"."""
    return f"{day:%a} {day.day} {day:%b}"


def clock(timestamp: int, zone: ZoneInfo) -> str:
    """The time of day in the zone, with the name of that time where clocks showed it twice."""
    time = local_time(timestamp, zone)
    is_twice = time.replace(fold=1).utcoffset() != time.replace(fold=0).utcoffset()
    return f"{time:%H:%M %Z}" if is_twice else f"{time:%H:%M}"


def clocks(start: int, end: int, zone: ZoneInfo) -> tuple[str, str]:
    """The times of day from when and until when something was, "24:00" for the end of its day.

    The end has its day where that is another; both have the names of their times where these are
    not the same.
    """
    first, last = local_time(start, zone), local_time(end, zone)
    begin, until = clock(start, zone), clock(end, zone)
    if first.utcoffset() != last.utcoffset():
        begin, until = f"{first:%H:%M %Z}", f"{last:%H:%M %Z}"
    if last.date() == first.date():
        return begin, until
    if until == "00:00" and last.date() - first.date() == timedelta(1):
        return begin, "24:00"
    return begin, f"{last:%a} {until}"


def shown(text: str, most: int = 0) -> str:
    """A stranger's text as one line without anything that steers, cut to `most` characters."""
    line = one_line("".join(" " if c.isspace() else c for c in text))
    return line[: most - 1] + "…" if 0 < most < len(line) else line


def _mark(kind: Kind, is_contested: bool, is_over: bool) -> Mark:
    if is_contested:
        return Mark.CONTESTED
    return Mark.OVER if is_over else _OF_KIND[kind]


def _by_most(counted: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
