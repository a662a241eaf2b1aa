"""Time zones: the one that is named, or the system's, in which a day and a year begin."""

from __future__ import annotations

import os
import struct
import time
from datetime import date, datetime
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
