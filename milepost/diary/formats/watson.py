"""Watson: its file `frames`, and what `watson log --json` prints.

A frame's memo is its project, with the message that some versions keep after it; its key is
Watson's id. The frame that still runs is left out. `watson report` has totals only, and is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from milepost.diary.formats.reading import Collector, Context, Reading, json_of, shown, tags_of
from milepost.errors import InputError

# The id that `watson log --current` gives the frame that has no end.
_RUNNING = "current"


def read(content: bytes, context: Context) -> Reading:
    """The frames of a file of Watson. Raises InputError."""
    items = json_of(content, context.name)
    found = Collector(context)
    if not isinstance(items, list):
        raise found.error(
            "the whole file",
            "it is no list of frames. Take Watson's file `frames`, or `watson log --json --all`.",
        )
    for i, item in enumerate(items, 1):
        _add(found, f"item {i}", item)
    return found.reading()


def _add(found: Collector, place: str, item: Any) -> None:
    match item:
        case [start, stop, project, key, *rest]:
            tags, _, note, *_ = [*rest, None, None, None]
            times = _unix(found, place, start), _unix(found, place, stop)
        case {"start": start, "stop": stop, "project": project, "id": key}:
            if key == _RUNNING:
                found.leave_out(place, "it still runs")
                return
            tags, note = item.get("tags"), item.get("message")
            times = _iso(found, place, start), _iso(found, place, stop)
        case _:
            raise found.error(
                place,
                "a frame is [start, stop, project, id, tags, updated_at], or has these by name. "
                "Export it again.",
            )
    if not isinstance(project, str) or not isinstance(key, str):
        raise found.error(place, "its project and its id must be texts.")
    texts = tags_of(tags)
    if texts is None:
        raise found.error(place, "its tags must be a list of texts.")
    memo = f"{project}: {note}" if isinstance(note, str) and note.strip() else project
    found.add(place, *times, memo, texts, key, project=project)


def _unix(found: Collector, place: str, value: Any) -> int:
    if type(value) is not int:
        raise _no_time(found, place, value)
    return value


def _iso(found: Collector, place: str, value: Any) -> int:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _no_time(found, place, value) from None
    if at.tzinfo is None:
        raise _no_time(found, place, value)
    return int(at.timestamp())


def _no_time(found: Collector, place: str, value: Any) -> InputError:
    return found.error(
        place, f"{shown(value)} is no time of Watson's, Unix seconds or 2026-03-02T09:00:00+01:00."
    )
