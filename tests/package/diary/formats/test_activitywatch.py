"""Exports of ActivityWatch. The sample is what its server 0.12.0 exports for made-up events."""

import json
from dataclasses import asdict

import pytest

from milepost.diary.formats.activitywatch import GAP, read
from milepost.errors import InputError
from tests.package.diary.formats.made import at, context, frame, sample

START = at("2026-03-02 09:00Z")


def _bucket(kind, *spans, host="a", status="not-afk"):
    data = {"status": status} if kind == "afkstatus" else {"app": "Editor", "title": "secret"}
    events = [
        {
            "timestamp": f"2026-03-02T{9 + first // 3600:02}:{first // 60 % 60:02}:"
            f"{first % 60:02}.000000+00:00",
            "duration": last - first,
            "data": data,
        }
        for first, last in spans
    ]
    return {"id": f"{kind}_{host}", "type": kind, "hostname": host, "events": events}


def _read(*buckets, **fields):
    content = json.dumps({"buckets": {str(i): b for i, b in enumerate(buckets)}})
    return read(content.encode(), context("aw.json", **{"memo": "Work"} | fields))


def _spans(reading):
    return [(f.start - START, f.end - START) for f in reading.frames]


def test_an_export_is_the_time_with_a_window_and_somebody_there():
    reading = read(sample("activitywatch.json"), context("aw.json", memo="Work on the shop"))
    assert reading.frames == (
        frame("2026-03-02 09:00:01Z", "2026-03-02 09:20:00Z", "Work on the shop"),
        frame("2026-03-02 10:30:01Z", "2026-03-02 10:46:40Z", "Work on the shop"),
    )
    assert reading.left_out == (
        "aw.json, 1 of its buckets, left out: they are neither of windows nor of presence.",
    )


def test_nothing_private_is_in_what_is_read():
    content = sample("activitywatch.json")
    reading = read(content, context("aw.json", memo="Work"))
    said = repr(asdict(reading))
    for private in ("Terminal", "Firefox", "secret", "invoice", "workstation", "example.com"):
        assert private.encode() in content
        assert private not in said


def test_pauses_shorter_than_the_gap_are_bridged():
    there = _bucket("afkstatus", (0, 3000))
    joined = _read(_bucket("currentwindow", (0, 600), (600 + GAP - 1, 1200)), there)
    apart = _read(_bucket("currentwindow", (0, 600), (600 + GAP, 1200)), there)
    assert _spans(joined) == [(0, 1200)]
    assert _spans(apart) == [(0, 600), (600 + GAP, 1200)]


def test_overlapping_events_count_once():
    window = _bucket("currentwindow", (0, 600), (300, 900), (100, 200))
    assert _spans(_read(window, _bucket("afkstatus", (0, 500), (400, 800)))) == [(0, 800)]


def test_presence_at_one_computer_is_none_at_another():
    reading = _read(
        _bucket("currentwindow", (0, 600), host="a"),
        _bucket("afkstatus", (1200, 1800), host="a"),
        _bucket("currentwindow", (1200, 1500), host="b"),
        _bucket("afkstatus", (0, 1300), host="b"),
    )
    assert _spans(reading) == [(1200, 1300)]


def test_a_window_that_ends_as_somebody_comes_is_nothing():
    reading = _read(_bucket("currentwindow", (0, 600)), _bucket("afkstatus", (600, 900)))
    assert (reading.frames, reading.left_out) == ((), ())


def test_presence_alone_is_activity_and_absence_is_not():
    assert _spans(_read(_bucket("afkstatus", (0, 600)))) == [(0, 600)]
    assert _spans(_read(_bucket("afkstatus", (0, 600), status="afk"))) == []


def test_a_stretch_within_a_second_is_counted_and_left_out():
    bucket = _bucket("afkstatus", (0, 0))
    bucket["events"][0] |= {"timestamp": "2026-03-02T09:00:00.25Z", "duration": 0.5}
    reading = _read(bucket)
    assert reading.frames == ()
    assert reading.left_out == (
        "aw.json, 1 of its active stretches, left out: they are shorter than a second.",
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"memo": " "}, "--memo"),
        ({"memo": "x" * 501}, "too long"),
        ({"only": ("shop",)}, "no projects"),
    ],
)
def test_the_caller_gives_the_memo(fields, words):
    with pytest.raises(InputError, match=words):
        _read(_bucket("afkstatus", (0, 600)), **fields)


def test_windows_without_presence_are_refused():
    with pytest.raises(InputError, match="no bucket of aw-watcher-afk"):
        _read(_bucket("currentwindow", (0, 600)))
    with pytest.raises(InputError, match="no bucket of aw-watcher-afk"):
        _read(_bucket("currentwindow", (0, 600)), _bucket("afkstatus", (0, 600), host="b"))


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-03-02T09:00:00"},
        {"timestamp": 5},
        {"timestamp": "soon"},
        {"duration": -1},
        {"duration": "1"},
        {"duration": True},
        {"duration": None},
        {"data": None},
        {"data": {}},
    ],
)
def test_a_fault_in_an_event_refuses_the_whole_file(change):
    bucket = _bucket("afkstatus", (0, 600), (600, 900))
    bucket["events"][1] |= change
    with pytest.raises(InputError, match=r"^aw\.json, bucket 1, event 2: "):
        _read(bucket)


def test_an_endless_duration_is_refused():
    content = '{"buckets": {"a": {"type": "afkstatus", "events": [{"timestamp": '
    content += '"2026-03-02T09:00:00Z", "duration": 1e999, "data": {"status": "not-afk"}}]}}}'
    with pytest.raises(InputError, match="event 1"):
        read(content.encode(), context(memo="Work"))


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"buckets": []}', b'{"buckets": {"a": 1}}'])
def test_what_is_no_export_is_refused(content):
    with pytest.raises(InputError, match="xport"):
        read(content, context(memo="Work"))
