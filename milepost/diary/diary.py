"""The diary of one agreement: what its logs say, and how it grows.

Each machine writes one log, and has copies of the others' once they are merged. What the diary says
follows from all records together, whichever way they came: entries as their last edit left them,
the timer that runs, the weeks that are sealed. Nothing is ever taken away: an edit or a removal is
a further record with its reason. Two entries never cover the same second. Times are Unix seconds,
weeks are counted from zero. Nothing here asks a clock, a chain or a person.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from milepost.diary import log as logs
from milepost.diary.entries import Entry, Frame, Segment, segments_of, with_captures
from milepost.diary.errors import (
    DiaryBusy,
    DiaryDamaged,
    EntriesOverlap,
    EntryRefused,
    EntryUnknown,
    TimerMissing,
    TimerRunning,
    WeekRefused,
)
from milepost.diary.log import Log, Record
from milepost.diary.pulse import write_private
from milepost.diary.rules import (
    Rules,
    described,
    key_of,
    memo_of,
    reason_of,
    tags_of,
    zone_of,
)
from milepost.diary.state import (
    VERSION,
    Bill,
    Life,
    Seal,
    State,
    Timer,
    Version,
    check,
    checked,
    state_of,
    without,
)
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.types import MAX_MILESTONES
from milepost.units import WEEK, format_time

HAND = "hand"
_WAIT_FOR_OTHERS = 10  # seconds
_FORK = "~"
_MACHINE = "machine"
_LONGEST_LINE = 2**16
_NAME_LENGTH = 50
_HIGHEST = 2**32  # number of a record that is merged; what follows it must have a number, too


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of frames: added, already there, and left out because of an overlap."""

    added: tuple[Entry, ...]
    known: int
    overlapping: tuple[Frame, ...] = ()


class Diary:
    """A diary in a folder, made of checked logs. `read` opens it to look, `write` to add to it."""

    def __init__(self, folder: Path, rules: Rules, own: str, found: Sequence[Log]) -> None:
        self.folder = folder
        self.rules = rules
        self.name = own
        self._take(found)

    @classmethod
    def read(cls, folder: Path, rules: Rules) -> Diary:
        """The diary in `folder`, empty where there is none yet.

        Raises DiaryDamaged, and InputError where a log cannot be read.
        """
        try:
            paths = sorted(p for p in folder.iterdir() if p.suffix == logs.SUFFIX)
        except FileNotFoundError:
            paths = []
        except OSError as error:
            raise InputError(f"{folder} cannot be read: {error.strerror}.") from error
        found = [logs.read(path, rules.scope) for path in paths]
        try:
            # Each record was checked before it was written or merged, which takes a while.
            return cls(folder, rules, _own_name(folder), found)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            check(found)
            raise

    @classmethod
    @contextmanager
    def write(cls, folder: Path, rules: Rules) -> Iterator[Diary]:
        """The diary in `folder`, which nobody else adds to meanwhile.

        Raises as `read` does, and DiaryBusy.
        """
        from filelock import FileLock, Timeout

        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(folder / "lock")
            lock.acquire(timeout=_WAIT_FOR_OTHERS)
        except Timeout as error:
            raise DiaryBusy(str(folder)) from error
        except OSError as error:
            raise InputError(f"{folder} cannot be used: {error.strerror}.") from error
        try:
            yield cls.read(folder, rules)
        finally:
            lock.release()

    @staticmethod
    def rules_of(folder: Path, scope: bytes) -> Rules | None:
        """The rules that this machine's log began with; None where there is none to tell."""
        try:
            name = (folder.parent / _MACHINE).read_text("ascii").strip()
            with (folder / (name + logs.SUFFIX)).open("rb") as file:
                (first,) = logs.parse(file.readline(_LONGEST_LINE), name, scope).records
        except (OSError, ValueError, DiaryDamaged):
            return None
        says = checked(first)
        if says["act"] != "open":
            return None
        kinds = says["manual"], says["captures"]
        return Rules(scope, says["start"], says["limit"], *kinds, says["title"])

    def check(self) -> None:
        """Raises DiaryDamaged for a record that no diary writes."""
        check(self.logs)

    # What it says

    @property
    def entries(self) -> Sequence[Entry]:
        """Every entry that stands, in the order of their times."""
        return self._active

    @property
    def logs(self) -> Sequence[Log]:
        """Its logs as they were read, by name."""
        return list(self._logs.values())

    @property
    def timer(self) -> Timer | None:
        """The timer that runs on this machine."""
        return next((t for log, t in self._state.timers.values() if log == self.name), None)

    @property
    def timers(self) -> Mapping[str, Timer]:
        """The timers that run, by the log that says so."""
        return dict(self._state.timers.values())

    def own_log(self) -> bytes:
        """The bytes of this machine's log, for another machine to merge; empty where it has none.

        Raises InputError where it cannot be read.
        """
        if self.name not in self._logs:
            return b""
        path = self.folder / (self.name + logs.SUFFIX)
        try:
            return path.read_bytes()[: self._logs[self.name].size]
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error

    def between(self, first: int, end: int) -> list[Entry]:
        """The entries that cover any of [first, end), in order."""
        begin = bisect_left(self._active, first + 1, key=lambda e: e.end)
        return self._active[begin : bisect_left(self._active, end, lo=begin, key=lambda e: e.start)]

    def week(self, week: int) -> list[Segment]:
        """The segments of a week as its entries stand."""
        first = self.rules.week_start(week)
        return segments_of(self.between(first, first + WEEK), first, first + WEEK)

    def segments(self, first: int, end: int) -> list[Segment]:
        """The segments from `first` to `end`, both multiples of ten minutes."""
        return segments_of(self.between(first, end), first, end)

    def entry(self, text: str) -> Entry:
        """The entry whose id begins with `text`, removed ones apart. Raises EntryUnknown."""
        given = text.lower()
        found = [e for e in self._active if e.id.startswith(given)] if given else []
        if len(found) != 1:
            raise EntryUnknown(text, len(found))
        return found[0]

    def history(self, entry: str) -> Sequence[Version]:
        """Every version of the entry with this id, the first one first."""
        return self._state.lives[entry].versions

    @property
    def removed(self) -> list[Life]:
        """The entries that were removed."""
        return [life for life in self._state.lives.values() if life.removal]

    def seal_of(self, week: int, root: bytes | None = None) -> Seal | None:
        """The seal of a week, if it is closed; or the one, held or not, that has a root."""
        if root is not None:
            return self._state.sealed.get((week, root))
        return self._state.seals.get(week)

    def bill_of(self, week: int) -> Bill | None:
        """How a week was submitted the last time, if it was."""
        return self._state.bills.get(week)

    @property
    def seals(self) -> list[Seal]:
        """Every seal that holds, by week."""
        return [self._state.seals[week] for week in sorted(self._state.seals)]

    def sealed_segments(self, seal: Seal) -> list[Segment]:
        """The segments that a seal was made of, whatever was added to the diary afterwards."""
        known = self._lines_known(seal)
        # Not from the entries as they stand: what came since may change what an earlier edit did.
        then = State()
        then.play(
            self.rules,
            (r for r in self._state.records_of(self.rules, seal.week) if r.line <= known[r.log]),
        )
        first = self.rules.week_start(seal.week)
        found = segments_of(_standing(then), first, first + WEEK)
        if seal.is_up_to_limit:
            found = found[: self.rules.limit]
        return with_captures(found, seal.captures)

    # How it grows

    def start(self, now: int, memo: str, tags: Sequence[str], zone: str) -> Timer:
        """Begin a timer. An empty memo is to be given when it stops.

        Raises TimerRunning, EntryRefused, and EntriesOverlap inside an entry.
        """
        if self.timer is not None:
            raise TimerRunning(self.timer.since, self.timer.memo)
        self.rules.require_place(now, now + 1, now + 1)
        self._require_open(now, now + 1)  # as where the clock is wrong
        if inside := self.between(now, now + 1):
            raise EntriesOverlap(((f"a timer from {format_time(now)}", described(inside[0])),))
        content = {"memo": memo_of(memo) if memo.strip() else "", "tags": tags_of(tags)}
        self._append(now, [{"act": "start", "zone": zone_of(zone), **content}])
        assert self.timer is not None
        return self.timer

    def stop(
        self,
        now: int,
        *,
        at: int | None = None,
        memo: str = "",
        tags: Sequence[str] = (),
        gaps: Iterable[tuple[int, int]] = (),
        discard: bool = False,
        log: str | None = None,
    ) -> list[Entry]:
        """End the timer at `at`, else now, and leave out `gaps` and what the diary has already.

        To `discard` it makes no entry. With `log` it is the timer of that log, whose machine may be
        lost, while no week in which it runs can be sealed. Returns the entries. Raises
        TimerMissing and EntryRefused.
        """
        timer = self.timer if log is None else self.timers.get(log)
        if timer is None:
            raise TimerMissing
        end = now if at is None else at
        if not discard and not timer.since <= end <= now:
            raise EntryRefused(timer.since, end, "a timer ends between its start and now")
        spans: list[list[int]] = []
        if not discard:
            taken = [(e.start, e.end) for e in self.between(timer.since, end)]
            whole = timer.since, min(end, self.rules.end)
            # No entry of a timer is in two weeks, because the first may be too late.
            first, last = (self.rules.week_of(second) for second in whole)
            weeks = [(self.rules.week_start(week),) * 2 for week in range(first + 1, last + 1)]
            spans = [list(part) for part in without(whole, [*gaps, *taken, *weeks])]
            memo = memo_of(memo or timer.memo)
        content = {
            "act": "stop",
            "timer": timer.id,
            "spans": spans,
            "zone": timer.zone,
            "memo": memo,
            "tags": tags_of([*timer.tags, *tags]),
        }
        names = self._append(now, [content])
        return [self._state.lives[name].versions[-1].entry for name in names]

    def add(
        self, now: int, start: int, end: int, memo: str, tags: Sequence[str], zone: str
    ) -> Entry:
        """Write an entry by hand. Raises EntryRefused and EntriesOverlap."""
        frame = Frame(start, end, memo, tuple(tags), zone, is_tracked=False)
        return self.import_([frame], HAND, now).added[0]

    def import_(
        self, frames: Iterable[Frame], source: str, now: int, *, skip: bool = False
    ) -> Imported:
        """Add another program's frames, each once however often it is imported.

        Frames that overlap what is there are refused, or left out to `skip` them; the others are
        added. Raises EntryRefused and EntriesOverlap, and then adds none.
        """
        new: dict[tuple[str, str, int, int], Frame] = {}
        known = 0
        for frame in sorted(frames, key=lambda f: (f.start, f.end)):
            start, end = frame.start, frame.end
            identity = (source, frame.key, start, end)
            if source != HAND and (identity in self._state.imported or identity in new):
                known += 1
                continue
            self.rules.require_place(start, end, now)
            is_tracked = frame.is_tracked and not self.rules.is_late(start, now)
            self.rules.require_tracked(start, end, is_tracked=is_tracked)
            self._require_open(start, end)
            new[identity] = frame
        apart, overlapping = self._apart(list(new.values()), skip=skip)
        contents = [
            {
                "act": "add",
                "start": f.start,
                "end": f.end,
                "memo": memo_of(f.memo),
                "tags": tags_of(f.tags),
                "zone": zone_of(f.zone),
                "source": source,
                "key": key_of(f.key),
                "tracked": f.is_tracked,
            }
            for f in apart
        ]
        names = self._append(now, contents) if contents else []
        added = (self._state.lives[name].versions[-1].entry for name in names)
        return Imported(tuple(added), known, tuple(overlapping))

    def edit(
        self,
        now: int,
        entry: Entry,
        reason: str,
        *,
        start: int | None = None,
        end: int | None = None,
        memo: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Entry:
        """Change an entry and keep how it was. One that becomes longer becomes manual.

        Raises EntryRefused and EntriesOverlap, and InputError without a reason or a change.
        """
        given = {
            "start": start,
            "end": end,
            "memo": None if memo is None else memo_of(memo),
            "tags": None if tags is None else tags_of(tags),
        }
        was = {"start": entry.start, "end": entry.end, "memo": entry.memo, "tags": [*entry.tags]}
        # Only what changes, so that another machine's change of something else stays.
        changes = {k: v for k, v in given.items() if v is not None and v != was[k]}
        if not changes:
            raise InputError("Nothing would change.")
        content = {"act": "edit", "entry": entry.id, "reason": reason_of(reason), **changes}
        first = entry.start if start is None else start
        last = entry.end if end is None else end
        self.rules.require_place(first, last, now)
        is_shorter = entry.start <= first and last <= entry.end
        self.rules.require_tracked(first, last, is_tracked=is_shorter)
        self._require_open(min(first, entry.start), max(last, entry.end))
        if found := [e for e in self.between(first, last) if e.id != entry.id]:
            span = f"{format_time(first)} to {format_time(last)}"
            raise EntriesOverlap(tuple((span, described(e)) for e in found))
        self._append(now, [content])
        return self._state.lives[entry.id].versions[-1].entry

    def remove(self, now: int, entry: Entry, reason: str) -> None:
        """Take an entry out of what counts; the log keeps it.

        Raises EntryRefused in a sealed week, and InputError without a reason.
        """
        self._require_open(entry.start, entry.end)
        content = {"act": "remove", "entry": entry.id, "reason": reason_of(reason)}
        self._append(now, [content])

    def cut(self, now: int, first: int, end: int, reason: str) -> list[Entry]:
        """Take [first, end) out of every entry that covers some of it; the rest stays as it was.

        Returns the entries that were there, as they were. Raises EntryRefused in a sealed week, or
        where no entry covers any of it, and InputError without a reason.
        """
        if first >= end:
            raise EntryRefused(first, end, "a cut ends after its start")
        found = self.between(first, end)
        if not found:
            raise EntryRefused(first, end, "no entry covers any of it")
        for entry in found:
            self._require_open(entry.start, entry.end)
        why = reason_of(reason)
        holes = [(e.id, max(first, e.start), min(end, e.end)) for e in found]
        acts = [
            {"act": "cut", "entry": name, "start": start, "end": stop, "reason": why}
            for name, start, stop in holes
        ]
        self._append(now, acts)
        return found

    def seal(
        self,
        now: int,
        week: int,
        root: bytes,
        units: int,
        secret: bytes,
        captures: Mapping[int, bytes],
        *,
        is_up_to_limit: bool,
    ) -> Seal:
        """Close a week under the root of its segments, which `weeks.seal` makes.

        Raises WeekRefused.
        """
        self.require_sealable(now, week)
        content = {
            "act": "seal",
            "week": week,
            "root": root.hex(),
            "units": units,
            "secret": secret.hex(),
            "known": [[r.content["n"], r.hash] for log in self.logs for r in log.records[-1:]],
            "captures": {str(start): value.hex() for start, value in sorted(captures.items())},
            "up_to_limit": is_up_to_limit,
        }
        self._append(now, [content])
        return self._state.seals[week]

    def require_sealable(self, now: int, week: int) -> None:
        """Raises WeekRefused unless a week is over, open, and without a timer that runs in it."""
        end = self.rules.week_start(week + 1)
        if not 0 <= week < MAX_MILESTONES:
            raise WeekRefused(week + 1, f"there are weeks 1 to {MAX_MILESTONES}")
        if now < end:
            raise WeekRefused(week + 1, f"it ends at {format_time(end)}, and can be sealed then")
        if week in self._state.seals:
            root = self._state.seals[week].root.hex()
            raise WeekRefused(week + 1, f"it is sealed already, under the root 0x{root}")
        if running := [log for log, t in self.timers.items() if t.since < end]:
            how = "" if self.name in running else (
                f", on the machine {running[0]}, or here: `milepost diary stop FILE --machine "
                f"{running[0]}`"
            )  # fmt: skip
            problem = f"a timer runs that began in it or before; stop it first{how}"
            raise WeekRefused(week + 1, problem)

    def reopen(self, now: int, week: int, reason: str) -> None:
        """Take the seal of a week back, so that it can be edited. Raises WeekRefused."""
        if week not in self._state.seals:
            raise WeekRefused(week + 1, "it is not sealed")
        self._append(now, [{"act": "reopen", "week": week, "reason": reason_of(reason)}])

    def bill(self, now: int, seal: Seal, transaction: bytes) -> Bill:
        """Note that a sealed week was submitted. The seal holds, if it was not the one that did."""
        content = {
            "act": "bill",
            "week": seal.week,
            "root": seal.root.hex(),
            "units": seal.units,
            "transaction": transaction.hex(),
        }
        self._append(now, [content])
        return self._state.bills[seal.week]

    def merge(self, content: bytes, name: str) -> int:
        """Take over what another machine's log says; `name` is what errors call it.

        Returns how many records are new. Raises DiaryDamaged, and EntriesOverlap where both
        machines have the same time; then nothing is taken over.
        """
        try:
            other = logs.parse(content, name, self.rules.scope)
        except DiaryDamaged:
            if logs.is_of_another(content, self.rules.scope):
                raise InputError(f"{name} is a log of another agreement's diary.") from None
            raise
        if not other.records:
            raise DiaryDamaged(name, 1, "it has no record")
        place = self._place_of(other)
        known = {r.hash for log in self.logs for r in log.records}
        new = sum(r.hash not in known for r in other.records)
        if not new:
            return 0
        renamed = logs.parse(content[: other.size], place, self.rules.scope)
        check([renamed])
        merged = [*(log for log in self.logs if log.name != place), renamed]
        found = Diary(self.folder, self.rules, self.name, merged)
        if found._state.count > _HIGHEST:
            raise DiaryDamaged(name, len(renamed.records), "no diary has so many records")
        if overlaps := found.overlaps():
            raise EntriesOverlap(tuple((described(a), described(b)) for a, b in overlaps))
        ended = content[: other.size] + (b"" if other.is_ended else b"\n")
        path = self.folder / (place + logs.SUFFIX)
        try:
            write_private(path, ended)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from error
        self._take(merged)
        return new

    def overlaps(self) -> list[tuple[Entry, Entry]]:
        """Entries that cover the same time. There are none, unless somebody made the files."""
        pairs = zip(self._active, self._active[1:], strict=False)
        return [(a, b) for a, b in pairs if b.start < a.end]

    # Inside

    def _take(self, found: Iterable[Log]) -> None:
        self._logs = {log.name: log for log in sorted(found, key=lambda log: log.name)}
        self._state = state_of(self.rules, self.logs)
        self._active = sorted(_standing(self._state), key=_when)

    def _require_open(self, start: int, end: int) -> None:
        for week in range(self.rules.week_of(start), self.rules.week_of(end - 1) + 1):
            if week in self._state.seals:
                how = f"milepost diary reopen FILE {week + 1}"
                raise EntryRefused(start, end, f"week {week + 1} is sealed; `{how}` opens it again")

    def _apart(self, frames: list[Frame], *, skip: bool) -> tuple[list[Frame], list[Frame]]:
        """The frames that overlap nothing, and those that do. Raises EntriesOverlap."""
        apart: list[Frame] = []
        overlapping: list[Frame] = []
        overlaps: list[tuple[str, str]] = []
        for frame in frames:
            found = [described(e) for e in self.between(frame.start, frame.end)[:1]]
            if apart and apart[-1].end > frame.start:
                found.append(described(apart[-1]))
            if found:
                overlapping.append(frame)
                overlaps.append((described(frame), found[0]))
            else:
                apart.append(frame)
        if overlaps and not skip:
            raise EntriesOverlap(tuple(overlaps))
        return apart, overlapping

    def _append(self, now: int, contents: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write records to the own log and take them in. Returns the ids of their entries."""
        own = self._logs.get(self.name, Log(self.name, (), 0))
        opening = {
            "act": "open",
            "version": VERSION,
            "log": self.name,
            "scope": self.rules.scope.hex(),
            "start": self.rules.start,
            "limit": self.rules.limit,
            "title": self.rules.title,
            "manual": self.rules.allows_manual,
            "captures": self.rules.asks_captures,
        }
        acts = contents if own.records else [opening, *contents]
        numbered = [{"n": self._state.count + i, "at": now, **c} for i, c in enumerate(acts, 1)]
        for content in numbered:
            checked(Record(self.name, 0, "", content))  # never to write what cannot be read
        added, hashes = logs.lines(numbered, own.head(self.rules.scope))
        logs.append(self.folder / (self.name + logs.SUFFIX), own, added)
        records = tuple(
            Record(self.name, len(own.records) + i, hashed, content)
            for i, (hashed, content) in enumerate(zip(hashes, numbered, strict=True), 1)
        )
        size = own.size + len(added) + (not own.is_ended)
        self._logs[self.name] = Log(self.name, (*own.records, *records), size)
        before = {c["entry"]: self._state.lives[c["entry"]].entry for c in contents if "entry" in c}
        for entry in before.values():
            if entry is not None:
                del self._active[bisect_left(self._active, _when(entry), key=_when)]
        names = self._state.play(self.rules, records)
        for name in names:
            if entry := self._state.lives[name].entry:
                insort(self._active, entry, key=_when)
        return names

    def _lines_known(self, seal: Seal) -> dict[str, int]:
        """How many lines of each log a seal was made of."""
        known = dict.fromkeys(self._logs, 0)
        for number, hashed in seal.known:
            for log in self.logs:
                line = bisect_left(log.records, number, key=lambda r: int(r.content["n"])) + 1
                if line <= len(log.records) and log.records[line - 1].hash == hashed:
                    for other in self.logs:
                        known[other.name] = max(known[other.name], _common(other, log, line))
        return known

    def _place_of(self, other: Log) -> str:
        """The name under which another log is kept: its own, unless that one went another way."""
        first = other.records[0].content
        name = first.get("log") if first.get("act") == "open" else None
        if not isinstance(name, str) or not _is_name(name):
            raise DiaryDamaged(other.name, 1, "it does not say whose log it is")
        # There are systems to which A.log and a.log are one file.
        is_namesake = re.compile(f"{name}({_FORK}|$)", re.IGNORECASE).match
        namesakes = [log for log in self.logs if is_namesake(log.name)]
        for log in (log for log in namesakes if log.records):
            both = min(len(log.records), len(other.records))
            is_same = log.records[both - 1].hash == other.records[both - 1].hash
            if is_same and log.name != self.name:
                return log.name
        is_free = not namesakes and name.lower() != self.name.lower()
        return name if is_free else f"{name}{_FORK}{other.records[-1].hash[:8]}"


def _standing(state: State) -> list[Entry]:
    """The entries that were not removed."""
    return [entry for life in state.lives.values() if (entry := life.entry) is not None]


def _common(a: Log, b: Log, most: int) -> int:
    """How many lines two logs have in common, of the first `most`: all before an equal hash."""
    lines = range(min(most, len(a.records), len(b.records)))
    return bisect_left(lines, True, key=lambda i: a.records[i].hash != b.records[i].hash)


_when = attrgetter("start", "end", "id")


def _own_name(folder: Path) -> str:
    """The name of this machine's log, chosen once for all diaries beside each other."""
    path = folder.parent / _MACHINE
    try:
        name = path.read_text("ascii").strip()
    except (OSError, ValueError):
        name = ""
    if not _is_name(name):
        name = os.urandom(4).hex()
        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder.parent} cannot be used: {error.strerror}.") from error
        write_whole({path: name.encode() + b"\n"})
    return name


def _is_name(text: str) -> bool:
    """Whether a log can have this name: no path, and one that every system takes."""
    return text.isascii() and text.isalnum() and len(text) <= _NAME_LENGTH
