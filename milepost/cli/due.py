"""The command `milepost due`: every clock that runs, and what a party has to do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost.cli import render
from milepost.cli.options import Party, asking
from milepost.cli.session import Session
from milepost.errors import InputError
from milepost.ledger import outlook
from milepost.signing import checked_address
from milepost.units import HOUR, MINUTE, format_duration, format_time

if TYPE_CHECKING:
    from milepost.ledger.reads import Due, Ledger, Moment

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
            if session.options.as_json:
                record = _record(moment, now, running)
                needs = {"needs": [_entry(d, now) for d in needed]} if who else {}
                render.data({**record, **needs})
            else:
                _show(running, needed, who, now)
    many = "" if ics is not None else f"{render.count(len(running), 'clock')} at "
    render.progress(f"{many}{render.place_in_time(moment)}.")
    age = now - moment.timestamp
    if age > OLD:
        how = f"{_rounded(age)} old" if moment.timestamp else "empty"
        render.progress(
            f"Warning: the ledger is {how}. `milepost ledger sync` reads what happened since.",
            "yellow",
        )


def _save(session: Session, ledger: Ledger, moment: Moment, party: str | None, place: str) -> None:
    from milepost.files import write_whole
    from milepost.ledger.deadlines.calendar import calendar

    entries = [*ledger.due(party), *ledger.openings(party)]
    content = calendar(entries, moment, party)
    if place == "-":
        typer.echo(content, nl=False)
        return
    path = Path(place)
    write_whole({path: content})
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    session.show({"file": str(path), "entries": len(entries)}, f"Saved {count} to {path}.")


def _show(running: Sequence[Due], needed: Sequence[Due], party: str | None, now: int) -> None:
    blocks = [
        "\n".join(
            [
                f"{format_time(d.deadline)} ({_local(d.deadline)}), {_left(d, now)}",
                f"  {_name(d)}: waits for {outlook.awaited(d, party)}",
                f"  if nobody acts: {outlook.silence(d.view, d.job.terms, d.job.token)}",
            ]
        )
        for d in running
    ]
    if needed:
        blocks.append("For you to do now")
    for d in needed:
        commands = outlook.answers(d) or (outlook.execution(d),)
        is_open = d.deadline and not d.view.is_late
        until = f", until {format_time(d.deadline)}" if is_open else ""
        blocks.append("\n".join([f"{_name(d)}{until}", *(f"  {command}" for command in commands)]))
    if blocks:
        render.say("\n\n".join(blocks))


def _name(due: Due) -> str:
    status = due.view.status.label
    return f"job {render.short(due.job.agreement)}, milestone {due.milestone + 1}, {status}"


def _local(timestamp: int) -> str:
    """The time on the clock of whoever sits here."""
    try:
        return datetime.fromtimestamp(timestamp).astimezone().strftime("%a %Y-%m-%d %H:%M %Z")
    except (OverflowError, ValueError, OSError):
        return "far away"


def _left(due: Due, now: int) -> str:
    if due.view.is_late or due.deadline <= now:
        return "over"
    return f"{_rounded(due.deadline - now)} left"


def _rounded(seconds: int) -> str:
    """A duration without the seconds, where it is longer than an hour."""
    return format_duration(seconds - seconds % MINUTE if seconds >= HOUR else seconds)


def _record(moment: Moment, now: int, running: Sequence[Due]) -> dict[str, Any]:
    return {
        **render.moment_record(moment),
        "seconds_old": now - moment.timestamp,
        "due": [_entry(d, now) for d in running],
    }


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
        "token": {
            "address": job.token.address,
            "symbol": job.token.symbol,
            "decimals": job.token.decimals,
        },
        "open": str(view.open),
        "commands": list(outlook.answers(due)),
        "if_nobody_acts": {
            "text": outlook.silence(view, job.terms, job.token),
            "command": outlook.execution(due),
            "to_freelancer": str(view.to_freelancer),
            "to_client": str(view.to_client),
        },
    }
