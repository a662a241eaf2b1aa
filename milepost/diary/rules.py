"""What an agreement says about its hours, and the rules that every entry keeps.

Times are Unix seconds, weeks are counted from zero. Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from milepost.agreement import Agreement
from milepost.diary.entries import Entry, Frame
from milepost.diary.errors import EntryRefused
from milepost.errors import InputError
from milepost.types import MAX_MILESTONES
from milepost.units import HOUR, WEEK, format_time

COMPLETION = 12 * HOUR
"""Seconds after the end of a week in which entries of it are not late: until Monday noon, UTC."""

MEMO_LENGTH = 500
TAG_LENGTH = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """The hours of one agreement: `limit` is segments of a week, `start` the first week's first
    second, `scope` the hash of the agreement's file.
    """

    scope: bytes
    start: int
    limit: int
    allows_manual: bool = True
    asks_captures: bool = False

    @classmethod
    def of(cls, agreement: Agreement) -> Rules:
        """The rules of an hourly agreement. Raises InputError for another kind."""
        if agreement.kind != "hourly":
            raise InputError(
                f"A diary is for work by the hour, and this agreement is {agreement.kind}. "
                "`milepost submit` claims such work."
            )
        terms = agreement.terms
        manual, captures = agreement.allows_manual, agreement.asks_captures
        return cls(terms.scope, terms.start, terms.units, manual, captures)

    @property
    def end(self) -> int:
        """The second after the last week."""
        return self.week_start(MAX_MILESTONES)

    def week_of(self, second: int) -> int:
        """The week that a second is in."""
        return (second - self.start) // WEEK

    def week_start(self, week: int) -> int:
        """The first second of a week."""
        return self.start + week * WEEK

    def is_late(self, end: int, written_at: int) -> bool:
        """Whether an entry up to `end` was written after its week could be completed."""
        return written_at > self.week_start(self.week_of(end - 1) + 1) + COMPLETION

    def require_place(self, start: int, end: int, now: int) -> None:
        """Raises EntryRefused for an entry that ends before it starts, in the future, or outside of
        the agreement's weeks.
        """
        if start >= end:
            raise EntryRefused(start, end, "an entry ends after its start")
        if end > now:
            raise EntryRefused(start, end, f"it is {format_time(now)} now, and it ends later")
        if start < self.start:
            first = format_time(self.start)
            raise EntryRefused(start, end, f"the agreement's first week begins at {first}")
        if end > self.end:
            last = format_time(self.end)
            raise EntryRefused(start, end, f"the agreement's last week ends at {last}")

    def require_tracked(self, start: int, end: int, *, is_tracked: bool) -> None:
        """Raises EntryRefused for what was not tracked in time, where the agreement forbids it."""
        if not self.allows_manual and not is_tracked:
            problem = "the agreement takes only what was tracked in time, no manual or late entry"
            raise EntryRefused(start, end, problem)


def memo_of(text: str) -> str:
    """What was worked on, in one line. Raises InputError without words, or where it is too long."""
    return _line(text, "A memo", MEMO_LENGTH)


def reason_of(text: str) -> str:
    """Why an entry is changed. Raises InputError as `memo_of` does."""
    return _line(text, "A reason", MEMO_LENGTH)


def tags_of(given: Iterable[str]) -> list[str]:
    """Tags, each once, in their order. Raises InputError for one with a comma."""
    found = dict.fromkeys(_line(t, "A tag", TAG_LENGTH) for t in given)
    for tag in found:
        if "," in tag:
            raise InputError(f'The tag "{tag}" has a comma, which stands between tags.')
    return list(found)


def described(entry: Entry | Frame) -> str:
    """An entry in a line, for errors."""
    return f'{format_time(entry.start)} to {format_time(entry.end)} "{entry.memo}"'


def _line(text: str, what: str, longest: int) -> str:
    line = " ".join(text.split())
    if not line or not line.isprintable():
        raise InputError(f"{what} needs words, and no control characters.")
    if len(line) > longest:
        raise InputError(f"{what} has at most {longest} characters, and this has {len(line)}.")
    return line
