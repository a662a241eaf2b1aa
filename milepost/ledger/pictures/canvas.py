"""How pictures look, and how they become files: one style, whatever the machine's own settings are.

A picture is the same to the byte whenever it is drawn of the same numbers. Nothing here knows what
is drawn. What strangers wrote is shown as it is, never as a formula, and never obeyed.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from milepost.errors import ExtraMissing, InputError
from milepost.files import write_whole
from milepost.ledger.pictures.labels import calendar, moment, ticks
from milepost.units import MINUTE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# By name, on white and on black. Without colours they still differ in lightness or hatching.
LIGHT = {
    "ink": "#1b2430",
    "muted": "#5b6673",
    "line": "#dde2e8",
    "paper": "#ffffff",
    "offered": "#eef1f4",
    "active": "#9dcbea",
    "submitted": "#f0a21a",
    "approved": "#0a6b50",
    "refund": "#c77fb0",
    "disputed": "#c2410c",
    "money": "#0b6e99",
}
DARK = {
    "ink": "#e8ecf1",
    "muted": "#a3aebb",
    "line": "#37414d",
    "paper": "#151a21",
    "offered": "#2b333d",
    "active": "#4b7fa3",
    "submitted": "#f0a21a",
    "approved": "#3fb68b",
    "refund": "#d49ac2",
    "disputed": "#ef6a3a",
    "money": "#58b4dd",
}
WIDTH = 9.0  # inches of every picture
_LINE, _MARGIN = 0.23, 0.12  # inches
_FONT = "DejaVu Sans"  # comes with matplotlib
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a picture, in it or outside of it."""

    title: str
    subtitle: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, its heading, and what it says in words for whoever cannot see it."""

    heading: Heading
    words: str
    figure: Figure


@contextmanager
def style(salt: str = "") -> Iterator[None]:
    """What is drawn and written within has the project's style. Raises ExtraMissing.

    Not in two threads at once: it changes matplotlib's settings until the end, as it has no others.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise ExtraMissing("A picture", "reports") from error
    with mpl.rc_context(), warnings.catch_warnings():
        # A letter that the font lacks is the browser's affair in SVG, and a box in PNG.
        warnings.filterwarnings("ignore", "Glyph ")
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": _FONT,
                "font.size": 9,
                "text.parse_math": False,
                "text.color": LIGHT["ink"],
                "axes.edgecolor": LIGHT["muted"],
                "axes.labelcolor": LIGHT["muted"],
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
                "grid.color": LIGHT["line"],
                "grid.linewidth": 0.8,
                "xtick.color": LIGHT["muted"],
                "ytick.color": LIGHT["muted"],
                "xtick.labelsize": 8.5,
                "ytick.labelsize": 8.5,
                "legend.frameon": False,
                "legend.fontsize": 8.5,
                "legend.borderpad": 0,
                "legend.borderaxespad": 0,
                "legend.handlelength": 1.6,
                "legend.columnspacing": 1.5,
                "hatch.linewidth": 1.1,
                "svg.fonttype": "none",
                "svg.hashsalt": salt or "milepost",
            }
        )
        yield


def sheet(heading: Heading | None, height: float, *legends: Sequence[Artist]) -> Figure:
    """A figure under a heading and a line for each legend; `height` is inches of what is empty."""
    from matplotlib.figure import Figure

    whole = height + _LINE * len(legends) + (0.62 if heading else 0.1)
    figure = Figure((WIDTH, whole), facecolor=LIGHT["paper"], layout="constrained")
    left, top = _MARGIN / WIDTH, whole
    if heading:
        top -= _MARGIN
        figure.text(left, top / whole, heading.title, fontsize=12, fontweight="bold", va="top")
        top -= 0.28
        below = figure.text(left, top / whole, heading.subtitle, va="top", fontsize=8.5)
        below.set_color(LIGHT["muted"])
        top -= _LINE
    for legend in legends:
        made = figure.legend(
            handles=legend,
            ncols=len(legend),
            loc="upper left",
            bbox_to_anchor=(left, top / whole),
        )
        made.set_in_layout(False)
        top -= _LINE
    engine = figure.get_layout_engine()
    assert engine is not None
    rest = (left, 0, 1 - 2 * left, (height - _MARGIN) / whole)
    engine.set(rect=rest, w_pad=0, h_pad=0.1, hspace=0)  # type: ignore[call-arg]
    return figure


def finish(heading: Heading, words: str, figure: Figure) -> Chart:
    """The picture with everything in its place, which no way of writing it moves."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)
    figure.set_layout_engine("none")
    return Chart(heading, words, figure)


def time_axis(axis: Axes, since: int, until: int) -> None:
    """The horizontal axis, in Unix seconds, as a calendar in UTC with a little room around."""
    room = (until - since) // 40 + 1 if until > since else MINUTE
    axis.set_xlim(since - room, until + room)
    places = ticks(since - room, until + room)
    axis.set_xticks(places, calendar([moment(place) for place in places]))
    axis.set_xlabel("time, UTC")


def save(chart: Chart, path: Path) -> None:
    """Write a picture as SVG or PNG, as the name ends. Raises InputError."""
    if kind_of(path) == "svg":
        content = svg(chart).encode()
    else:
        drawn = io.BytesIO()
        with style():
            chart.figure.savefig(drawn, format="png", dpi=160, metadata={"Software": None})
        content = drawn.getvalue()
    write_whole({path: content})


def kind_of(path: Path) -> Literal["svg", "png"]:
    """The kind of picture that a file is to be. Raises InputError for any other than two."""
    match path.suffix.lower():
        case ".svg":
            return "svg"
        case ".png":
            return "png"
    raise InputError(f"{path}: a picture is a file that ends in .svg or .png.")


def svg(chart: Chart, name: str = "picture", *, is_inline: bool = False) -> str:
    """A picture as SVG. `name` sets its ids apart from those of others in a document.

    `is_inline` makes it a part of HTML whose colours are the variables `--ink` and so on.
    """
    drawn = io.StringIO()
    with style(name):
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        chart.figure.savefig(drawn, format="svg", metadata=empty)
    root = ET.fromstring(drawn.getvalue())
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', drawn.getvalue()))
    for element in root.iter():
        found = element.attrib.pop("id", None)
        if found in used:
            element.set("id", f"{name}-{found}")
        for key, value in element.attrib.items():
            if key == "style" or "#" in value:
                element.set(key, _restyled(value, name, used, is_inline=is_inline))
    label, words = ET.Element(f"{{{_SVG}}}title"), ET.Element(f"{{{_SVG}}}desc")
    label.text, words.text = chart.heading.title, chart.words
    root[:0] = [label, words]
    root.set("role", "img")
    text = ET.tostring(root, encoding="unicode")
    return text if is_inline else f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _restyled(value: str, name: str, used: set[str], *, is_inline: bool) -> str:
    """An attribute with the picture's own ids, wide enough fonts and, inline, variable colours."""
    for key in used:
        value = value.replace(f"#{key}", f"#{name}-{key}")
    value = value.replace(f"'{_FONT}'", f"'{_FONT}', Verdana, sans-serif")
    if is_inline:
        for colour, code in LIGHT.items():
            value = value.replace(code, f"var(--{colour})")
    return value
