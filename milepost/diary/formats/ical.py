"""iCalendar (RFC 5545): the events of a calendar that are over, as work that somebody wrote down.

Events of whole days, events that are marked as free, cancelled or not over yet are left out. A time
without a zone is one of the caller's; as the standard says, a time that came twice is the first,
and one that was jumped over is told by the clock before. A frame's memo is the event's title, its
key the event's id, with the time of the recurrence if it recurs. Needs the extra `reports`.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from milepost.diary.formats.reading import Collector, Context, Reading, shown, text_of
from milepost.errors import ExtraMissing
from milepost.text import spaced
from milepost.units import DAY

# A component of icalendar's, whose properties have one of many types.
_Event = Any

# An event that recurs within the day is nobody's work, and could fill the memory.
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_WITHIN_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_BEGIN = re.compile(r"^BEGIN:VEVENT\s*$", re.IGNORECASE | re.MULTILINE)
_RECURS = ("RRULE", "RDATE", "EXRULE")
_UTC_TIME = "%Y%m%dT%H%M%SZ"


def read(content: bytes, context: Context) -> Reading:
    """The events of a calendar that ended before `context.now`.

    Raises InputError, and ExtraMissing where a library is missing.
    """
    try:
        import icalendar
    except ModuleNotFoundError as error:
        raise ExtraMissing("Reading a calendar", "reports") from error
    found = Collector(context)
    text = text_of(content, context.name)
    if not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise found.error("the whole file", "it is no calendar, or not all of it. Export it again.")
    try:
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
        events: list[_Event] = [
            event for calendar in calendars for event in calendar.walk("VEVENT")
        ]
    except Exception as error:  # what the library raises for a damaged file has no common root
        raise found.error(
            "the whole file", f"it is no calendar: {shown(error)}. Export it again."
        ) from None
    begun = len(_BEGIN.findall(text))
    if begun != len(events):
        raise found.error(
            "the whole file",
            f"{begun} events begin in it, and {len(events)} can be read. Export it again.",
        )
    recurring = {_uid(event) for event in events if any(name in event for name in _RECURS)}
    series: dict[str, list[_Event]] = {}
    for i, event in enumerate(events, 1):
        place = f"event {i} ({shown(event.get('SUMMARY', ''))})"
        if event.errors:
            name, problem = event.errors[0]
            raise found.error(
                place,
                f"its {spaced(name or 'content')} cannot be read: {shown(problem)}. Mend it "
                "there, and export.",
            )
        if _uid(event) in recurring:
            _check_rules(found, place, event)
            series.setdefault(_uid(event), []).append(event)
        elif why := _add(found, place, event):
            found.leave_out(place, why)
    zones = [zone for calendar in calendars for zone in calendar.walk("VTIMEZONE")]
    for parts in series.values():
        place = f"event that recurs ({shown(parts[0].get('SUMMARY', ''))})"
        _add_series(found, place, [*zones, *parts])
    return found.reading()


def _uid(event: _Event) -> str:
    return str(event.get("UID", ""))


def _check_rules(found: Collector, place: str, event: _Event) -> None:
    """Refuse rules that no working life has, or that would be read wrongly."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if _TOO_OFTEN & set(rule.get("FREQ", [])) or any(name in rule for name in _WITHIN_DAY):
            raise found.error(
                place, "it recurs more than once a day. Export the calendar without it."
            )
    if "EXRULE" in event:
        raise found.error(
            place, "it has exceptions by a rule, which is out of use. Export without it."
        )
    if not _uid(event):
        raise found.error(place, "it recurs and has no id (UID). Export without it.")
    _instant(found, place, event.get("DTSTART"))


def _add_series(found: Collector, place: str, parts: list[_Event]) -> None:
    """Add what began of an event that recurs; what is left out of it is said by its reason."""
    left: Counter[str] = Counter()
    for occurrence in _occurrences(found, place, parts):
        start = _instant(found, place, occurrence.get("DTSTART"))
        if start is not None and start >= found.context.now:
            continue
        when = "" if start is None else f" on {datetime.fromtimestamp(start, UTC).date()}"
        if why := _add(found, place + when, occurrence):
            left[why] += 1
    for why, times in left.items():
        found.leave_out(f"{place}, {times} time{'' if times == 1 else 's'}", why)


def _occurrences(found: Collector, place: str, parts: list[_Event]) -> list[_Event]:
    """The occurrences of an event that began, and the changes to some of them."""
    import icalendar

    try:
        recurring: Any = import_module("recurring_ical_events")
    except ModuleNotFoundError as error:
        raise ExtraMissing("Reading events that recur", "reports") from error
    calendar = icalendar.Calendar()
    for part in parts:
        calendar.add_component(part)
    # A day more, because times without a zone are compared as they stand.
    until = datetime.fromtimestamp(found.context.now + DAY, UTC)
    try:
        return list(recurring.of(calendar).between(datetime.fromtimestamp(0, UTC), until))
    except Exception as error:  # as above
        raise found.error(
            place, f"its recurrence cannot be read: {shown(error)}. Export without it."
        ) from None


def _add(found: Collector, place: str, event: _Event) -> str:
    """Add an event, or tell why it is left out. Raises InputError."""
    start = _instant(found, place, event.get("DTSTART"))
    if start is None:
        return "it is of whole days"
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return "it is marked as free"
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return "it is cancelled"
    end = _end(found, place, event, start)
    if end > found.context.now:
        return "it is not over yet"
    key = _uid(event)
    if key and "RECURRENCE-ID" in event:
        at = _instant(found, place, event["RECURRENCE-ID"])
        key += f" {datetime.fromtimestamp(start if at is None else at, UTC):{_UTC_TIME}}"
    categories = event.get("CATEGORIES", [])
    groups = categories if isinstance(categories, list) else [categories]
    tags = tuple(str(tag) for group in groups for tag in group.cats)
    found.add(place, start, end, str(event.get("SUMMARY", "")), tags, key, is_tracked=False)
    return ""


def _end(found: Collector, place: str, event: _Event, start: int) -> int:
    if "DTEND" in event:
        end = _instant(found, place, event["DTEND"])
        if end is None:
            raise found.error(place, "it begins at a time and ends on a day. Mend it there.")
        return end
    if "DURATION" in event:
        duration = event["DURATION"].dt
        if not isinstance(duration, timedelta):
            raise found.error(place, "its duration cannot be read. Mend it there, and export.")
        return start + int(duration.total_seconds())
    return start


def _instant(found: Collector, place: str, value: Any) -> int | None:
    """The Unix time of a property, None for a day. Raises InputError."""
    if value is None or isinstance(value, list):
        raise found.error(
            place, "a time of it is missing, or there twice. Mend it there, and export."
        )
    at = value.dt
    if not isinstance(at, datetime):
        return None
    if at.tzinfo is None:
        named = value.params.get("TZID")
        if named is not None:
            raise found.error(
                place, f"its zone {shown(named)} is not known here. Export it in UTC."
            )
        at = at.replace(tzinfo=found.context.zone)
    try:
        return int(at.timestamp())
    except (OverflowError, ValueError):
        raise found.error(place, "it is not between the years 1970 and 9999.") from None
