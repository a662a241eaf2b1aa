"""Weeks: how they are sealed, and what of them is shown."""

from dataclasses import replace
from itertools import pairwise

import pytest
from eth_abi import decode, encode
from eth_utils.crypto import keccak

from milepost.diary import weeks
from milepost.diary.entries import Entry, Frame, Kind, in_hours, segments_of
from milepost.diary.errors import EvidenceInvalid, WeekRefused
from milepost.diary.merkle import root_of
from milepost.diary.rules import Rules
from milepost.diary.weeks import LEAF_ENCODING, Leaf, prove, seal, week_of
from milepost.errors import InputError
from milepost.presets import UNIT
from milepost.units import WEEK
from tests.package.diary.made import (
    HOUR,
    LATER,
    MEMOS,
    MINUTE,
    MONDAY,
    NINE,
    PLACE,
    SCOPE,
    diary_of,
    refused,
    segment,
    week_with,
)

FOUR_HOURS = Rules(SCOPE, MONDAY, 24)


def entry(start, end, memo="Form"):
    return Entry("0", start, end, "UTC", memo, (), "hand", Kind.MANUAL, end)


# Segments


@pytest.mark.parametrize(
    ("spans", "worked"),
    [
        ([(0, 300)], [0]),
        ([(0, 299)], []),
        ([(1, 300)], []),
        ([(300, 600)], [0]),
        ([(301, 900)], [1]),
        ([(300, 900)], [0, 1]),
        ([(299, 901)], [0, 1]),
        ([(0, 150), (450, 600)], [0]),
        ([(0, 150), (451, 600)], []),
        ([(0, 6000)], list(range(10))),
        ([(599, 1201)], [1]),
        ([(0, 100), (100, 200), (200, 299), (599, 600)], [0]),
    ],
)
def test_half_of_a_segment_is_worked(spans, worked):
    entries = [entry(MONDAY + a, MONDAY + b) for a, b in spans]
    found = segments_of(reversed(entries), MONDAY, MONDAY + WEEK)
    assert [(s.start - MONDAY) // UNIT for s in found] == worked


@pytest.mark.parametrize(
    ("spans", "memo"),
    [([(0, 200), (200, 401)], "1"), ([(0, 200), (200, 400)], "0"), ([(0, 1), (1, 300)], "1")],
)
def test_a_segment_is_of_the_entry_that_covers_most(spans, memo):
    entries = [entry(MONDAY + a, MONDAY + b, str(i)) for i, (a, b) in enumerate(spans)]
    for given in (entries, entries[::-1]):
        assert [s.memo for s in segments_of(given, MONDAY, MONDAY + WEEK)] == [memo]


def test_a_week_ends_in_the_middle_of_an_entry():
    whole = entry(MONDAY - 1000, MONDAY + 2 * WEEK)
    assert len(segments_of([whole], MONDAY, MONDAY + WEEK)) == 1_008
    assert segments_of([entry(MONDAY - 600, MONDAY)], MONDAY, MONDAY + WEEK) == []
    assert segments_of([entry(MONDAY + WEEK, LATER)], MONDAY, MONDAY + WEEK) == []
    border = entry(MONDAY + WEEK - 299, MONDAY + WEEK + 299)
    assert segments_of([border], MONDAY, MONDAY + 2 * WEEK) == []


# Sealing


def test_a_sealed_week_is_made_again_from_its_records(tmp_path):
    with diary_of(tmp_path) as diary:
        diary.add(LATER, NINE, NINE + HOUR, "Form", ["a", "b"], "Europe/Berlin")
        capture = {NINE + UNIT: b"\5" * 32, MONDAY: b"\6" * 32}
        made = seal(diary, LATER, 0, capture)
        week = week_of(diary, made, PLACE)
        assert (week.root, made.units, len(week.leaves)) == (made.root, 6, 6)
        assert (week.place, week.start, week.limit) == (PLACE, MONDAY, 240)
        assert [s.start for s in week.segments] == [NINE + i * UNIT for i in range(6)]
        assert [s.capture for s in week.segments] == [
            bytes(32), b"\5" * 32, *[bytes(32)] * 4,
        ]  # fmt: skip
        # A picture of what was not worked is left out.
        assert dict(made.captures) == {NINE + UNIT: b"\5" * 32}
        assert (made.sealed_at, made.is_up_to_limit) == (LATER, False)


def test_the_limit_of_a_week(tmp_path):
    with diary_of(tmp_path, rules=FOUR_HOURS) as diary:
        diary.add(LATER, NINE, NINE + 4 * HOUR, "Form", [], "UTC")
        whole = seal(diary, LATER, 0, {}, is_up_to_limit=True)
        assert (whole.units, whole.is_up_to_limit) == (24, False)
        diary.reopen(LATER, 0, "More")
        diary.add(LATER, NINE + 5 * HOUR, NINE + 6 * HOUR, "Late", [], "UTC")
        problem = (
            "Week 1: 5 h are in the diary and the limit is 4 h. What was worked from "
            "2026-11-30 14:00:00 UTC on is not protected; --up-to-limit leaves it out, and the "
            "client may raise the limit by an amendment."
        )
        with refused(diary, WeekRefused, problem):
            seal(diary, LATER, 0, {})
        late = {NINE + 5 * HOUR: b"\1" * 32}
        made = seal(diary, LATER, 0, late, is_up_to_limit=True)
        assert (made.units, made.is_up_to_limit, made.captures) == (24, True, {})
        week = week_of(diary, made, PLACE)
        assert week.segments[-1].start == NINE + 4 * HOUR - UNIT


def test_a_seal_that_its_records_do_not_lead_to(tmp_path):
    with diary_of(tmp_path) as diary:
        diary.add(LATER, NINE, NINE + HOUR, "Form", [], "UTC")
        made = seal(diary, LATER, 0, {})
        for wrong in (
            replace(made, root=b"\1" * 32),
            replace(made, units=7),
            replace(made, secret=b"\1" * 32),
            replace(made, captures={NINE: b"\1" * 32}),
        ):
            with refused(diary, EvidenceInvalid, "The diary's week 1 does not hold: its records"):
                week_of(diary, wrong, PLACE)
        for wrong in (replace(made, known=()), replace(made, week=5)):
            with refused(diary, EvidenceInvalid, "the records that it was sealed with are missing"):
                week_of(diary, wrong, PLACE)


def test_an_edit_after_the_seal_of_another_week_is_no_part_of_it(tmp_path):
    with diary_of(tmp_path) as diary:
        diary.import_([Frame(NINE, NINE + HOUR, "Form")], "toggl", LATER)
        made = seal(diary, LATER, 0, {})
        diary.add(LATER, NINE + WEEK, NINE + WEEK + HOUR, "Next", [], "UTC")
        again = seal(diary, LATER, 1, {})
        diary.reopen(LATER, 0, "Why")
        diary.cut(LATER, NINE, NINE + 20 * MINUTE, "Why")
        # What was sealed once can be shown, though it holds no more.
        assert week_of(diary, made, PLACE).root == made.root
        assert week_of(diary, again, PLACE).root == again.root


# Leaves


@pytest.mark.parametrize("memo", MEMOS)
@pytest.mark.parametrize("tags", [(), ("a",), ("é", "x" * 40)])
def test_a_leaf_is_encoded_as_the_abi_says(memo, tags):
    leaf = Leaf(segment(7, memo, tags, capture=b"\3" * 32), b"\4" * 32)
    start, *texts, capture, salt = leaf.values
    typed = [int(start), *texts, bytes.fromhex(capture[2:]), bytes.fromhex(salt[2:])]
    encoded = encode(LEAF_ENCODING, typed)
    raw = [text.encode() for text in texts]
    assert weeks._encoded(int(start), raw, b"\3" * 32, b"\4" * 32) == encoded
    assert leaf.hash == keccak(keccak(encoded))
    assert decode(LEAF_ENCODING, encoded)[4] == memo


def test_no_leaf_lets_another_be_guessed():
    """Equal work has equal values, and salts that only the secret leads to."""
    one, other = week_with(200), week_with(200, secret=b"\2" * 32)
    salts = [leaf.salt for week in (one, other) for leaf in week.leaves]
    assert len(set(salts)) == 400
    assert all(len(salt) == 32 for salt in salts)
    assert one.segments == other.segments
    assert not {x.hash for x in one.leaves} & {x.hash for x in other.leaves}
    # Neither near segments nor near secrets have salts with anything in common.
    for a, b in pairwise(salts):
        assert 70 < (int.from_bytes(a) ^ int.from_bytes(b)).bit_count() < 186


def test_each_seal_has_a_secret_of_its_own(tmp_path):
    secrets = set()
    with diary_of(tmp_path) as diary:
        diary.add(LATER, NINE, NINE + HOUR, "Form", [], "UTC")
        for _ in range(5):
            secrets.add(seal(diary, LATER, 0, {}).secret)
            diary.reopen(LATER, 0, "Why")
    assert len(secrets) == 5
    assert all(len(secret) == 32 for secret in secrets)


# Proofs


def test_a_proof_shows_what_was_chosen():
    week = week_with(30)
    starts = [week.segments[i].start for i in (20, 3, 3, 29)]
    proof = prove(week, starts, " Too\nlate ")
    assert [s.start for s in proof.segments] == sorted(set(starts))
    assert (proof.root, proof.place, proof.reason) == (week.root, PLACE, "Too late")
    for leaf, path in zip(proof.leaves, proof.proofs, strict=True):
        assert root_of(leaf.hash, path) == week.root


@pytest.mark.parametrize(
    ("starts", "problem"),
    [
        ([], "Week 1: nothing of it was chosen."),
        ([MONDAY + 1], "Week 1: no segment begins at 2026-11-30 00:00:01 UTC."),
        ([MONDAY, MONDAY + 6 * UNIT], "Week 1: no segment begins at 2026-11-30 01:00:00 UTC."),
    ],
)
def test_what_cannot_be_shown(starts, problem):
    with pytest.raises(WeekRefused) as caught:
        prove(week_with(6), starts)
    assert caught.value.message == problem


def test_a_reason_is_one_line():
    for reason in ("\x1b", "\ud800", "x" * 501):
        with pytest.raises(InputError, match="A reason"):
            prove(week_with(6), [MONDAY], reason)


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (0, "0 min"),
        (1, "10 min"),
        (5, "50 min"),
        (6, "1 h"),
        (7, "1 h 10 min"),
        (190, "31 h 40 min"),
    ],
)
def test_hours_as_a_person_says_them(units, words):
    assert in_hours(units) == words
