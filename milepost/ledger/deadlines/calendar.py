"""Deadlines as a calendar (RFC 5545), for any program that people keep their days in.

An entry's UID follows from the clock that it is about, and its stamp from the ledger's block: the
same ledger gives the same bytes, and a calendar that is read again moves no entry twice. All times
are UTC. Needs the extra `reports`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from milepost.errors import ExtraMissing
from milepost.ledger import outlook
from milepost.ledger.words import amount, milestones, plainly_named
from milepost.units import DAY, format_time

if TYPE_CHECKING:
    import icalendar

    from milepost.ledger.reads import Due, Ending, Moment

ALARMS = (3 * DAY, DAY)
"""Seconds before a deadline at which a calendar rings, where the clock runs that long."""

_PRODUCT = "-//Milepost//deadlines//EN"
_REFRESH = timedelta(hours=1)
_LAST = 253_402_300_799  # the end of the year 9999, after which no calendar has days


def calendar(
    dues: Iterable[Due],
    moment: Moment,
    party: str | None = None,
    *,
    endings: Iterable[Ending] = (),
    alarms: Sequence[int] = ALARMS,
) -> bytes:
    """A calendar of `dues`: an entry for each clock, and for metered work when it can be claimed.

    Other dues are left out. `endings` are entries too, one for each job, which move when more is
    funded. `moment` is when the ledger says so; `party` is called "you"; `alarms`
    are seconds before a deadline. Raises ExtraMissing.
    """
    try:
        import icalendar
    except ModuleNotFoundError as error:
        raise ExtraMissing("A calendar", "reports") from error
    made = icalendar.Calendar()
    made.add("version", "2.0")
    made.add("prodid", _PRODUCT)
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):
        made.add(name, "Milepost")
    for name in ("refresh-interval", "x-published-ttl"):
        made.add(name, icalendar.vDuration(_REFRESH), parameters={"value": "DURATION"})
    for due in dues:
        if 0 < _when(due) <= _LAST:
            made.add_component(_entry(outlook.plainly_named(due), moment, party, alarms))
    for ending in endings:
        if ending.at <= _LAST:
            made.add_component(_ending(ending, moment, party, alarms))
    if not made.subcomponents:
        made.add_component(_utc())
    return bytes(made.to_ical())


def _when(due: Due) -> int:
    return due.deadline or due.opens_at


def _entry(due: Due, moment: Moment, party: str | None, alarms: Sequence[int]) -> icalendar.Event:
    agreement, view = due.job.agreement.hex(), due.view
    status = view.status.name.lower().replace("_", "-")
    runs = due.deadline - view.clock.since
    return _event(
        f"{agreement}-{due.milestone + 1}-{status}-{view.clock.since}",
        _when(due),
        _summary(due),
        _description(due, moment, party),
        moment,
        [seconds for seconds in alarms if due.deadline and seconds < runs],
    )


def _ending(
    ending: Ending, moment: Moment, party: str | None, alarms: Sequence[int]
) -> icalendar.Event:
    job = ending.job
    lines = [
        outlook.no_clock(job.terms),
        *outlook.ways_on(ending.run, plainly_named(job.token)),
        f"{outlook.roles(job, party)}.",
        f"As of block {moment.block}, {format_time(moment.timestamp)}.",
    ]
    return _event(
        f"{job.agreement.hex()}-funded",
        ending.at,
        outlook.ending(ending, party),
        "\n".join(lines),
        moment,
        [seconds for seconds in alarms if seconds < job.terms.period],
    )


def _event(
    uid: str, when: int, summary: str, description: str, moment: Moment, alarms: Iterable[int]
) -> icalendar.Event:
    import icalendar

    entry = icalendar.Event()
    entry.add("uid", f"{uid}@milepost")
    entry.add("dtstamp", _utc_time(moment.timestamp))
    entry.add("dtstart", _utc_time(when))
    entry.add("summary", f"Milepost: {summary}")
    entry.add("description", description)
    entry.add("transp", "TRANSPARENT")
    for seconds in alarms:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", timedelta(seconds=-seconds))
        alarm.add("description", f"Milepost: {summary}")
        entry.add_component(alarm)
    return entry


def _summary(due: Due) -> str:
    if due.deadline:
        return outlook.headline(due)
    worth = amount(due.view.open, due.job.token)
    return (
        f"{milestones([due.milestone])} can be claimed from {format_time(due.opens_at)}, "
        f"up to {worth}"
    )


def _description(due: Due, moment: Moment, party: str | None) -> str:
    job = due.job
    lines = [f"If nobody acts: {outlook.silence(due.view, job.terms, job.token)}."]
    if due.deadline and not due.view.is_late:
        lines.append(f"Awaited until then: {outlook.awaited(due, party)}.")
    lines += outlook.commands(due)
    lines.append(f"{outlook.roles(job, party)}.")
    lines.append(f"As of block {moment.block}, {format_time(moment.timestamp)}.")
    return "\n".join(lines)


def _utc() -> icalendar.Timezone:
    """A calendar must have something in it; this says nothing."""
    import icalendar

    zone, standard = icalendar.Timezone(), icalendar.TimezoneStandard()
    zone.add("tzid", "UTC")
    standard.add("dtstart", datetime(1970, 1, 1))
    standard.add("tzoffsetfrom", timedelta())
    standard.add("tzoffsetto", timedelta())
    zone.add_component(standard)
    return zone


def _utc_time(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
