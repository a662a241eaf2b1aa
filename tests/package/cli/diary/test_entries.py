"""`milepost diary add`, `edit` and `remove`."""

import pytest

from tests.package.cli.diary.conftest import moment


@pytest.fixture
def entry(desk):
    """The id of an entry by hand, 10:20 to 11:40."""
    desk.at("2026-12-01 18:00")
    return desk.ok("add", "10:20", "11:40", "Call", "-t", "api", "--json").json["id"]


def test_an_entry_by_hand(desk):
    desk.at("2026-12-02 18:00")
    outcome = desk.ok("add", "2026-12-01 10:20", "11:40", "Call about the API", "--tag", "api")
    assert outcome.out[8:] == "  2026-12-01 10:20-11:40  Call about the API +api (manual)\n"
    assert outcome.err == ""
    # A time alone is on the day that it is, as the zone has it.
    found = desk.ok("add", "10:20", "11:40", "Call", "--json").json
    assert (found["start"], found["end"]) == (
        moment("2026-12-02 10:20"), moment("2026-12-02 11:40"),
    )  # fmt: skip
    assert (found["kind"], found["source"], found["zone"]) == ("manual", "hand", "Europe/Berlin")


def test_an_entry_over_midnight(desk):
    desk.at("2026-12-02 18:00")
    desk.refuses(2, "An end after midnight needs its day", "add", "2026-12-01 22:00", "01:30", "x")
    text = "2026-12-01 22:00-2026-12-02 01:30  Night work (manual)"
    assert text in desk.ok("add", "2026-12-01 22:00", "2026-12-02 01:30", "Night work").out


@pytest.mark.parametrize(
    ("code", "words", "given"),
    [
        (2, "Say what was worked on", ("10:20", "11:40")),
        (2, "Say what was worked on", ("10:20", "11:40", " ")),
        (2, '"25:00" is no time', ("25:00", "11:40", "Call")),
        (2, "ends before it begins", ("11:40", "10:20", "Call")),
        (2, "ends before it begins", ("11:40", "11:40", "Call")),
        (2, "no control characters", ("10:20", "11:40", "a\x1bc")),
        (2, "has a comma", ("10:20", "11:40", "Call", "--tag", "a,b")),
        (9, "and it ends later", ("17:20", "18:40", "Call")),
        (9, "first week begins at", ("2026-11-27 10:20", "11:40", "Call")),
    ],
)
def test_an_entry_that_cannot_be(desk, code, words, given):
    desk.at("2026-12-01 18:00").refuses(code, words, "add", *given)


def test_the_same_time_twice_is_refused(desk, entry):
    outcome = desk.refuses(9, "would be in the diary twice", "add", "11:00", "12:00", "Other")
    assert '2026-12-01 09:20:00 UTC to 2026-12-01 10:40:00 UTC "Call"' in outcome.err
    desk.ok("add", "11:40", "12:00", "Other")


def test_an_hour_that_clocks_show_twice(desk):
    desk.file.write_text(desk.file.read_text().replace("2026-11-30", "2026-10-19"))
    desk.at("2026-10-25 18:00")
    given = ("2026-10-25 02:30", "2026-10-25 03:30", "Call")
    desk.refuses(2, "comes twice on 2026-10-25; add its offset, +02:00 or +01:00", "add", *given)
    found = desk.ok("add", "2026-10-25 02:30+02:00", "2026-10-25 03:30", "Call", "--json").json
    assert found["end"] - found["start"] == 2 * 3600


def test_late_and_forbidden(desk):
    desk.at("2026-12-07 18:00")
    assert desk.ok("add", "2026-12-01 10:20", "11:40", "Call").out.endswith(" (late)\n")
    desk.file.write_text(desk.file.read_text() + "manual time: refused\n")
    desk.refuses(9, "takes only what was tracked in time", "add", "10:20", "11:40", "Call")


def test_an_edit_keeps_what_was(desk, entry):
    given = (entry[:4], "--end", "11:30", "--memo", "Call with Ada", "--tag", "talk")
    outcome = desk.ok("edit", *given, "--reason", "Ended earlier")
    assert outcome.out == f"{entry[:8]}  2026-12-01 10:20-11:30  Call with Ada +talk (manual)\n"
    # A time alone is on the day of what it replaces.
    desk.at("2026-12-03 10:00")
    found = desk.ok("edit", entry, "--start", "10:00", "--reason", "Began earlier", "--json").json
    assert found["start"] == moment("2026-12-01 10:00")
    history = desk.ok("log", "--all", "--json").json["history"][entry]
    assert [v["reason"] for v in history] == ["", "Ended earlier", "Began earlier"]
    shown = desk.ok("log", "--all").out
    assert "was 2026-12-01 10:20-11:40  Call; changed 2026-12-01 18:00 CET: Ended earlier" in shown


@pytest.mark.parametrize(
    ("code", "words", "given"),
    [
        (2, "Say what to change", ("--reason", "Why")),
        (2, "Nothing would change", ("--memo", "Call", "--reason", "Why")),
        (2, "A reason needs words", ("--memo", "Other", "--reason", " ")),
        (2, "Missing option '--reason'", ("--memo", "Other")),
        (9, "ends after its start", ("--end", "10:00", "--reason", "Why")),
    ],
)
def test_an_edit_that_cannot_be(desk, entry, code, words, given):
    desk.refuses(code, words, "edit", entry, *given)


def test_what_a_timer_saw_becomes_manual_when_it_grows(desk):
    desk.track("2026-12-01 10:00", "2026-12-01 11:00", "Form")
    [found] = desk.ok("log", "--json").json["entries"]
    shorter = desk.ok("edit", found["id"], "--end", "10:50", "--reason", "Lunch", "--json").json
    assert shorter["kind"] == "tracked"
    longer = desk.ok("edit", found["id"], "--end", "11:00", "--reason", "No", "--json").json
    assert longer["kind"] == "manual"


def test_no_single_entry_is_meant(desk, entry):
    desk.refuses(9, "No entry zzz is in the diary", "edit", "zzz", "--memo", "x", "--reason", "y")
    desk.refuses(9, "No entry  is in the diary", "remove", "", "--reason", "y")


def test_an_entry_is_removed(desk, entry):
    outcome = desk.ok("remove", entry[:5], "--reason", "Not of this job")
    assert outcome.out.startswith(f"Removed: {entry[:8]}  2026-12-01 10:20-11:40  Call")
    assert "  removed: Not of this job" in desk.ok("log", "--all").out
    found = desk.ok("log", "--all", "--json").json
    assert (found["entries"], found["removed"][0]["reason"]) == ([], "Not of this job")
    desk.refuses(9, "No entry", "remove", entry, "--reason", "Again")


def test_a_span_is_cut_out(desk, entry):
    outcome = desk.ok("remove", "2026-12-01 11:00-11:20", "--reason", "Lunch", "--json")
    assert outcome.json["cut"] == [moment("2026-12-01 11:00"), moment("2026-12-01 11:20")]
    assert [e["id"] for e in outcome.json["of"]] == [entry]
    spans = [(e["start"], e["end"]) for e in desk.ok("log", "--json").json["entries"]]
    assert spans == [
        (moment("2026-12-01 10:20"), moment("2026-12-01 11:00")),
        (moment("2026-12-01 11:20"), moment("2026-12-01 11:40")),
    ]
    desk.refuses(9, "no entry covers any of it", "remove", "13:00-14:00", "--reason", "Lunch")
    desk.refuses(2, "ends before it begins", "remove", "14:00-13:00", "--reason", "Lunch")


def test_a_sealed_week_is_closed(sealable):
    found = sealable.ok("log", "--week", "1", "--json").json["entries"][0]["id"]
    sealable.ok("seal", 1)
    words = "week 1 is sealed; `milepost diary reopen FILE 1` opens it again"
    sealable.refuses(9, words, "edit", found, "--memo", "x", "--reason", "y")
    sealable.refuses(9, words, "remove", found, "--reason", "y")
    sealable.refuses(9, words, "remove", "2026-12-01 09:00-09:10", "--reason", "y")
    sealable.refuses(9, words, "add", "2026-12-03 10:00", "11:00", "Call")
