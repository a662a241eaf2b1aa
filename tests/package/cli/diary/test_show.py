"""`milepost diary log` and `report`."""

import xml.etree.ElementTree as ET

import pytest

from tests.package.cli.diary.conftest import moment


@pytest.fixture
def two_weeks(desk):
    desk.track("2026-12-01 09:00", "2026-12-01 11:00", "Order endpoint", "-t", "api")
    desk.at("2026-12-02 18:00").ok("add", "14:00", "15:30", "Call", "-t", "talk", "-t", "api")
    desk.track("2026-12-06 23:30", "2026-12-07 01:30", "Deploy")
    return desk.at("2026-12-08 10:00")


def test_this_week_unless_named(two_weeks):
    shown = two_weeks.ok("log").out
    assert "Week 2, Mon 7 Dec to Sun 13 Dec 2026" in shown
    assert shown.count("  Deploy\n") == 1
    assert "Order endpoint" not in shown
    first = two_weeks.ok("log", "--week", "1").out
    assert first == two_weeks.ok("log", "--week", "last").out
    assert "2026-12-01 09:00-11:00  Order endpoint +api\n" in first
    assert "Total 5 h of 40 h" in first


def test_the_entries_of_several_weeks_are_there_once(two_weeks):
    found = two_weeks.ok("log", "--week", "1-2", "--json").json["entries"]
    assert [e["memo"] for e in found] == ["Order endpoint", "Call", "Deploy", "Deploy"]
    assert len({e["id"] for e in found}) == 4
    assert found[0]["start"] == moment("2026-12-01 09:00")
    assert "No entry." in two_weeks.ok("log", "--week", "5").out


def test_days_are_those_of_the_zone(two_weeks):
    tokyo = two_weeks.ok("log", "--week", "1", "--zone", "Asia/Tokyo").out
    assert "2026-12-01 17:00-19:00  Order endpoint" in tokyo
    assert "Times in Asia/Tokyo." in tokyo


@pytest.mark.parametrize("command", ["log", "report"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--week", "0"), "count from 1"),
        (("--week", "65"), "there are only 64"),
        (("--week", "x"), "write numbers and ranges"),
        (("--zone", "Mars/Base"), "is no time zone known here"),
    ],
)
def test_weeks_that_there_are_not(two_weeks, command, given, words):
    two_weeks.refuses(2, words, command, *given)


def test_no_week_is_over_yet(desk):
    words = "No week is over yet: the first one begins at 2026-11-30 01:00 CET"
    desk.at("2026-12-01 10:00").refuses(2, words, "log", "--week", "last")


def test_a_report_adds_up(two_weeks):
    shown = two_weeks.ok("report", "--week", "1-2").out
    assert "Totals 5 h 30 min" in shown
    assert "       4 h  tracked" in shown
    assert "1 h 30 min  talk" in shown
    found = two_weeks.ok("report", "--week", "1-2", "--json").json
    assert found == {
        "weeks": [
            {"week": 1, "units": 30, "limit": 240},
            {"week": 2, "units": 3, "limit": 240},
        ],
        "units": 33,
        "by_kind": {"tracked": 24, "manual": 9},
        "by_tag": {"api": 21, "talk": 9},
        "by_memo": {"Deploy": 12, "Order endpoint": 12, "Call": 9},
        "by_day": {"2026-12-01": 12, "2026-12-02": 9, "2026-12-06": 3, "2026-12-07": 9},
    }


def test_a_timer_that_runs_is_drawn(two_weeks):
    two_weeks.ok("start", "Form")
    two_weeks.at("2026-12-08 11:00")
    assert "timer running since 10:00, 1 h so far" in two_weeks.ok("report").out
    assert "timer running" not in two_weeks.ok("report", "--week", "1").out


def test_a_report_is_drawn_into_a_file(two_weeks, tmp_path):
    svg, html = tmp_path / "week.svg", tmp_path / "weeks.HTML"
    outcome = two_weeks.ok("report", "--week", "1", "--out", svg)
    assert outcome.out == f"Drawn: {svg}\n"
    assert ET.parse(svg).getroot().tag.endswith("svg")
    outcome = two_weeks.ok("report", "--week", "1-2", "--out", html, "--json")
    assert outcome.json == {"report": str(html)}
    page = html.read_text()
    assert "Order endpoint" in page
    assert "Deploy" in page


@pytest.mark.parametrize(
    ("name", "weeks", "words"),
    [
        ("weeks.svg", "1-2", "An .svg shows one week"),
        ("weeks.pdf", "1", "weeks are drawn as an .svg or an .html file"),
        ("missing/weeks.html", "1", "cannot be written"),
    ],
)
def test_a_file_that_is_not_drawn(two_weeks, tmp_path, name, weeks, words):
    two_weeks.refuses(2, words, "report", "--week", weeks, "--out", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_what_is_above_the_limit_is_marked(desk):
    for day in range(1, 5):
        desk.at(f"2026-12-0{day} 23:00").ok("add", "10:00", "21:00", "Form")
    assert "over the weekly limit 4 h" in desk.ok("report").out


def test_a_damaged_line_is_named(two_weeks):
    [log] = [p for p in two_weeks.logs() if p.suffix == ".log"]
    log.write_bytes(log.read_bytes().replace(b"Order", b"0rder"))
    for command in ("log", "report", "status"):
        two_weeks.refuses(9, f"Line 2 of the diary's log {log.stem} is damaged", command)
