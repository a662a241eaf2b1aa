"""What the diary writes for other programs, and that their readers take it back as it was."""

import csv
import io
import json
import random
import re

import pytest

from milepost.diary.entries import Entry, Kind
from milepost.diary.formats import guess, timewarrior, toggl
from milepost.diary.formats.write import (
    COLUMNS,
    to_csv,
    to_json,
    to_timewarrior,
    to_toggl,
)
from tests.package.diary.formats.made import BERLIN, at, context, sample

EMAIL = "freelancer@example.com"


def _entry(start=1_772_442_000, seconds=5400, memo="Fix the login", tags=("review",), **fields):
    known = {"id": "a1", "zone": "Europe/Berlin", "source": "timer", "kind": Kind.TRACKED}
    return Entry(
        start=start, end=start + seconds, memo=memo, tags=tags, recorded_at=0, **known | fields
    )


def _random_entries(count):
    chance = random.Random(20260302)
    words = [
        "fix",
        'the "login"',
        "café",
        "a # b",
        "back\\slash",
        "=SUM(A1)",
        "日本",
        "it's",
        "x,y",
    ]
    start, entries = at("2026-04-01 00:00Z"), []
    for i in range(count):
        start += chance.randrange(7200)
        memo = " ".join(chance.choices(words, k=chance.randrange(1, 6)))
        names = [word.replace(",", "") for word in words]
        tags = tuple(chance.sample(names, chance.randrange(4)))
        entries.append(_entry(start, chance.randrange(1, 90_000), memo, tags, id=str(i)))
        start = entries[-1].end
    return entries


def _values(items):
    return [(x.start, x.end, x.memo, x.tags) for x in items]


def test_json_has_times_in_utc_and_the_zone():
    assert json.loads(to_json([_entry()])) == [
        {
            "id": "a1",
            "start": "2026-03-02T09:00:00Z",
            "end": "2026-03-02T10:30:00Z",
            "zone": "Europe/Berlin",
            "seconds": 5400,
            "kind": "tracked",
            "source": "timer",
            "memo": "Fix the login",
            "tags": ["review"],
        }
    ]


def test_csv_has_the_same_columns():
    assert to_csv([_entry(tags=("review", "two words"))]) == (
        "id,start,end,zone,seconds,kind,source,memo,tags\n"
        "a1,2026-03-02T09:00:00Z,2026-03-02T10:30:00Z,Europe/Berlin,5400,tracked,timer,"
        'Fix the login,"review, two words"\n'
    )


@pytest.mark.parametrize("separator", [",", ";", "|"])
@pytest.mark.parametrize(
    "memo",
    [
        "=1+1",
        "\t=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\uff1d1",
        "fine, =1+1",
        "fine;=1+1",
        'fine;"=1+1',
        'fine|"@x"',
        "fine,\n+1",
        'a","=1',
    ],
)
def test_no_cell_of_the_csv_is_a_formula(separator, memo):
    text = to_csv([_entry(memo=memo, tags=(memo, "a"), source=memo, zone=memo, id=memo)])
    for line in csv.reader(io.StringIO(text), delimiter=separator):
        for cell in line:
            assert not re.match('[\\s"]*[=+\\-@\uff1d]', cell)


def test_harmless_separators_stay_in_the_csv():
    [_, row] = csv.reader(io.StringIO(to_csv([_entry(memo="Fix login, logout; a|b")])))
    assert row[COLUMNS.index("memo")] == "Fix login, logout; a|b"


@pytest.mark.parametrize("write", [to_json, to_csv, to_timewarrior])
def test_nothing_steers_a_terminal(write):
    text = write([_entry(memo="a\x1b[2J\x9b2J\u202eb\r\nc", tags=("\x1b]0;x",))])
    assert text.replace("\n", "").isprintable()


def test_timewarrior_reads_what_it_wrote_itself():
    kept = [
        line
        for line in sample("timewarrior-export.json").decode().splitlines()
        if '"end"' in line and "annotation" in line
    ]
    content = "[" + "\n".join(kept).rstrip(",") + "]"
    entries = [
        _entry(f.start, f.end - f.start, f.memo, f.tags)
        for f in timewarrior.read(content.encode(), context()).frames
    ]
    written = to_timewarrior(entries).splitlines()
    # The numbers count what is in a file, from the newest.
    assert [line.partition(",")[2].rstrip(",") for line in written[1:-1]] == [
        line.partition(",")[2].rstrip(",") for line in kept
    ]
    assert [json.loads(line.rstrip(","))["id"] for line in written[1:-1]] == [2, 1]


def test_timewarrior_takes_back_what_was_written():
    entries = _random_entries(300)
    content = to_timewarrior(entries).encode()
    assert "café".encode() in content
    assert guess(content, "x") == "timewarrior"
    reading = timewarrior.read(content, context())
    assert _values(reading.frames) == _values(entries)
    assert reading.left_out == ()


def test_toggl_takes_back_what_was_written():
    entries = _random_entries(300)
    content = to_toggl(entries, BERLIN, EMAIL).encode()
    assert guess(content, "x") == "toggl"
    reading = toggl.read(content, context())
    repeated = at("2026-10-25 02:00+02:00"), at("2026-10-25 03:00+01:00")
    assert not any(repeated[0] <= e.start < repeated[1] for e in entries)
    assert _values(reading.frames) == _values(entries)
    assert reading.left_out == ()


def test_the_file_for_toggl():
    entry = _entry(seconds=90_061, memo="Fix\tthe login", tags=("a", "b"))
    assert to_toggl([entry], BERLIN, EMAIL) == (
        "Email,Description,Start date,Start time,Duration,Tags\r\n"
        'freelancer@example.com,Fix the login,2026-03-02,10:00:00,25:01:01,"a, b"\r\n'
    )


def test_toggl_cannot_tell_a_time_that_came_twice():
    entry = _entry(at("2026-10-25 02:30+01:00"))
    reading = toggl.read(to_toggl([entry], BERLIN, EMAIL).encode(), context())
    assert reading.frames == ()
    assert len(reading.left_out) == 1


@pytest.mark.parametrize("write", [to_json, to_timewarrior])
def test_no_entries_are_an_empty_list(write):
    assert json.loads(write([])) == []
