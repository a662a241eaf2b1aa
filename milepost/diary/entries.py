"""The values of the diary, and the one rule that turns time worked into segments.

A segment is ten minutes that begin at a multiple of ten minutes of UTC. It counts as worked where
entries cover half of it or more, 300 seconds, together; its memo, tags and kind are those of the
entry that covers most of it, the earlier one where two cover the same. Times are Unix seconds, and
an entry covers [start, end). Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from milepost.presets import UNIT
from milepost.types import ZERO_HASH
from milepost.units import HOUR, MINUTE


class Kind(StrEnum):
    """How an entry came into the diary.

    TRACKED: a timer ran. MANUAL: somebody wrote it by hand, or lengthened it. LATE: it was written
    after the time in which a week can be completed, whatever its source.
    """

    TRACKED = "tracked"
    MANUAL = "manual"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of work as another program has it. `key` is that program's own id, if it has one.

    `is_tracked` is whether a timer of that program ran, rather than somebody typing times.
    """

    start: int
    end: int
    memo: str
    tags: tuple[str, ...] = ()
    zone: str = "UTC"
    key: str = ""
    is_tracked: bool = True


class Entry(NamedTuple):
    """A stretch of work in the diary, as it stands after every edit.

    `source` is "timer", "hand" or the name of the program that it was imported from; `zone` the
    IANA name of the freelancer's time zone then; `recorded_at` when it was written, or made longer.
    """

    id: str
    start: int
    end: int
    zone: str
    memo: str
    tags: tuple[str, ...]
    source: str
    kind: Kind
    recorded_at: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Segment:
    """Ten minutes of work. `capture` is the hash of a picture of the screen, zero for none."""

    start: int
    zone: str
    kind: Kind
    source: str
    memo: str
    tags: tuple[str, ...] = ()
    capture: bytes = ZERO_HASH

    @property
    def end(self) -> int:
        """The second after its last."""
        return self.start + UNIT


def segments_of(entries: Iterable[Entry], first: int, end: int) -> list[Segment]:
    """The segments worked from `first` to `end`, both multiples of ten minutes, in their order.

    `entries` do not overlap.
    """
    covered: dict[int, int] = {}
    longest: dict[int, tuple[int, Entry]] = {}
    for entry in sorted(entries, key=lambda e: e.start):
        begin, stop = max(entry.start, first), min(entry.end, end)
        for start in range(begin - begin % UNIT, stop, UNIT):
            seconds = min(stop, start + UNIT) - max(begin, start)
            covered[start] = covered.get(start, 0) + seconds
            if start not in longest or seconds > longest[start][0]:
                longest[start] = seconds, entry
    return [
        _segment(start, longest[start][1])
        for start in sorted(covered)
        if covered[start] * 2 >= UNIT
    ]


def with_captures(segments: Iterable[Segment], captures: Mapping[int, bytes]) -> list[Segment]:
    """Segments with the hashes of the pictures that were taken in them, by their starts."""
    return [replace(s, capture=captures[s.start]) if s.start in captures else s for s in segments]


def length(seconds: int) -> str:
    """Seconds as a person says them: "1 h 5 min", "40 h"; seconds only below a minute."""
    if 0 < seconds < MINUTE:
        return f"{seconds} s"
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    parts = [f"{hours:,} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts) or "0 min"


def in_hours(units: int) -> str:
    """Segments as a person says them: 190 are "31 h 40 min"."""
    return length(units * UNIT)


def _segment(start: int, entry: Entry) -> Segment:
    return Segment(start, entry.zone, entry.kind, entry.source, entry.memo, entry.tags)
