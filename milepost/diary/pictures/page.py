"""Weeks of the diary as one page of HTML that needs nothing else, to read, to send and to print.

It depends on its sheets alone, so it is the same whenever it is made of the same. Titles, memos and
tags are strangers' texts: they are only ever text, and a policy in the page forbids scripts and all
styles but its own. Weeks in different time zones are refused.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from string import Template

from milepost.diary.entries import in_hours
from milepost.diary.pictures import drawing
from milepost.diary.pictures.sheet import (
    Sheet,
    Stretch,
    clocks,
    day_name,
    kind_words,
    shown,
    stretches,
    totals,
)
from milepost.errors import InputError
from milepost.zones import local_day

_Content = str | ET.Element
_WEEKS = {"week": "", "worked": "amount", "limit": "amount", "over it": "amount"}
_WEEKS |= {"contested": "amount"}
_STRETCHES = {"date": "", "from": "short", "to": "short", "length": "amount", "kind": "some"}
_STRETCHES |= {"source": "some", "memo": "text", "tags": "some"}


def html(sheets: Sequence[Sheet]) -> str:
    """The page of weeks in the order given. Raises InputError for none, or for several zones."""
    if len({sheet.zone for sheet in sheets}) != 1:
        raise InputError("A page needs at least one week, and all of them in one time zone.")
    titles = {sheet.title for sheet in sheets}
    title = shown(sheets[0].title) if len(titles) == 1 else "Work diary"
    common = [fact for fact in sheets[0].facts if all(fact in sheet.facts for sheet in sheets)]
    zone = shown(str(sheets[0].zone))
    worked = sum(len(sheet.segments) for sheet in sheets)
    limit = sum(sheet.limit for sheet in sheets)
    head = [*common, ("worked", f"{in_hours(worked)} of {in_hours(limit)}"), ("times in", zone)]
    weeks = [] if len(sheets) == 1 else [_overview(sheets, len(titles) > 1)]
    for n, sheet in enumerate(sheets):
        own = [fact for fact in sheet.facts if fact not in common]
        weeks.append(_week(sheet, n, own, _name(sheet, len(titles) > 1)))
    style = _style()
    parts = {
        "hash": b64encode(sha256(style.encode()).digest()).decode(),
        "title": _written(_tag("title", title)),
        "style": style,
        "heading": _written(_tag("h1", _tag("bdi", title))),
        "facts": _written(_facts(head)),
        "weeks": "\n".join(map(_written, weeks)),
        "totals": _written(_totals(sheets)),
        "zone": zone,
    }
    return Template(_file("page.html")).substitute(parts)


def _overview(sheets: Sequence[Sheet], has_titles: bool) -> ET.Element:
    rows: list[list[_Content]] = [
        [
            _tag("a", _name(sheet, has_titles), href=f"#week-{n}"),
            in_hours(len(sheet.segments)),
            in_hours(sheet.limit),
            _length(sum(s.start in sheet.over for s in sheet.segments)),
            _length(sum(s.start in sheet.contested for s in sheet.segments)),
        ]
        for n, sheet in enumerate(sheets)
    ]
    return _tag("section", _tag("h2", "Weeks"), _table("Weeks", _WEEKS, rows))


def _week(sheet: Sheet, n: int, facts: Sequence[tuple[str, str]], name: str) -> ET.Element:
    picture = drawing.picture(sheet, f"w{n}", is_inline=True)
    section = _tag("section", _tag("h2", _tag("bdi", name), id=f"week-{n}"))
    if facts:
        section.append(_facts(facts))
    section.append(_tag("figure", picture, tabindex="0"))
    found = stretches(sheet.segments, sheet.contested, sheet.over)
    if found:
        rows = (_row(stretch, sheet) for stretch in found)
        section.append(_table(name, _STRETCHES, rows, "stretches"))
    return section


def _row(stretch: Stretch, sheet: Sheet) -> list[_Content]:
    return [
        day_name(local_day(stretch.start, sheet.zone)),
        *clocks(stretch.start, stretch.end, sheet.zone),
        in_hours(stretch.units),
        kind_words(stretch.kind, stretch.is_contested, stretch.is_over),
        _tag("bdi", shown(stretch.source)),
        _tag("bdi", shown(stretch.memo)),
        _tag("bdi", shown(", ".join(stretch.tags))),
    ]


def _totals(sheets: Sequence[Sheet]) -> ET.Element:
    found = totals((s for sheet in sheets for s in sheet.segments), sheets[0].zone)
    by_day = {f"{day_name(day)} {day.year}": units for day, units in found.by_day.items()}
    section = _tag("section", _tag("h2", "Totals"))
    if not found.units:
        section.append(_tag("p", "No work yet."))
        return section
    sums: list[tuple[str, Iterable[tuple[str, int]]]] = [
        ("kind", found.by_kind.items()),
        ("tag", found.by_tag.items()),
        ("memo", found.by_memo.items()),
        ("day", by_day.items()),
    ]
    tables = [
        _table(
            f"Totals by {name}",
            {name: "", "length": "amount"},
            ((_tag("bdi", shown(what)), in_hours(units)) for what, units in counted),
        )
        for name, counted in sums
        if counted
    ]
    section.append(_tag("div", *tables, class_="sums"))
    if any(len(set(s.tags)) > 1 for sheet in sheets for s in sheet.segments):
        section.append(_tag("p", "Work with several tags counts for each of them.", class_="muted"))
    return section


def _name(sheet: Sheet, has_title: bool) -> str:
    return f"{shown(sheet.title)}: {sheet.heading}" if has_title else sheet.heading


def _length(units: int) -> str:
    return in_hours(units) if units else "-"


def _facts(facts: Iterable[tuple[str, str]]) -> ET.Element:
    made = ET.Element("dl")
    for name, value in facts:
        made.append(_tag("dt", shown(name)))
        made.append(_tag("dd", _tag("bdi", shown(value))))
    return made


def _table(
    label: str, columns: Mapping[str, str], rows: Iterable[Sequence[_Content]], kind: str = ""
) -> ET.Element:
    """A table whose columns have a name and a class."""
    head = [_tag("th", name, scope="col", class_=style) for name, style in columns.items()]
    body = ET.Element("tbody")
    styles = list(columns.values())[1:]
    for first, *others in rows:
        cells = [_tag("td", c, class_=style) for c, style in zip(others, styles, strict=True)]
        body.append(_tag("tr", _tag("th", first, scope="row"), *cells))
    table = _tag("table", _tag("thead", _tag("tr", *head)), body, class_=kind)
    # What scrolls must be reached by the keyboard too.
    return _tag("div", table, class_="wide", role="region", tabindex="0", aria_label=label)


def _style() -> str:
    light, dark = (
        " ".join(f"--{name}: {colours[name]};" for name in ("ink", "muted", "line", "paper"))
        for colours in (drawing.LIGHT, drawing.DARK)
    )
    page = Template(_file("page.css")).substitute(light=light, dark=dark)
    return page + drawing.style()


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _tag(name: str, *content: _Content, **attributes: str) -> ET.Element:
    """An element; an attribute without a value is left out."""
    made = ET.Element(
        name, {key.rstrip("_").replace("_", "-"): v for key, v in attributes.items() if v}
    )
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def _written(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode", short_empty_elements=False)
