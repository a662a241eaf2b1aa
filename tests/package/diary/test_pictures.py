"""Pictures of a week: every segment once and where clocks showed it, and strangers' texts as text.

The page and the picture say what the segments say, load nothing and obey nobody.
"""

import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from milepost.diary.entries import Kind, Segment, in_hours
from milepost.diary.pictures.drawing import svg
from milepost.diary.pictures.page import html
from milepost.diary.pictures.sheet import (
    Mark,
    Sheet,
    clocks,
    hours,
    legend,
    rows,
    shown,
    stretches,
    totals,
)
from milepost.errors import InputError
from milepost.presets import UNIT
from milepost.units import WEEK

SVG = "{http://www.w3.org/2000/svg}"
ODD = "<script>alert('1')</script>\"&amp;$x\x00\x1b[2J\u202e\ud800\n"


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


MONDAY = at("2026-11-30")


def work(begin, end, memo="work", kind=Kind.TRACKED, source="timer", tags=()):
    """Segments from one time in UTC until another."""
    return tuple(
        Segment(start, "UTC", kind, source, memo, tags) for start in range(at(begin), at(end), UNIT)
    )


def week(*parts, first=MONDAY, zone="UTC", **fields):
    segments = tuple(segment for part in parts for segment in part)
    zone = ZoneInfo(zone)
    return Sheet("Website", 5, first, first + WEEK, zone, segments, 240, **fields)


def usual(**fields):
    """A week with every mark."""
    return week(
        work("2026-11-30T09:00", "2026-11-30T11:30", "form", tags=("ui", "review")),
        work("2026-11-30T11:30", "2026-11-30T12:00", "call", Kind.MANUAL, "hand", ("ui",)),
        work("2026-12-01T09:00", "2026-12-01T09:20", "notes", Kind.LATE, "hand"),
        work("2026-12-01T09:20", "2026-12-01T10:00", "form", source="toggl"),
        **{
            "contested": frozenset({at("2026-11-30T11:50")}),
            "over": frozenset({at("2026-12-01T09:50")}),
            "running": (at("2026-12-01T10:05"), at("2026-12-01T10:31")),
            "facts": (("rate", "90.00 USDC an hour"), ("state", "sealed")),
        }
        | fields,
    )


def drawn(sheet):
    return {row.name: row for row in rows(sheet)}


def minutes(row):
    return [cell.minute for cell in row.cells]


def read(text):
    """A page or a picture as a tree. It must be well-formed, with nothing to load or to run."""
    root = ET.fromstring(text)
    assert "://" not in re.sub(r'xmlns="http://www\.w3\.org/[^"]*"', "", text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        assert name not in {"script", "link", "img", "iframe", "object", "image", "foreignObject"}
        assert not any(key.startswith("on") or key in ("src", "style") for key in element.attrib)
        assert (element.get("href") or "#").startswith("#")
    return root


def texts(root, tag):
    return ["".join(e.itertext()) for e in root.iter() if e.tag.rpartition("}")[2] == tag]


def test_a_row_for_each_day_with_its_work():
    found = rows(usual())
    assert [row.name for row in found] == [
        "Mon 30 Nov", "Tue 1 Dec", "Wed 2 Dec", "Thu 3 Dec", "Fri 4 Dec", "Sat 5 Dec", "Sun 6 Dec",
    ]  # fmt: skip
    assert [row.units for row in found] == [18, 6, 0, 0, 0, 0, 0]
    assert all(row.spans == ((0, 24 * 60),) for row in found)
    assert found[0].day == date(2026, 11, 30)
    assert minutes(found[0]) == list(range(9 * 60, 12 * 60, 10))


def test_a_cell_shows_what_is_most_serious():
    monday, tuesday, *_ = rows(usual())
    assert [cell.mark for cell in monday.cells[15:]] == [
        Mark.MANUAL, Mark.MANUAL, Mark.CONTESTED,
    ]  # fmt: skip
    assert [cell.mark for cell in tuesday.cells] == [
        Mark.LATE, Mark.LATE, Mark.TRACKED, Mark.TRACKED, Mark.TRACKED, Mark.OVER,
        Mark.RUNNING, Mark.RUNNING, Mark.RUNNING, Mark.RUNNING,
    ]  # fmt: skip
    both = frozenset({at("2026-12-01T09:50")})
    assert rows(usual(contested=both))[1].cells[5].mark is Mark.CONTESTED


def test_a_running_timer_covers_no_segment_and_counts_for_none():
    sheet = usual(running=(at("2026-12-01T09:00"), at("2026-12-01T10:10")))
    row = rows(sheet)[1]
    assert [cell.mark for cell in row.cells].count(Mark.RUNNING) == 1
    assert row.units == 6
    assert not rows(week(running=(MONDAY + 600, MONDAY + 600)))[0].cells


def test_the_hour_that_came_twice_has_a_row_for_its_second_time():
    parts = (
        work("2026-10-24T23:30", "2026-10-25T02:30"),
        work("2026-10-25T10:00", "2026-10-25T11:00"),
    )
    sheet = week(*parts, first=at("2026-10-19"), zone="Europe/Berlin")
    found = drawn(sheet)
    assert list(found)[-2:] == ["Sun 25 Oct", "again CET"]
    sunday, again = found["Sun 25 Oct"], found["again CET"]
    # 01:30 to 03:00 of summer time, and 03:00 to 03:30 and the late morning of winter time.
    expected = [*range(90, 180, 10), *range(180, 210, 10), *range(11 * 60, 12 * 60, 10)]
    assert minutes(sunday) == expected
    assert minutes(again) == list(range(120, 180, 10))
    assert again.spans == ((120, 180),)
    assert (sunday.units, again.units) == (24, None)
    there = sum(end - begin for row in (sunday, again) for begin, end in row.spans)
    assert there == 25 * 60


def test_an_hour_that_came_twice_without_work_has_no_row():
    sheet = week(
        work("2026-10-25T00:30", "2026-10-25T01:00"), first=at("2026-10-19"), zone="Europe/Berlin"
    )
    assert list(drawn(sheet))[-2:] == ["Sun 25 Oct", "Mon 26 Oct"]


def test_where_clocks_are_put_forward_there_is_a_hole():
    sheet = week(
        work("2027-03-28T00:00", "2027-03-28T02:00"), first=at("2027-03-22"), zone="Europe/Berlin"
    )
    sunday = drawn(sheet)["Sun 28 Mar"]
    assert sunday.spans == ((0, 120), (180, 24 * 60))
    assert minutes(sunday) == [*range(60, 120, 10), *range(180, 240, 10)]
    assert sunday.units == 12


def test_half_an_hour_that_came_twice():
    first = at("2027-03-29")
    sheet = week(
        work("2027-04-03T14:00", "2027-04-03T16:00"), first=first, zone="Australia/Lord_Howe"
    )
    found = drawn(sheet)
    assert minutes(found["Sun 4 Apr"]) == list(range(60, 150, 10))
    assert minutes(found["again +1030"]) == [90, 100, 110]


def test_a_zone_of_quarters_of_an_hour():
    sheet = week(
        work("2026-11-30T00:00", "2026-11-30T00:30"),
        work("2026-11-30T18:00", "2026-11-30T18:30"),
        work("2026-12-06T23:50", "2026-12-07T00:00"),
        zone="Asia/Kathmandu",
    )
    found = rows(sheet)
    assert len(found) == 8
    assert minutes(found[0]) == [345, 355, 365, 23 * 60 + 45, 23 * 60 + 55]
    assert minutes(found[1]) == [5]
    assert minutes(found[7]) == [335]
    assert found[0].spans == ((345, 24 * 60 + 5),)
    assert found[7].spans == ((5, 345),)
    assert hours(found) == (0, 24)


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("UTC", "2026-11-30"),
        ("Europe/Berlin", "2026-10-19"),
        ("Europe/Berlin", "2027-03-22"),
        ("Asia/Kathmandu", "2026-11-30"),
        ("America/Los_Angeles", "2026-10-26"),
        ("America/Havana", "2026-10-26"),  # midnight comes twice
        ("Asia/Beirut", "2026-10-19"),  # the hour before midnight does
        ("Australia/Lord_Howe", "2026-09-28"),
        ("Pacific/Kiritimati", "2026-11-30"),
        ("Pacific/Apia", "2011-12-26"),  # a day does not come at all
    ],
)
def test_every_segment_of_a_full_week_has_one_cell(zone, first):
    first = at(first)
    segments = tuple(
        Segment(start, zone, Kind.TRACKED, "timer", "m")
        for start in range(first, first + WEEK, UNIT)
    )
    sheet = week(segments, first=first, zone=zone)
    found = rows(sheet)
    cells = sorted((cell for row in found for cell in row.cells), key=lambda cell: cell.start)
    assert tuple(cell.segment for cell in cells) == segments
    for row in found:
        assert row.spans
        for cell in row.cells:
            time = datetime.fromtimestamp(cell.start, ZoneInfo(zone))
            assert (time.date(), time.hour * 60 + time.minute) == (row.day, cell.minute)
            assert any(begin <= cell.minute < end for begin, end in row.spans)
    assert sum(row.units or 0 for row in found) == len(segments)
    assert totals(segments, ZoneInfo(zone)).by_day == {
        row.day: row.units for row in found if row.units is not None
    }


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("09:00", "17:00", (9, 17)),
        ("10:00", "12:00", (7, 15)),
        ("00:00", "00:10", (0, 8)),
        ("23:50", "24:00", (16, 24)),
        ("03:50", "20:10", (3, 21)),
    ],
)
def test_whole_hours_around_the_work_and_at_least_eight(begin, end, expected):
    day = "2026-11-30T"
    until = "2026-12-01T00:00" if end == "24:00" else day + end
    assert hours(rows(week(work(day + begin, until)))) == expected


def test_an_empty_week():
    found = rows(week())
    assert len(found) == 7
    assert hours(found) == (9, 17)
    assert stretches(()) == []
    assert totals((), ZoneInfo("UTC")).by_memo == {}


def test_days_that_would_show_nothing_are_left_out():
    # Monday 7 December until 01:00 in Berlin, and nothing was done at night.
    found = rows(week(work("2026-12-01T08:00", "2026-12-01T16:00"), zone="Europe/Berlin"))
    assert [row.name for row in found][-1] == "Sun 6 Dec"
    assert len(found) == 7


@pytest.mark.parametrize(
    "starts", [[-UNIT], [WEEK], [0, 0], [UNIT, 0], [60], [0, UNIT, WEEK + UNIT]]
)
def test_segments_that_are_not_those_of_the_week_are_refused(starts):
    segments = tuple(Segment(MONDAY + s, "UTC", Kind.TRACKED, "timer", "m") for s in starts)
    with pytest.raises(InputError, match="is not the next one of week 5"):
        week(segments)


def test_a_heading_in_words():
    assert week().heading == "Week 5, Mon 30 Nov to Sun 6 Dec 2026"
    turn = week(first=at("2026-12-28"), zone="Asia/Kathmandu")
    assert turn.heading == "Week 5, Mon 28 Dec 2026 to Sun 3 Jan 2027"
    assert usual().worked == "4 h of 40 h"


def test_stretches_part_where_anything_but_the_time_differs():
    sheet = usual()
    found = stretches(sheet.segments, sheet.contested, sheet.over)
    assert [(s.memo, s.units, s.mark) for s in found] == [
        ("form", 15, Mark.TRACKED),
        ("call", 2, Mark.MANUAL),
        ("call", 1, Mark.CONTESTED),
        ("notes", 2, Mark.LATE),
        ("form", 3, Mark.TRACKED),
        ("form", 1, Mark.OVER),
    ]
    assert [s.end for s in found[:2]] == [found[1].start, found[2].start]
    base = work("2026-11-30T09:00", "2026-11-30T09:40")
    assert len(stretches(base)) == 1
    for change in ({"memo": "m"}, {"kind": Kind.LATE}, {"source": "s"}, {"tags": ("t",)}):
        assert len(stretches((*base[:2], replace(base[2], **change), base[3]))) == 3
    assert len(stretches((*base[:1], *base[2:]))) == 2
    assert len(stretches((*base[:2], replace(base[2], zone="Asia/Tokyo"), base[3]))) == 1


def test_totals_by_kind_tag_memo_and_day():
    found = totals(usual().segments, ZoneInfo("Europe/Berlin"))
    assert found.units == 24
    assert found.by_kind == {Kind.TRACKED: 19, Kind.MANUAL: 3, Kind.LATE: 2}
    assert list(found.by_tag.items()) == [("ui", 18), ("review", 15)]
    assert list(found.by_memo.items()) == [("form", 19), ("call", 3), ("notes", 2)]
    assert found.by_day == {date(2026, 11, 30): 18, date(2026, 12, 1): 6}
    twice = work("2026-11-30T09:00", "2026-11-30T09:10", tags=("a", "a"))
    assert totals(twice, ZoneInfo("UTC")).by_tag == {"a": 1}


def test_days_of_totals_are_those_of_the_zone():
    night = work("2026-11-30T23:30", "2026-12-01T00:30")
    assert totals(night, ZoneInfo("UTC")).by_day == {date(2026, 11, 30): 3, date(2026, 12, 1): 3}
    assert totals(night, ZoneInfo("Europe/Berlin")).by_day == {date(2026, 12, 1): 6}


def test_the_legend_has_what_occurs():
    assert [words for _, words in legend(usual())] == [
        "tracked 3 h 10 min",
        "manual 30 min",
        "late 20 min",
        "over the weekly limit 10 min",
        "contested 10 min",
        "timer running since 10:05, 26 min so far",
    ]
    assert legend(week()) == []


def test_lengths_in_words():
    assert [in_hours(n) for n in (0, 1, 6, 38, 1_008)] == [
        "0 min", "10 min", "1 h", "6 h 20 min", "168 h",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("begin", "end", "zone", "expected"),
    [
        ("2026-11-30T09:00", "2026-11-30T10:20", "UTC", ("09:00", "10:20")),
        ("2026-11-30T23:00", "2026-12-01T00:00", "UTC", ("23:00", "24:00")),
        ("2026-11-30T23:00", "2026-12-01T00:10", "UTC", ("23:00", "Tue 00:10")),
        ("2026-10-25T00:10", "2026-10-25T00:20", "Europe/Berlin", ("02:10 CEST", "02:20 CEST")),
        ("2026-10-25T00:50", "2026-10-25T01:10", "Europe/Berlin", ("02:50 CEST", "02:10 CET")),
        ("2027-03-28T00:00", "2027-03-28T02:00", "Europe/Berlin", ("01:00 CET", "04:00 CEST")),
        ("2026-11-30T00:00", "2026-11-30T00:10", "Asia/Kathmandu", ("05:45", "05:55")),
    ],
)
def test_times_of_day(begin, end, zone, expected):
    assert clocks(at(begin), at(end), ZoneInfo(zone)) == expected


def test_strangers_texts_are_one_line_without_anything_that_steers():
    assert shown("a\tb\u00a0c\nd") == "a b c d"
    assert shown("\x1b[31m\x9b\u202e\ud800\x00") == "\ufffd[31m\ufffd\ufffd\ufffd\ufffd"
    assert shown("שלום, 世界") == "שלום, 世界"
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"


def test_a_picture_has_a_cell_with_words_for_each_segment():
    root = read(svg(usual()))
    cells = [e for e in root.iter(f"{SVG}rect") if e.find(f"{SVG}title") is not None]
    assert len(cells) == 24 + 4
    said = [cell.findtext(f"{SVG}title") for cell in cells]
    assert said[0] == "Mon 30 Nov, 09:00 to 09:10, tracked: form"
    assert said[17] == "Mon 30 Nov, 11:50 to 12:00, manual, contested: call"
    assert said[23] == "Tue 1 Dec, 09:50 to 10:00, tracked, over the weekly limit: form"
    assert said[24] == "Tue 1 Dec, 10:00 to 10:10, timer running"
    assert root.findtext(f"{SVG}title") == "Website: Week 5, Mon 30 Nov to Sun 6 Dec 2026"
    assert "Mon 30 Nov 3 h, Tue 1 Dec 1 h" in root.findtext(f"{SVG}desc")
    found = texts(root, "text")
    for words in ("Website", "rate", "90.00 USDC an hour", "Total 4 h of 40 h", "manual 30 min"):
        assert words in found


def test_the_marks_of_a_picture_differ_without_colours():
    root = read(svg(usual()))
    shapes = {e.get("id"): e.find(f"{SVG}path").get("d") for e in root.iter(f"{SVG}pattern")}
    assert len(set(shapes.values())) == len(shapes) == 5
    fills = {e.get("fill") or e.get("class") for e in root.iter(f"{SVG}rect") if e.get("y") != "0"}
    names = {"manual", "late", "contested", "over", "running"}
    assert fills >= {"tracked", "empty", *(f"url(#week-{name})" for name in names)}


def test_cells_of_a_picture_stand_in_their_place():
    sheet = week(
        work("2026-11-30T00:00", "2026-11-30T03:00"), work("2026-11-30T17:00", "2026-11-30T19:00"),
        zone="Asia/Kathmandu",
    )  # fmt: skip
    root = read(svg(sheet))
    cells = [e for e in root.iter(f"{SVG}rect") if e.find(f"{SVG}title") is not None]
    lines = sorted(float(e.get("x1")) for e in root.iter(f"{SVG}line"))
    assert len(lines) == 25
    hour = (lines[-1] - lines[0]) / 24
    assert float(cells[0].get("x")) == pytest.approx(lines[0] + 5.75 * hour, abs=0.01)
    ends = [float(e.get("x")) + float(e.get("width")) for e in cells]
    assert all(end <= float(after.get("x")) or after.get("y") != e.get("y")
               for end, e, after in zip(ends, cells, cells[1:], strict=False))  # fmt: skip


def test_a_picture_is_the_same_whenever_it_is_drawn():
    assert svg(usual()) == svg(usual())
    assert "prefers-color-scheme: dark" in svg(usual())


def test_a_picture_says_what_again_means():
    parts = work("2026-10-25T00:00", "2026-10-25T02:00")
    drawn_twice = svg(week(parts, first=at("2026-10-19"), zone="Europe/Berlin"))
    assert "Clocks were put back" in drawn_twice
    assert "Clocks were put back" not in svg(usual())


def hostile():
    odd = work("2026-11-30T09:00", "2026-11-30T10:00", ODD, Kind.MANUAL, ODD, (ODD,))
    wide = work("2026-11-30T10:00", "2026-11-30T11:00", "x" * 500, tags=("שלום",))
    return replace(week(odd, wide, facts=((ODD, ODD),)), title=ODD)


def test_strangers_texts_harm_no_picture():
    text = svg(hostile())
    root = read(text)
    text.encode()
    assert texts(root, "text")[0].startswith("<script>alert('1')</script>")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    assert max(map(len, texts(root, "title"))) < 200


def test_strangers_texts_harm_no_page():
    text = html([hostile()])
    root = read(text)
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    assert "x" * 500 in texts(root, "bdi")
    assert texts(root, "title")[0] == shown(ODD)


def test_a_page_has_the_facts_the_stretches_and_the_totals():
    root = read(html([usual()]))
    assert texts(root, "h1") == ["Website"]
    assert texts(root, "h2") == ["Week 5, Mon 30 Nov to Sun 6 Dec 2026", "Totals"]
    facts = dict(zip(texts(root, "dt"), texts(root, "dd"), strict=True))
    assert facts == {
        "rate": "90.00 USDC an hour", "state": "sealed", "worked": "4 h of 40 h", "times in": "UTC",
    }  # fmt: skip
    lines = [[*texts(tr, "th"), *texts(tr, "td")] for tr in root.iter("tr")]
    for line in (
        ["date", "from", "to", "length", "kind", "source", "memo", "tags"],
        ["Mon 30 Nov", "09:00", "11:30", "2 h 30 min", "tracked", "timer", "form", "ui, review"],
        ["Mon 30 Nov", "11:50", "12:00", "10 min", "manual, contested", "hand", "call", "ui"],
        ["Tue 1 Dec", "09:50", "10:00", "10 min", "tracked, over the weekly limit", "toggl",
         "form", ""],
        ["tracked", "3 h 10 min"],
        ["review", "2 h 30 min"],
        ["form", "3 h 10 min"],
        ["Tue 1 Dec 2026", "1 h"],
    ):  # fmt: skip
        assert line in lines
    assert len(list(root.iter(f"{SVG}svg"))) == 1
    assert "Work with several tags counts for each of them." in texts(root, "p")


def test_a_page_of_weeks_says_once_what_is_the_same():
    later = week(first=MONDAY + WEEK, facts=(("rate", "90.00 USDC an hour"), ("state", "open")))
    root = read(html([usual(), replace(later, week=6)]))
    assert texts(root, "dt") == ["rate", "worked", "times in", "state", "state"]
    assert texts(root, "dd")[1] == "4 h of 80 h"
    links = [e.get("href") for e in root.iter("a")]
    assert links == ["#week-0", "#week-1"]
    assert {f"#{e.get('id')}" for e in root.iter("h2")} >= set(links)
    lines = [[*texts(tr, "th"), *texts(tr, "td")] for tr in root.iter("tr")]
    assert ["Week 5, Mon 30 Nov to Sun 6 Dec 2026", "4 h", "40 h", "10 min", "10 min"] in lines
    assert ["Week 6, Mon 7 Dec to Sun 13 Dec 2026", "0 min", "40 h", "-", "-"] in lines


def test_weeks_of_several_agreements_bear_their_titles():
    root = read(html([usual(), replace(usual(), title="Shop")]))
    assert texts(root, "h1") == ["Work diary"]
    assert texts(root, "h2")[1:3] == [
        "Website: Week 5, Mon 30 Nov to Sun 6 Dec 2026",
        "Shop: Week 5, Mon 30 Nov to Sun 6 Dec 2026",
    ]


def test_a_page_without_work():
    root = read(html([week()]))
    assert "No work yet." in texts(root, "p")
    assert not list(root.iter("table"))


def test_weeks_that_make_no_page_are_refused():
    for sheets in ([], [week(), week(zone="Asia/Tokyo")]):
        with pytest.raises(InputError, match="at least one week, and all of them in one time zone"):
            html(sheets)


def test_the_policy_of_a_page_allows_its_own_style_alone():
    text = html([usual()])
    root = read(text)
    (policy,) = (e.get("content") for e in root.iter("meta") if e.get("http-equiv"))
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert "svg .contested { fill:" in style
    assert "prefers-color-scheme: dark" in style
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'"


def test_a_page_is_the_same_whenever_it_is_made():
    assert html([usual(), hostile()]) == html([usual(), hostile()])
