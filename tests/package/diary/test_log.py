"""Logs of which every byte is changed, added and taken away, and files that cannot be had."""

import json
import os
import resource
from contextlib import contextmanager

import pytest

from milepost.diary import log as logs
from milepost.diary.errors import DiaryDamaged
from milepost.errors import InputError
from tests.package.diary.made import SCOPE, log_of

MEMOS = ["Form", 'Say "no" to \\n', "Größe ✓ 漢字", "עברית", "", "x" * 40]
ROWS = [
    {"n": i, "at": 10**9 + i, "act": "start", "memo": MEMOS[i % len(MEMOS)], "tags": ["a", "b"]}
    for i in range(1, 31)
]
LOG = log_of(ROWS)
SHORT = log_of(ROWS[1:3])


def parsed(content):
    return logs.parse(content, "ours", SCOPE)


def line_at(content, place):
    """The line in which a byte stands; a line end belongs to the line that it ends."""
    return content[:place].count(b"\n") + 1


def damaged_line(content):
    with pytest.raises(DiaryDamaged) as caught:
        parsed(content)
    assert caught.value.log == "ours"
    return caught.value.line


def said(log):
    return [r.content for r in log.records]


def test_a_log_says_what_was_written():
    log = parsed(LOG)
    assert said(log) == ROWS
    assert (log.size, log.is_ended, log.torn) == (len(LOG), True, 0)
    assert [r.line for r in log.records] == list(range(1, 31))
    assert len({r.hash for r in log.records}) == 30
    assert parsed(b"") == logs.Log("ours", (), 0)


def test_each_hash_follows_the_one_before():
    _, hashes = logs.lines(ROWS, SCOPE)
    assert [r.hash for r in parsed(LOG).records] == hashes
    first, again = logs.lines(ROWS[:10], SCOPE)
    assert first + logs.lines(ROWS[10:], bytes.fromhex(again[-1]))[0] == LOG


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_every_byte_that_is_flipped_is_found(mask):
    for place, byte in enumerate(LOG):
        changed = LOG[:place] + bytes([byte ^ mask]) + LOG[place + 1 :]
        assert damaged_line(changed) == line_at(LOG, place)


@pytest.mark.parametrize("byte", [b"\n", b" ", b"}"])
def test_every_byte_that_is_replaced_is_found(byte):
    for place in range(len(LOG)):
        if LOG[place : place + 1] != byte:
            changed = LOG[:place] + byte + LOG[place + 1 :]
            assert damaged_line(changed) == line_at(LOG, place)


@pytest.mark.long
def test_no_byte_takes_the_place_of_another():
    for place in range(len(SHORT)):
        for byte in range(256):
            if byte != SHORT[place]:
                changed = SHORT[:place] + bytes([byte]) + SHORT[place + 1 :]
                assert damaged_line(changed) == line_at(SHORT, place)


@pytest.mark.parametrize("byte", [b"\n", b"}", b"\xff"])
def test_every_byte_that_is_inserted_is_found(byte):
    for place in range(len(LOG)):
        changed = LOG[:place] + byte + LOG[place:]
        is_empty_line = changed[place : place + 2] == b"\n\n"
        assert damaged_line(changed) == line_at(LOG, place) + is_empty_line


def test_every_byte_that_is_deleted_is_found():
    for place in range(len(LOG) - 1):
        assert damaged_line(LOG[:place] + LOG[place + 1 :]) == line_at(LOG, place)


def test_every_line_that_is_moved_doubled_or_left_out_is_found():
    whole = LOG.splitlines(keepends=True)
    for i in range(len(whole) - 1):
        assert damaged_line(b"".join(whole[:i] + whole[i + 1 :])) == i + 1
        assert damaged_line(b"".join([*whole[: i + 1], *whole[i:]])) == i + 2
        swapped = [*whole[:i], whole[i + 1], whole[i], *whole[i + 2 :]]
        assert damaged_line(b"".join(swapped)) == i + 1
    # Nobody sees that the last line is missing; the ones before it say nothing else.
    assert said(parsed(b"".join(whole[:-1]))) == ROWS[:-1]


def test_every_beginning_reads_as_a_crash_left_it():
    for size in range(len(LOG)):
        log = parsed(LOG[:size])
        ended = LOG[:size].count(b"\n")
        is_whole = LOG[size : size + 1] == b"\n"
        assert said(log) == ROWS[: ended + is_whole]
        assert log.is_ended is not is_whole
        whole = size if is_whole else LOG[:size].rfind(b"\n") + 1
        assert (log.size, log.torn) == (whole, size - whole)


def test_after_any_crash_it_goes_on(tmp_path):
    path = tmp_path / "ours.log"
    row = {"n": 9, "act": "start"}
    for size in range(len(SHORT) + 1):
        path.write_bytes(SHORT[:size])
        log = logs.read(path, SCOPE)
        logs.append(path, log, logs.lines([row], log.head(SCOPE))[0])
        again = logs.read(path, SCOPE)
        assert said(again) == [*said(log), row]
        assert (again.is_ended, again.torn) == (True, 0)


@pytest.mark.parametrize("rest", [b"\0" * 4096, b"\xff" * 70, b"{" * 500, b"[" * 200_000, b"\r"])
def test_what_was_never_a_line_is_torn(rest):
    log = parsed(LOG + rest)
    assert (said(log), log.size, log.torn) == (ROWS, len(LOG), len(rest))


def test_a_line_that_is_whole_is_never_torn():
    """Its end became something else: a crash does not do that."""
    for rest in (b"\0", b"\xff", b"\r", b" ", b"}", b"\0" * 300):
        assert damaged_line(LOG[:-1] + rest) == 30


def lines_of(*bodies):
    content, previous = b"", SCOPE
    for body in bodies:
        digest = logs.sha256(previous + body)
        content += digest.hexdigest().encode() + b" " + body + b"\n"
        previous = digest.digest()
    return content


@pytest.mark.parametrize(
    "body",
    [
        b"", b"1", b"[]", b"null", b'"a"', b"{", b"{}{}", b"\xff", b"[" * 100_000,
        b'{"a":' * 9_999, b'{"n":' + b"9" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_a_line_that_is_no_object_is_named(body):
    assert damaged_line(lines_of(b'{"n":1}', body, b'{"n":3}')) == 2
    # Without its end it was never finished, or is named as well.
    unended = lines_of(b'{"n":1}', body)[:-1]
    if body in (b"1", b"[]", b"null", b'"a"', b"{}{}"):
        assert damaged_line(unended) == 2
    else:
        assert len(parsed(unended).records) == 1


def test_a_log_of_another_agreement_is_told_from_a_damaged_one():
    other = log_of([{"act": "open", "version": 1, "scope": "77" * 32}], bytes.fromhex("77" * 32))
    assert logs.is_of_another(other, SCOPE)
    assert logs.is_of_another(other + b"what it goes on with", SCOPE)
    assert not logs.is_of_another(other, bytes.fromhex("77" * 32))
    assert not logs.is_of_another(other.replace(b"open", b"shut"), SCOPE)
    for content in (b"", b"\n", LOG[:200], b"x" * 64 + b" [1]", b"0" * 64 + b" " + b"[" * 10**6):
        assert not logs.is_of_another(content, SCOPE)


# Files


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "missing.log", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="cannot be read"):
            logs.read(path, SCOPE)


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "none" / "x.log", tmp_path / "file" / "x.log"):
        with pytest.raises(InputError, match="cannot be written"):
            logs.append(path, logs.Log("x", (), 0), SHORT)


@contextmanager
def space_for(size):
    """No file can grow above a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("torn", [b"", b"0123"])
@pytest.mark.parametrize("cut", [0, 1])
def test_without_space_the_records_are_as_they_were(tmp_path, torn, cut):
    path = tmp_path / "ours.log"
    was = SHORT[: len(SHORT) - cut] + (b"" if cut else torn)
    path.write_bytes(was)
    log = logs.read(path, SCOPE)
    added = logs.lines([{"n": 9}], log.head(SCOPE))[0]
    for space in (0, 1, 64, len(added) - 1):
        log = logs.read(path, SCOPE)
        with space_for(log.size + space), pytest.raises(InputError, match="cannot be written"):
            logs.append(path, log, added)
        assert path.read_bytes() == was[: log.size]
    log = logs.read(path, SCOPE)
    with space_for(log.size + len(added) + cut):
        logs.append(path, log, added)
    assert len(logs.read(path, SCOPE).records) == 3


@pytest.mark.parametrize("now", [b"", SHORT[:-1], SHORT + b"x", SHORT * 2])
def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path, now):
    path = tmp_path / "ours.log"
    path.write_bytes(SHORT)
    log = logs.read(path, SCOPE)
    path.write_bytes(now)
    with pytest.raises(InputError, match="changed by another program"):
        logs.append(path, log, b"more")
    assert path.read_bytes() == now


def test_only_its_owner_reads_a_log(tmp_path):
    path = tmp_path / "ours.log"
    before = os.umask(0)
    try:
        logs.append(path, logs.Log("ours", (), 0), SHORT)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == SHORT


def test_what_two_programs_write_is_the_same():
    """Keys in any order, and no spaces: a hash is of one text only."""
    row = {"b": 1, "a": "é"}
    assert log_of([row]) == log_of([dict(reversed(row.items()))])
    body = log_of([row])[65:-1]
    assert body == '{"a":"é","b":1}'.encode()
    assert json.loads(body) == row
