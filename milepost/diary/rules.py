"""What an agreement says about its hours, and the rules that every entry keeps.

Times are Unix seconds, weeks are counted from zero. Nothing here reads or writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost.diary.entries import Entry, Frame
from milepost.diary.errors import EntryRefused
from milepost.errors import InputError
from milepost.text import is_printable, one_line
from milepost.types import MAX_MILESTONES
from milepost.units import HOUR, WEEK, format_time

if TYPE_CHECKING:
    from milepost.agreement import Agreement

COMPLETION = 12 * HOUR
"""Seconds after the end of a week in which entries of it are not late: until Monday noon, UTC."""

MEMO_LENGTH = 500
TAG_LENGTH = 50
TAGS = 20
ZONE_LENGTH = 100
KEY_LENGTH = 1_000
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no line has. Which characters print differs between versions of Unicode; these never do."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The hours of one agreement: `limit` is segments of a week, `start` the first week's first
    second, `scope` the hash of the agreement's file and `title` its title, in a line.
    """

    scope: bytes
    start: int
    limit: int
    allows_manual: bool = True
    asks_captures: bool = False
    title: str = ""

    @classmethod
    def of(cls, agreement: Agreement) -> Rules:
        """The rules of an hourly agreement. Raises InputError for another kind."""
        if agreement.kind != "hourly":
            raise InputError(
                f"A diary is for work by the hour, and this agreement is {agreement.kind}. "
                "`milepost submit` claims such work."
            )
        terms = agreement.terms
        return cls(
            terms.scope,
            terms.start,
            terms.units,
            agreement.allows_manual,
            agreement.asks_captures,
            one_line(agreement.title)[:MEMO_LENGTH],
        )

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

    def is_late(self, start: int, written_at: int) -> bool:
        """Whether an entry from `start` was written after its first week could be completed."""
        return written_at > start - (start - self.start) % WEEK + WEEK + COMPLETION

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
        if end - start > WEEK:
            raise EntryRefused(start, end, "an entry lasts a week at most")

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
    """Tags, each once, in their order. Raises InputError for one with a comma, or too many."""
    found = dict.fromkeys(_line(t, "A tag", TAG_LENGTH) for t in given)
    for tag in found:
        if "," in tag:
            raise InputError(f'The tag "{tag}" has a comma, which stands between tags.')
    if len(found) > TAGS:
        raise InputError(f"An entry has at most {TAGS} tags, and this has {len(found)}.")
    return list(found)


def zone_of(text: str) -> str:
    """The name of a time zone, as it was given. Raises InputError as `memo_of` does."""
    return _exact(text, "The name of a time zone", ZONE_LENGTH)


def key_of(text: str) -> str:
    """Another program's id, as it was given, or none. Raises InputError as `memo_of` does."""
    return _exact(text, "The id of an imported entry", KEY_LENGTH) if text else ""


def is_plain(text: str) -> bool:
    """Whether a text that others wrote can stand in a line: no control character, no half of a
    surrogate pair. Raises TypeError for what is no text.
    """
    return UNFIT.search(text) is None


def described(entry: Entry | Frame) -> str:
    """An entry in a line, for errors."""
    return f'{format_time(entry.start)} to {format_time(entry.end)} "{entry.memo}"'


def _line(text: str, what: str, longest: int) -> str:
    line = " ".join(text.split())
    if not line or not is_printable(line):
        raise InputError(f"{what} needs words, and no control characters.")
    if len(line) > longest:
        raise InputError(f"{what} has at most {longest} characters, and this has {len(line)}.")
    return line


def _exact(text: str, what: str, longest: int) -> str:
    if _line(text, what, longest) != text:
        raise InputError(f"{what} has no spaces around it, and single ones inside.")
    return text
