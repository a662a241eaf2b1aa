"""What a diary takes, and everything that it refuses: then no byte of its files is another."""

import pytest

from milepost.diary.diary import HAND, Diary, Imported
from milepost.diary.entries import Frame, Kind, Segment
from milepost.diary.errors import (
    DiaryDamaged,
    EntriesOverlap,
    EntryRefused,
    EntryUnknown,
    TimerMissing,
    TimerRunning,
    WeekRefused,
)
from milepost.diary.rules import MEMO_LENGTH, TAG_LENGTH, TAGS
from milepost.diary.weeks import seal
from milepost.errors import InputError
from milepost.units import WEEK
from tests.package.diary.made import (
    DAY,
    HOUR,
    LATER,
    MONDAY,
    NINE,
    RULES,
    TRACKED_ONLY,
    diary_of,
    files,
    folder_of,
    refused,
)

TEN = NINE + HOUR
NOON = MONDAY + 12 * HOUR


@pytest.fixture
def diary(tmp_path):
    with diary_of(tmp_path) as diary:
        yield diary
        # What is in memory is what the files say.
        again = Diary.read(diary.folder, diary.rules)
        assert list(again.entries) == list(diary.entries)
        assert again.timers == diary.timers
        assert again.seals == diary.seals


def add(diary, start=NINE, end=TEN, memo="Form", tags=(), now=None):
    return diary.add(end if now is None else now, start, end, memo, tags, "UTC")


def frames(*spans, **kwargs):
    return [Frame(start, end, "Form", **kwargs) for start, end in spans]


# Entries


def test_an_entry_by_hand(diary):
    entry = diary.add(
        TEN + 5, NINE, TEN, "  Form,\n validation ", ["web", "a b", "web"], "Asia/Tokyo"
    )
    assert (entry.start, entry.end, entry.seconds) == (NINE, TEN, HOUR)
    assert (entry.memo, entry.tags) == ("Form, validation", ("web", "a b"))
    assert (entry.zone, entry.source, entry.kind) == ("Asia/Tokyo", HAND, Kind.MANUAL)
    assert entry.recorded_at == TEN + 5
    assert list(diary.entries) == [entry]
    assert diary.week(0)[0] == Segment(
        NINE, "Asia/Tokyo", Kind.MANUAL, HAND, "Form, validation", ("web", "a b")
    )


@pytest.mark.parametrize(("start", "end"), [(NINE - HOUR, NINE), (TEN, TEN + HOUR)])
def test_entries_may_touch(diary, start, end):
    add(diary)
    add(diary, start, end, now=LATER)
    assert len(diary.entries) == 2
    assert diary.overlaps() == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NINE, TEN), (NINE - 1, NINE + 1), (TEN - 1, TEN + 1), (NINE + 5, TEN - 5),
        (NINE - 5, TEN + 5), (NINE, NINE + 1),
    ],
)  # fmt: skip
def test_the_same_time_is_refused(diary, start, end):
    add(diary)
    message = (
        "The same time would be in the diary twice:\n"
        f'  {words(start)} to {words(end)} "Other"\n'
        f'    and {words(NINE)} to {words(TEN)} "Form"'
    )
    with refused(diary, EntriesOverlap, message):
        add(diary, start, end, "Other", now=LATER)


def words(second):
    day, rest = divmod(second - MONDAY, DAY)
    hours, rest = divmod(rest, HOUR)
    date = 30 + day if day < 1 else day
    month = 11 if day < 1 else 12
    return f"2026-{month:02}-{date:02} {hours:02}:{rest // 60:02}:{rest % 60:02} UTC"


END = RULES.end
PLACES = [
    (NINE, NINE, LATER, "an entry ends after its start"),
    (TEN, NINE, LATER, "an entry ends after its start"),
    (NINE, TEN, TEN - 1, "it is 2026-11-30 09:59:59 UTC now, and it ends later"),
    (MONDAY - 1, MONDAY + 1, LATER, "the agreement's first week begins at 2026-11-30 00:00:00 UTC"),
    (MONDAY - WEEK, MONDAY, LATER, "the agreement's first week begins at 2026-11-30 00:00:00 UTC"),
    (END - 1, END + 1, END + 9, "the agreement's last week ends at 2028-02-21 00:00:00 UTC"),
    (END, END + 1, END + 9, "the agreement's last week ends at 2028-02-21 00:00:00 UTC"),
    (-5, 5, LATER, "the agreement's first week begins"),
    (NINE, 10**30, LATER, "it is 2026-12-14 00:00:00 UTC now, and it ends later"),
]


@pytest.mark.parametrize(("start", "end", "now", "problem"), PLACES)
def test_times_that_no_entry_has(diary, start, end, now, problem):
    with refused(diary, EntryRefused, problem):
        add(diary, start, end, now=now)
    with refused(diary, EntryRefused, problem):
        diary.import_(frames((start, end)), "toggl", now)
    entry = add(diary, MONDAY + 1, MONDAY + 2)
    with refused(diary, EntryRefused, problem):
        diary.edit(now, entry, "Why", start=start, end=end)


def test_the_first_and_the_last_second(diary):
    add(diary, MONDAY, MONDAY + 1)
    add(diary, END - 1, END)
    assert [e.seconds for e in diary.entries] == [1, 1]
    assert diary.week(0) == diary.week(63) == []


def test_an_entry_may_end_now(diary):
    assert add(diary, now=TEN).end == TEN


# Words


@pytest.mark.parametrize(
    "memo", ["", "  \n", "a\0b", "\x1b[31mred", "\ud800", "a\u202eb", "\x85\x07"]
)
def test_memos_that_are_refused(diary, memo):
    with refused(diary, InputError, "A memo needs words, and no control characters."):
        add(diary, memo=memo)
    entry = add(diary)
    with refused(diary, InputError, "A memo needs words"):
        diary.edit(LATER, entry, "Why", memo=memo)
    with refused(diary, InputError, "A reason needs words"):
        diary.edit(LATER, entry, memo, memo="Other")
    with refused(diary, InputError, "A reason needs words"):
        diary.remove(LATER, entry, memo)


@pytest.mark.parametrize(
    "memo", ["עברית בלבד", "مرحبا", "e\u0301te\u0301", "🎨🖌️", "漢字", '"quo\\ted"']
)
def test_memos_of_any_language(diary, memo):
    assert add(diary, memo=memo, tags=[memo]).memo == memo
    assert Diary.read(diary.folder, RULES).entries[0].tags == (memo,)


def test_the_longest_words(diary):
    memo, tag = "m" * MEMO_LENGTH, "漢" * TAG_LENGTH
    entry = add(diary, memo=memo, tags=[tag])
    assert (entry.memo, entry.tags) == (memo, (tag,))
    with refused(diary, InputError, "A memo has at most 500 characters, and this has 501."):
        add(diary, TEN, TEN + 1, memo + "m")
    with refused(diary, InputError, "A tag has at most 50 characters, and this has 51."):
        add(diary, TEN, TEN + 1, tags=[tag + "漢"])
    with refused(diary, InputError, "A reason has at most 500 characters, and this has 501."):
        diary.remove(LATER, entry, memo + "m")


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        (["a,b"], 'The tag "a,b" has a comma, which stands between tags.'),
        ([""], "A tag needs words, and no control characters."),
        (["a", "\x1b"], "A tag needs words, and no control characters."),
        (["\udfff"], "A tag needs words, and no control characters."),
        ([str(i) for i in range(TAGS + 1)], "An entry has at most 20 tags, and this has 21."),
    ],
)
def test_tags_that_are_refused(diary, tags, problem):
    with refused(diary, InputError, problem):
        add(diary, tags=tags)
    with refused(diary, InputError, problem):
        diary.start(NINE, "Form", tags, "UTC")
    entry = add(diary)
    with refused(diary, InputError, problem):
        diary.edit(LATER, entry, "Why", tags=tags)


@pytest.mark.parametrize("text", ["\0", "\ud800", "UTC\n", " UTC", "z" * 1001])
def test_zones_and_ids_of_others_that_are_refused(diary, text):
    with refused(diary, InputError, "The name of a time zone"):
        diary.add(TEN, NINE, TEN, "Form", [], text)
    with refused(diary, InputError, "The name of a time zone"):
        diary.start(NINE, "Form", [], text)
    with refused(diary, InputError, "The id of an imported entry"):
        diary.import_(frames((NINE, TEN), key=text), "toggl", TEN)


# Late and manual


@pytest.mark.parametrize(("after", "is_late"), [(-1, False), (0, False), (1, True)])
def test_late_begins_after_noon_on_monday(diary, after, is_late):
    now = MONDAY + WEEK + 12 * HOUR + after
    assert add(diary, now=now).kind == (Kind.LATE if is_late else Kind.MANUAL)
    found = diary.import_(frames((TEN, TEN + 60)), "toggl", now).added
    assert found[0].kind == (Kind.LATE if is_late else Kind.TRACKED)
    last = add(diary, MONDAY + WEEK - 1, MONDAY + WEEK, now=now)
    assert last.kind == (Kind.LATE if is_late else Kind.MANUAL)
    # Lengthened then, an entry is late; a memo is no matter of time.
    early = add(diary, NINE - 60, NINE - 30)
    assert diary.edit(now, early, "Why", memo="Other").kind == Kind.MANUAL
    longer = diary.edit(now, early, "Why", end=NINE - 20)
    assert longer.kind == (Kind.LATE if is_late else Kind.MANUAL)


def test_an_entry_into_the_next_week_is_late_with_its_first(diary):
    """Else one second of Monday would take a week's work with it."""
    sunday, tuesday = MONDAY + WEEK - HOUR, MONDAY + WEEK + DAY
    assert add(diary, sunday, MONDAY + WEEK + 1, now=tuesday).kind == Kind.LATE
    assert add(diary, MONDAY + WEEK + 1, MONDAY + WEEK + 2, now=tuesday).kind == Kind.MANUAL


def test_a_timer_that_runs_into_the_next_week_makes_two_entries(diary):
    border = MONDAY + WEEK
    diary.start(border - HOUR, "Night", ["x"], "Europe/Berlin")
    first, second = diary.stop(border + 13 * HOUR, at=border + HOUR)
    assert (first.start, first.end, first.kind) == (border - HOUR, border, Kind.LATE)
    assert (second.start, second.end, second.kind) == (border, border + HOUR, Kind.TRACKED)
    assert first.id != second.id
    assert {e.zone for e in (first, second)} == {"Europe/Berlin"}


def test_a_timer_in_a_sealed_week(diary):
    """As where the clock was a week ahead when the week was sealed."""
    add(diary)
    seal(diary, MONDAY + WEEK, 0, {})
    with refused(diary, EntryRefused, "week 1 is sealed; `milepost diary reopen FILE 1`"):
        diary.start(NOON + HOUR, "Form", [], "UTC")


def test_a_timer_that_stops_at_midnight_makes_one(diary):
    diary.start(MONDAY + WEEK - HOUR, "Night", [], "UTC")
    assert len(diary.stop(MONDAY + WEEK)) == 1


def test_only_what_was_tracked_in_time(tmp_path):
    late = MONDAY + WEEK + 12 * HOUR + 1
    problem = "the agreement takes only what was tracked in time, no manual or late entry"
    with diary_of(tmp_path, rules=TRACKED_ONLY) as diary:
        with refused(diary, EntryRefused, problem):
            add(diary)
        with refused(diary, EntryRefused, problem):
            diary.import_(frames((NINE, TEN)), "toggl", late)
        with refused(diary, EntryRefused, problem):
            diary.import_(frames((NINE, TEN), is_tracked=False), "toggl", TEN)
        night = frames((MONDAY + WEEK - HOUR, MONDAY + WEEK + HOUR))
        with refused(diary, EntryRefused, problem):
            diary.import_(night, "toggl", late)
        (entry,) = diary.import_(frames((NINE, TEN)), "toggl", TEN).added
        assert entry.kind == Kind.TRACKED
        for span in ({"start": NINE - 1}, {"end": TEN + 1}, {"start": TEN, "end": TEN + 1}):
            with refused(diary, EntryRefused, problem):
                diary.edit(LATER, entry, "Why", **span)
        shorter = diary.edit(late, entry, "Why", start=NINE + 1, end=TEN - 1)
        assert shorter.kind == Kind.TRACKED
        # It cannot get its own time back.
        with refused(diary, EntryRefused, problem):
            diary.edit(late, shorter, "Why", end=TEN)


# Edits


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        (NINE, TEN - 1, "tracked"), (NINE + 1, TEN, "tracked"), (NINE + 1, NINE + 2, "tracked"),
        (NINE - 1, TEN, "manual"), (NINE, TEN + 1, "manual"), (NINE - 1, NINE + 1, "manual"),
        (TEN + 1, TEN + 2, "manual"), (NINE - 2, NINE - 1, "manual"),
    ],
)  # fmt: skip
def test_what_becomes_longer_becomes_manual(diary, start, end, kind):
    (entry,) = diary.import_(frames((NINE, TEN)), "toggl", TEN).added
    now = NOON
    edited = diary.edit(now, entry, "Why", start=start, end=end)
    assert (edited.start, edited.end, edited.kind) == (start, end, kind)
    assert edited.recorded_at == (now if kind == Kind.MANUAL else TEN)
    assert (edited.id, edited.source) == (entry.id, "toggl")
    assert list(diary.entries) == [edited]


def test_manual_stays_manual_and_late_stays_late(diary):
    manual = add(diary)
    assert diary.edit(LATER, manual, "Why", end=TEN - 1).kind == Kind.MANUAL
    late = add(diary, NOON, NOON + 60, now=LATER)
    assert diary.edit(LATER, late, "Why", end=NOON + 30).kind == Kind.LATE
    at = MONDAY + WEEK + HOUR  # in time again, by a clock that was set back
    assert diary.edit(at, diary.entry(late.id), "Why", end=NOON + 90).kind == Kind.LATE


def test_history_keeps_every_version_with_its_reason(diary):
    first = add(diary, tags=["a"])
    second = diary.edit(LATER, first, "  Too\nlong ", end=TEN - 60)
    third = diary.edit(LATER, second, "Clearer", memo="Payment form", tags=[])
    versions = diary.history(first.id)
    assert [v.entry for v in versions] == [first, second, third]
    assert [v.reason for v in versions] == ["", "Too long", "Clearer"]
    assert [v.record.line for v in versions] == [2, 3, 4]
    assert (third.memo, third.tags, third.end) == ("Payment form", (), TEN - 60)


def test_an_edit_without_a_change_or_a_reason(diary):
    entry = add(diary, tags=["a"])
    for change in ({}, {"memo": "Form"}, {"start": NINE, "end": TEN}, {"tags": ["a"]}):
        with refused(diary, InputError, "Nothing would change."):
            diary.edit(LATER, entry, "Why", **change)
    with refused(diary, InputError, "A reason needs words"):
        diary.edit(LATER, entry, "", memo="Other")


def test_an_edit_into_another_entry(diary):
    entry = add(diary)
    add(diary, TEN + 60, TEN + 120)
    with refused(diary, EntriesOverlap, '10:01:00 UTC to 2026-11-30 10:02:00 UTC "Form"'):
        diary.edit(LATER, entry, "Why", end=TEN + 61)
    assert diary.edit(LATER, entry, "Why", end=TEN + 60).end == TEN + 60
    # Over its own time it may move.
    assert diary.edit(LATER, diary.entry(entry.id), "Why", start=NINE - 60).start == NINE - 60


def test_what_is_removed_does_not_count_and_is_kept(diary):
    entry = add(diary)
    diary.remove(LATER, entry, "Not for this client")
    assert list(diary.entries) == diary.week(0) == []
    (life,) = diary.removed
    assert life.versions[0].entry == entry
    assert life.removal.content["reason"] == "Not for this client"
    assert diary.history(entry.id)[0].entry == entry
    with refused(diary, EntryUnknown, f"No entry {entry.id} is in the diary."):
        diary.entry(entry.id)
    assert add(diary).id != entry.id


# Ids


def test_ids_and_their_beginnings(diary):
    entries = [add(diary, NINE + i * 60, NINE + i * 60 + 60) for i in range(20)]
    for entry in entries:
        assert len(entry.id) == 12
        assert diary.entry(entry.id) == diary.entry(entry.id.upper()) == entry
    for digit in "0123456789abcdef":
        found = [e for e in entries if e.id.startswith(digit)]
        if len(found) == 1:
            assert diary.entry(digit) == found[0]
        else:
            with refused(diary, EntryUnknown) as caught:
                diary.entry(digit)
            assert caught.value.found == len(found)
    for text in ("", "xyz", entries[0].id + "0", "\0", "*"):
        with refused(diary, EntryUnknown, "`milepost diary log` lists them"):
            diary.entry(text)


def test_entries_of_a_time(diary):
    a, b, c = (add(diary, NINE + i * 60, NINE + i * 60 + 60) for i in range(3))
    assert diary.between(NINE, NINE + 60) == [a]
    assert diary.between(NINE + 59, NINE + 61) == [a, b]
    assert diary.between(NINE + 60, NINE + 60) == []
    assert diary.between(0, LATER) == [a, b, c]
    assert diary.between(NINE + 180, LATER) == diary.between(0, NINE) == []


# Timers


def test_a_timer(diary):
    timer = diary.start(NINE, "Form", ["web"], "Europe/Berlin")
    assert (timer.since, timer.memo, timer.tags, timer.zone) == (
        NINE, "Form", ("web",), "Europe/Berlin",
    )  # fmt: skip
    assert diary.timer == Diary.read(diary.folder, RULES).timer == timer
    assert diary.timers == {"ours": timer}
    (entry,) = diary.stop(TEN, tags=["done", "web"])
    assert (entry.start, entry.end, entry.kind, entry.source) == (NINE, TEN, "tracked", "timer")
    assert (entry.memo, entry.tags, entry.zone) == ("Form", ("web", "done"), "Europe/Berlin")
    assert diary.timer is None
    with refused(diary, TimerMissing, "No timer runs here. `milepost diary start` begins one."):
        diary.stop(TEN)


def test_a_second_timer(diary):
    diary.start(NINE, "Form", [], "UTC")
    message = 'A timer "Form" runs since 2026-11-30 09:00:00 UTC. `milepost diary stop` ends it.'
    with refused(diary, TimerRunning, message):
        diary.start(TEN, "Other", [], "UTC")


def test_a_timer_inside_an_entry(diary):
    add(diary)
    message = f'a timer from {words(TEN - 1)}\n    and {words(NINE)} to {words(TEN)} "Form"'
    with refused(diary, EntriesOverlap, message):
        diary.start(TEN - 1, "", [], "UTC")
    diary.start(TEN, "", [], "UTC")


@pytest.mark.parametrize("now", [MONDAY - 1, END, END + 5])
def test_a_timer_outside_of_the_weeks(diary, now):
    with refused(diary, EntryRefused, "the agreement's"):
        diary.start(now, "Form", [], "UTC")


def test_a_timer_past_the_last_week_ends_with_it(diary):
    diary.start(END - 60, "Form", [], "UTC")
    (entry,) = diary.stop(END + DAY)
    assert (entry.start, entry.end) == (END - 60, END)


def test_a_memo_is_given_at_last(diary):
    diary.start(NINE, " ", [], "UTC")
    with refused(diary, InputError, "A memo needs words"):
        diary.stop(TEN)
    assert diary.stop(TEN, memo="Form")[0].memo == "Form"


@pytest.mark.parametrize("at", [NINE - 1, TEN + 1])
def test_a_timer_ends_between_its_start_and_now(diary, at):
    diary.start(NINE, "Form", [], "UTC")
    with refused(diary, EntryRefused, "a timer ends between its start and now"):
        diary.stop(TEN, at=at)
    with refused(diary, EntryRefused, "a timer ends between its start and now"):
        diary.stop(NINE - 1)


def test_a_timer_that_ends_as_it_began(diary):
    diary.start(NINE, "Form", [], "UTC")
    assert diary.stop(TEN, at=NINE) == []
    assert diary.timer is None
    assert list(diary.entries) == []


def test_a_timer_that_is_discarded(diary):
    diary.start(NINE, "", [], "UTC")
    assert diary.stop(NINE - 5, discard=True) == []
    assert (diary.timer, list(diary.entries)) == (None, [])


def spans(entries):
    return [(e.start - NINE, e.end - NINE) for e in entries]


@pytest.mark.parametrize(
    ("gaps", "left"),
    [
        ([(10, 20)], [(0, 10), (20, 100)]),
        ([(0, 20), (90, 100)], [(20, 90)]),
        ([(-50, 20), (90, 500)], [(20, 90)]),
        ([(30, 40), (10, 35)], [(0, 10), (40, 100)]),
        ([(10, 10)], [(0, 10), (10, 100)]),
        ([(0, 100)], []),
        ([(-10, 200), (300, 400)], []),
        ([(100, 200), (-20, 0)], [(0, 100)]),
        ([(150, 200), (300, 400)], [(0, 100)]),
    ],
)
def test_gaps_are_left_out_of_a_timer(diary, gaps, left):
    diary.start(NINE, "Form", [], "UTC")
    found = diary.stop(NINE + 100, gaps=[(NINE + a, NINE + b) for a, b in gaps])
    assert spans(found) == spans(diary.entries) == left
    assert len({e.id for e in found}) == len(left)


def test_what_is_there_already_is_left_out_of_a_timer(diary):
    diary.start(NINE, "Form", [], "UTC")
    add(diary, NINE + 10, NINE + 20, "Call")
    diary.import_(frames((NINE - 60, NINE + 5), (NINE + 50, NINE + 60)), "toggl", TEN)
    found = diary.stop(NINE + 100, gaps=[(NINE + 15, NINE + 30)])
    assert spans(found) == [(5, 10), (30, 50), (60, 100)]
    assert diary.overlaps() == []


# Imports


def test_an_import_is_made_once(diary):
    given = frames((TEN, TEN + 60), (NINE, TEN), key="a")
    first = diary.import_(given, "toggl", LATER)
    assert (spans(first.added), first.known, first.overlapping) == (
        [(0, 3600), (3600, 3660)],
        0,
        (),
    )
    before = files(diary.folder)
    assert diary.import_(given, "toggl", LATER) == Imported((), 2)
    assert files(diary.folder) == before
    more = diary.import_([*given, *frames((NOON, NOON + 60), key="b")], "toggl", LATER)
    assert (len(more.added), more.known) == (1, 2)


def test_the_same_frame_twice_in_one_import(diary):
    found = diary.import_(frames((NINE, TEN), (NINE, TEN)), "toggl", LATER)
    assert (len(found.added), found.known) == (1, 1)


def test_equal_times_of_different_frames_overlap(diary):
    twins = [Frame(NINE, TEN, "Form", key="a"), Frame(NINE, TEN, "Form", key="b")]
    with refused(diary, EntriesOverlap):
        diary.import_(twins, "toggl", LATER)
    found = diary.import_(twins, "toggl", LATER, skip=True)
    assert (len(found.added), found.overlapping) == (1, (twins[1],))
    with refused(diary, EntriesOverlap):
        diary.import_(frames((NINE, TEN)), "clockify", LATER)


def test_frames_that_overlap_are_refused_whole_or_left_out(diary):
    add(diary)
    given = frames(
        (NINE - 60, NINE), (TEN - 60, TEN + 60), (NOON, NOON + 60), (NOON + 30, NOON + 90)
    )
    with refused(diary, EntriesOverlap) as caught:
        diary.import_(given, "toggl", LATER)
    assert len(caught.value.overlaps) == 2
    found = diary.import_(given, "toggl", LATER, skip=True)
    assert found.overlapping == (given[1], given[3])
    assert len(found.added) == 2
    assert diary.overlaps() == []


def test_one_frame_that_cannot_be_refuses_all(diary):
    good = frames((NINE, TEN))
    for bad in (frames((MONDAY - 60, MONDAY)), [Frame(NOON, NOON + 60, "\x1b")]):
        with refused(diary, InputError if bad[0].memo == "\x1b" else EntryRefused):
            diary.import_([*good, *bad], "toggl", LATER, skip=True)
    assert len(diary.import_(good, "toggl", LATER).added) == 1


def test_what_was_removed_after_its_import_stays_away(diary):
    given = frames((NINE, TEN))
    (entry,) = diary.import_(given, "toggl", LATER).added
    diary.remove(LATER, entry, "Private")
    assert diary.import_(given, "toggl", LATER).known == 1
    assert list(diary.entries) == []
    # By hand it can be written again.
    assert add(diary).kind == Kind.MANUAL


def test_what_was_edited_after_its_import_stays_so(diary):
    given = frames((NINE, TEN))
    (entry,) = diary.import_(given, "toggl", LATER).added
    edited = diary.edit(LATER, entry, "Why", end=TEN - 60, memo="Other")
    assert diary.import_(given, "toggl", LATER).known == 1
    assert list(diary.entries) == [edited]


def test_an_empty_import_writes_nothing(diary):
    assert diary.import_([], "toggl", LATER) == Imported((), 0)
    assert not list(diary.folder.glob("*.log"))


# Sealed weeks


def test_a_sealed_week_takes_nothing(diary):
    border = MONDAY + WEEK
    entry = add(diary)
    early = add(diary, border, border + 60)
    across = frames((border - 60, border + 60))
    diary.start(border + 60, "Form", [], "UTC")
    diary.stop(border + 120)
    made = seal(diary, LATER, 0, {})
    problem = "week 1 is sealed; `milepost diary reopen FILE 1` opens it again"
    with refused(diary, EntryRefused, problem):
        add(diary, TEN, TEN + 60, now=LATER)
    with refused(diary, EntryRefused, problem):
        diary.import_(across, "toggl", LATER, skip=True)
    with refused(diary, EntryRefused, problem):
        diary.edit(LATER, entry, "Why", memo="Other")
    with refused(diary, EntryRefused, problem):
        diary.edit(LATER, entry, "Why", start=border + 200, end=border + 300)
    with refused(diary, EntryRefused, problem):
        diary.edit(LATER, early, "Why", start=border - 1)
    with refused(diary, EntryRefused, problem):
        diary.remove(LATER, entry, "Why")
    with refused(diary, EntryRefused, problem):
        diary.cut(LATER, NINE + 60, NINE + 120, "Why")
    add(diary, border + 120, border + 180)
    assert diary.seal_of(0) == made
    diary.reopen(LATER, 0, "More came in")
    add(diary, TEN, TEN + 60, now=LATER)
    assert diary.seals == []


def test_an_import_again_after_sealing_is_no_change(diary):
    given = frames((NINE, TEN))
    diary.import_(given, "toggl", LATER)
    seal(diary, LATER, 0, {})
    assert diary.import_(given, "toggl", LATER).known == 1


def test_when_a_week_can_be_sealed(diary):
    border = MONDAY + WEEK
    add(diary)
    for week in (-1, 64, 10**9):
        with refused(diary, WeekRefused, "there are weeks 1 to 64"):
            seal(diary, LATER, week, {})
    problem = "Week 1: it ends at 2026-12-07 00:00:00 UTC, and can be sealed then."
    with refused(diary, WeekRefused, problem):
        seal(diary, border - 1, 0, {})
    with refused(diary, WeekRefused, "Week 2: nothing was worked in it."):
        seal(diary, LATER, 1, {})
    diary.start(border - 1, "Form", [], "UTC")
    with refused(diary, WeekRefused, "a timer runs that began in it or before; stop it first"):
        seal(diary, border, 0, {})
    diary.stop(border, discard=True)
    diary.start(border, "Form", [], "UTC")
    made = seal(diary, border, 0, {})
    with refused(diary, WeekRefused, f"it is sealed already, under the root 0x{made.root.hex()}"):
        seal(diary, LATER, 0, {})
    with refused(diary, WeekRefused, "Week 2: it is not sealed."):
        diary.reopen(LATER, 1, "Why")
    with refused(diary, InputError, "A reason needs words"):
        diary.reopen(LATER, 0, " ")


def test_a_bill_is_kept(diary):
    add(diary)
    made = seal(diary, LATER, 0, {})
    assert diary.bill_of(0) is None
    with refused(diary, DiaryDamaged, "transaction is missing or unfit"):
        diary.bill(LATER, made, b"short")
    billed = diary.bill(LATER + 5, made, bytes([7]) * 32)
    assert diary.bill_of(0) == Diary.read(diary.folder, RULES).bill_of(0) == billed
    assert (billed.root, billed.units, billed.billed_at) == (made.root, 6, LATER + 5)
    diary.reopen(LATER + 9, 0, "Why")
    assert diary.bill_of(0) == billed


# Cuts


def test_a_cut_takes_its_time_out_of_every_entry(diary):
    a, b = add(diary, memo="A"), add(diary, TEN, TEN + HOUR, "B")
    assert diary.cut(LATER, TEN - 60, TEN + 60, "Lunch") == [a, b]
    assert spans(diary.entries) == [(0, 3540), (3660, 7200)]
    diary.cut(LATER, NINE + 60, NINE + 120, "Call")
    assert spans(diary.entries) == [(0, 60), (120, 3540), (3660, 7200)]
    first, second, _ = diary.entries
    assert (first.id, second.memo, second.kind) == (a.id, "A", Kind.MANUAL)
    assert second.id not in (a.id, b.id)
    assert [v.reason for v in diary.history(a.id)] == ["", "Lunch", "Call"]
    diary.cut(LATER, MONDAY, LATER, "All of it")
    assert list(diary.entries) == []
    with refused(diary, EntryRefused, "no entry covers any of it"):
        diary.cut(LATER, MONDAY, LATER, "Again")


def test_a_cut_keeps_what_was_tracked_tracked(diary):
    diary.import_(frames((NINE, TEN)), "toggl", TEN)
    diary.cut(LATER, NINE + 60, NINE + 120, "Call")
    assert {e.kind for e in diary.entries} == {Kind.TRACKED}
    assert {e.recorded_at for e in diary.entries} == {TEN}


@pytest.mark.parametrize(
    ("first", "end"), [(NINE + 9, NINE + 9), (NINE + 9, NINE + 5), (TEN, LATER)]
)
def test_a_cut_of_no_time(diary, first, end):
    add(diary)
    with refused(diary, EntryRefused):
        diary.cut(LATER, first, end, "Why")
    with refused(diary, InputError, "A reason needs words"):
        diary.cut(LATER, NINE, TEN, "")


# Folders


def test_a_diary_that_is_not_there_is_empty(tmp_path):
    folder = folder_of(tmp_path)
    diary = Diary.read(folder, RULES)
    assert (list(diary.entries), diary.logs, diary.timer, diary.name) == ([], [], None, "ours")
    assert not folder.exists()


def test_a_machine_names_itself_once(tmp_path):
    names = {Diary.read(tmp_path / "new" / str(i), RULES).name for i in range(3)}
    assert len(names) == 1
    assert (tmp_path / "new" / "machine").read_text().strip() in names
    for content in (b"../up\n", b"", b"\xff\xff", b"a" * 51, b"~\n"):
        (tmp_path / "new" / "machine").write_bytes(content)
        name = Diary.read(tmp_path / "new" / "1", RULES).name
        assert name.isalnum()
        assert Diary.read(tmp_path / "new" / "2", RULES).name == name


def test_folders_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "diary"):
        with pytest.raises(InputError, match="cannot be"):
            Diary.read(folder, RULES)
        with pytest.raises(InputError, match="cannot be"), Diary.write(folder, RULES):
            pytest.fail("it was opened")


def test_an_act_that_cannot_be_written_changes_nothing(diary):
    add(diary)
    path = diary.folder / "ours.log"
    was = path.read_bytes()
    path.write_bytes(was + b"more")
    with refused(diary, InputError, "was changed by another program meanwhile"):
        add(diary, TEN, TEN + 60)
    path.write_bytes(was)
    add(diary, TEN, TEN + 60)
    assert len(diary.entries) == 2
