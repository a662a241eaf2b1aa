"""Reports of Toggl Track and Clockify: columns, local times, and the nights when clocks change."""

import random
from datetime import datetime, timedelta

import pytest

from milepost.diary.formats import DateOrder, clockify, toggl
from milepost.errors import InputError
from tests.package.diary.formats.made import BERLIN, at, context, frame, sample

HEADER = "Email,Description,Start date,Start time,End date,End time,Duration\n"
LOGIN = frame(
    "2026-03-02 09:00+01:00",
    "2026-03-02 10:30:15+01:00",
    "Fix the login, again",
    ("review", "two words"),
)


def _toggl(*rows, header=HEADER, **fields):
    return toggl.read((header + "\n".join(rows)).encode(), context("t.csv", **fields))


def _row(start, end, duration="", email="freelancer@example.com"):
    return f"{email},Work,{start.replace(' ', ',')},{end.replace(' ', ',')},{duration}"


def _clockify(dates, times=("09:00", "10:00"), **fields):
    header = "Description,Start Date,Start Time,End Date,End Time,Duration (h)\n"
    rows = "".join(f"Work,{d},{times[0]},{d},{times[1]},01:00:00\n" for d in dates)
    return clockify.read((header + rows).encode(), context("c.csv", **fields))


def _refusal(read, *arguments, **fields):
    with pytest.raises(InputError) as caught:
        read(*arguments, **fields)
    return caught.value.message


def test_a_report_of_toggl():
    reading = toggl.read(sample("toggl.csv"), context("toggl.csv"))
    assert reading.frames == (
        LOGIN,
        frame("2026-03-02 23:30+01:00", "2026-03-03 00:15+01:00", "Design"),
    )
    assert reading.left_out == (
        "toggl.csv, line 4, left out: it has no length.",
        "toggl.csv, line 5, left out: it has no end, so it still runs.",
    )


def test_a_report_of_toggl_that_calls_the_end_stop():
    reading = toggl.read(sample("toggl-stop.csv"), context())
    assert reading.frames == (
        frame("2026-03-02 09:00+01:00", "2026-03-02 10:30+01:00", "Fix the login"),
    )


def test_the_file_for_the_import_of_toggl_has_no_end():
    reading = toggl.read(sample("toggl-import.csv"), context())
    assert reading.frames == (
        frame("2026-03-02 09:00+01:00", "2026-03-02 10:30+01:00", "Fix the login", ("review",)),
        frame("2026-03-02 11:00+01:00", "2026-03-02 11:30+01:00", "shop-api"),
    )


def test_a_report_of_clockify():
    reading = clockify.read(sample("clockify.csv"), context())
    assert reading.frames == (
        frame(
            "2026-03-02 09:00+01:00",
            "2026-03-02 10:30:15+01:00",
            "Fix the login",
            ("review", "two words"),
        ),
        frame("2026-03-13 23:30+01:00", "2026-03-14 00:15+01:00", "Design"),
    )
    assert reading.left_out == ()


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        (["03/04/2026", "03/13/2026"], "2026-03-04"),
        (["03/04/2026", "13/04/2026"], "2026-04-03"),
        (["03-04-2026", "13-04-2026"], "2026-04-03"),
        (["03.04.2026"], "2026-04-03"),
        (["2026-04-03"], "2026-04-03"),
        (["2026/04/03"], "2026-04-03"),
        (["04/04/2026"], "2026-04-04"),
    ],
)
def test_the_order_of_dates_is_that_of_all_rows(dates, day):
    [first, *_] = sorted(_clockify(dates).frames, key=lambda f: f.start)
    assert datetime.fromtimestamp(first.start, BERLIN).isoformat()[:16] == f"{day}T09:00"


def test_dates_that_fit_both_orders_are_refused_until_one_is_named():
    message = _refusal(_clockify, ["05/05/2026", "03/04/2026"])
    assert message == (
        'c.csv, line 3: "03/04/2026" and all other dates fit both orders. Say with --date-order '
        "which it is: day-first or month-first."
    )
    for order, day in ((DateOrder.DAY_FIRST, "2026-04-03"), (DateOrder.MONTH_FIRST, "2026-03-04")):
        [read] = _clockify(["03/04/2026"], date_order=order).frames
        assert datetime.fromtimestamp(read.start, BERLIN).date().isoformat() == day


def test_dates_that_fit_no_order_name_two_lines():
    message = _refusal(_clockify, ["03/13/2026", "13/03/2026"])
    assert '"03/13/2026" in line 2 is no day day-first' in message
    assert '"13/03/2026" in line 3 is no day month-first' in message


def test_a_named_order_must_fit():
    message = _refusal(_clockify, ["03/13/2026"], date_order=DateOrder.DAY_FIRST)
    assert '"03/13/2026" in line 2 is no day day-first' in message


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (("12:00 AM", "01:00 AM"), (0, 1)),
        (("12:00 PM", "1:00 PM"), (12, 13)),
        (("11:00:00 am", "12:00:00 pm"), (11, 12)),
        (("1:00\u202fPM", "2:00\u202fPM"), (13, 14)),
        (("9:00", "10:00"), (9, 10)),
    ],
)
def test_times_of_12_and_of_24_hours(times, hours):
    [read] = _clockify(["2026-03-02"], times).frames
    local = (datetime.fromtimestamp(t, BERLIN).hour for t in (read.start, read.end))
    assert tuple(local) == hours


@pytest.mark.parametrize("time", ["24:00", "13:00 PM", "0:30 AM", "9", "09:60", "\u0669:00", ""])
def test_other_times_are_refused(time):
    message = _refusal(_clockify, ["2026-03-02"], (time, "23:00"))
    assert message.startswith(f'c.csv, line 2: "{time}" is no time such as 13:05')


def test_minutes_may_differ_from_the_duration_by_the_seconds_that_are_not_shown():
    row = _row("2026-03-02 09:00", "2026-03-02 09:30", "00:30:59")
    assert _toggl(row).frames[0].end == at("2026-03-02 09:30+01:00")


def test_seconds_may_differ_from_the_duration_by_the_part_that_is_not_shown():
    row = _row("2026-03-02 09:00:00", "2026-03-02 09:30:00", "00:30:01")
    assert _toggl(row).frames[0].end == at("2026-03-02 09:30+01:00")


def test_a_row_without_an_end_runs_whatever_its_duration():
    reading = _toggl(_row("2026-03-02 09:00:00", " ", "00:30:00"))
    assert reading.frames == ()
    assert reading.left_out == ("t.csv, line 2, left out: it has no end, so it still runs.",)


@pytest.mark.parametrize("duration", ["00:30:02", "00:31:00", "01:30:00"])
def test_a_duration_that_is_not_the_time_between_is_refused(duration):
    row = _row("2026-03-02 09:00:00", "2026-03-02 09:30:00", duration)
    message = _refusal(_toggl, row)
    assert message.startswith("t.csv, line 2: the duration is ")
    assert "0:30:00 in Europe/Berlin" in message


# Clocks in Berlin went from 03:00 back to 02:00 on 25 October 2026.
@pytest.mark.parametrize(
    ("start", "end", "duration", "first", "last"),
    [
        ("01:30:00", "02:30:00", "01:00:00", "01:30+02:00", "02:30+02:00"),
        ("01:30:00", "02:30:00", "02:00:00", "01:30+02:00", "02:30+01:00"),
        ("02:30:00", "03:30:00", "01:00:00", "02:30+01:00", "03:30+01:00"),
        ("02:30:00", "03:30:00", "02:00:00", "02:30+02:00", "03:30+01:00"),
        ("02:50:00", "02:10:00", "00:20:00", "02:50+02:00", "02:10+01:00"),
        ("02:50:00", "02:10:00", "", "02:50+02:00", "02:10+01:00"),
        ("02:10:00", "02:30:00", "01:20:00", "02:10+02:00", "02:30+01:00"),
    ],
)
def test_the_duration_tells_times_that_came_twice(start, end, duration, first, last):
    reading = _toggl(_row(f"2026-10-25 {start}", f"2026-10-25 {end}", duration))
    assert reading.left_out == ()
    [read] = reading.frames
    assert (read.start, read.end) == (at(f"2026-10-25 {first}"), at(f"2026-10-25 {last}"))


@pytest.mark.parametrize(
    ("start", "end", "duration"),
    [
        ("02:10:00", "02:30:00", "00:20:00"),
        ("02:30:00", "03:30:00", ""),
        ("01:30:00", "02:30:00", ""),
    ],
)
def test_a_time_that_came_twice_and_that_nothing_tells_is_left_out(start, end, duration):
    reading = _toggl(
        _row(f"2026-10-25 {start}", f"2026-10-25 {end}", duration),
        _row("2026-10-25 09:00:00", "2026-10-25 10:00:00", "01:00:00"),
    )
    assert [f.start for f in reading.frames] == [at("2026-10-25 09:00+01:00")]
    [sentence] = reading.left_out
    assert sentence.startswith("t.csv, line 2, left out: clocks in Europe/Berlin showed 2026-10-25")


# Clocks in Berlin went from 02:00 on to 03:00 on 29 March 2026.
def test_a_time_that_was_jumped_over_is_refused():
    message = _refusal(_toggl, _row("2026-03-29 02:30:00", "2026-03-29 03:30:00", "00:30:00"))
    assert message.startswith(
        "t.csv, line 2: clocks in Europe/Berlin never showed 2026-03-29 02:30:00."
    )


def test_work_through_the_jump_is_an_hour_shorter_than_clocks_say():
    [read] = _toggl(_row("2026-03-29 01:30:00", "2026-03-29 03:30:00", "01:00:00")).frames
    assert read.end - read.start == 3600


def test_random_work_in_the_nights_of_change_is_read_as_it_was_or_left_out():
    chance = random.Random(20261025)
    nights = at("2026-10-24 22:00+02:00"), at("2026-03-28 22:00+01:00")
    work = []
    for night in nights:
        for _ in range(400):
            start = night + chance.randrange(8 * 3600)
            work.append((start, start + 1 + chance.randrange(3 * 3600)))
    rows = []
    for start, end in work:
        first, last = (datetime.fromtimestamp(t, BERLIN) for t in (start, end))
        duration = "0" + str(timedelta(seconds=end - start))
        rows.append(_row(f"{first:%Y-%m-%d %H:%M:%S}", f"{last:%Y-%m-%d %H:%M:%S}", duration))
    reading = _toggl(*rows)
    read = {(f.start, f.end) for f in reading.frames}
    missing = set(work) - read
    assert read <= set(work)
    assert 0 < len(missing) == len(reading.left_out)
    twice = at("2026-10-25 02:00+02:00"), at("2026-10-25 03:00+01:00")
    assert all(twice[0] <= t < twice[1] for span in missing for t in span)


def test_a_report_of_several_people_is_refused():
    row = _row("2026-03-02 09:00:00", "2026-03-02 10:00:00")
    other = _row("2026-03-02 09:00:00", "2026-03-02 10:00:00", email="other@example.com")
    message = _refusal(_toggl, row, other)
    assert "the time of 2 people" in message
    assert "example.com" not in message


def test_rows_of_one_project_can_be_chosen():
    reading = toggl.read(sample("toggl.csv"), context("t.csv", only=("website",)))
    assert reading.frames == ()
    assert reading.left_out[-1] == 't.csv, 2 of its items, left out: they are not of "website".'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the whole file: it is empty"),
        ("Email,Start date,Start time\n", "line 1: the header must have"),
        ("Utilisateur,Date\n", "in English"),
        (HEADER + "a,b\n", "line 2: 2 values stand here, and 7 are wanted"),
        (HEADER + '"a\n', "not CSV"),
        (HEADER + _row("2026-02-30 09:00:00", "2026-03-02 10:00:00"), '"2026-02-30" is no day'),
        (HEADER + _row("02/03/26 09:00:00", "02/03/26 10:00:00"), '"02/03/26" is no day'),
        (HEADER + _row("9999-12-31 09:00:00", "9999-12-31 10:00:00"), "is no day"),
        (HEADER + _row("2026-03-02 10:00:00", "2026-03-02 09:00:00"), "it ends before it begins"),
        (HEADER + _row("2026-03-02 10:00:00", "2026-03-02 "), "is no time"),
        (HEADER + _row("2026-03-02 10:00:00", " 11:00:00"), "or has no date"),
        (HEADER + _row("2026-03-02 09:00:00", "2026-03-02 10:00:00", "1.0"), '"1.0" is no dur'),
    ],
)
def test_a_fault_refuses_the_whole_file_and_names_the_place(content, words):
    message = _refusal(toggl.read, content.encode(), context("t.csv"))
    assert words in message
    assert message.startswith("t.csv, ")
