"""The command `milepost due`: every clock that runs, and what a party has to do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost.cli import render, weeks
from milepost.cli.options import Party, asking
from milepost.cli.session import Session
from milepost.errors import InputError
from milepost.ledger import outlook, words
from milepost.signing import checked_address
from milepost.units import HOUR, format_time

if TYPE_CHECKING:
    from milepost.agreement import Token
    from milepost.ledger.reads import Due, Ending, Ledger, Moment

OLD = HOUR
"""Seconds behind this machine's clock from which a ledger is said to be old."""

Ics = Annotated[
    str | None,
    typer.Option(
        "--ics", metavar="FILE|-", help="Write a calendar, for other programs; - is stdout."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("due")(asking(due))


def due(session: Session, party: Party = None, ics: Ics = None) -> None:
    """List every clock that runs, and with --party what the party has to do now.

    Also where the protected weeks of hourly work end, which is no clock.

    Example: milepost due --party 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
    """
    who = checked_address(party, "--party") if party else None
    if ics == "-" and session.options.as_json:
        raise InputError("--json and --ics - both print to stdout. Choose one.")
    with session.ledger.at_one_moment() as ledger:
        moment = ledger.moment()
        now = max(moment.timestamp, int(time.time()))
        if ics is not None:
            _save(session, ledger, moment, who, ics)
        else:
            running, needed = ledger.due(who), ledger.needs(who) if who else []
            endings = ledger.endings(who)
            if session.options.as_json:
                record = _record(moment, now, running, endings)
                needs = {"needs": [_entry(d, now) for d in needed]} if who else {}
                render.data({**record, **needs})
            else:
                _show(running, endings, needed, who, now)
    many = "" if ics is not None else f"{render.count(len(running), 'clock')} at "
    render.progress(f"{many}{render.place_in_time(moment)}.")
    warn_if_old(moment)


def warn_if_old(moment: Moment) -> None:
    """On stderr: that a ledger is behind this machine's clock, and how far."""
    age = int(time.time()) - moment.timestamp
    if age > OLD:
        how = f"{words.rounded(age)} old" if moment.timestamp else "empty"
        render.progress(
            f"Warning: the ledger is {how}. `milepost ledger sync` reads what happened since.",
            "yellow",
        )


def _save(session: Session, ledger: Ledger, moment: Moment, party: str | None, place: str) -> None:
    from milepost.files import write_whole
    from milepost.ledger.deadlines.calendar import calendar

    dues, endings = [*ledger.due(party), *ledger.openings(party)], ledger.endings(party)
    content = calendar(dues, moment, party, endings=endings)
    if place == "-":
        typer.echo(content, nl=False)
        return
    path = Path(place)
    write_whole({path: content})
    made = len(dues) + len(endings)
    count = f"{made} {'entry' if made == 1 else 'entries'}"
    session.show({"file": str(path), "entries": made}, f"Saved {count} to {path}.")


def _show(
    running: Sequence[Due],
    endings: Sequence[Ending],
    needed: Sequence[Due],
    party: str | None,
    now: int,
) -> None:
    timed = [(d.deadline, _clock(d, party, now)) for d in running]
    timed += [(e.at, _ending(e, party, now)) for e in endings]
    blocks = ["\n".join(lines) for _, lines in sorted(timed, key=lambda t: t[0])]
    if needed:
        blocks.append("For you to do now")
    for d in needed:
        commands = outlook.answers(d) or (outlook.execution(d),)
        is_open = d.deadline and not d.view.is_late
        until = f", until {format_time(d.deadline)}" if is_open else ""
        blocks.append("\n".join([f"{_name(d)}{until}", *(f"  {command}" for command in commands)]))
    if blocks:
        render.say("\n\n".join(blocks))


def _clock(due: Due, party: str | None, now: int) -> list[str]:
    return [
        _time(due.deadline, now, is_over=due.view.is_late),
        f"  {_name(due)}: waits for {outlook.awaited(due, party)}",
        f"  if nobody acts: {outlook.silence(due.view, due.job.terms, due.job.token)}",
    ]


def _ending(ending: Ending, party: str | None, now: int) -> list[str]:
    job = ending.job
    return [
        _time(ending.at, now, is_over=ending.is_over),
        f"  job {render.short(job.agreement)}, {outlook.ending(ending, party)}",
        f"  {outlook.no_clock(job.terms)}",
        *(f"  {line}" for line in outlook.ways_on(ending.run, job.token)),
    ]


def _time(timestamp: int, now: int, *, is_over: bool) -> str:
    left = "over" if is_over or timestamp <= now else f"{words.rounded(timestamp - now)} left"
    return f"{format_time(timestamp)} ({_local(timestamp)}), {left}"


def _name(due: Due) -> str:
    status = due.view.status.label
    return f"job {render.short(due.job.agreement)}, milestone {due.milestone + 1}, {status}"


def _local(timestamp: int) -> str:
    """The time on the clock of whoever sits here."""
    try:
        return datetime.fromtimestamp(timestamp).astimezone().strftime("%a %Y-%m-%d %H:%M %Z")
    except (OverflowError, ValueError, OSError):
        return "far away"


def _record(
    moment: Moment, now: int, running: Sequence[Due], endings: Sequence[Ending]
) -> dict[str, Any]:
    return {
        **render.moment_record(moment),
        "seconds_old": now - moment.timestamp,
        "due": [_entry(d, now) for d in running],
        "protection_ends": [
            {
                "agreement": "0x" + e.job.agreement.hex(),
                "at": e.at,
                "seconds_left": max(0, e.at - now),
                "is_over": e.is_over,
                "token": _token(e.job.token),
                "runway": weeks.record(e.run),
            }
            for e in endings
        ],
    }


def _token(token: Token) -> dict[str, Any]:
    return {"address": token.address, "symbol": token.symbol, "decimals": token.decimals}


def _entry(due: Due, now: int) -> dict[str, Any]:
    view, job = due.view, due.job
    return {
        "agreement": "0x" + job.agreement.hex(),
        "milestone": due.milestone + 1,
        "status": view.status.label,
        "deadline": due.deadline,
        "seconds_left": max(0, due.deadline - now),
        "is_late": view.is_late,
        "opens_at": due.opens_at,
        "awaited": due.awaited,
        "address": getattr(job.terms, due.awaited) if due.awaited else None,
        "token": _token(job.token),
        "open": str(view.open),
        "commands": list(outlook.answers(due)),
        "if_nobody_acts": {
            "text": outlook.silence(view, job.terms, job.token),
            "command": outlook.execution(due),
            "to_freelancer": str(view.to_freelancer),
            "to_client": str(view.to_client),
        },
    }
