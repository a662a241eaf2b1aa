"""Weeks on a terminal: never wider than it, clear without colours, and obeying nobody."""

import io
import re
import sys
from dataclasses import replace
from textwrap import dedent

import pytest

from milepost.cli.diary import picture
from milepost.cli.diary.picture import entries_text, totals_text, week_text, weeks_text
from milepost.diary.entries import Kind
from milepost.diary.pictures.sheet import totals
from milepost.units import WEEK
from tests.package.diary.test_pictures import MONDAY, ODD, at, hostile, usual, week, work

WIDTHS = [1, 12, 30, 44, 60, 79, 80, 100, 120, 200]


def widths(text):
    return [line.cell_len for line in text.split("\n")]


def test_a_week_as_it_is_drawn():
    assert week_text(usual(), 80).plain == dedent("""\
        Website
        Week 5, Mon 30 Nov to Sun 6 Dec 2026
        rate 90.00 USDC an hour   state sealed

                    07    08    09    10    11    12    13    14    15
        Mon 30 Nov  ············███████████████▒▒X··················  3 h
        Tue 1 Dec   ············░░███+»»»»··························  1 h
        Wed 2 Dec   ················································    -
        Thu 3 Dec   ················································    -
        Fri 4 Dec   ················································    -
        Sat 5 Dec   ················································    -
        Sun 6 Dec   ················································    -

        Total 4 h of 40 h
        █ tracked 3 h 10 min   ▒ manual 30 min   ░ late 20 min
        + over the weekly limit 10 min   X contested 10 min
        » timer running since 10:05, 26 min so far
        A cell is 10 minutes.   Times in UTC.""")


def test_entries_as_they_are_listed():
    assert entries_text(usual(), 80).plain == dedent("""\
        Mon 30 Nov
        █ 09:00-11:30  2 h 30 min  tracked         form
        ▒ 11:30-11:50      20 min  manual   hand   call
        X 11:50-12:00      10 min  manual   hand   call
        Tue 1 Dec
        ░ 09:00-09:20      20 min  late     hand   notes
        █ 09:20-09:50      30 min  tracked  toggl  form
        + 09:50-10:00      10 min  tracked  toggl  form""")


def test_entries_of_the_timer_alone_have_no_column_of_sources():
    sheet = week(work("2026-11-30T09:00", "2026-11-30T10:00"))
    assert entries_text(sheet, 80).plain == "Mon 30 Nov\n█ 09:00-10:00  1 h  tracked  work"


def test_on_a_narrow_terminal_memos_have_their_own_lines():
    lines = entries_text(usual(), 50).plain.splitlines()
    assert lines[:3] == ["Mon 30 Nov", "█ 09:00-11:30  2 h 30 min  tracked", "    form"]


@pytest.mark.parametrize(
    ("width", "minutes", "monday"),
    [
        (66, 10, "············███████████████▒▒X··················"),
        (50, 20, "······███████▒X·········"),
        (36, 30, "····█████▒······"),
        (30, 60, "··███···"),
        (22, 120, "·██·"),
    ],
)
def test_coarser_cells_where_it_is_narrow(width, minutes, monday):
    drawn = week_text(usual(), width).plain
    assert f"Mon 30 Nov  {monday}  3 h" in drawn.splitlines()
    assert f"A cell is {minutes} minutes." in drawn
    assert ("It shows most of its" in drawn) is (minutes > 10)


def test_of_as_much_work_the_more_serious_is_shown():
    sheet = week(
        work("2026-11-30T09:00", "2026-11-30T09:10"),
        work("2026-11-30T09:10", "2026-11-30T09:20", kind=Kind.LATE),
    )
    assert "Mon 30 Nov  ······░·········  20 min" in week_text(sheet, 42).plain


@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize("width", [w for w in WIDTHS if w > 2])
def test_no_line_is_wider_than_the_terminal(width, is_ascii):
    cjk = work(
        "2026-12-02T00:00", "2026-12-02T23:50", "設計レビューと修正" * 20, source="計時" * 20
    )
    full = replace(usual(), segments=usual().segments + cjk, title="設計" * 90)
    for made in (full, hostile()):
        for text in (
            week_text(made, width, is_ascii=is_ascii),
            entries_text(made, width, is_ascii=is_ascii),
            weeks_text([made, made], width, is_ascii=is_ascii),
            totals_text(totals(made.segments, made.zone), width, is_ascii=is_ascii),
        ):
            assert max(widths(text)) <= width
            assert not any(line.endswith(" ") for line in text.plain.splitlines())


@pytest.mark.parametrize("width", range(49, 120))
def test_nothing_but_strangers_texts_is_cut(width):
    assert "…" not in week_text(usual(), width).plain


def test_a_whole_day_fits_eighty_columns():
    drawn = week_text(week(work("2026-11-30T00:00", "2026-12-01T00:00")), 80).plain
    assert f"Mon 30 Nov  {'█' * 48}  24 h" in drawn.splitlines()
    assert "            00  02  04  06" in drawn


def test_marks_differ_without_colours():
    for is_ascii in (False, True):
        drawn = week_text(usual(), 80, is_ascii=is_ascii).plain.splitlines()
        cells = "".join(line[12:60] for line in drawn[5:7])
        assert len(set(cells)) == 7
        assert " " not in cells


def test_a_terminal_of_ascii_alone():
    sheet = usual()
    drawn = week_text(sheet, 80, is_ascii=True).plain + entries_text(sheet, 80, is_ascii=True).plain
    assert drawn.isascii()
    assert "Mon 30 Nov  ............###############mmX..................  3 h" in drawn
    assert "LL###+>>>>" in drawn


def test_where_clocks_were_put_back():
    parts = work("2026-10-24T23:30", "2026-10-25T02:30")
    sheet = week(parts, first=at("2026-10-19"), zone="Europe/Berlin")
    lines = week_text(sheet, 100).plain.splitlines()
    assert "Mon 19 Oct" + " " * 14 + "·" * 36 + "    -" in lines
    assert "Sun 25 Oct  " + "·" * 9 + "█" * 12 + "·" * 27 + "  3 h" in lines
    assert "again CET" + " " * 15 + "██████" in lines
    assert "Clocks were put back: again is the time that they showed twice." in lines
    assert "█ 01:30 CEST-03:30 CET  3 h  tracked  work" in entries_text(sheet, 100).plain


def test_where_clocks_were_put_forward():
    parts = work("2027-03-28T00:00", "2027-03-28T02:00")
    sheet = week(parts, first=at("2027-03-22"), zone="Europe/Berlin")
    lines = week_text(sheet, 100).plain.splitlines()
    assert "Sun 28 Mar  ······██████      ██████" + "·" * 24 + "  2 h" in lines


def test_a_zone_of_quarters_of_an_hour():
    sheet = week(
        work("2026-11-30T00:00", "2026-11-30T00:30"),
        work("2026-11-30T18:00", "2026-11-30T18:30"),
        work("2026-12-06T23:50", "2026-12-07T00:00"),
        zone="Asia/Kathmandu",
    )
    lines = week_text(sheet, 180).plain.splitlines()
    assert f"Mon 30 Nov  {' ' * 34}███{'·' * 105}██  50 min" in lines
    assert f"Tue 1 Dec   █{'·' * 143}  10 min" in lines
    assert f"Mon 7 Dec   {'·' * 33}█{' ' * 110}  10 min" in lines


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_strangers_texts_never_steer_a_terminal(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    picture.show(hostile(), hostile())
    picture.show(*[hostile()] * 9)
    out = capsys.readouterr().out
    assert "<script>alert('1')</script>" in out
    assert ("x" * 200 in out) is (columns == 300)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)
    assert ODD not in out


def test_shown_as_wide_as_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    picture.show(usual())
    expected = f"{week_text(usual(), 60).plain}\n\n{entries_text(usual(), 60).plain}\n"
    assert capsys.readouterr().out == expected
    picture.show(week())
    assert capsys.readouterr().out == week_text(week(), 60).plain + "\n"


def test_shown_in_letters_where_the_terminal_has_no_blocks(monkeypatch):
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    monkeypatch.setattr(sys, "stdout", stdout)
    long = work("2026-12-07T09:00", "2026-12-07T10:00", "m" * 200)
    picture.show(usual(), week(long, first=MONDAY + WEEK))
    stdout.flush()
    out = stdout.buffer.getvalue().decode()
    assert "###############mmX" in out
    assert out.count("mmm...") == 2
    assert "?" not in out


def later(number):
    """An empty week, so many after the first."""
    return replace(week(first=MONDAY + number * WEEK), week=5 + number)


def test_many_weeks_in_a_line_each():
    half = work("2026-12-07T09:00", "2026-12-07T11:00")
    other = replace(week(half, first=MONDAY + WEEK), week=6)
    made = weeks_text([usual(running=None), other, later(2)], 66)
    assert made.plain == dedent("""\
        Website

        Week 5, 30 Nov 2026    4 h of 40 h  █████████████████▒░+X
        Week 6, 7 Dec 2026     2 h of 40 h  ███████████
        Week 7, 14 Dec 2026  0 min of 40 h

        █ tracked 5 h 10 min   ▒ manual 30 min   ░ late 20 min
        + over the weekly limit 10 min   X contested 10 min""")


def test_totals_by_what_the_work_was():
    found = totals(usual().segments, usual().zone)
    assert totals_text(found, 80).plain == dedent("""\
        Totals 4 h

        By kind
        3 h 10 min  tracked
            30 min  manual
            20 min  late

        By tag
               3 h  ui
        2 h 30 min  review

        By memo
        3 h 10 min  form
            30 min  call
            20 min  notes""")


def test_of_many_memos_the_rest_is_counted_together():
    parts = [
        work(f"2026-11-30T0{n // 6}:{n % 6}0", f"2026-11-30T0{n // 6}:{n % 6}5", f"memo {n:02}")
        for n in range(25)
    ]
    found = totals(week(*parts).segments, week().zone)
    lines = totals_text(found, 80).plain.splitlines()
    assert lines[-2:] == ["10 min  memo 19", "50 min  (5 more)"]


def test_few_weeks_are_drawn_and_many_are_lines(capsys):
    few = usual(), later(1)
    picture.show(*few)
    out = capsys.readouterr().out
    drawn = [week_text(few[0], 80), entries_text(few[0], 80), week_text(few[1], 80)]
    summed = totals_text(totals(few[0].segments, few[0].zone), 80).plain
    assert out == "\n\n".join([*(text.plain for text in drawn), summed]) + "\n"
    many = usual(), *map(later, range(1, 53))
    picture.show(*many)
    out = capsys.readouterr().out
    assert out == f"{weeks_text(many, 80).plain}\n\n{summed}\n"


def test_colours_only_add_to_what_the_letters_say():
    text = week_text(usual(), 80)
    assert {str(span.style) for span in text.spans} >= {"cyan", "yellow", "magenta", "bold red"}
