"""The diary's entries for other programs: JSON, CSV, and what Timewarrior and Toggl import.

White space in texts becomes single spaces, and other characters that do not print become U+FFFD.
In the CSV for spreadsheets, what one could take for a formula stands behind an apostrophe; the
file for Toggl has no such marks, since Toggl would keep them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from milepost.diary.entries import Entry
from milepost.text import spaced

COLUMNS = ("id", "start", "end", "zone", "seconds", "kind", "source", "memo", "tags")

TOGGL_COLUMNS = ("Email", "Description", "Start date", "Start time", "Duration", "Tags")

# With these a cell begins that a spreadsheet may run, as OWASP lists them; also in full width.
_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BEGINS = re.compile(f"[{_FORMULA}]")

# A separator at which a cell would end, and a formula begin, in a file opened with that separator.
_WITHIN = re.compile(f"[;,|](?=[\"'\\s]*[{_FORMULA}])")


def to_json(entries: Iterable[Entry]) -> str:
    """A list of objects with the names of `COLUMNS`: times as ISO 8601 in UTC, tags as a list."""
    records = [_record(entry) for entry in entries]
    return json.dumps(records, indent=2) + "\n"


def to_csv(entries: Iterable[Entry]) -> str:
    """The entries under the names of `COLUMNS`: times as ISO 8601 in UTC, tags with commas."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        record = _record(entry) | {"tags": ", ".join(_tags(entry))}
        writer.writerow(
            value if isinstance(value, int) else _safe_cell(value) for value in record.values()
        )
    return file.getvalue()


def to_timewarrior(entries: Iterable[Entry]) -> str:
    """Intervals as `timew export` prints them, the memo as annotation. `timew import` of
    version 1.9 reads them.

    An entry without a memo is read back with its tags for one.
    """
    listed = sorted(entries, key=lambda e: e.start)
    lines: list[str] = []
    for i, entry in enumerate(listed):
        interval: dict[str, Any] = {
            "id": len(listed) - i,
            "start": f"{_utc(entry.start):%Y%m%dT%H%M%SZ}",
            "end": f"{_utc(entry.end):%Y%m%dT%H%M%SZ}",
        }
        if tags := _tags(entry):
            interval["tags"] = tags
        if memo := spaced(entry.memo):
            interval["annotation"] = memo
        lines.append(json.dumps(interval, ensure_ascii=False, separators=(",", ":")))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def to_toggl(entries: Iterable[Entry], zone: ZoneInfo, email: str) -> str:
    """The file that Toggl Track's CSV import takes, with times of `zone`, the one of the account.

    `email` is the account's. A time that clocks in `zone` show twice does not say which it is.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(TOGGL_COLUMNS)
    for entry in entries:
        local = datetime.fromtimestamp(entry.start, zone)
        minutes, seconds = divmod(entry.seconds, 60)
        duration = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        row = (email, spaced(entry.memo), f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}", duration)
        writer.writerow([*row, ", ".join(_tags(entry))])
    return file.getvalue()


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "start": f"{_utc(entry.start):%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{_utc(entry.end):%Y-%m-%dT%H:%M:%SZ}",
        "zone": entry.zone,
        "seconds": entry.seconds,
        "kind": entry.kind.value,
        "source": entry.source,
        "memo": spaced(entry.memo),
        "tags": _tags(entry),
    }


def _tags(entry: Entry) -> list[str]:
    return [spaced(tag) for tag in entry.tags]


def _safe_cell(text: str) -> str:
    """A text in which no spreadsheet finds a formula, whatever it takes for the end of a cell."""
    text = _WITHIN.sub("\ufffd", spaced(text))
    return "'" + text if _BEGINS.match(text) else text


def _utc(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
