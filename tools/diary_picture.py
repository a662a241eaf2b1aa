"""Draws docs/diary/week.svg: the first week of the month that the demo plays."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from milepost.diary.diary import Diary
from milepost.diary.formats import Context, timewarrior
from milepost.diary.pictures.drawing import svg
from milepost.diary.pictures.sheet import Sheet
from milepost.diary.rules import Rules
from milepost.units import DAY, HOUR, WEEK
from scripts import _month

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs/diary/week.svg"
LIMIT = 40 * 6  # segments


def draw() -> str:
    """The picture: tracked work, a call written by hand, and an hour that was written too late."""
    zone, start = ZoneInfo(_month.ZONE), _month.START
    complete, late = start + WEEK + HOUR, start + WEEK + DAY
    context = Context(_month.TRACKED.name, zone, complete)
    frames = timewarrior.read(_month.TRACKED.read_bytes(), context).frames
    with TemporaryDirectory() as folder:
        rules = Rules(bytes(32), start, LIMIT)
        with Diary.write(Path(folder) / "diary", rules) as diary:
            week = [f for f in frames if f.end <= start + WEEK]
            diary.import_(week, "timewarrior", complete)
            _month.call(diary, complete)
            friday = start + 4 * DAY + 16 * HOUR
            diary.add(late, friday, friday + HOUR, "Backups, notes", ["bakery"], _month.ZONE)
            segments = tuple(diary.week(0))
    return svg(
        Sheet(
            title="Backend by the hour",
            week=1,
            first=start,
            end=start + WEEK,
            zone=zone,
            segments=segments,
            limit=LIMIT,
        )
    )


if __name__ == "__main__":
    OUT.write_text(draw(), "utf-8")
