"""Timewarrior: what `timew export` prints, and the lines of its own files, such as 2026-03.data.

A frame's memo is its annotation, else its tags. It gets no key: the ids of Timewarrior number the
newest interval 1, and change with every new one. The interval that still runs is left out.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from milepost.diary.formats.reading import (
    Collector,
    Context,
    Reading,
    json_of,
    shown,
    tags_of,
    text_of,
)

_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_LINE = re.compile(r"inc (\S+)(?: - (\S+))?(?: #(?P<tags> .*))?")
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_ESCAPE = re.compile(r"\\(.)")
_BLANKS = dict.fromkeys("bfnrt", " ")


def read(content: bytes, context: Context) -> Reading:
    """The intervals of an export or of a file of Timewarrior. Raises InputError."""
    found = Collector(context)
    text = text_of(content, context.name)
    if text.lstrip().startswith(("[", "{")):
        _read_export(found, json_of(content, context.name))
    else:
        for i, line in enumerate(text.split("\n"), 1):
            if line.strip():
                _read_line(found, f"line {i}", line.strip())
    return found.reading()


def _read_export(found: Collector, items: Any) -> None:
    if not isinstance(items, list):
        raise found.error("the whole file", "it is no list of intervals. Take `timew export`.")
    for i, item in enumerate(items, 1):
        place = f"item {i}"
        if not isinstance(item, dict):
            raise found.error(place, "it is no interval. Export it again.")
        annotation = item.get("annotation", "")
        tags = tags_of(item.get("tags"))
        if tags is None or not isinstance(annotation, str):
            raise found.error(place, "its tags must be a list of texts, and its annotation a text.")
        _add(found, place, item.get("start"), item.get("end"), tags, annotation)


def _read_line(found: Collector, place: str, line: str) -> None:
    match = _LINE.fullmatch(line)
    if match is None:
        raise found.error(
            place,
            f"{shown(line)} is no interval. Take a file such as 2026-03.data, or `timew export`.",
        )
    tags, annotation = _words(match["tags"] or "")
    _add(found, place, match[1], match[2], tags, annotation)


def _words(text: str) -> tuple[tuple[str, ...], str]:
    """The tags, and the annotation that follows a lone #."""
    tags: list[str] = []
    at, text = 0, text.rstrip()
    while match := _WORD.match(text, at):
        at = match.end()
        if match[2] == "#":
            quoted = _WORD.fullmatch(text, at)
            # Old versions wrote annotations without quotes.
            if quoted is None or quoted[1] is None:
                return tuple(tags), text[at:]
            return tuple(tags), _unescaped(quoted[1])
        tags.append(match[2] if match[1] is None else _unescaped(match[1]))
    return tuple(tags), ""


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: _BLANKS.get(m[1], m[1]), text)


def _add(
    found: Collector, place: str, start: Any, end: Any, tags: tuple[str, ...], annotation: str
) -> None:
    begin = _seconds(found, place, start)
    if end is None:
        found.leave_out(place, "it still runs")
        return
    memo = annotation if annotation.strip() else " ".join(tags)
    found.add(place, begin, _seconds(found, place, end), memo, tags)


def _seconds(found: Collector, place: str, value: Any) -> int:
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return int(datetime.fromisoformat(value).timestamp())
    except ValueError:
        pass
    raise found.error(
        place, f"{shown(value)} is no time of Timewarrior's, such as 20260302T090000Z."
    )
