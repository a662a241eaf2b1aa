"""Commands of the timer: start, stop, status."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost.cli import places, render
from milepost.cli.diary.book import (
    AFTER_MIDNIGHT,
    Book,
    Repository,
    Tags,
    Zone,
    entry_line,
    entry_record,
    memo_from,
)
from milepost.cli.diary.limits import Gaps, funding, left_of, this_week, waiting
from milepost.cli.options import File, noting, starting
from milepost.cli.session import Session
from milepost.diary import pulse
from milepost.diary.entries import length
from milepost.errors import InputError
from milepost.types import format_selection
from milepost.units import HOUR
from milepost.zones import local_time

if TYPE_CHECKING:
    from milepost.diary.state import Timer

LONGEST = 12 * HOUR
"""Seconds after which a timer was probably forgotten, and its end is to be named."""

_OWNERS = "pulse-*.owner"  # a file of each timer that runs

Memo = Annotated[str, typer.Argument(metavar="[MEMO]", help="What is worked on.")]
NewMemo = Annotated[str, typer.Option("--memo", "-m", help="What was worked on.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="When the work ended, if not now.")
]
Keep = Annotated[
    bool, typer.Option("--keep-gaps", help="Count the time in which the machine gave no sign.")
]
Machine = Annotated[
    str | None,
    typer.Option("--machine", metavar="NAME", help="Stop the timer of another machine, now lost."),
]
Discard = Annotated[bool, typer.Option("--discard", help="Make no entry of it.")]


def register(group: typer.Typer) -> None:
    group.command("start")(starting(start))
    group.command("stop")(noting(stop))
    group.command("status")(noting(status))


def start(
    session: Session,
    file: File,
    memo: Memo = "",
    tag: Tags = None,
    zone: Zone = None,
) -> None:
    """Start the timer, and say how much of the weekly limit is left.

    Example: milepost diary start hourly.yaml "Payment form" --tag frontend
    """
    book = Book(session, file, zone)
    _require_no_other(book)
    if book.rules.asks_captures:
        _require_captures(book)
    with book.write() as diary:
        timer = diary.start(book.now, memo, tag or (), book.zone.key)
        _end_leftovers(book)
        is_watched = pulse.begin(book.folder, timer.id, captures=book.rules.asks_captures)
    week = this_week(diary, book)
    if not is_watched:
        render.progress(
            "Warning: nothing watches whether this machine sleeps; a gap will not be found.",
            "yellow",
        )
    week["funding"], sentence = funding(book)
    text = [f'The timer runs since {book.at(book.now)}, for "{book.rules.title}".']
    text += [left_of(book, week), *sentence]
    session.show({"timer": _timer_record(timer), "week": week}, "\n".join(text))


def stop(
    session: Session,
    file: File,
    memo: NewMemo = "",
    tag: Tags = None,
    at: At = None,
    git: Repository = None,
    keep_gaps: Keep = False,
    discard: Discard = False,
    machine: Machine = None,
    zone: Zone = None,
) -> None:
    """Stop the timer and write its entry.

    Time in which the machine slept or was off is left out. A timer of more than twelve hours was
    probably forgotten: say with --at when the work ended.

    Example: milepost diary stop hourly.yaml --memo "Payment form, validation"
    """
    if discard and (at is not None or keep_gaps or memo or tag or git):
        raise InputError("--discard makes no entry, and goes with no other option of one.")
    book = Book(session, file, zone)
    gaps: Gaps = ()
    is_watched = True
    with book.write() as diary:
        timer = diary.timer if machine is None else diary.timers.get(machine)
        if timer is None and machine is not None:
            raise InputError(f'No timer runs on a machine "{machine}"; `status` names them.')
        if timer is None:
            _end_leftovers(book)
        if timer is None or discard:
            found = diary.stop(book.now, discard=True, log=machine)
        else:
            end = book.now if at is None else book.moment(at, timer.since)
            if end < timer.since:
                raise InputError(
                    f"The timer runs since {book.at(timer.since)}, and {book.at(end)} is before "
                    f"that. {AFTER_MIDNIGHT}"
                )
            is_brief = end - timer.since <= pulse.TOLERATED
            is_watched = is_brief or pulse.alive(book.folder, timer.id) is not None
            if not keep_gaps:
                gaps = _gaps(book, timer, end)
            worked = end - timer.since - sum(b - a for a, b in gaps)
            if at is None and worked > LONGEST:
                raise InputError(
                    f"The timer runs since {book.at(timer.since)}, for {length(worked)}. Say when "
                    "the work ended, with --at, or --discard it."
                )
            memo = memo_from(git, timer.since, end, memo or ("" if git else timer.memo))
            found = diary.stop(book.now, at=end, memo=memo, tags=tag or (), gaps=gaps, log=machine)
    if timer is not None:
        pulse.end(book.folder, timer.id)
    if not is_watched:
        render.progress(
            "Warning: nothing is known of whether the machine slept meanwhile; all of it counts.",
            "yellow",
        )
    for first, last in gaps:
        span = f"{book.at(first)} to {book.at(last)}"
        words = (f"{local_time(t, book.zone):%Y-%m-%d %H:%M}" for t in (first, last))
        render.progress(
            f"Left out, without a sign of life: {span} ({length(last - first)}). If you worked "
            f"then: {book.command('diary add', *words)}.",
            "yellow",
        )
    week = this_week(diary, book)
    text = [entry_line(e, book.zone) for e in found] or ["No entry was made."]
    record = {"entries": [entry_record(e) for e in found], "gaps": gaps, "week": week}
    session.show(record, "\n".join([*text, left_of(book, week)]))


def status(session: Session, file: File, zone: Zone = None) -> None:
    """Show the timer, this week against its limit, and which weeks wait to be sealed or billed.

    Example: milepost diary status hourly.yaml
    """
    book = Book(session, file, zone)
    diary = book.read()
    timer = diary.timer
    gaps = () if timer is None else _gaps(book, timer, book.now)
    record: dict[str, Any] = {
        "diary": str(book.folder),
        "entries": len(diary.entries),
        "timer": None,
        "week": this_week(diary, book, gaps),
    }
    lines = []
    if not diary.logs:
        # A byte more in the file is another agreement, whose diary this is not.
        lines.append(f"Nothing is written yet in {book.folder}, the diary of this very file.")
    if timer is None:
        lines.append("No timer runs.")
    else:
        record["timer"], more = _running(book, timer, gaps)
        lines += more
    for log, other in diary.timers.items():
        if log != diary.name:
            how = book.command("diary stop", "--machine", log)
            lines.append(
                f"On another machine, {log}, a timer runs since {book.at(other.since)}. {how} ends "
                "it where that machine is lost."
            )
    lines.append(left_of(book, record["week"]))
    to_seal, to_bill = waiting(diary, book)
    record |= {"to_seal": to_seal, "to_bill": to_bill}
    for found, state, verb, does in (
        (to_seal, "Over, not sealed yet", "seal", "closes"),
        (to_bill, "Sealed, not billed yet", "bill", "submits"),
    ):
        if found:
            weeks = "week" if len(found) == 1 else "weeks"
            what = "it" if len(found) == 1 else "the first"
            chosen = format_selection(w - 1 for w in found)
            how = book.command(f"diary {verb}", found[0])
            lines.append(f"{state}: {weeks} {chosen}. {how} {does} {what}.")
    session.show(record, "\n".join(lines))


def _running(book: Book, timer: Timer, gaps: Gaps) -> tuple[dict[str, Any], list[str]]:
    """A running timer for programs and people; signs of life that stopped are taken up again."""
    pulse.revive(book.folder, timer.id)
    what = f' "{timer.memo}"' if timer.memo else ""
    passed = book.now - timer.since
    lines = [f"The timer{what} runs since {book.at(timer.since)}, {length(passed)}."]
    if passed > LONGEST:
        lines.append(f"Was it forgotten? {book.command('diary stop', '--at')} TIME ends it then.")
    lines += [
        f"  without a sign of life: {book.at(a)} to {book.at(b)} ({length(b - a)})" for a, b in gaps
    ]
    failed, why = pulse.captures_failed(book.folder, timer.id)
    if failed:
        lines.append(f"  {render.count(failed, 'capture')} failed, the last one because: {why}")
    return {**_timer_record(timer), "gaps": gaps, "captures_failed": failed}, lines


def _gaps(book: Book, timer: Timer, end: int) -> Gaps:
    """Stretches of a timer without a sign of life; none where nothing is known of it."""
    alive = pulse.alive(book.folder, timer.id)
    return () if alive is None else pulse.gaps(alive, timer.since, end)


def _timer_record(timer: Timer) -> dict[str, Any]:
    return {"since": timer.since, "memo": timer.memo, "tags": list(timer.tags), "zone": timer.zone}


def _require_no_other(book: Book) -> None:
    """Nobody works for two agreements at once. Raises InputError."""
    for path in places.diaries().glob(f"*/{_OWNERS}"):
        if path.parent != book.folder:
            raise InputError(
                f"A timer runs for another agreement, in {path.parent}. Stop it first, with "
                "`milepost diary stop` and that agreement's file, as it was to the byte."
            )


def _end_leftovers(book: Book) -> None:
    """End signs of life of timers that ended without them, as a crash leaves them."""
    for path in book.folder.glob(_OWNERS):
        with suppress(InputError):  # not the name of a timer
            pulse.end(book.folder, path.stem.removeprefix("pulse-"))


def _require_captures(book: Book) -> None:
    """Say what the agreement asks for. Raises InputError before there is a key to keep it with."""
    from milepost.diary.captures import Captures

    if not Captures(book.folder / pulse.CAPTURES).is_set_up:
        raise InputError(
            "This agreement asks for captures, which are kept encrypted. "
            f"{book.command('diary captures', '--set-up')} makes the key, with a password of yours."
        )
    render.progress(
        "This agreement asks for captures: a picture of the screen in each ten minutes while the "
        "timer runs, encrypted, for you to see and delete before anything is committed.",
        "yellow",
    )
