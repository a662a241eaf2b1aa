"""Reports in CSV whose rows have local times, such as Toggl's and Clockify's.

The file does not name its zone, so the caller does. Where clocks were put back, a time of day came
twice: the duration tells which is meant, and a row where it does not is left out. A time that
clocks jumped over is refused, and so is a row whose duration is not the time from start to end.
The order of day and month is taken from all dates together, and is refused where both orders fit.
A file with the time of several people is refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from milepost.diary.formats.reading import Collector, Context, DateOrder, Reading, shown, text_of

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:[ \xa0\u202f]?([ap])\.?m\.?)?", re.ASCII | re.IGNORECASE
)
_DURATION = re.compile(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_PEOPLE = ("email", "user", "member")
_YEARS = range(1970, 9999)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a program's report; each has the names that its versions give it."""

    program: str
    start_date: str
    start_time: str
    end_dates: tuple[str, ...]
    end_times: tuple[str, ...]
    duration: str

    def matches(self, header: str) -> bool:
        """Whether a line is the header of such a report."""
        names = _cells(header)
        return self.start_date in names and self.start_time in names

    def find(self, header: Sequence[str]) -> dict[str, int] | None:
        """The place of each column by its name in lower case, None where one is missing."""
        places = {name.lower(): i for i, name in enumerate(header)}
        for names, key in ((self.end_dates, "end date"), (self.end_times, "end time")):
            for name in names:
                if name.lower() in places:
                    places[key] = places[name.lower()]
        if self.duration.lower() in places:
            places["duration"] = places[self.duration.lower()]
        has_end = "end date" in places and "end time" in places
        has_start = "start date" in places and "start time" in places
        return places if has_start and (has_end or "duration" in places) else None


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]
    places: Mapping[str, int]

    @property
    def place(self) -> str:
        return f"line {self.line}"

    def __getitem__(self, name: str) -> str:
        """The cell under a name, empty where there is no such column."""
        i = self.places.get(name)
        return "" if i is None else self.cells[i].strip()


def read(content: bytes, context: Context, layout: Layout) -> Reading:
    """The rows of a report, each as a frame. Raises InputError."""
    found = Collector(context)
    rows = _rows(found, text_of(content, context.name), layout)
    days = _days(found, rows)
    for row in rows:
        _add(found, row, days)
    return found.reading()


def _rows(found: Collector, text: str, layout: Layout) -> list[_Row]:
    rows: list[_Row] = []
    places: dict[str, int] | None = None
    width = 0
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            line = f"line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places, width = layout.find([cell.strip() for cell in cells]), len(cells)
                if places is None:
                    raise found.error(
                        line,
                        f'the header must have "{layout.start_date}", "{layout.start_time}", and '
                        f'an end or "{layout.duration}". Export the detailed report of '
                        f"{layout.program} as CSV, in English.",
                    )
            elif len(cells) != width:
                raise found.error(
                    line,
                    f"{len(cells)} values stand here, and {width} are wanted. Export it again.",
                )
            else:
                rows.append(_Row(reader.line_num, cells, places))
    except csv.Error as error:
        raise found.error(
            f"line {reader.line_num}", f"not CSV ({error}). Export it again."
        ) from None
    if places is None:
        raise found.error("the whole file", "it is empty. Export it again.")
    _check_people(found, rows, places)
    return rows


def _check_people(found: Collector, rows: Iterable[_Row], places: Mapping[str, int]) -> None:
    column = next((name for name in _PEOPLE if name in places), None)
    people = {row[column].lower() for row in rows if row[column]} if column else set()
    if len(people) > 1:
        raise found.error(
            "the whole file",
            f"it has the time of {len(people)} people. Export the report of one of them.",
        )


def _add(found: Collector, row: _Row, days: Mapping[str, date]) -> None:
    has_end_columns = "end date" in row.places and "end time" in row.places
    has_end = bool(row["end date"] or row["end time"])
    if not has_end and (has_end_columns or not row["duration"]):
        found.leave_out(row.place, "it has no end, so it still runs")
        return
    start, is_exact = _local(found, row, "start", days)
    duration, end = None, None
    if row["duration"]:
        match = _DURATION.fullmatch(row["duration"])
        if match is None:
            raise found.error(
                row.place, f"{shown(row['duration'])} is no duration such as 01:30:00."
            )
        duration = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        is_exact = is_exact and match[3] is not None
    if has_end:
        end, is_end_exact = _local(found, row, "end", days)
        is_exact = is_exact and is_end_exact
    times = _times(found, row, (start, end), duration, 1 if is_exact else 60)
    if times is not None:
        memo = row["description"] or row["task"] or row["project"]
        tags = tuple(row["tags"].split(","))
        found.add(row.place, *times, memo, tags, project=row["project"])


def _times(
    found: Collector,
    row: _Row,
    local: tuple[datetime, datetime | None],
    duration: int | None,
    tolerance: int,
) -> tuple[int, int] | None:
    """Start and end in Unix time; None where clocks showed them twice, and it is left out.

    Durations may differ from the time between by `tolerance` seconds.
    """
    start, end = local
    starts = _instants(found, row, start)
    if end is None:
        fits = [(s, s + (duration or 0)) for s in starts]
    else:
        ends = _instants(found, row, end)
        pairs = [(s, e) for s in starts for e in ends if e >= s]
        if not pairs:
            raise found.error(row.place, "it ends before it begins. Mend it there, and export.")
        fits = [(s, e) for s, e in pairs if duration is None or abs(e - s - duration) <= tolerance]
        if not fits:
            s, e = pairs[0]
            raise found.error(
                row.place,
                f"the duration is {timedelta(seconds=duration or 0)}, and from start to end are "
                f"{timedelta(seconds=e - s)} in {found.context.zone.key}. Name the zone of the "
                "report with --zone, and export it without rounding.",
            )
    if len(fits) > 1:
        found.leave_out(
            row.place,
            f"clocks in {found.context.zone.key} showed {start} twice, and it does not tell which "
            "is meant; write it by hand",
        )
        return None
    return fits[0]


def _instants(found: Collector, row: _Row, local: datetime) -> list[int]:
    """The Unix times at which clocks in the zone showed `local`. Raises InputError for none."""
    zone = found.context.zone
    times = _shown_at(local, zone)
    if not times:
        raise found.error(
            row.place,
            f"clocks in {zone.key} never showed {local}. Name the zone of the report with --zone.",
        )
    return times


def _shown_at(local: datetime, zone: ZoneInfo) -> list[int]:
    times = {int(local.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1)}
    if len(times) == 1:
        return list(times)
    # Two folds differ where clocks were put back, and in the gap where they were put forward.
    return sorted(t for t in times if datetime.fromtimestamp(t, zone).replace(tzinfo=None) == local)


def _local(
    found: Collector, row: _Row, which: str, days: Mapping[str, date]
) -> tuple[datetime, bool]:
    """The local time of a row's start or end, and whether it has seconds."""
    text = row[f"{which} time"]
    match = _TIME.fullmatch(text)
    if match is not None:
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        half = match[4]
        if half is not None:
            hour = hour % 12 + 12 * (half in "pP") if 1 <= hour <= 12 else 24
        day = days.get(row[f"{which} date"])
        if day is not None and hour < 24 and minute < 60 and second < 60:
            at = datetime(day.year, day.month, day.day, hour, minute, second)
            return at, match[3] is not None
    raise found.error(
        row.place,
        f"{shown(text)} is no time such as 13:05, 13:05:00 or 1:05 PM, or has no date.",
    )


def _days(found: Collector, rows: Iterable[_Row]) -> dict[str, date]:
    """The day of every text in the columns of dates. Raises InputError."""
    places: dict[str, str] = {}
    for row in rows:
        places.setdefault(row["start date"], row.place)
        if row["end date"]:
            places.setdefault(row["end date"], row.place)
    days: dict[str, date] = {}
    either: dict[str, str] = {}
    for text, place in places.items():
        day = None
        if match := _YEAR_FIRST.fullmatch(text):
            day = _day(match[1], match[3], match[4])
        elif match := _YEAR_LAST.fullmatch(text):
            if match[2] != ".":
                either[text] = place
                continue
            day = _day(match[4], match[3], match[1])  # with points, the day is always first
        if day is None:
            raise found.error(place, f"{shown(text)} is no day such as 2026-03-02 or 02/03/2026.")
        days[text] = day
    return days | (_ordered(found, either) if either else {})


def _ordered(found: Collector, places: Mapping[str, str]) -> dict[str, date]:
    """The days of dates with the year last, in the one order that fits them all."""
    chosen = found.context.date_order
    fits: list[dict[str, date]] = []
    misfits: list[str] = []
    for order in DateOrder if chosen is None else (chosen,):
        days = {text: _in_order(text, order) for text in places}
        misfit = next((text for text, day in days.items() if day is None), None)
        if misfit is None:
            fits.append({text: day for text, day in days.items() if day is not None})
        else:
            misfits.append(f"{shown(misfit)} in {places[misfit]} is no day {order}")
    if not fits:
        raise found.error(
            "the whole file", f"{', and '.join(misfits)}. Export it with dates in one order."
        )
    if len(fits) == 2 and fits[0] != fits[1]:
        text = next(text for text in places if fits[0][text] != fits[1][text])
        raise found.error(
            places[text],
            f"{shown(text)} and all other dates fit both orders. Say with --date-order which it "
            f"is: {' or '.join(DateOrder)}.",
        )
    return fits[0]


def _in_order(text: str, order: DateOrder) -> date | None:
    first, second, year = re.split("[-/]", text)
    if order is DateOrder.DAY_FIRST:
        return _day(year, second, first)
    return _day(year, first, second)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if int(year) in _YEARS else None
    except ValueError:
        return None


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]), [])]
    except csv.Error:
        return []
