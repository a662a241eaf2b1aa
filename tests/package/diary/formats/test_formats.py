"""The readers together: which one a file is for, and what all of them keep."""

import json
import random
from itertools import pairwise

import pytest

from milepost.diary.formats import FORMATS, Reading, guess
from milepost.diary.rules import MEMO_LENGTH, TAG_LENGTH, memo_of, tags_of
from milepost.errors import InputError
from tests.package.diary.formats.made import context, sample

FORMAT_OF = {
    "watson-frames.json": "watson",
    "watson-log.json": "watson",
    "timewarrior-export.json": "timewarrior",
    "timewarrior-2026-03.data": "timewarrior",
    "toggl.csv": "toggl",
    "toggl-stop.csv": "toggl",
    "toggl-import.csv": "toggl",
    "clockify.csv": "clockify",
    "activitywatch.json": "activitywatch",
    "calendar.ics": "ical",
    "recurring.ics": "ical",
}


@pytest.mark.parametrize(("name", "expected"), FORMAT_OF.items())
def test_a_file_shows_its_format_whatever_its_name(name, expected):
    content = sample(name)
    assert guess(content, "export.txt") == expected
    assert guess(b"\xef\xbb\xbf" + content.removeprefix(b"\xef\xbb\xbf"), "x") == expected


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"[1]", b'[{"start": 5}]', b"Date,Hours\n", b"hello", b'"']
)
def test_a_file_that_shows_nothing_asks_for_the_format(content):
    with pytest.raises(InputError) as caught:
        guess(content, "export.txt")
    assert caught.value.message == (
        "export.txt does not show which program wrote it. Name that with --from: watson, "
        "timewarrior, toggl, clockify, activitywatch, ical."
    )


def test_the_name_in_a_message_does_not_steer_a_terminal():
    with pytest.raises(InputError) as caught:
        guess(b"", "a\x1b[2J.txt")
    assert caught.value.message.isprintable()


def _watson(project, *tags):
    content = json.dumps([[0, 60, project, "1", list(tags)]])
    return FORMATS["watson"](content.encode(), context("frames", memo="Otherwise"))


@pytest.mark.parametrize(
    ("text", "memo"),
    [
        ("  a \t b\r\n c\u00a0d ", "a b c d"),
        ("a\x00\x1b[2J\x9b\u202e\ud800", "a\ufffd\ufffd[2J\ufffd\ufffd\ufffd"),
        ("x" * MEMO_LENGTH, "x" * MEMO_LENGTH),
        (" \n ", "Otherwise"),
    ],
)
def test_texts_become_one_line_that_prints(text, memo):
    reading = _watson(text)
    assert reading.frames[0].memo == memo == memo_of(memo)
    assert reading.left_out == ()


def test_long_texts_are_cut_and_that_is_said():
    reading = _watson("x" * 501, "y" * 51)
    assert reading.frames[0].memo == "x" * (MEMO_LENGTH - 1) + "…"
    assert reading.frames[0].tags == ("y" * (TAG_LENGTH - 1) + "…",)
    assert reading.left_out == (
        "frames, item 1: its tag has 51 characters and is cut to 50.",
        "frames, item 1: its memo has 501 characters and is cut to 500.",
    )


def test_brackets_in_texts_are_no_depth():
    assert _watson('[{"' * 60).frames[0].memo == '[{"' * 60


def test_tags_are_such_as_the_diary_takes():
    [frame] = _watson("shop", "a,b", " a\tb ", "", "a b", "c\x1b").frames
    assert frame.tags == ("a;b", "a b", "c\ufffd")
    assert tags_of(frame.tags) == list(frame.tags)


def _outcome(name, content, context):
    """What a file is read as, or why it is refused."""
    try:
        return FORMATS[name](content, context)
    except InputError as error:
        return error.message


@pytest.mark.parametrize(("name", "expected"), FORMAT_OF.items())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name, expected):
    chance = random.Random(name)
    whole = sample(name)
    pieces = [b"", b"\x00", b'"', b",", b"\n", b"[", b"}", b"9", b"-", b"\xff", b"null", b"1e999"]
    pieces += [b";", b":", b"DTSTART", b"20261025T023000", b"\\", b" # ", b"99999999999999999999"]
    read = 0
    for _ in range(250):
        content = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(content))
            content[at : at + chance.randrange(8)] = chance.choice(pieces)
        reading = _outcome(expected, bytes(content), context(name, memo="Work"))
        if isinstance(reading, str):
            assert reading.isprintable()
            continue
        read += 1
        assert isinstance(reading, Reading)
        assert all(a.start <= b.start for a, b in pairwise(reading.frames))
        for frame in reading.frames:
            assert 0 <= frame.start < frame.end
            assert (frame.memo + "".join(frame.tags)).isprintable()
        assert all(sentence.isprintable() for sentence in reading.left_out)
    assert 0 < read < 250
