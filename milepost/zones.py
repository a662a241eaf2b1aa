"""Time zones: the one that is named or the system's, in which days begin and people write times."""

from __future__ import annotations

import os
import struct
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from milepost.errors import InputError

_LOCAL = Path("/etc/localtime")


def zone_of(name: str | None) -> ZoneInfo:
    """The zone called `name`, such as Europe/Berlin, else the system's. Raises InputError."""
    if name is None:
        return system_zone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # also names that are paths
        raise InputError(
            f'"{name}" is no time zone known here. Write a name such as Europe/Berlin or UTC.'
        ) from None


def system_zone() -> ZoneInfo:
    """The zone that the system shows times in. Raises InputError where it does not tell which."""
    named = os.environ.get("TZ")
    if named is not None:
        name = named.removeprefix(":")
        return _zone_in(Path(name)) if name.startswith("/") else zone_of(name or "UTC")
    if _LOCAL.exists():
        return _zone_in(_LOCAL)
    if time.daylight or time.timezone:
        raise InputError("The system does not tell its time zone. Name it with --zone.")
    return ZoneInfo("UTC")


def _zone_in(path: Path) -> ZoneInfo:
    """The zone that a file describes, with the name that its place gives it."""
    try:
        _, _, name = str(path.resolve()).partition("zoneinfo/")
        with path.open("rb") as file:
            return ZoneInfo.from_file(file, key=name or "local time")
    except (ValueError, OSError, EOFError, struct.error):
        raise InputError(f"{path} describes no time zone. Name one with --zone.") from None


def local_time(timestamp: int, zone: ZoneInfo) -> datetime:
    """A Unix time as clocks in the zone show it."""
    return datetime.fromtimestamp(timestamp, zone)


def local_day(timestamp: int, zone: ZoneInfo) -> date:
    """The day in the zone on which a Unix time is."""
    return local_time(timestamp, zone).date()


def parse_moment(text: str, zone: ZoneInfo, day: date) -> int:
    """The Unix time of "2026-12-01 10:20", of "10:20" on `day`, or of either with an offset.

    Raises InputError for anything else, and for a time that clocks in the zone show twice or never.
    """
    whole = text.strip()
    if len(whole) <= len("10:20:00") or "-" not in whole:
        whole = f"{day.isoformat()} {whole}"
    try:
        time = datetime.fromisoformat(whole)
    except ValueError:
        raise InputError(
            f'"{text}" is no time. Write 10:20, or 2026-12-01 10:20, or 2026-12-01 10:20+01:00.'
        ) from None
    if time.tzinfo is not None:
        return int(time.timestamp())
    first, second = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return int(first.timestamp())
    shown = " or ".join(_offset(t) for t in (first, second))
    is_twice = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == time
    how = f"{time:%H:%M} comes twice on {time:%Y-%m-%d}; add its offset, {shown}"
    never = f"clocks never show {time:%H:%M} on {time:%Y-%m-%d}"
    raise InputError(f'"{text}": in {zone.key} {how if is_twice else never}.')


def day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """The first second of a day in the zone, and the one after its last."""
    first, after = (
        datetime.combine(d, datetime.min.time(), zone) for d in (day, day + timedelta(1))
    )
    return int(first.timestamp()), int(after.timestamp())


def _offset(time: datetime) -> str:
    return time.isoformat()[-6:]
