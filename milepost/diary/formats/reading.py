"""What readers of other programs' files share: what they are told, what they give, and the rules.

A fault in a file refuses it whole. What is no work yet, or no time at all, is left out and said,
and so is the rest of a memo or a tag that is too long for the diary. Both are strangers' texts:
white space in them becomes single spaces, every other character that does not print U+FFFD, and a
comma in a tag, which the diary has between tags, a semicolon.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from milepost import json_text
from milepost.diary.entries import Frame
from milepost.diary.rules import MEMO_LENGTH, TAG_LENGTH
from milepost.errors import InputError
from milepost.text import is_printable, spaced

KEY_LENGTH = 500
"""Characters of another program's id for a frame."""

_LAST = 253_402_300_799  # the end of the year 9999, after which Python has no days
_SHOWN = 60  # characters of a file in a message


class DateOrder(StrEnum):
    """What comes first in dates such as 03/04/2026."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True)
class Context:
    """What a file does not say: its `name` for messages, the freelancer's zone, the Unix time now.

    `date_order` is for dates that fit both; `memo` is that of a frame that has none. Where
    `only` names projects or tags, a frame must have one of them.
    """

    name: str
    zone: ZoneInfo
    now: int
    date_order: DateOrder | None = None
    memo: str = ""
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's frames by their start, and a sentence for each thing in it that was left out."""

    frames: tuple[Frame, ...]
    left_out: tuple[str, ...]


@dataclass(slots=True)
class Collector:
    """The frames of one file while it is read."""

    context: Context
    frames: list[Frame] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    others: int = 0

    def add(
        self,
        place: str,
        start: int,
        end: int,
        memo: str,
        tags: tuple[str, ...] = (),
        key: str = "",
        *,
        project: str = "",
        is_tracked: bool = True,
    ) -> None:
        """Add what stands at `place`, or leave it out where it has no length. Raises InputError."""
        if end < start:
            raise self.error(place, "it ends before it begins. Mend it there, and export again.")
        if start < 0 or end > _LAST:
            raise self.error(place, "it is not between the years 1970 and 9999.")
        if len(key) > KEY_LENGTH or not is_printable(key):
            raise self.error(
                place, f"its id is longer than {KEY_LENGTH} characters, or does not print."
            )
        if start == end:
            self.leave_out(place, "it has no length")
            return
        tags = tuple(spaced(tag) for tag in tags)
        only = self.context.only
        if only and not {spaced(project), *tags}.intersection(only):
            self.others += 1
            return
        tags = tuple(self._cut(place, "tag", t.replace(",", ";"), TAG_LENGTH) for t in tags if t)
        memo = self._cut(place, "memo", spaced(memo) or spaced(self.context.memo), MEMO_LENGTH)
        zone = self.context.zone.key
        tags = tuple(dict.fromkeys(tags))
        self.frames.append(Frame(start, end, memo, tags, zone, key, is_tracked))

    def leave_out(self, place: str, why: str) -> None:
        """Say that what stands at `place` is left out, and why."""
        self.left_out.append(f"{spaced(self.context.name)}, {place}, left out: {why}.")

    def error(self, place: str, problem: str) -> InputError:
        """That what stands at `place` is wrong."""
        return InputError(f"{spaced(self.context.name)}, {place}: {problem}")

    def reading(self) -> Reading:
        """All of it, by start."""
        if self.others:
            named = " or ".join(shown(name) for name in self.context.only)
            self.leave_out(f"{self.others} of its items", f"they are not of {named}")
        frames = sorted(self.frames, key=lambda f: (f.start, f.end))
        return Reading(tuple(frames), tuple(self.left_out))

    def _cut(self, place: str, what: str, text: str, length: int) -> str:
        if len(text) <= length:
            return text
        name = spaced(self.context.name)
        self.left_out.append(
            f"{name}, {place}: its {what} has {len(text)} characters and is cut to {length}."
        )
        return cut(text, length)


def cut(text: str, length: int) -> str:
    """`text`, or its beginning with an ellipsis in `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def shown(value: object) -> str:
    """The beginning of something in a file, in quotes, for a message."""
    return f'"{cut(spaced(str(value)[: 10 * _SHOWN]), _SHOWN)}"'


def text_of(content: bytes, name: str) -> str:
    """The text of a file in UTF-8, with or without a mark before it. Raises InputError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{spaced(name)} is not a text in UTF-8. Export it again.") from None


def json_of(content: bytes, name: str) -> Any:
    """The JSON of a file. Raises InputError."""
    text_of(content, name)
    try:
        return json_text.loads(content)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{spaced(name)}, line {error.lineno}: not JSON ({error.msg}). Export it again."
        ) from None
    except ValueError:
        raise InputError(
            f"{spaced(name)} is JSON with a number or a depth that no time tracker writes."
        ) from None


def tags_of(value: object) -> tuple[str, ...] | None:
    """A JSON list of texts, none for null; None for anything else."""
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return tuple(value)
    return None
