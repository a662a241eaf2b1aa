"""Files of Timewarrior. The samples are what Timewarrior 1.4.3 wrote, the same work in both."""

import pytest

from milepost.diary.formats.timewarrior import read
from milepost.errors import InputError
from tests.package.diary.formats.made import context, frame, sample

FRAMES = (
    frame(
        "2026-03-02 09:00Z",
        "2026-03-02 10:30Z",
        'Fix the "login" page # really',
        ("review", "two words"),
    ),
    frame("2026-03-02 11:00Z", "2026-03-02 11:30Z", "no tags here"),
    frame(
        "2026-03-02 12:00Z",
        "2026-03-02 12:30Z",
        "ha#sh it's quo\"te x:y ünï",
        ("ha#sh", "it's", 'quo"te', "x:y", "ünï"),
    ),
    frame("2026-03-02 14:00Z", "2026-03-02 15:00Z", ""),
)


@pytest.mark.parametrize(
    ("name", "place"),
    [("timewarrior-export.json", "item"), ("timewarrior-2026-03.data", "line")],
)
def test_an_export_and_a_file_of_its_own_are_read_alike(name, place):
    reading = read(sample(name), context("tw"))
    assert reading.frames == FRAMES
    assert reading.left_out == (
        f"tw, {place} 4, left out: it has no length.",
        f"tw, {place} 6, left out: it still runs.",
    )


@pytest.mark.parametrize(
    ("rest", "tags", "memo"),
    [
        ("", (), ""),
        (" # a", ("a",), "a"),
        (' # a "b c"', ("a", "b c"), "a b c"),
        (' # a # "b \\"c\\" \\\\ d"', ("a",), 'b "c" \\ d'),
        (" # # bare words of an old version", (), "bare words of an old version"),
        (' # # "two" "texts"', (), '"two" "texts"'),
        (' # "unfinished', ('"unfinished',), '"unfinished'),
        (' # a # ""', ("a",), "a"),
    ],
)
def test_words_of_a_line(rest, tags, memo):
    line = f"inc 20260302T090000Z - 20260302T100000Z{rest}\r\n"
    [only] = read(line.encode(), context()).frames
    assert (only.tags, only.memo, only.key) == (tags, memo, "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"exc monday", 'line 1: "exc monday" is no interval'),
        (b"\ninc 2026 - 2027", 'line 2: "2026" is no time'),
        (b"inc 20261302T090000Z - 20261302T100000Z", "is no time of Timewarrior"),
        (b"inc 20260302T090000Z - 20260302T080000Z", "it ends before it begins"),
        (b'{"start": "20260302T090000Z"}', "it is no list of intervals"),
        (b"[1]", "item 1: it is no interval"),
        (b'[{"start": "2026-03-02T09:00:00Z", "end": null}]', "item 1"),
        (b'[{"start": "20260302T090000Z", "tags": [1]}]', "its tags must be"),
        (b'[{"start": "20260302T090000Z", "annotation": 1}]', "its annotation"),
        (b'[{"start": NaN}]', "JSON with a number"),
        (b"[" * 100_000, "JSON with a number or a depth"),
        (b"[" * 100_000 + b"]" * 100_000, "JSON with a number or a depth"),
        (b'[{"a": "\\\\", "b":' * 100_000, "JSON with a number or a depth"),
        (b'[{"start": ', "line 1: not JSON"),
        (b"\xff\xfe", "is not a text in UTF-8"),
    ],
)
def test_a_fault_refuses_the_whole_file_and_names_the_place(content, words):
    with pytest.raises(InputError) as caught:
        read(content, context("tw.data"))
    assert words in caught.value.message
    assert caught.value.message.startswith("tw.data")
