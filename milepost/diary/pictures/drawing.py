"""A week of the diary as an SVG picture, the same to the byte whenever it is drawn of the same.

Each mark has a pattern as well as a colour, and each cell says in words what it is. The picture
loads nothing and runs nothing; memos are shown as text.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from milepost.diary.entries import in_hours
from milepost.diary.pictures.sheet import (
    AGAIN,
    CELL,
    Cell,
    Mark,
    Row,
    Sheet,
    clocks,
    day_name,
    hours,
    kind_words,
    legend,
    rows,
    shown,
)
from milepost.presets import UNIT
from milepost.zones import local_day

# By name, on white and on black, as the pictures of the ledger have them.
LIGHT = {
    "ink": "#1b2430",
    "muted": "#5b6673",
    "line": "#dde2e8",
    "paper": "#ffffff",
    "empty": "#eef1f4",
    "running": "#9dcbea",
    "tracked": "#0b6e99",
    "manual": "#f0a21a",
    "late": "#c77fb0",
    "over": "#ffffff",
    "contested": "#c2410c",
}
DARK = {
    "ink": "#e8ecf1",
    "muted": "#a3aebb",
    "line": "#37414d",
    "paper": "#151a21",
    "empty": "#2b333d",
    "running": "#4b7fa3",
    "tracked": "#58b4dd",
    "manual": "#f0a21a",
    "late": "#d49ac2",
    "over": "#151a21",
    "contested": "#ef6a3a",
}
FONT = '"DejaVu Sans", Verdana, sans-serif'

_WIDTH, _MARGIN = 900, 16  # of the picture, in its own units, as all below
_LEFT, _RIGHT = 112, 788  # of the hours
_ROW, _BAR = 26, 20
_FROM = 270.0  # where the marks of the legend begin
_CHARACTER = 6.8  # about as wide as one is
_MOST = 100  # characters of what may be long
_SIZE = 6  # of a pattern
_LINES = {
    Mark.MANUAL: "M-1,1 1,-1 M0,6 6,0 M5,7 7,5",
    Mark.LATE: "M0,1.5 H6 M0,4.5 H6",
    Mark.CONTESTED: "M0,6 6,0 M0,0 6,6",
    Mark.OVER: "M1.5,0 V6 M4.5,0 V6",
    Mark.RUNNING: "M1,3 H4",
}


def svg(sheet: Sheet) -> str:
    """The picture of a week with its heading and facts, as a file. Light or dark as the reader."""
    root = picture(sheet)
    rules = ET.Element("style")
    rules.text = style()
    root.insert(2, rules)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def style() -> str:
    """The rules that pictures need, on light and on dark screens and on paper."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{_rules(DARK)}\n}}"
    return f"{_rules(LIGHT)}\n{dark}"


def picture(sheet: Sheet, name: str = "week", *, is_inline: bool = False) -> ET.Element:
    """The picture as an element; `name` sets its ids apart from those of others in a document.

    `is_inline` makes it a part of a page that has `style` and says the heading and facts itself.
    """
    drawn = rows(sheet)
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    title, words = ET.SubElement(root, "title"), ET.SubElement(root, "desc")
    title.text = f"{shown(sheet.title, _MOST)}: {sheet.heading}"
    words.text = _words(sheet, drawn)
    root.append(_patterns(name))
    if not is_inline:
        ground = _box(root, 0, 0, _WIDTH, 0)
        ground.set("class", "paper")
    y = 0.0 if is_inline else _head(root, sheet)
    y = _days(root, sheet, drawn, name, y + 16)
    y = _legend(root, sheet, name, y + 22)
    if any(row.units is None for row in drawn):
        y += 20
        _text(root, _MARGIN, y, AGAIN, "muted")
    y += _MARGIN
    if is_inline:
        root.set("viewBox", f"{_MARGIN} 0 {_WIDTH - 2 * _MARGIN} {y:g}")
    else:
        root.set("viewBox", f"0 0 {_WIDTH} {y:g}")
        root.set("width", str(_WIDTH))
        root.set("height", f"{y:g}")
        ground.set("height", f"{y:g}")
    return root


def _head(root: ET.Element, sheet: Sheet) -> float:
    """Title, heading and facts; gives the place below them."""
    _text(root, _MARGIN, 32, shown(sheet.title, 80), "title")
    y = 54
    _text(root, _MARGIN, y, f"{sheet.heading}. Times in {shown(str(sheet.zone))}.", "muted")
    facts = [(shown(name, 24), shown(value, _MOST)) for name, value in sheet.facts]
    x = _MARGIN + 14 + _CHARACTER * max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        y += 18
        _text(root, _MARGIN, y, name, "muted")
        _text(root, x, y, value)
    return y + 14


def _days(root: ET.Element, sheet: Sheet, drawn: Sequence[Row], name: str, top: float) -> float:
    """Hours, rows and sums of days; gives the place below them."""
    low, high = hours(drawn)
    scale = (_RIGHT - _LEFT) / ((high - low) * 60)

    def place(minute: int) -> float:
        return _LEFT + (min(max(minute, low * 60), high * 60) - low * 60) * scale

    bottom = top + 8 + _ROW * len(drawn)
    for n, row in enumerate(drawn):
        y = top + 8 + n * _ROW
        for begin, end in row.spans:
            if begin < high * 60 and end > low * 60:
                box = _box(root, place(begin), y, place(end) - place(begin), _BAR)
                _filled(box, Mark.EMPTY, name)
    for hour in range(low, high + 1):
        x = place(hour * 60)
        line = {"x1": f"{x:g}", "x2": f"{x:g}", "y1": f"{top + 5:g}", "y2": f"{bottom:g}"}
        ET.SubElement(root, "line", {"class": "hour", **line})
        _text(root, x, top, f"{hour:02}", "muted middle")
    gap = 1 if high - low <= 14 else 0.5
    for n, row in enumerate(drawn):
        y = top + 8 + n * _ROW
        _text(root, _MARGIN, y + 14.5, row.name)
        for cell in row.cells:
            x = place(cell.minute)
            box = _filled(_box(root, x, y, CELL * scale - gap, _BAR), cell.mark, name)
            ET.SubElement(box, "title").text = _tip(sheet, cell)
        if row.units is not None:
            total = (in_hours(row.units), "end") if row.units else ("-", "end muted")
            _text(root, _WIDTH - _MARGIN, y + 14.5, *total)
    return bottom


def _legend(root: ET.Element, sheet: Sheet, name: str, y: float) -> float:
    """The marks that occur and how much there is of each; gives the place of the last line."""
    _text(root, _MARGIN, y, f"Total {sheet.worked}", "strong")
    x = _FROM
    for mark, words in legend(sheet):
        needed = 20 + _CHARACTER * len(words) + 18
        if x + needed > _WIDTH:
            x, y = _FROM, y + 20
        _filled(_box(root, x, y - 11, 14, 14), mark, name)
        _text(root, x + 20, y, words)
        x += needed
    return y


def _patterns(name: str) -> ET.Element:
    made = ET.Element("defs")
    for mark, lines in _LINES.items():
        size = {"width": str(_SIZE), "height": str(_SIZE)}
        of = {"id": f"{name}-{_css(mark)}", "patternUnits": "userSpaceOnUse", **size}
        pattern = ET.SubElement(made, "pattern", of)
        ET.SubElement(pattern, "rect", {"class": _css(mark), **size})
        of_lines = "lines over-lines" if mark is Mark.OVER else "lines"
        ET.SubElement(pattern, "path", {"class": of_lines, "d": lines})
    return made


def _box(parent: ET.Element, x: float, y: float, width: float, height: float) -> ET.Element:
    place = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return ET.SubElement(parent, "rect", place)


def _filled(box: ET.Element, mark: Mark, name: str) -> ET.Element:
    if mark in _LINES:
        box.set("fill", f"url(#{name}-{_css(mark)})")
    else:
        box.set("class", _css(mark))
    return box


def _text(parent: ET.Element, x: float, y: float, text: str, kind: str = "") -> ET.Element:
    made = ET.SubElement(parent, "text", {"x": f"{x:g}", "y": f"{y:g}"})
    made.text = text
    if kind:
        made.set("class", kind)
    return made


def _tip(sheet: Sheet, cell: Cell) -> str:
    """What a cell is, in words."""
    start, zone = cell.start, sheet.zone
    begin, until = clocks(start, start + UNIT, zone)
    when = f"{day_name(local_day(start, zone))}, {begin} to {until}"
    if cell.segment is None:
        return f"{when}, {cell.mark}"
    kind = kind_words(cell.segment.kind, start in sheet.contested, start in sheet.over)
    return f"{when}, {kind}: {shown(cell.segment.memo, _MOST)}"


def _words(sheet: Sheet, drawn: Sequence[Row]) -> str:
    """The picture for whoever cannot see it."""
    days = [f"{row.name} {in_hours(row.units)}" for row in drawn if row.units]
    marks = [words for _, words in legend(sheet)]
    return f"{sheet.worked}. {', '.join(days) or 'No work'}. {', '.join(marks)}"


def _css(mark: Mark) -> str:
    return mark.name.lower()


def _rules(colours: Mapping[str, str]) -> str:
    fills = [f"svg .{mark} {{ fill: {colours[mark]} }}" for mark in map(_css, Mark)]
    return "\n".join(
        [
            f"svg text {{ font: 12px {FONT}; fill: {colours['ink']} }}",
            f"svg .muted {{ fill: {colours['muted']} }}",
            "svg .title { font-size: 17px; font-weight: bold }",
            "svg .strong { font-weight: bold }",
            "svg .end { text-anchor: end }",
            "svg .middle { text-anchor: middle }",
            f"svg .paper {{ fill: {colours['paper']} }}",
            f"svg .hour {{ stroke: {colours['line']} }}",
            f"svg .lines {{ stroke: {colours['paper']}; stroke-width: 1.1; fill: none }}",
            f"svg .over-lines {{ stroke: {colours['tracked']}; stroke-width: 1.4; fill: none }}",
            *fills,
        ]
    )
