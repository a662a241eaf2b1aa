"""Files of Watson. The samples are what Watson 2.1.0 wrote."""

import json

import pytest

from milepost.diary.formats.watson import read
from milepost.errors import InputError
from tests.package.diary.formats.made import context, frame, sample

LOGIN = frame(
    "2026-03-02 09:00+01:00",
    "2026-03-02 10:30+01:00",
    "shop-api",
    ("review", "two words"),
    "f2c92f6576e04871a833016d69a5182f",
)
SITE = frame(
    "2026-03-30 08:15+02:00",
    "2026-03-30 09:00:30+02:00",
    "website",
    (),
    "f828fa3f21ea43e8905e8ae01362acfe",
)


def _read(value, **fields):
    return read(json.dumps(value).encode(), context("frames", **fields))


def test_the_file_of_frames_is_read():
    reading = read(sample("watson-frames.json"), context("frames"))
    assert reading.frames == (LOGIN, SITE)
    assert reading.left_out == ("frames, item 2, left out: it has no length.",)


def test_the_log_is_read_without_the_frame_that_runs():
    reading = read(sample("watson-log.json"), context("log.json"))
    assert reading.frames == (LOGIN, SITE)
    assert reading.left_out == (
        "log.json, item 2, left out: it has no length.",
        "log.json, item 4, left out: it still runs.",
    )


def test_frames_of_old_versions_have_neither_tags_nor_a_time_of_change():
    [only] = _read([[0, 60, "shop", "a1"]]).frames
    assert (only.memo, only.tags, only.key, only.is_tracked) == ("shop", (), "a1", True)


def test_a_message_follows_the_project():
    by_place = _read([[0, 60, "shop", "a1", [], 60, "Fix the login"]])
    by_name = _read(
        [
            {
                "start": "1970-01-01T01:00:00+01:00",
                "stop": "1970-01-01T00:01:00Z",
                "project": "shop",
                "id": "a1",
                "message": "Fix the login",
            }
        ]
    )
    assert by_place.frames[0].memo == "shop: Fix the login"
    assert by_name == by_place


def test_frames_come_by_start_whatever_their_order():
    reading = _read([[600, 660, "b", "2"], [0, 60, "a", "1"]])
    assert [f.memo for f in reading.frames] == ["a", "b"]


@pytest.mark.parametrize("only", [("shop",), ("review",), ("none", "shop")])
def test_frames_of_some_projects_or_tags_can_be_chosen(only):
    value = [[0, 60, "shop", "1", ["review"]], [60, 120, "site", "2"], [120, 180, "site", "3"]]
    reading = _read(value, only=only)
    assert [f.key for f in reading.frames] == ["1"]
    named = " or ".join(f'"{name}"' for name in only)
    assert reading.left_out == (f"frames, 2 of its items, left out: they are not of {named}.",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"project": "shop", "start": 1, "tags": []}, "frames, the whole file: it is no list"),
        ([[0, 60, "shop"]], "item 1: a frame is"),
        ([[0, 60, "shop", "1"], ["0", 60, "shop", "2"]], 'item 2: "0" is no time of Watson'),
        ([[True, 60, "shop", "1"]], 'item 1: "True" is no time'),
        ([[60, 0, "shop", "1"]], "item 1: it ends before it begins"),
        ([[-60, 0, "shop", "1"]], "item 1: it is not between the years"),
        ([[0, 10**30, "shop", "1"]], "item 1: it is not between the years"),
        ([[0, 60, None, "1"]], "item 1: its project and its id"),
        ([[0, 60, "shop", "1", "review"]], "item 1: its tags must be"),
        ([[0, 60, "shop", "\x1b[2J"]], "item 1: its id"),
        (
            [
                {
                    "start": "2026-03-02T09:00:00",
                    "stop": "2026-03-02T10:00:00Z",
                    "project": "shop",
                    "id": "1",
                }
            ],
            'item 1: "2026-03-02T09:00:00" is no time of Watson',
        ),
    ],
)
def test_a_fault_refuses_the_whole_file_and_names_the_place(value, words):
    with pytest.raises(InputError) as caught:
        _read(value)
    assert words in caught.value.message
    assert caught.value.message.startswith("frames, ")
