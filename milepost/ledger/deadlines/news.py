"""What there is to tell a party: what happened, what was taken back, which time runs out.

Every message has a key that says what it is about, so that whoever sends it can remember that it
did. Nothing here sends or remembers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from milepost.chain.events import Event
from milepost.ledger import outlook, words
from milepost.ledger.reads import Due, Ending, Ledger, Moment, Report
from milepost.units import format_duration, format_time

PASSED = 0
"""In the key of a deadline: that it passed. Else there are the seconds that were left."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell once.

    `block` is where the event stands, or where the ledger stood. `text` is what is remembered of it
    once it is sent. Where one of the keys `unless` was sent already, it is no news.
    """

    key: str
    block: int
    title: str
    body: str
    text: str
    unless: tuple[str, ...] = ()


def events(ledger: Ledger, after: int, party: str | None = None) -> dict[str, Message]:
    """What happened after block `after`, by key, in its order.

    A key is the transaction and what the event says, so it is the same where a reorganisation moves
    the transaction to another block.
    """
    found: dict[str, Message] = {}
    equal: Counter[str] = Counter()
    for report in ledger.reports(after, party):
        event = report.happening.event
        key = f"event:{event.transaction.hex()}:{_digest(event)}"
        equal[key] += 1
        key = f"{key}:{equal[key]}"
        found[key] = _event_message(key, report, party)
    return found


def deadlines(
    ledger: Ledger, moment: Moment, clock: int, before: Sequence[int], party: str | None = None
) -> list[Message]:
    """A message for each clock that runs out soon or did, and for each end of protected work.

    `before` are the seconds left at which to tell. Of those that were crossed unseen only the last
    is told. What is soon, the later says of the ledger and `clock`, this machine's Unix time; that
    a deadline has passed, only the ledger.
    """
    found, now = [], max(moment.timestamp, clock)
    for due in ledger.due(party, now + max(before, default=0)):
        told = _threshold(due.deadline, before, now, is_over=due.view.is_late)
        if told is not None:
            found.append(_due_message(due, *told, moment, now, party))
    for ending in ledger.endings(party):
        told = _threshold(ending.at, before, now, is_over=ending.is_over)
        if told is not None:
            found.append(_ending_message(ending, *told, moment, now, party))
    return found


def taken_back(key: str, block: int, text: str, moment: Moment) -> Message:
    """That an event which was told is not on the chain any more."""
    return Message(
        key=key,
        block=block,
        title=f"Milepost: taken back: {text}",
        body=(
            f"The chain dropped block {block} and this with it; it has not happened, as of block "
            f"{moment.block}. Should the chain take it up again, you are told again."
        ),
        text=text,
    )


def _digest(event: Event) -> str:
    """What an event says, wherever it stands, in 16 digits."""
    fields = (
        f"{name}={value.hex() if isinstance(value, bytes) else value}"
        for name, value in sorted(event.fields.items())
        if name != "terms"  # the agreement's id stands for them
    )
    return hashlib.sha256("|".join([event.name, *fields]).encode()).hexdigest()[:16]


def _event_message(key: str, report: Report, party: str | None) -> Message:
    event, job = report.happening.event, report.job
    terms, token = job.terms if job else None, words.plainly_named(report.token)
    text = words.happened(event, terms, token)
    at = report.happening.timestamp
    final = (
        "It is final."
        if report.happening.is_final
        else "It is not final yet: the chain may still take it back."
    )
    return Message(
        key=key,
        block=event.block,
        title=f"Milepost: {text}",
        body=_joined(
            words.consequence(event, terms, token, at),
            f"{outlook.roles(job, party)}." if job else "",
            f"The token is {report.token.address}.",
            f"Block {event.block}, {format_time(at)}, transaction 0x{event.transaction.hex()}. "
            f"{final}",
        ),
        text=text,
    )


def _threshold(
    end: int, before: Sequence[int], now: int, *, is_over: bool
) -> tuple[int, tuple[int, ...]] | None:
    """The last of the thresholds `before` an end that was crossed, and those after it."""
    if is_over:
        return PASSED, ()
    crossed = [t for t in before if end - now <= t]
    if not crossed:
        return None
    nearest = min(crossed)
    return nearest, (PASSED, *(t for t in before if t < nearest))


def _left(what: str, end: int, threshold: int, moment: Moment, now: int) -> tuple[str, str]:
    """How near the end of something is, in a few words and in a sentence."""
    at = format_time(end)
    if not threshold:
        return f"{what} is over", f"The {what} ended at {at}."
    if end > now:
        return f"less than {format_duration(threshold)} left", f"The {what} ends at {at}."
    unread = f"the chain has not been read beyond block {moment.block}"
    sentence = f"The {what} ended at {at}, but {unread}: what follows may be old."
    return f"ended at {at}, but {unread}", sentence


def _due_message(
    due: Due, threshold: int, later: Sequence[int], moment: Moment, now: int, party: str | None
) -> Message:
    due = outlook.plainly_named(due)
    job, view = due.job, due.view
    left, ending = _left("time", due.deadline, threshold, moment, now)
    text = f"{left}: {outlook.headline(due)}"
    clock = f"due:{job.agreement.hex()}:{due.milestone}:{int(view.status)}:{view.clock.since}"
    return Message(
        key=f"{clock}:{threshold}",
        block=moment.block,
        title=f"Milepost: {text}",
        body=_joined(
            ending,
            f"Awaited: {outlook.awaited(due, party)}.",
            f"If nobody acts: {outlook.silence(view, job.terms, job.token)}.",
            *outlook.commands(due),
            f"{outlook.roles(job, party)}.",
            f"The token is {job.token.address}.",
            f"As of block {moment.block}, {format_time(moment.timestamp)}.",
        ),
        text=text,
        unless=tuple(f"{clock}:{t}" for t in later),
    )


def _ending_message(
    ending: Ending,
    threshold: int,
    later: Sequence[int],
    moment: Moment,
    now: int,
    party: str | None,
) -> Message:
    job = ending.job
    left, sentence = _left("protection", ending.at, threshold, moment, now)
    text = f"{left}: {outlook.ending(ending, party)}"
    # After more is accepted another period is the last, and is told of anew.
    end = f"funded:{job.agreement.hex()}:{ending.last}"
    return Message(
        key=f"{end}:{threshold}",
        block=moment.block,
        title=f"Milepost: {text}",
        body=_joined(
            sentence,
            outlook.no_clock(job.terms),
            *outlook.ways_on(ending.run, words.plainly_named(job.token)),
            f"{outlook.roles(job, party)}.",
            f"The token is {job.token.address}.",
            f"As of block {moment.block}, {format_time(moment.timestamp)}.",
        ),
        text=text,
        unless=tuple(f"{end}:{t}" for t in later),
    )


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
