"""How moments, spans and commands are read and written, and what a client is told to look at."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milepost.cli.diary import book
from milepost.cli.diary.book import Book, entries, span
from milepost.cli.diary.doubts import doubts
from milepost.cli.options import Options
from milepost.cli.session import Session
from milepost.diary.entries import Kind, Segment, length
from milepost.diary.merkle import MerkleTree
from milepost.diary.rules import Rules
from milepost.diary.weeks import Leaf, Place, Week
from milepost.errors import InputError
from milepost.units import DAY, HOUR
from tests.package.cli.diary.conftest import BERLIN, ROOT, moment
from tests.package.diary.made import MONDAY, RULES


@pytest.fixture
def opened(monkeypatch):
    monkeypatch.setattr(book, "clock", lambda: moment("2026-12-08 10:00"))
    return Book(Session(Options()), ROOT / "examples/hourly.yaml", "Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 min"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
        (3660, "1 h 1 min"), (144_000, "40 h"), (3_600_000, "1,000 h"),
    ],
)  # fmt: skip
def test_lengths(seconds, text):
    assert length(seconds) == text


def test_numbers_of_entries():
    assert [entries(n) for n in (0, 1, 1024)] == ["0 entries", "1 entry", "1,024 entries"]


def test_spans_as_they_are_shown():
    first = moment("2026-12-01 10:20")
    assert span(first, first + HOUR, BERLIN) == "2026-12-01 10:20-11:20"
    assert span(first + 5, first + HOUR, BERLIN) == "2026-12-01 10:20:05-11:20"
    assert span(first, first + DAY, BERLIN) == "2026-12-01 10:20-2026-12-02 10:20"
    assert span(first, first + HOUR, ZoneInfo("Asia/Tokyo")) == "2026-12-01 18:20-19:20"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-12-01 12:00-12:30", "2026-12-01 12:00", "2026-12-01 12:30"),
        ("2026-12-01 12:00 - 12:30", "2026-12-01 12:00", "2026-12-01 12:30"),
        (" 9:00 to 9:05:10 ", "2026-12-08 09:00", "2026-12-08 09:05:10"),
    ],
)
def test_spans_as_they_are_written(opened, text, start, end):
    assert opened.span_of(text) == (moment(start), moment(end))


@pytest.mark.parametrize("text", ["", "3f9a", "2026-12-01", "12:00", "12:00-", "-12:00", "a-b"])
def test_what_is_no_span(opened, text):
    assert opened.span_of(text) is None


def test_a_span_of_no_times(opened):
    with pytest.raises(InputError, match="is no time"):
        opened.span_of("2026-13-01 12:00-12:30")


def test_weeks_by_name(opened):
    assert opened.weeks(None, [5]) == [5]
    assert opened.weeks("1,3-4", []) == [0, 2, 3]
    assert opened.weeks(" Last ", []) == [0]
    assert opened.week == 1


def test_moments_of_a_zone(opened):
    assert opened.at(opened.moment("10:20")) == "2026-12-08 10:20 CET"
    assert opened.moment(" 9:05") == opened.moment("2026-12-08 9:05") == moment("2026-12-08 09:05")
    assert opened.at(opened.moment("2026-07-01 10:20")) == "2026-07-01 10:20 CEST"


def test_commands_can_be_copied(opened):
    opened.file = Path("my work/hourly.yaml")
    given = opened.command("diary add", "2026-12-01 12:00", "$(x)")
    assert given == "`milepost diary add 'my work/hourly.yaml' '2026-12-01 12:00' '$(x)'`"


def test_hours_depend_on_no_token(opened):
    assert opened.hours.title == "Backend by the hour"
    assert opened.rules.start == MONDAY
    assert opened.rules.limit == 240
    assert not opened.session.is_connected


def week_of(*segments):
    leaves = tuple(Leaf(s, bytes(32)) for s in segments)
    place = Place(1, "0x" + "11" * 20, bytes(32), 0)
    return Week(place, MONDAY, 240, leaves, MerkleTree.of([leaf.hash for leaf in leaves]))


def worked(n, **changes):
    made = Segment(MONDAY + n * 600, "UTC", Kind.TRACKED, "timer", "Order endpoint")
    return replace(made, **changes)


def test_nothing_to_look_at():
    assert doubts(week_of(*(worked(n) for n in range(72))), RULES) == []


def test_what_to_look_at():
    segments = [worked(n) for n in range(73)]
    segments += [worked(144, kind=Kind.MANUAL, source="hand")]
    segments += [worked(n, kind=Kind.LATE, source="toggl") for n in (145, 146)]
    segments += [worked(147, memo="fix"), worked(148, source="watson")]
    unseen = " " * 40, "....", "\u200d" * 9, "\u2800" * 9
    segments += [worked(150 + n, memo=memo) for n, memo in enumerate(unseen)]
    assert doubts(week_of(*segments), RULES) == [
        "10 min manual: written by hand, or lengthened, and seen by no timer",
        "20 min late: written after the week could be completed",
        "20 min recorded by toggl, not by the diary's own timer",
        "10 min recorded by watson, not by the diary's own timer",
        "12 h 10 min on 2026-11-30 (UTC) alone",
        "50 min with memos of fewer than 4 letters",
    ]


def test_a_source_that_looks_like_another_line():
    [found] = doubts(week_of(worked(0, source="x" + " " * 90 + "All was tracked")), RULES)
    assert found == "10 min recorded by x All was tracked, not by the diary's own timer"


def test_captures_that_are_missing():
    rules = Rules(RULES.scope, RULES.start, RULES.limit, asks_captures=True)
    found = doubts(week_of(worked(0), worked(1, capture=b"\1" * 32)), rules)
    assert found == ["10 min without a capture"]
