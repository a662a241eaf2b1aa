"""Writers that are killed anywhere, and writers that get in each other's way."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import pytest

from milepost.diary import diary as diaries
from milepost.diary.diary import Diary
from milepost.diary.errors import DiaryBusy
from tests.package.diary.made import MINUTE, MONDAY, NINE, RULES, diary_of, files, folder_of

ROUNDS = int(os.environ.get("MILEPOST_DIARY_ROUNDS", "1"))
"""How many times as much is tried."""

BEGINNING = """
    import os, random, sys, time
    from pathlib import Path
    from milepost.diary.diary import Diary
    from milepost.diary.entries import Frame
    from milepost.diary.rules import Rules

    FOLDER, SCOPE, MONDAY = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
    RULES = Rules(SCOPE, MONDAY, 240)
    choose = random.Random(int(sys.argv[4]))

    def report(what):
        os.write(1, (what + chr(10)).encode())
"""

# A write takes many steps, so that a kill falls between them.
WORKER = (
    BEGINNING
    + """
    write = os.write

    def slowly(descriptor, data):
        if descriptor == 1:
            return write(descriptor, data)
        time.sleep(0.0002)
        return write(descriptor, bytes(data[:9]))

    os.write = slowly
    while True:
        with Diary.write(FOLDER, RULES) as diary:
            now = max([MONDAY, *(e.end for e in diary.entries)])
            if diary.timer:
                found = diary.stop(now + 600, memo="Tracked")
            elif choose.random() < 0.4:
                diary.start(now, "", [], "UTC")
                found = []
            elif choose.random() < 0.5:
                found = [diary.add(now + 600, now, now + 600, "By hand", ["a"], "UTC")]
            else:
                frames = [Frame(now + 60 * i, now + 60 * i + 60, f"Part {i}") for i in range(3)]
                found = diary.import_(frames, "toggl", now + 600).added
        report(" ".join(e.id for e in found) or "-")
"""
)

NEIGHBOUR = (
    BEGINNING
    + """
    start, made, others = int(sys.argv[5]), 0, 0
    # Both go on until each has seen the other at work.
    while made < 30 or others < 10:
        with Diary.write(FOLDER, RULES) as diary:
            others = len(diary.entries) - made
            report(diary.add(start + 1, start, start + 1, "Work", [], "UTC").id)
        start, made = start + 1, made + 1
        time.sleep(0.005)
"""
)


@contextmanager
def running(script, *args):
    argv = [sys.executable, "-c", textwrap.dedent(script), *map(str, args)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def require_whole(folder, reported):
    """Has what was reported, and at most the one act that was not any more."""
    diary = Diary.read(folder, RULES)
    found = {e.id for e in diary.entries}
    assert reported <= found
    assert len(found - reported) <= 3
    kinds = {e.source for e in diary.entries if e.id not in reported}
    assert len(kinds) <= 1
    assert len(found - reported) <= 1 or kinds == {"toggl"}
    assert not diary.overlaps()
    return diary


def test_killed_at_any_moment_it_goes_on(tmp_path):
    chooser = random.Random(3)
    folder, reported, torn = folder_of(tmp_path), set(), 0
    for seed in range(8 * ROUNDS):
        args = folder, RULES.scope.hex(), MONDAY, seed
        with running(WORKER, *args) as process:
            first = process.stdout.readline()
            time.sleep(chooser.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
            assert process.wait() == -signal.SIGKILL
        reported |= set((first + rest).split()) - {"-"}
        diary = require_whole(folder, reported)
        # What was seen stays, whether or not it was reported.
        reported |= {e.id for e in diary.entries}
        torn += diary.logs[0].torn > 0 or not diary.logs[0].is_ended
    assert torn
    assert len(reported) > 8
    # Whole again, and nothing was lost on the way.
    end = max(e.end for e in diary.entries)
    with diary_of(tmp_path) as diary:
        if diary.timer:
            diary.stop(end + MINUTE, discard=True)
        diary.add(end + MINUTE, end, end + MINUTE, "Last", [], "UTC")
    diary = Diary.read(folder, RULES)
    assert (diary.logs[0].torn, diary.logs[0].is_ended) == (0, True)
    assert {e.id for e in diary.entries} > reported


def test_two_writers_lose_and_double_nothing(tmp_path):
    folder = folder_of(tmp_path)
    args = folder, RULES.scope.hex(), MONDAY, 0
    with running(NEIGHBOUR, *args, NINE) as one, running(NEIGHBOUR, *args, NINE + 3600) as two:
        reported = one.stdout.read().split() + two.stdout.read().split()
        assert (one.wait(), two.wait()) == (0, 0)
    diary = Diary.read(folder, RULES)
    assert len(reported) >= 60
    assert sorted(e.id for e in diary.entries) == sorted(reported)
    (log,) = diary.logs
    assert [r.content["n"] for r in log.records] == list(range(1, len(reported) + 2))


def test_who_waits_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(diaries, "_WAIT_FOR_OTHERS", 0.05)
    with diary_of(tmp_path) as diary:
        diary.add(NINE + MINUTE, NINE, NINE + MINUTE, "Work", [], "UTC")
        before = files(diary.folder)
        with pytest.raises(DiaryBusy) as caught, diary_of(tmp_path):
            pytest.fail("two write at once")
        assert caught.value.message == (
            f"Another command is writing to the diary in {diary.folder}. Try again."
        )
        # Whoever only looks does not wait.
        assert len(Diary.read(diary.folder, RULES).entries) == 1
        assert files(diary.folder) == before
    with diary_of(tmp_path) as diary:
        assert len(diary.entries) == 1


def test_an_error_inside_lets_others_write(tmp_path, monkeypatch):
    monkeypatch.setattr(diaries, "_WAIT_FOR_OTHERS", 0.05)
    with pytest.raises(ZeroDivisionError), diary_of(tmp_path):
        raise ZeroDivisionError
    with diary_of(tmp_path) as diary:
        diary.start(NINE, "Work", [], "UTC")
