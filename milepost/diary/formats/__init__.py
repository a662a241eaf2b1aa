"""The files of the time trackers that people already use: what each holds, as frames.

A reader takes a file's content whole or raises InputError, and says what it left out. Import this
where a file is read: it is not needed at start-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from milepost.diary.formats import activitywatch, clockify, ical, timewarrior, toggl, watson
from milepost.diary.formats.reading import Context, DateOrder, Reading, json_of, text_of
from milepost.errors import InputError
from milepost.text import spaced

__all__ = ["FORMATS", "Context", "DateOrder", "Reader", "Reading", "guess"]

Reader = Callable[[bytes, Context], Reading]

FORMATS: Mapping[str, Reader] = MappingProxyType(
    {
        "watson": watson.read,
        "timewarrior": timewarrior.read,
        "toggl": toggl.read,
        "clockify": clockify.read,
        "activitywatch": activitywatch.read,
        "ical": ical.read,
    }
)
"""The readers by the names that `--from` takes."""

_BASIC_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


def guess(content: bytes, name: str) -> str:
    """Which of FORMATS the file called `name` has, by its content. Raises InputError."""
    text = text_of(content, name).lstrip()
    first, _, _ = text.partition("\n")
    found = None
    if text[:15].upper() == "BEGIN:VCALENDAR":
        found = "ical"
    elif text.startswith(("{", "[")):
        found = _of_json(json_of(content, name))
    elif text.startswith("inc "):
        found = "timewarrior"
    elif clockify.LAYOUT.matches(first):
        found = "clockify"
    elif toggl.LAYOUT.matches(first):
        found = "toggl"
    if found is None:
        raise InputError(
            f"{spaced(name)} does not show which program wrote it. Name that with --from: "
            f"{', '.join(FORMATS)}."
        )
    return found


def _of_json(value: Any) -> str | None:
    if isinstance(value, dict):
        return "activitywatch" if "buckets" in value else None
    match value:
        case [[_, _, *_], *_] | [{"project": _, "stop": _}, *_]:
            return "watson"
        case [{"start": str(start)}, *_] if _BASIC_TIME.fullmatch(start):
            return "timewarrior"
    return None
