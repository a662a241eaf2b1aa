"""Calendars: which events are work, when they were, and those that recur."""

import sys

import pytest

from milepost.diary.formats.ical import read
from milepost.errors import ExtraMissing, InputError
from tests.package.diary.formats.made import at, context, frame, sample


def _calendar(*lines, uid="UID:one@example.com"):
    body = "\r\n".join([uid, *lines])
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\n"
    return f"{text}END:VCALENDAR\r\n".encode()


def _refusal(content):
    with pytest.raises(InputError) as caught:
        read(content, context("c.ics"))
    return caught.value.message


def test_events_that_are_over_are_read_as_written_by_hand():
    reading = read(sample("calendar.ics"), context("c.ics"))
    assert reading.frames == (
        frame(
            "2026-03-02 08:00Z",
            "2026-03-02 09:30Z",
            "Fix the login, again",
            ("shop-api", "review"),
            "utc@example.com",
            is_tracked=False,
        ),
        frame(
            "2026-03-03 09:00+01:00",
            "2026-03-03 10:00+01:00",
            "Call with the client",
            (),
            "floating@example.com",
            is_tracked=False,
        ),
        frame(
            "2026-04-02 09:00+02:00",
            "2026-04-02 09:45+02:00",
            "Design",
            (),
            "zoned@example.com",
            is_tracked=False,
        ),
    )
    assert reading.left_out == (
        'c.ics, event 4 ("Holiday"), left out: it is of whole days.',
        'c.ics, event 5 ("Reminder"), left out: it is marked as free.',
        'c.ics, event 6 ("Meeting"), left out: it is cancelled.',
        'c.ics, event 7 ("Plans"), left out: it is not over yet.',
    )


# As RFC 5545 has it: the first of two, and by the clock before where clocks jumped.
@pytest.mark.parametrize(
    ("local", "moment"),
    [
        ("20251026T023000", "2025-10-26 02:30+02:00"),
        ("20260329T023000", "2026-03-29 02:30+01:00"),
    ],
)
@pytest.mark.parametrize("name", ["DTSTART:", "DTSTART;TZID=Europe/Berlin:"])
def test_local_times_of_the_nights_when_clocks_change(local, moment, name):
    [read_] = read(_calendar(name + local, "DURATION:PT1H"), context()).frames
    assert (read_.start, read_.end) == (at(moment), at(moment) + 3600)


def test_an_event_without_an_end_has_no_length():
    reading = read(_calendar("DTSTART:20260302T080000Z", "SUMMARY:Now"), context("c.ics"))
    assert reading.left_out == ('c.ics, event 1 ("Now"), left out: it has no length.',)


def test_a_lone_change_of_a_recurrence_keeps_its_place_in_the_key():
    lines = ("RECURRENCE-ID:20260302T080000Z", "DTSTART:20260303T080000Z", "DURATION:PT1H")
    [only] = read(_calendar(*lines), context()).frames
    assert only.key == "one@example.com 20260302T080000Z"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "no calendar"),
        (b"nonsense", "no calendar"),
        (b"END:VCALENDAR", "no calendar"),
        (_calendar("BEGIN:VEVENT", "DTSTART:20260302T080000Z"), "2 events begin in it, and 0"),
        (_calendar("nonsense", "DTSTART:20260302T080000Z"), "its content cannot be read"),
        (_calendar("DTSTART:nonsense", "SUMMARY:A\x1b[2J"), 'event 1 ("A�[2J"): its DTSTART'),
        (_calendar("DTSTART;TZID=Nowhere/Else:20260302T080000", "DURATION:PT1H"), "Nowhere/Else"),
        (_calendar("SUMMARY:No start"), "a time of it is missing"),
        (_calendar("DTSTART:20260302T080000Z", "DTSTART:20260302T090000Z"), "there twice"),
        (_calendar("DTSTART:20260302T080000Z", "DTEND:20260302T070000Z"), "ends before"),
        (_calendar("DTSTART:20260302T080000Z", "DTEND;VALUE=DATE:20260303"), "ends on a day"),
        (_calendar("DTSTART:00010101T000000Z", "DURATION:PT1H"), "the years 1970"),
        (_calendar("DTSTART:20260302T080000Z", "RRULE:FREQ=SECONDLY"), "more than once a day"),
        (_calendar("DTSTART:20260302T080000Z", "RRULE:FREQ=DAILY;BYHOUR=1,2"), "more than once"),
        (_calendar("DTSTART:20260302T080000Z", "RRULE:FREQ=NEVER"), "its RRULE cannot be read"),
        (_calendar("DTSTART:20260302T080000Z", "EXRULE:FREQ=DAILY"), "exceptions by a rule"),
        (_calendar("DTSTART:20260302T080000Z", "RRULE:FREQ=DAILY", uid="X-A:1"), "no id"),
    ],
)
def test_a_fault_refuses_the_whole_calendar(content, words):
    message = _refusal(content)
    assert words in message
    assert message.startswith("c.ics")
    assert message.isprintable()


def test_events_that_recur_are_those_that_happened():
    pytest.importorskip("recurring_ical_events")
    reading = read(sample("recurring.ics"), context("c.ics"))
    key = "weekly@example.com 2026"
    expected = [
        ("2026-03-23 09:00+01:00", "2026-03-23 10:00+01:00", "Weekly call", key + "0323T080000Z"),
        ("2026-03-24 10:00+01:00", "2026-03-24 11:00+01:00", "Once", "once@example.com"),
        ("2026-03-31 14:00+02:00", "2026-03-31 14:30+02:00", "Weekly call, moved",
         key + "0330T070000Z"),
        ("2026-04-20 09:00+02:00", "2026-04-20 10:00+02:00", "Weekly call", key + "0420T070000Z"),
        ("2026-04-27 09:00+02:00", "2026-04-27 10:00+02:00", "Weekly call", key + "0427T070000Z"),
    ]  # fmt: skip
    assert reading.frames == tuple(
        frame(start, end, memo, (), key, is_tracked=False) for start, end, memo, key in expected
    )
    assert reading.left_out == (
        'c.ics, event that recurs ("Weekly call"), 1 time, left out: it is cancelled.',
    )


def test_of_a_recurrence_nothing_is_said_that_did_not_begin():
    pytest.importorskip("recurring_ical_events")
    lines = ("DTSTART:20260429T120000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    reading = read(_calendar(*lines), context())
    assert [f.start for f in reading.frames] == [at("2026-04-29 12:00Z"), at("2026-04-30 12:00Z")]
    assert reading.left_out == ()


def test_what_is_left_out_of_a_recurrence_is_one_sentence():
    pytest.importorskip("recurring_ical_events")
    content = _calendar("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;COUNT=9", "SUMMARY:Off")
    reading = read(content, context("c.ics"))
    assert reading.frames == ()
    assert reading.left_out == (
        'c.ics, event that recurs ("Off"), 9 times, left out: it is of whole days.',
    )


@pytest.mark.parametrize(
    ("library", "content"),
    [("icalendar", "calendar.ics"), ("recurring_ical_events", "recurring.ics")],
)
def test_a_missing_library_names_the_extra(monkeypatch, library, content):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing, match="reports"):
        read(sample(content), context())


def test_a_calendar_where_nothing_recurs_needs_no_library_for_that(monkeypatch):
    monkeypatch.setitem(sys.modules, "recurring_ical_events", None)
    assert len(read(sample("calendar.ics"), context()).frames) == 3
