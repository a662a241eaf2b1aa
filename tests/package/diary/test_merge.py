"""Diaries of several machines that exchange their logs, and logs that nobody should have made."""

import itertools
import json
from contextlib import ExitStack, suppress
from hashlib import sha256

import pytest

from milepost.diary.diary import Diary
from milepost.diary.entries import Frame, Kind
from milepost.diary.errors import (
    DiaryDamaged,
    EntriesOverlap,
    EvidenceInvalid,
    TimerMissing,
    WeekRefused,
)
from milepost.diary.rules import Rules
from milepost.diary.weeks import Place, seal, week_of
from milepost.errors import InputError, MilepostError
from milepost.units import WEEK
from tests.package.diary.made import (
    HOUR,
    LATER,
    MINUTE,
    MONDAY,
    NINE,
    RULES,
    SCOPE,
    contents,
    diary_of,
    files,
    folder_of,
    log_of,
    merged,
    refused,
)

TEN = NINE + HOUR
PLACE = Place(1, "0x" + "11" * 20, bytes(32), 0)


@pytest.fixture
def machine(tmp_path):
    """Opens the diary of the machine with this name, for as long as the test runs."""
    with ExitStack() as stack:
        opened = {}

        def get(name):
            if name not in opened:
                opened[name] = stack.enter_context(diary_of(tmp_path, name))
            return opened[name]

        yield get
        for diary in opened.values():
            require_same(Diary.read(diary.folder, RULES), diary)


def add(diary, start=NINE, end=None, memo="Form", now=LATER):
    return diary.add(now, start, start + HOUR if end is None else end, memo, [], "UTC")


def said(diary):
    """What does not depend on how a machine names the logs."""
    timers = sorted(t.id for t in diary.timers.values())
    lives = [*diary.entries, *(life.versions[-1].entry for life in diary.removed)]
    histories = {
        e.id: [(v.entry, v.reason, v.record.hash) for v in diary.history(e.id)] for e in lives
    }
    return list(diary.entries), timers, diary.seals, histories


def require_same(one, other):
    assert said(one) == said(other)
    assert one.overlaps() == other.overlaps() == []


def exchange(*diaries):
    """Until nobody has news."""
    while sum(merged(a, b) for a in diaries for b in diaries if a is not b):
        pass
    for other in diaries[1:]:
        require_same(diaries[0], other)


# Machines


def test_what_one_machine_has_the_other_gets(machine):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(theirs)
    theirs.start(TEN, "Call", [], "Europe/Berlin")
    assert merged(ours, theirs) == 3
    assert list(ours.entries) == [entry]
    assert ours.timers == theirs.timers
    assert ours.timer is None  # it runs there, and ends there
    theirs.stop(TEN + MINUTE)
    assert merged(ours, theirs) == 1
    require_same(ours, theirs)
    assert files(ours.folder) == files(theirs.folder)


def test_merging_again_is_no_change(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(ours)
    add(theirs, TEN)
    assert (merged(ours, theirs), merged(ours, theirs)) == (2, 0)
    before = files(ours.folder), said(ours)
    assert merged(ours, ours) == 0
    assert ours.merge(files(theirs.folder)["theirs.log"].splitlines(True)[0], "old copy") == 0
    assert (files(ours.folder), said(ours)) == before


def test_in_any_order_it_is_the_same(tmp_path, machine):
    """Commutative and associative: three logs that know each other, in every order."""
    a, b, c = machine("a"), machine("b"), machine("c")
    first = add(a)
    merged(b, a)
    add(c, TEN)
    b.edit(LATER, first, "On b", memo="On b")
    merged(c, b)
    a.edit(LATER, first, "On a", end=TEN - 60)
    c.edit(LATER, c.entry(first.id), "On c", memo="On c")
    add(b, TEN + HOUR)
    logs = [files(d.folder)[f"{d.name}.log"] for d in (a, b, c)]
    found = []
    for i, order in enumerate(itertools.permutations(logs)):
        with diary_of(tmp_path, f"new{i}") as fresh:
            assert [fresh.merge(log, "it") > 0 for log in order] == [True] * 3
            found.append(said(fresh))
    assert found == [found[0]] * 6
    exchange(a, b, c)
    assert said(a) == found[0]
    assert files(a.folder) == files(b.folder) == files(c.folder)


def test_a_record_reaches_a_machine_by_another(machine):
    a, b, c = machine("a"), machine("b"), machine("c")
    add(a)
    merged(b, a)
    assert merged(c, b) == 2  # b wrote nothing itself
    require_same(c, a)


def test_time_that_both_have_is_refused_whole(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(ours, NINE, TEN)
    add(theirs, TEN, TEN + HOUR, "Fits")
    add(theirs, TEN - 60, TEN, "Twice")
    with refused(ours, EntriesOverlap) as caught:
        merged(ours, theirs)
    assert "Form" in caught.value.message
    assert "Twice" in caught.value.message
    with refused(theirs, EntriesOverlap):
        merged(theirs, ours)
    # Either of them can make room.
    theirs.cut(LATER, TEN - 60, TEN, "Twice")
    exchange(ours, theirs)
    assert len(ours.entries) == 2


def test_an_entry_inside_of_a_longer_one_is_found(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(ours, NINE, NINE + 10 * HOUR)
    add(theirs, NINE + 60, NINE + 61)
    add(theirs, NINE + 9 * HOUR, NINE + 9 * HOUR + 5)
    with refused(ours, EntriesOverlap):
        merged(ours, theirs)


@pytest.mark.parametrize("ahead", ["ours", "theirs"])
def test_of_two_edits_at_once_one_stands_everywhere(machine, ahead):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(ours)
    merged(theirs, ours)
    for i in range(2):  # who has written more has the later number
        add(machine(ahead), TEN + i * HOUR, TEN + i * HOUR + 60)
    ours.edit(LATER, entry, "Here", memo="Ours")
    theirs.edit(LATER, entry, "There", memo="Theirs")
    exchange(ours, theirs)
    assert ours.entry(entry.id).memo.lower() == ahead
    assert {v.entry.memo for v in ours.history(entry.id)} == {"Form", "Ours", "Theirs"}


@pytest.mark.parametrize("ahead", ["ours", "theirs"])
def test_removal_beats_an_edit(machine, ahead):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(ours)
    merged(theirs, ours)
    add(machine(ahead), TEN)
    ours.remove(LATER, entry, "Private")
    theirs.edit(LATER, entry, "There", memo="Theirs")
    add(ours)  # in its place
    exchange(ours, theirs)
    assert entry.id not in {e.id for e in ours.entries}
    assert len(ours.entries) == 2


def test_edits_of_different_things_at_once_both_stand(machine):
    ours, theirs = machine("ours"), machine("theirs")
    entry = ours.import_([Frame(NINE, TEN, "Form")], "toggl", TEN).added[0]
    merged(theirs, ours)
    ours.edit(LATER, entry, "Ended earlier", end=TEN - 60)
    theirs.edit(LATER, entry, "Better words", memo="Theirs")
    exchange(ours, theirs)
    for diary in (ours, theirs):
        found = diary.entry(entry.id)
        assert (found.end, found.memo, found.kind) == (TEN - 60, "Theirs", Kind.TRACKED)


def test_two_sides_moved_past_each_other_at_once_stay(machine):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(ours)
    merged(theirs, ours)
    ours.edit(LATER, entry, "Ended earlier", end=NINE + 600)
    theirs.edit(LATER, entry, "Began later", start=TEN - 600)
    exchange(ours, theirs)
    assert ours.entries == theirs.entries
    assert all(e.start < e.end for e in ours.entries)


def test_removal_beats_a_cut(machine):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(ours)
    merged(theirs, ours)
    theirs.remove(LATER, entry, "Private")
    for i in range(3):  # so that the cut has the later number
        add(ours, TEN + i, TEN + i + 1)
    ours.cut(LATER, NINE + 60, NINE + 120, "Call")
    exchange(ours, theirs)
    assert [e.start for e in ours.entries] == [TEN, TEN + 1, TEN + 2]


def test_of_two_removals_the_first_stands(machine):
    ours, theirs = machine("ours"), machine("theirs")
    entry = add(ours)
    merged(theirs, ours)
    add(theirs, TEN)
    ours.remove(LATER, entry, "First")
    theirs.remove(LATER, entry, "Second")
    exchange(ours, theirs)
    assert [life.removal.content["reason"] for life in ours.removed] == ["First"]


def test_a_timer_that_two_machines_ended(machine):
    """Only one runs it, but a copy of that machine may have gone on."""
    ours, theirs = machine("ours"), machine("theirs")
    ours.start(NINE, "Form", [], "UTC")
    theirs.start(TEN, "Call", [], "UTC")
    exchange(ours, theirs)
    assert set(ours.timers) == {"ours", "theirs"}
    ours.stop(TEN)
    theirs.stop(TEN + HOUR)
    exchange(ours, theirs)
    assert (ours.timers, len(ours.entries)) == ({}, 2)


def test_a_timer_of_a_machine_that_is_lost(machine):
    """Else no week after its start could be sealed."""
    ours, lost = machine("ours"), machine("lost")
    add(ours)
    lost.start(TEN, "Form", ["a"], "Europe/Berlin")
    merged(ours, lost)
    how = "stop it first, on the machine lost, or here: `milepost diary stop FILE --machine lost`"
    with refused(ours, WeekRefused, f"a timer runs that began in it or before; {how}"):
        seal(ours, LATER, 0, {})
    for log in (None, "nobody", "ours"):
        with refused(ours, TimerMissing):
            ours.stop(LATER, log=log)
    (entry,) = ours.stop(LATER, at=TEN + HOUR, log="lost")
    assert (entry.start, entry.kind, entry.zone) == (TEN, Kind.LATE, "Europe/Berlin")
    assert ours.timers == {}
    assert seal(ours, LATER, 0, {}).units == 12
    exchange(ours, lost)
    assert lost.timer is None


def test_the_same_import_on_two_machines_is_the_same_time(machine):
    ours, theirs = machine("ours"), machine("theirs")
    frame = [Frame(NINE, TEN, "Form", key="a")]
    ours.import_(frame, "toggl", LATER)
    theirs.import_(frame, "toggl", LATER)
    with refused(ours, EntriesOverlap):
        merged(ours, theirs)
    # Merged first, it is known.
    later = machine("later")
    merged(later, ours)
    assert later.import_(frame, "toggl", LATER).known == 1


# Seals


def require_root(diary, made):
    assert diary.seal_of(made.week) == made
    found = week_of(diary, made, PLACE)
    assert (found.root, len(found.leaves)) == (made.root, made.units)


@pytest.mark.parametrize("ahead", ["ours", "theirs"])
@pytest.mark.parametrize(
    "act",
    [
        lambda d, e: d.edit(LATER, e, "There", end=TEN - 20 * MINUTE),
        lambda d, e: d.edit(LATER, e, "There", memo="Theirs"),
        lambda d, e: d.edit(LATER, e, "There", start=NINE - HOUR, memo="Theirs"),
        lambda d, e: d.remove(LATER, e, "There"),
        lambda d, e: d.cut(LATER, NINE + 20 * MINUTE, NINE + 40 * MINUTE, "There"),
        lambda d, e: add(d, TEN + HOUR),
        lambda d, e: d.import_([Frame(TEN, TEN + 60, "Form")], "toggl", LATER),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        lambda d, e: None,
        lambda d, e: d.edit(LATER, e, "Here", memo="Ours"),
        lambda d, e: d.edit(LATER, e, "Here", end=TEN - 10 * MINUTE),
        lambda d, e: (d.remove(LATER, e, "Here"), add(d, NINE, TEN - 30 * MINUTE)),
        lambda d, e: d.cut(LATER, NINE + 20 * MINUTE, NINE + 30 * MINUTE, "Here"),
    ],
)
def test_a_sealed_week_leads_to_its_root_whatever_comes(machine, act, before, ahead):
    """What a machine did that did not know of the seal comes first or last, and changes nothing."""
    ours, theirs = machine("ours"), machine("theirs")
    entry = ours.import_([Frame(NINE, TEN, "Form")], "toggl", TEN).added[0]
    merged(theirs, ours)
    for i in range(3):
        add(machine(ahead), TEN + 3 * HOUR + i * 60, TEN + 3 * HOUR + i * 60 + 60)
    act(theirs, entry)
    before(ours, entry)
    made = seal(ours, LATER, 0, {})
    require_root(ours, made)
    try:
        merged(ours, theirs)
    except EntriesOverlap:
        return
    require_root(ours, made)
    merged(theirs, ours)
    require_root(theirs, made)


def test_a_seal_needs_the_records_that_it_was_made_of(machine):
    a, b, c = machine("a"), machine("b"), machine("c")
    add(a)
    add(b, TEN)
    merged(b, a)
    made = seal(b, LATER, 0, {})
    c.merge(files(b.folder)["b.log"], "b")
    with refused(c, EvidenceInvalid, "and it was sealed with 12 under"):
        week_of(c, made, PLACE)
    merged(c, a)
    require_root(c, made)


def test_an_entry_that_comes_after_its_week_was_sealed(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(ours)
    add(theirs, TEN)
    made = seal(ours, LATER, 0, {})
    exchange(ours, theirs)
    assert len(ours.week(0)) == 12
    require_root(theirs, made)
    ours.reopen(LATER, 0, "Theirs came in")
    exchange(ours, theirs)
    assert (ours.seals, theirs.seals) == ([], [])
    again = seal(theirs, LATER, 0, {})
    assert again.units == 12
    exchange(ours, theirs)
    require_root(ours, again)


def test_two_seals_at_once(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(ours)
    exchange(ours, theirs)
    made = [seal(ours, LATER, 0, {}), seal(theirs, LATER, 0, {})]
    assert made[0].root != made[1].root  # each has a secret of its own
    exchange(ours, theirs)
    assert ours.seal_of(0) in made
    require_root(ours, ours.seal_of(0))
    require_root(theirs, ours.seal_of(0))


@pytest.mark.parametrize("bills", ["ours", "theirs"])
@pytest.mark.parametrize("ahead", ["ours", "theirs"])
def test_of_two_seals_the_one_that_is_billed_holds(machine, bills, ahead):
    """Else nobody could show the client what is claimed."""
    diaries = {name: machine(name) for name in ("ours", "theirs")}
    add(diaries["ours"])
    exchange(*diaries.values())
    other = add(diaries[ahead], NINE + 2 * WEEK, now=NINE + 3 * WEEK)
    diaries[ahead].edit(NINE + 3 * WEEK, other, "Why", memo="Other")
    made = {name: seal(diary, LATER, 0, {}) for name, diary in diaries.items()}
    diaries[bills].bill(LATER, made[bills], bytes(32))
    exchange(*diaries.values())
    for diary in diaries.values():
        assert diary.seal_of(0) == made[bills]
        require_root(diary, made[bills])
    # Sent back, it is opened and sealed again as ever.
    ours = diaries["ours"]
    ours.reopen(LATER, 0, "The client asked for changes")
    again = seal(ours, LATER, 0, {})
    assert ours.seal_of(0) == again
    ours.bill(LATER, again, bytes(32))
    assert ours.seal_of(0) == again


def test_a_bill_of_a_seal_that_was_opened_meanwhile(machine):
    ours = machine("ours")
    add(ours)
    first = seal(ours, LATER, 0, {})
    ours.reopen(LATER, 0, "Typo")
    ours.bill(LATER, first, bytes(32))
    assert ours.seal_of(0) == first
    with refused(ours, WeekRefused, "it is sealed already"):
        seal(ours, LATER, 0, {})


def test_a_log_that_was_taken_over_is_its_owners_alone(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(theirs)
    merged(ours, theirs)
    modes = {p.stat().st_mode & 0o777 for p in ours.folder.glob("*.log")}
    assert modes == {0o600}


# Forks


def backup(diary):
    return files(diary.folder)


def restore(tmp_path, name, content):
    """The machine, as it was once."""
    folder = folder_of(tmp_path / "restored", name)
    folder.mkdir(parents=True)
    for file, data in content.items():
        (folder / file).write_bytes(data)


def test_a_machine_from_a_backup_that_goes_on_differently(tmp_path, machine):
    (tmp_path / "restored").mkdir()
    lost, theirs = machine("ours"), machine("theirs")
    add(lost)
    saved = backup(lost)
    add(lost, TEN, memo="Lost")
    merged(theirs, lost)
    restore(tmp_path, "ours", saved)
    with diary_of(tmp_path / "restored", "ours") as ours:
        add(ours, TEN + HOUR, memo="Anew")
        exchange(ours, theirs)
        assert [e.memo for e in ours.entries] == ["Form", "Lost", "Anew"]
        assert len(files(ours.folder)) == len(files(theirs.folder)) == 2
        assert files(ours.folder)["ours.log"] != files(theirs.folder)["ours.log"]
        # Both ways go on, and no file is added for it.
        add(ours, TEN + 2 * HOUR)
        add(theirs, TEN + 3 * HOUR)
        exchange(ours, theirs)
        assert len(ours.entries) == 5
        assert [len(files(d.folder)) for d in (ours, theirs)] == [3, 3]
        made = seal(ours, LATER, 0, {})
        exchange(ours, theirs)
        require_root(theirs, made)


def test_a_machine_from_a_backup_gets_its_own_log_back(tmp_path, machine):
    (tmp_path / "restored").mkdir()
    lost, theirs = machine("ours"), machine("theirs")
    add(lost)
    lost.start(TEN, "Form", [], "UTC")
    saved = backup(lost)
    lost.stop(TEN + 60)
    merged(theirs, lost)
    restore(tmp_path, "ours", saved)
    with diary_of(tmp_path / "restored", "ours") as ours:
        assert ours.timer is not None
        merged(ours, theirs)
        assert ours.timer is None
        # Beside its own, which only this machine writes to.
        assert files(ours.folder)["ours.log"] == saved["ours.log"]
        require_same(ours, theirs)
        add(ours, TEN + HOUR)
        exchange(ours, theirs)


def test_a_timer_runs_on_beside_another_way(tmp_path, machine):
    (tmp_path / "restored").mkdir()
    lost, theirs = machine("ours"), machine("theirs")
    lost.start(TEN, "Form", [], "UTC")
    saved = backup(lost)
    add(lost)
    merged(theirs, lost)
    restore(tmp_path, "ours", saved)
    with diary_of(tmp_path / "restored", "ours") as ours:
        merged(ours, theirs)
        assert ours.timer.since == TEN
        ours.stop(TEN + 60)
        exchange(ours, theirs)
        assert (theirs.timers, len(theirs.entries)) == ({}, 2)


def test_machines_of_one_name(tmp_path):
    """A copied disk: each keeps its own log, and the other's beside it."""
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
    with diary_of(tmp_path / "one", "pc") as one, diary_of(tmp_path / "two", "pc") as two:
        add(one)
        add(two, TEN)
        exchange(one, two)
        add(one, TEN + HOUR)
        exchange(one, two)
        assert len(two.entries) == 3
        assert [len(files(d.folder)) for d in (one, two)] == [2, 2]


def test_names_that_differ_in_case_are_one_on_some_systems(machine):
    ours = machine("ours")
    add(ours)
    before = files(ours.folder)
    other = log_of([{**contents()[0], "log": "OURS"}, {**contents()[3], "n": 2}])
    with refused(ours, EntriesOverlap):
        ours.merge(other, "other")
    row = {**contents()[3], "n": 2, "start": TEN, "end": TEN + 1}
    ours.merge(log_of([{**contents()[0], "log": "OURS"}, row]), "other")
    names = [name.lower() for name in files(ours.folder)]
    assert len(set(names)) == len(names) == 2
    assert files(ours.folder)["ours.log"] == before["ours.log"]
    for i, name in enumerate(("theirs", "Theirs"), 2):
        row = {**contents()[3], "n": 2, "start": TEN + i, "end": TEN + i + 1}
        ours.merge(log_of([{**contents()[0], "log": name}, row]), "other")
    names = [name.lower() for name in files(ours.folder)]
    assert len(set(names)) == len(names) == 4


def test_a_log_that_a_crash_left_empty(tmp_path, machine):
    """Created, and never written."""
    folder = folder_of(tmp_path)
    folder.mkdir()
    (folder / "ours.log").write_bytes(b"")
    (folder / "other.log").write_bytes(b"")
    ours = machine("ours")
    for name in ("ours", "theirs", "other"):
        rows = [contents(name)[0], {**contents()[3], "n": 2}]
        rows[1]["start"] = NINE - HOUR * len(name)
        rows[1]["end"] = rows[1]["start"] + HOUR
        assert ours.merge(log_of(rows), name) == 2
    made = seal(ours, LATER, 0, {})
    require_root(ours, made)
    assert made.units == 18


def test_a_torn_log_is_taken_as_far_as_it_goes(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(theirs)
    whole = files(theirs.folder)["theirs.log"]
    assert ours.merge(whole[:-1], "unended") == 2
    assert files(ours.folder)["theirs.log"] == whole
    add(theirs, TEN)
    torn = files(theirs.folder)["theirs.log"][:-9]
    assert ours.merge(torn, "torn") == 0
    assert files(ours.folder)["theirs.log"] == whole
    assert merged(ours, theirs) == 1


# Logs that are refused


def test_a_log_of_another_agreement(tmp_path, machine):
    ours = machine("ours")
    add(ours)
    with diary_of(tmp_path, "theirs", Rules(b"\7" * 32, MONDAY, 240)) as theirs:
        add(theirs)
        content = files(theirs.folder)["theirs.log"]
    with refused(ours, InputError, "theirs.log is a log of another agreement's diary."):
        ours.merge(content, "theirs.log")


def test_a_changed_log(machine):
    ours, theirs = machine("ours"), machine("theirs")
    add(theirs)
    add(theirs, TEN)
    content = files(theirs.folder)["theirs.log"]
    for old, line in ((b'"limit"', 1), (b'"memo"', 2)):
        with refused(ours, DiaryDamaged, f"Line {line} of the diary's log copy is damaged"):
            ours.merge(content.replace(old, old.upper(), 1), "copy")


def test_what_is_no_log(machine):
    for content in (b"", b"\n", b"x", b"[" * 10**6, b"\xff" * 100 + b"\n", b"\0\n"):
        with refused(machine("ours"), DiaryDamaged, "Line 1 of the diary's log it"):
            machine("ours").merge(content, "it")


NAMES = [
    "../up", "..", "", ".", "/tmp/x", "a/b", "a\\b", "a~b", "a.log", "C:x", "a" * 300, "a\0b", "ä",
    "²", "\u202e", " ", "-rf", "a\n", 5, None, True, ["a"], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_no_machine_has(tmp_path, machine, name):
    ours = machine("ours")
    before = set(tmp_path.rglob("*"))
    for row in ({"log": name}, {"log": name, "act": "start"}):
        with refused(ours, DiaryDamaged, "Line 1"):
            ours.merge(log_of([{**contents()[0], **row}]), "it")
    assert set(tmp_path.rglob("*")) == before


WRONG = [
    None, True, False, 0, -1, 1.5, 1e300, float("nan"), float("inf"), 10**9, 2**40, 10**4000, "",
    "x", "\ud800", "\x1b[31m", "x" * 20_000, "zz" * 32, " " * 64, "AB" * 32, "../x", [], {}, [[]],
    [None], ["\udfff"], [["x", "y"]], [[2, 1]], [[1, 1]], [[1, 2, 3]], [[True, 2]],
    [[1, "ab" * 32]], [[NINE, NINE + 2**39]], [[0, 5]], {"x": "y"}, {"9" * 5000: "ab" * 32},
    {"1": 2}, {"-1": "ab" * 32}, {"\u0663": "ab" * 32}, {"1": {"2": {"3": []}}},
]  # fmt: skip


def raw_log(rows):
    """Like `log_of`, for what cannot be written as UTF-8, or is no JSON."""
    content, previous = b"", SCOPE
    for row in rows:
        body = json.dumps(row).encode()
        digest = sha256(previous + body)
        content += digest.hexdigest().encode() + b" " + body + b"\n"
        previous = digest.digest()
    return content


def use(diary):
    """Everything that looks at a diary, and some that adds to it. Nothing but refusals."""
    for made in diary.seals:
        with suppress(EvidenceInvalid):
            week_of(diary, made, PLACE)
    for week in range(3):
        diary.week(week)
    diary.segments(0, 600)
    now = LATER + 5 * HOUR
    for act in (
        lambda: diary.start(now, "Form", [], "UTC"),
        lambda: diary.stop(now + 60),
        lambda: diary.add(now, NINE + 5 * HOUR, NINE + 6 * HOUR, "Form", [], "UTC"),
        lambda: diary.reopen(now, 0, "Why"),
        lambda: seal(diary, now, 0, {}),
    ):
        with suppress(MilepostError):
            act()
    again = Diary.read(diary.folder, RULES)
    assert said(again) == said(diary)


def cases():
    """Each field of each act's record missing, and each with everything that it cannot be."""
    rows = contents()
    for i, row in enumerate(rows):
        for field in row:
            left = {k: v for k, v in row.items() if k != field}
            yield [*rows[:i], left, *rows[i + 1 :]], f"{row['act']} without {field}", True
            for wrong in WRONG:
                changed = [*rows[:i], {**row, field: wrong}, *rows[i + 1 :]]
                yield changed, f"{row['act']} with {field} {str(wrong)[:40]!r}", False


@pytest.mark.long
def test_records_of_any_shape_are_taken_or_refused(tmp_path, monkeypatch):
    """And never break the diary, or write anywhere else."""
    monkeypatch.setattr("milepost.diary.log.os.fsync", lambda descriptor: None)
    taken = []
    made = list(cases())
    for rows, case, is_missing in made:
        with diary_of(tmp_path, "ours") as ours:
            before = files(ours.folder)
            try:
                ours.merge(raw_log(rows), "it")
            except MilepostError:
                assert files(ours.folder) == before, case
                continue
            assert not is_missing, case
            taken.append(case)
            assert all(0 <= made.week < 64 for made in ours.seals), case
            use(ours)
            assert {p.name for p in ours.folder.iterdir()} <= {
                "lock",
                "ours.log",
                "theirs.log",
                "x.log",
            }
        # The next one finds a diary without this.
        for path in ours.folder.iterdir():
            path.unlink()
    assert len(made) > 2_000
    # What a text may be, and times and units.
    fields = {case.split(" with ")[1].split()[0] for case in taken}
    assert fields <= {
        "log", "zone", "memo", "tags", "source", "key", "reason", "entry", "at", "start", "limit",
        "timer", "spans", "root", "units", "secret", "captures", "known", "transaction", "scope",
        "tracked", "up_to_limit", "week", "end", "n",
    }  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ours"]
    assert {p.name for p in (tmp_path / "ours").iterdir()} == {"machine", "diary"}


@pytest.mark.parametrize("act", ["", "opened", "OPEN", None, 1, [], {}, "__class__", "seal\n"])
def test_acts_that_nobody_knows(machine, act):
    rows = [*contents()[:1], {**contents()[1], "act": act}]
    with refused(machine("ours"), DiaryDamaged, "no version known here writes"):
        machine("ours").merge(log_of(rows), "it")


@pytest.mark.parametrize("numbers", [(1, 1), (2, 1), (0, 1), (5, 4, 6), (1, 2**32 + 1)])
def test_numbers_that_do_not_go_on(machine, numbers):
    rows = [{**row, "n": n} for row, n in zip(contents(), numbers, strict=False)]
    with refused(machine("ours"), DiaryDamaged):
        machine("ours").merge(log_of(rows), "it")


def test_a_high_number_leaves_room_for_what_follows(machine):
    ours = machine("ours")
    ours.merge(log_of([contents()[0], {**contents()[1], "n": 2**32}]), "it")
    add(ours)
    assert len(Diary.read(ours.folder, RULES).entries) == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 60), (MONDAY - 1, MONDAY + 1), (NINE, NINE + WEEK), (RULES.end, RULES.end + 60)],
)
def test_entries_outside_of_the_weeks_do_not_count(machine, start, end):
    ours = machine("ours")
    row = {**contents()[3], "n": 2, "start": start, "end": end}
    ours.merge(log_of([contents()[0], row]), "it")
    inside = max(0, min(end, MONDAY + WEEK) - max(start, MONDAY))
    assert len(ours.week(0)) == inside // 600
    assert ours.week(63) == []


def test_kinds_are_not_said_but_derived(machine):
    """A record that calls itself something else is what its times make it."""
    ours = machine("ours")
    row = {**contents()[3], "n": 2, "kind": "tracked", "at": LATER}
    ours.merge(log_of([contents()[0], row]), "it")
    assert ours.entries[0].kind == Kind.LATE


@pytest.mark.parametrize("act", ["add", "edit", "cut", "remove", "stop"])
@pytest.mark.parametrize("field", ["start", "end", "spans"])
@pytest.mark.parametrize("value", ["a", 1.5, None, [], [1], [[NINE, TEN]], {}, True, 7, 1e300])
def test_fields_that_an_act_has_not(machine, act, field, value):
    """They are refused where no act has such a one, and else mean nothing."""
    ours = machine("ours")
    entry = add(ours, MONDAY, MONDAY + HOUR).id
    row = next(row for row in contents() if row["act"] == act)
    row = {**row, "zone": "UTC", "n": 9, **({"entry": entry} if "entry" in row else {})}
    for name in ("start", "end") if act in ("edit", "remove") else ():
        row.pop(name, None)
    with suppress(MilepostError):
        ours.merge(log_of([contents()[0], {**row, field: value}]), "it")
    with suppress(WeekRefused):
        require_root(ours, seal(ours, LATER, 0, {}))


def test_a_log_of_another_version_is_refused_and_says_so(machine):
    with refused(machine("ours"), InputError, "of version 2, and this package reads version 1"):
        machine("ours").merge(log_of([{**contents()[0], "version": 2}]), "it")
