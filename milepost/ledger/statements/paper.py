"""Paper to write documents on: A4 as PDF, with fonts for most scripts, the same bytes every time.

The library that draws and the fonts come with the extra `reports`. Lengths are millimetres, sizes
of letters points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.errors import ExtraMissing, InputError
from milepost.text import one_line

if TYPE_CHECKING:
    from fpdf import FPDF

MARGIN = 20.0
WIDTH = 210 - 2 * MARGIN
TEXT, BOLD, MONO = "text", "bold", "mono"
BLACK, GREY, GREEN, LIGHT = (20, 20, 20), (105, 105, 105), (22, 110, 60), (238, 240, 242)

_OTHER = "other"
_FONTS = {TEXT: "DejaVuSans", BOLD: "DejaVuSans-Bold", MONO: "DejaVuSansMono"}
_FONT_MARKS = (b"\0\1\0\0", b"true", b"OTTO", b"ttcf")  # with which a font's file begins


@contextmanager
def paper(font: Path | None = None) -> Iterator[Paper]:
    """A first page. `font` is one for letters that DejaVu lacks.

    Raises ExtraMissing, and InputError where the font cannot be used.
    """
    try:
        from fpdf import FPDF
    except ModuleNotFoundError as error:
        raise ExtraMissing("A document in PDF", "reports") from error
    pdf = FPDF(format="A4")
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(True, MARGIN)
    pdf.c_margin = 0  # text begins where boxes and lines do
    try:
        _add_fonts(pdf, font)
        pdf.add_page()
        yield Paper(pdf)
    finally:
        for used in pdf.fonts.values():
            if hasattr(used, "close"):  # its file is open until it is written
                used.close()


class Paper:
    """A document that is being written, with a pen that stands somewhere on its last page."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf

    @property
    def page(self) -> int:
        """The number of the page, from one."""
        return self._pdf.page

    @property
    def y(self) -> float:
        """How far down the page the pen stands."""
        return self._pdf.get_y()

    def at(self, x: float, y: float) -> None:
        """Put the pen somewhere, `x` from the left margin."""
        self._pdf.set_xy(MARGIN + x, y)

    def write(
        self,
        text: str,
        size: float,
        *,
        font: str = TEXT,
        colour: tuple[int, int, int] = BLACK,
        width: float = WIDTH,
        align: str = "L",
        height: float | None = None,
    ) -> None:
        """Write lines, wrapped at `width`; the pen goes below them."""
        self._pdf.set_font(font, size=size)
        self._pdf.set_text_color(*colour)
        self._pdf.multi_cell(
            width, height or size * 0.52, lines(text), align=align, new_x="LEFT", new_y="NEXT"
        )

    def pair(self, name: str, value: str, size: float, *, font: str = TEXT) -> None:
        """Write a name, and its value beside it."""
        self.keep_together(size)
        y = self.y
        self.at(0, y)
        self.write(name, 8 if font == MONO else size, colour=GREY, width=30)
        self.at(30, y)
        self.write(value, size, font=font, width=WIDTH - 30, height=4.16 if size < 9 else None)
        self.at(0, self.y)

    def box(self, height: float) -> None:
        """Fill a strip across the page; the pen stays."""
        self._pdf.set_fill_color(*LIGHT)
        self._pdf.rect(MARGIN, self.y, WIDTH, height, style="F")

    def rule(self, gap: float = 2) -> None:
        """Draw a line across the page, with a gap on both sides."""
        y = self.y + gap
        self._pdf.set_draw_color(*GREY)
        self._pdf.set_line_width(0.2)
        self._pdf.line(MARGIN, y, MARGIN + WIDTH, y)
        self.at(0, y + gap)

    def keep_together(self, height: float) -> None:
        """Go to the next page where what comes would be torn apart."""
        if self._pdf.will_page_break(height):
            self._pdf.add_page()

    def require_letters(self, texts: Iterable[str]) -> None:
        """Raises InputError for a letter that no font has."""
        known = self._letters()
        missing = sorted({c for text in texts for c in lines(text) if ord(c) not in known})
        if missing:
            shown = " ".join(missing)
            raise InputError(f"The font has no {shown}. Give one that has, with --font.")

    def in_letters(self, text: str) -> str:
        """A text of which each letter that no font has is replaced by one that shows so."""
        known = self._letters()
        return "".join(c if ord(c) in known else "\ufffd" for c in lines(text))

    def _letters(self) -> set[int]:
        known = {ord("\n")}
        for name in (TEXT, _OTHER):
            known |= set(getattr(self._pdf.fonts.get(name), "cmap", ()))
        return known

    def finish(self, title: str, author: str, created: datetime) -> bytes:
        """The whole document, which carries the time `created` and no other."""
        self._pdf.set_title(title)
        if author:
            self._pdf.set_author(author)
        self._pdf.set_creator("Milepost")
        self._pdf.set_lang("en")
        self._pdf.set_creation_date(created)
        return bytes(self._pdf.output())


def lines(text: str) -> str:
    """A text of which line ends stay, and whatever else does not print is made visible."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def _add_fonts(pdf: FPDF, other: Path | None) -> None:
    spec = find_spec("matplotlib")  # which has the fonts in it
    if spec is None or not spec.submodule_search_locations:
        raise ExtraMissing("A document in PDF", "reports")
    directory = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    for name, file in _FONTS.items():
        pdf.add_font(name, fname=directory / f"{file}.ttf")
    helpers = [TEXT]  # the plain face has letters that the others lack
    if other is not None:
        _add_other(pdf, other)
        helpers.insert(0, _OTHER)
    pdf.set_fallback_fonts(helpers, exact_match=False)


def _add_other(pdf: FPDF, path: Path) -> None:
    try:
        with path.open("rb") as file:
            is_font = file.read(4) in _FONT_MARKS
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        if is_font:
            pdf.add_font(_OTHER, fname=path)
    except Exception:
        # The library that reads fonts raises whatever a broken one makes it.
        is_font = False
    if not is_font:
        raise InputError(f"{path} is no font that can be used. Give a TrueType font.")
