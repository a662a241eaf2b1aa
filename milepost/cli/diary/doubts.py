"""What a client may look at before they approve a week, in words that are the same for both sides.

Nothing here says that work was not done: it names what is proved the least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from milepost.diary.diary import HAND
from milepost.diary.entries import Kind, in_hours
from milepost.diary.rules import Rules
from milepost.diary.state import TIMER
from milepost.diary.weeks import Week
from milepost.text import spaced
from milepost.types import ZERO_HASH
from milepost.units import DAY, format_time

LONG_DAY = 12 * 6
"""Segments of a day of UTC above which it is named."""
BRIEF = 4
"""Letters that a memo has at least, or it is named."""

_KINDS = {
    Kind.MANUAL: "written by hand, or lengthened, and seen by no timer",
    Kind.LATE: "written after the week could be completed",
}


def doubts(week: Week, rules: Rules) -> list[str]:
    """Each thing to look at as a sentence without its stop; none where all was tracked."""
    segments = week.segments
    kinds = Counter(s.kind for s in segments)
    found = [f"{in_hours(kinds[k])} {k}: {words}" for k, words in _KINDS.items() if kinds[k]]
    sources = Counter(s.source for s in segments)
    found += [
        f"{in_hours(sources[source])} recorded by {spaced(source)}, not by the diary's own timer"
        for source in sorted(sources)
        if source not in (TIMER, HAND)
    ]
    days = Counter(s.start // DAY for s in segments)
    found += [
        f"{in_hours(days[day])} on {format_time(day * DAY)[:10]} (UTC) alone"
        for day in sorted(days)
        if days[day] > LONG_DAY
    ]
    # Not its length: spaces, dots and what is not seen say nothing.
    if brief := sum(sum(map(str.isalnum, s.memo)) < BRIEF for s in segments):
        found.append(f"{in_hours(brief)} with memos of fewer than {BRIEF} letters")
    if rules.asks_captures and (bare := sum(s.capture == ZERO_HASH for s in segments)):
        found.append(f"{in_hours(bare)} without a capture")
    if again := _again(s.capture for s in segments if s.capture != ZERO_HASH):
        found.append(f"{in_hours(again)} with a capture that stands at other segments, too")
    return found


def _again(captures: Iterable[bytes]) -> int:
    """How many of these are not the only one of their kind."""
    return sum(count for count in Counter(captures).values() if count > 1)
