"""This week against its limit, whether somebody pays for it, and which weeks wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from milepost.cli import render
from milepost.cli.diary.book import Book
from milepost.diary.diary import Diary
from milepost.diary.entries import Kind, in_hours
from milepost.errors import JobUnknown, MilepostError
from milepost.presets import UNIT
from milepost.types import MAX_MILESTONES, Status
from milepost.units import WEEK

Gaps = Sequence[tuple[int, int]]
"""Stretches of a timer without a sign of life, in Unix seconds."""


def this_week(diary: Diary, book: Book, gaps: Gaps = ()) -> dict[str, Any]:
    """This week's work against its limit; units are ten minutes."""
    week, limit = book.week, book.rules.limit
    begin = book.rules.week_start(week)
    segments, running = diary.week(week), 0
    if diary.timer is not None:
        since = max(diary.timer.since, begin)
        slept = sum(max(b - max(a, since), 0) for a, b in gaps)
        running = max(book.now - since - slept, 0) // UNIT
    kinds = {str(kind): 0 for kind in Kind}
    for segment in segments:
        kinds[segment.kind] += 1
    return {
        "week": week + 1,
        "start": begin,
        "end": begin + WEEK,
        "units": len(segments),
        "running_units": running,
        "limit": limit,
        "left": max(limit - len(segments) - running, 0),
        **kinds,
    }


def left_of(book: Book, week: dict[str, Any]) -> str:
    """What `this_week` says, in a line."""
    done, limit = week["units"] + week["running_units"], week["limit"]
    text = f"Week {week['week']}: {in_hours(done)} of {in_hours(limit)}"
    kinds = [f"{in_hours(week[k])} {k}" for k in (Kind.MANUAL, Kind.LATE) if week[k]]
    if kinds:
        text += f", of it {' and '.join(kinds)}"
    left = f"{in_hours(week['left'])} left"
    if done > limit:
        left = f"{in_hours(done - limit)} are above the limit, and nobody pays for them"
    verb = "ends" if week["end"] > book.now else "ended"
    return f"{text}; {left}. It {verb} at {book.at(week['end'])}."


def waiting(diary: Diary, book: Book) -> tuple[list[int], list[int]]:
    """The weeks, from one, that are over and not sealed, and those not billed as sealed."""
    to_seal, to_bill = [], []
    for week in range(min(book.rules.week_of(book.now), MAX_MILESTONES)):
        sealed, bill = diary.seal_of(week), diary.bill_of(week)
        if sealed is None and _has_work(diary, book, week):
            to_seal.append(week + 1)
        elif sealed is not None and (bill is None or bill.root != sealed.root):
            to_bill.append(week + 1)
    return to_seal, to_bill


def funding(book: Book) -> tuple[str | None, list[str]]:
    """How this week is funded and what that means, in a line; None where no ledger knows."""
    number = book.week + 1
    with suppress(MilepostError):
        book.session.database.require()
        status, at = _in_ledger(book)
        means = {
            Status.NONE: "is not funded: what you work in it is not protected",
            Status.OFFERED: "is funded as an offer that the client can take back: "
            f"{book.command('accept', '--weeks', number)} makes it yours to claim",
            Status.REFUNDED: "went back to the client: what you work in it is not protected",
        }.get(status)
        text = f"Week {number} {means} (the ledger at {book.at(at)})."
        return render.label_of(status), [text] if means else []
    return None, []


def _in_ledger(book: Book) -> tuple[Status, int]:
    """The status of this week in the ledger, and the Unix time at which that is true."""
    from milepost import terms

    agreement, ledger = book.session.agreement_on_file(book.file), book.session.ledger
    identity = terms.agreement_id(agreement.terms, ledger.chain_id, ledger.escrow)
    try:
        history = ledger.job("0x" + identity.hex())
    except JobUnknown:
        if agreement.chain_id is None:
            raise  # it may be on another chain
        return Status.NONE, ledger.moment().timestamp
    return history.job.statuses[book.week], history.moment.timestamp


def _has_work(diary: Diary, book: Book, week: int) -> bool:
    first, end = book.rules.week_start(week), book.rules.week_start(week + 1)
    lengths = (min(e.end, end) - max(e.start, first) for e in diary.between(first, end))
    # Ten minutes cover half of some segment wherever they lie.
    return any(seconds >= UNIT for seconds in lengths) or bool(diary.week(week))
