"""Diaries of machines, each in a folder of its own, and logs that no diary wrote."""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from milepost.diary import log as logs
from milepost.diary.diary import Diary
from milepost.diary.entries import Kind, Segment
from milepost.diary.merkle import MerkleTree
from milepost.diary.rules import Rules
from milepost.diary.weeks import Place, Week
from milepost.diary.weeks import _salted as salted
from milepost.presets import UNIT
from milepost.units import DAY, HOUR, MINUTE, WEEK

SCOPE = bytes(range(32))
MONDAY = 1_795_996_800  # 2026-11-30 00:00:00 UTC
RULES = Rules(SCOPE, MONDAY, 240)
TRACKED_ONLY = Rules(SCOPE, MONDAY, 240, allows_manual=False)
NINE = MONDAY + 9 * HOUR
LATER = MONDAY + 2 * WEEK

__all__ = ["DAY", "HOUR", "LATER", "MINUTE", "MONDAY", "NINE", "RULES", "SCOPE", "TRACKED_ONLY"]


def folder_of(path, name="ours"):
    """The folder of a diary on the machine called `name`."""
    machine = path / name
    machine.mkdir(exist_ok=True)
    if not (machine / "machine").exists():
        (machine / "machine").write_text(name + "\n")
    return machine / "diary"


@contextmanager
def diary_of(path, name="ours", rules=RULES):
    with Diary.write(folder_of(path, name), rules) as diary:
        yield diary


def files(folder):
    """What is in the logs of a diary."""
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.log"))}


@contextmanager
def refused(diary, error, words=""):
    """Inside, `error` is raised with these words, and neither the files nor the diary change."""
    before, entries, timers = files(diary.folder), list(diary.entries), dict(diary.timers)
    seals = list(diary.seals)
    with pytest.raises(error) as caught:
        yield caught
    assert type(caught.value) is error
    assert words in caught.value.message
    assert files(diary.folder) == before
    assert (list(diary.entries), dict(diary.timers), diary.seals) == (entries, timers, seals)


def contents(log="theirs"):
    """One record of each act, as a machine called `log` writes them."""
    words = {"memo": "Form", "tags": ["web"]}
    span = {"start": NINE, "end": NINE + HOUR}
    week = {"week": 0, "root": "ab" * 32, "units": 6}
    rows = [
        {
            "act": "open", "version": 1, "log": log, "scope": SCOPE.hex(), "start": MONDAY,
            "limit": 240,
            "title": "",
            "manual": True,
            "captures": False,
        },
        {"act": "start", "zone": "Europe/Berlin", **words},
        {"act": "stop", "timer": "cd" * 32, "spans": [[NINE - HOUR, NINE]], **words},
        {
            "act": "add", "zone": "UTC", "source": "toggl", "key": "7", "tracked": True, **span,
            **words,
        },
        {"act": "edit", "entry": "0123", "reason": "Why", **span, **words},
        {"act": "cut", "entry": "0123", "reason": "Why", **span},
        {"act": "remove", "entry": "0123", "reason": "Why"},
        {
            "act": "seal", "secret": "ef" * 32, "known": [[3, "01" * 32]],
            "captures": {str(NINE): "23" * 32}, "up_to_limit": False, **week,
        },
        {"act": "bill", "transaction": "45" * 32, **week},
        {"act": "reopen", "week": 0, "reason": "Why"},
    ]  # fmt: skip
    return [{"n": i, "at": LATER, **row} for i, row in enumerate(rows, 1)]


def log_of(rows, scope=SCOPE):
    """The bytes of a log that says `rows`, with right hashes."""
    return logs.lines(rows, scope)[0]


def merged(ours, theirs):
    """Everything of one machine's diary, taken over by another's. Both are open."""
    return sum(ours.merge(c, name) for name, c in files(theirs.folder).items())


def library(**asked):
    """What OpenZeppelin's library says to weeks, proofs and values; see `standard_tree.cjs`."""
    script = Path(__file__).with_name("standard_tree.cjs")
    answer = subprocess.run(
        ["node", script], input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True
    )
    return json.loads(answer.stdout)


MEMOS = [
    "Form", "", "é e\u0301", "👩‍💻🎨", "עברית ومرحبا", '"quoted" \\n \\u0041', "漢字" * 80,
    "'; drop--", "x" * 31, "x" * 32, "x" * 33, "\U0010ffff\ufffe", "<b>&amp;</b>",
]  # fmt: skip
PLACE = Place(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3", bytes(range(32)), 0)


def segment(i, memo="Form", tags=(), kind=Kind.TRACKED, capture=bytes(32)):
    """The segment of this number from Monday on."""
    return Segment(MONDAY + i * UNIT, "Europe/Berlin", kind, "timer", memo, tags, capture)


SECRET = bytes(range(100, 132))


def week_with(count, secret=SECRET, place=PLACE, rules=RULES):
    """A week of so many segments, with every kind of memo."""
    kinds = list(Kind)
    segments = [
        segment(
            i, MEMOS[i % len(MEMOS)], ("a", "é b")[: i % 3], kinds[i % 3], bytes([i % 256]) * 32
        )
        for i in range(count)
    ]
    leaves = tuple(salted(segments, secret))
    tree = MerkleTree.of([leaf.hash for leaf in leaves])
    return Week(place, rules.start, rules.limit, leaves, tree)
