"""ActivityWatch: the export of all its buckets, or of one.

Active time is when a window was in front (`aw-watcher-window`) and somebody was there
(`aw-watcher-afk`), computer by computer; a computer with no watcher of windows is active when
somebody is there. Stretches with less than `GAP` between them are one. Names of programs, titles
and names of computers are private: none is in what this returns, and the caller gives the memo.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from milepost.diary.formats.reading import Collector, Context, Reading, json_of
from milepost.diary.rules import MEMO_LENGTH
from milepost.errors import InputError
from milepost.text import spaced

GAP = 60
"""Seconds without activity that do not end a stretch. Shorter than the 180 seconds after which
ActivityWatch takes somebody to be away, so that no absence is bridged."""

_WINDOW = "currentwindow"
_AFK = "afkstatus"

# A stretch in milliseconds.
_Span = tuple[int, int]


def read(content: bytes, context: Context) -> Reading:
    """The active time of an export, with the memo of `context`. Raises InputError."""
    if not context.memo.strip():
        raise InputError(
            "Frames of ActivityWatch have no memo of their own, because titles of windows are "
            "private. Give one with --memo."
        )
    if len(spaced(context.memo)) > MEMO_LENGTH:
        raise InputError(f"The memo is too long: {MEMO_LENGTH} characters are the most.")
    if context.only:
        raise InputError("ActivityWatch has no projects or tags: none can be chosen from it.")
    value = json_of(content, context.name)
    found = Collector(context)
    buckets = value.get("buckets") if isinstance(value, dict) else None
    if not isinstance(buckets, dict):
        raise found.error("the whole file", 'it has no "buckets". Export all of ActivityWatch.')
    active = _active(found, list(buckets.values()))
    short = 0
    for i, (start, end) in enumerate(_joined(active, GAP * 1000), 1):
        # Rounded inwards: never more than was active.
        begin, stop = -(-start // 1000), end // 1000
        if begin < stop:
            found.add(f"active stretch {i}", begin, stop, context.memo)
        else:
            short += 1
    if short:
        found.leave_out(f"{short} of its active stretches", "they are shorter than a second")
    return found.reading()


def _active(found: Collector, buckets: list[Any]) -> list[_Span]:
    """When somebody was active at one computer or another, in any order."""
    windows: dict[str, list[_Span]] = {}
    present: dict[str, list[_Span]] = {}
    others = 0
    for i, bucket in enumerate(buckets, 1):
        place = f"bucket {i}"
        if not isinstance(bucket, dict) or not isinstance(bucket.get("events"), list):
            raise found.error(place, "it has no list of events. Export it again.")
        host = str(bucket.get("hostname"))
        if bucket.get("type") == _WINDOW:
            windows.setdefault(host, []).extend(_spans(found, place, bucket["events"]))
        elif bucket.get("type") == _AFK:
            spans = _spans(found, place, bucket["events"], status="not-afk")
            present.setdefault(host, []).extend(spans)
        else:
            others += 1
    if not present or not windows.keys() <= present.keys():
        raise found.error(
            "the whole file",
            "a computer in it has no bucket of aw-watcher-afk, which tells when somebody was "
            "there. Export all buckets.",
        )
    if others:
        found.leave_out(f"{others} of its buckets", "they are neither of windows nor of presence")
    active: list[_Span] = []
    for host, spans in present.items():
        there = _joined(spans)
        active += _both(there, _joined(windows[host])) if host in windows else there
    return active


def _spans(
    found: Collector, place: str, events: list[Any], status: str | None = None
) -> Iterable[_Span]:
    for i, event in enumerate(events, 1):
        try:
            at = datetime.fromisoformat(event["timestamp"])
            duration = event["duration"]
            is_wanted = status is None or event["data"]["status"] == status
            if at.tzinfo is None or isinstance(duration, bool) or not 0 <= duration < math.inf:
                raise ValueError
            start = int(at.timestamp() * 1000)
            end = start + int(duration * 1000)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise found.error(
                f"{place}, event {i}",
                'it must have a "timestamp" with its offset, a "duration" in seconds, and '
                '"data". Export it again.',
            ) from None
        if is_wanted:
            yield start, end


def _joined(spans: Iterable[_Span], gap: int = 0) -> list[_Span]:
    """Spans by their start, those with less than `gap` between them as one."""
    joined: list[_Span] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= max(gap - 1, 0):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _both(a: list[_Span], b: list[_Span]) -> list[_Span]:
    """What two lists of spans, each in order, have in common."""
    common: list[_Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            common.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return common
