"""Random histories of a diary on a few machines, for tests.

    machines = Machines(tmp_path, seed=1, count=2)
    for _ in range(100):
        machines.act()

Most acts fit what the rules allow, some do not and are refused; then no file may have changed. The
same seed chooses the same acts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from milepost.diary.diary import Diary
from milepost.diary.entries import Entry, Frame, Kind, Segment
from milepost.diary.state import Seal
from milepost.diary.weeks import seal, week_of
from milepost.errors import MilepostError
from milepost.units import DAY, HOUR, WEEK
from tests.package.diary.made import MEMOS, MONDAY, PLACE, RULES, files, folder_of, merged

UNLIKELY = 0.1
"""The chance that a time or an entry is chosen without heed of what is possible."""


class Machines:
    """A few machines with one diary. `seals` has every seal that each made, and did not lose."""

    def __init__(self, path: Path, seed: int, count: int) -> None:
        self.random = Random(seed)
        self.names = [f"m{i}" for i in range(count)]
        self.folders = {name: folder_of(path, name) for name in self.names}
        self.now = MONDAY + self.random.randrange(DAY)
        self.seals: dict[str, list[Seal]] = {name: [] for name in self.names}
        self.backups: dict[str, tuple[dict[str, bytes], int]] = {}
        self.done: Counter[str] = Counter()
        self.refusals = 0

    def act(self) -> None:
        """One machine does something, or a few things without closing its diary."""
        self.now += self.random.choice([0, 1, 60, 299, 300, 301, HOUR, 5 * HOUR, 2 * DAY])
        name = self.random.choice(self.names)
        if self.random.random() < 0.04:
            self.random.choice([self._crash, self._save, self._restore])(name)
            return
        with Diary.write(self.folders[name], RULES) as diary:
            for _ in range(self.random.choice([1, 1, 1, 5])):
                act = self.random.choices(list(_ACTS), list(_ACTS.values()))[0]
                before = files(diary.folder), said(diary)
                try:
                    act(self, diary)
                    self.done[act.__name__] += 1
                except MilepostError:
                    self.refusals += 1
                    assert (files(diary.folder), said(diary)) == before
            if self.random.random() < 0.1:
                require_laws(diary)
            for made in self.seals[name]:
                assert week_of(diary, made, PLACE).root == made.root
        require_same(Diary.read(self.folders[name], RULES), diary)

    def exchange(self) -> bool:
        """Until nobody has news. Returns whether nothing stood in the way."""
        news = True
        while news:
            news = False
            for name in self.names:
                with Diary.write(self.folders[name], RULES) as ours:
                    for other in self.names:
                        try:
                            news |= merged(ours, Diary.read(self.folders[other], RULES)) > 0
                        except MilepostError:
                            return False
        return True

    # What they do

    def start(self, diary: Diary) -> None:
        memo = self.random.choice(["", *MEMOS])
        diary.start(self.now, memo, self._tags(), "Europe/Berlin")

    def stop(self, diary: Diary) -> None:
        timer = diary.timer
        since = timer.since if timer and self._is_likely() else self.now - HOUR
        self.now += self.random.choice([0, 1, 299, 300, 4000])
        at = min(self.now, since + self.random.randint(0, 2 * HOUR))
        gaps = [self._span(since, 600) for _ in range(self.random.choice([0, 0, 1, 3]))]
        discard = self.random.random() < 0.1
        diary.stop(self.now, at=at, memo="At last", gaps=gaps, discard=discard)

    def add(self, diary: Diary) -> None:
        start, end = self._span(self._free(diary), 2 * HOUR)
        diary.add(self.now, start, end, self.random.choice(MEMOS), self._tags(), "UTC")

    def edit(self, diary: Diary) -> None:
        entry = self._entry(diary)
        changes = {
            "start": entry.start + self.random.choice([-300, -1, 0, 1, 300]),
            "end": entry.end + self.random.choice([-300, -1, 0, 1, 300]),
            "memo": self.random.choice(MEMOS),
            "tags": self._tags(),
        }
        chosen = self.random.sample(sorted(changes), self.random.randint(1, 4))
        diary.edit(self.now, entry, "Why", **{k: changes[k] for k in chosen})

    def remove(self, diary: Diary) -> None:
        diary.remove(self.now, self._entry(diary), "Why")

    def cut(self, diary: Diary) -> None:
        diary.cut(self.now, *self._span(self._entry(diary).start, HOUR), "Why")

    def import_(self, diary: Diary) -> None:
        start = self._free(diary)
        frames = [
            Frame(*self._span(start + i * 1000, 1000), "Part", key=str(self.random.randrange(40)))
            for i in range(self.random.randint(1, 4))
        ]
        diary.import_(frames, "toggl", self.now, skip=self.random.random() < 0.8)
        again = diary.import_(frames, "toggl", self.now, skip=True)
        assert again.added == ()
        assert again.known + len(again.overlapping) == len(frames)

    def merge(self, diary: Diary) -> None:
        logs = files(self.folders[self.random.choice(self.names)])
        if logs:
            content = self.random.choice(list(logs.values()))
            size = self.random.choice([len(content), self.random.randint(0, len(content))])
            diary.merge(content[:size], "theirs")

    def seal(self, diary: Diary) -> None:
        week = self._week()
        taken = {s.start: b"\7" * 32 for s in diary.week(week) if self.random.random() < 0.2}
        made = seal(diary, self.now, week, taken, is_up_to_limit=self.random.random() < 0.5)
        self.seals[diary.name].append(made)

    def reopen(self, diary: Diary) -> None:
        diary.reopen(self.now, self._week(), "Why")

    def bill(self, diary: Diary) -> None:
        made = diary.seal_of(self._week())
        if made:
            diary.bill(self.now, made, b"\1" * 32)

    # What happens to them

    def _crash(self, name: str) -> None:
        """A command dies while it writes, and never says that it was done."""
        folder = self.folders[name]
        before = files(folder)
        with Diary.write(folder, RULES) as diary:
            try:
                self.random.choice([Machines.add, Machines.import_, Machines.start])(self, diary)
            except MilepostError:
                return
        log = f"{name}.log"
        after = files(folder)[log]
        size = self.random.randint(len(before.get(log, b"")), len(after))
        (folder / log).write_bytes(after[:size])
        self.done["crash"] += 1

    def _save(self, name: str) -> None:
        if self.folders[name].exists():
            self.backups[name] = files(self.folders[name]), len(self.seals[name])

    def _restore(self, name: str) -> None:
        if name in self.backups and len(self.names) > 1:
            content, seals = self.backups[name]
            for path in self.folders[name].glob("*.log"):
                path.unlink()
            for file, data in content.items():
                (self.folders[name] / file).write_bytes(data)
            del self.seals[name][seals:]
            self.done["restore"] += 1

    # Choosing

    def _is_likely(self) -> bool:
        return self.random.random() >= UNLIKELY

    def _tags(self) -> list[str]:
        return self.random.sample(["a", "b", "é", "x y"], self.random.randint(0, 2))

    def _week(self) -> int:
        weeks = max(1, (self.now - MONDAY) // WEEK)
        return self.random.randrange(weeks) if self._is_likely() else weeks

    def _free(self, diary: Diary) -> int:
        """A second that is probably in no entry, and of no other machine."""
        if not self._is_likely():
            return self.random.randint(MONDAY - DAY, self.now + DAY)
        shift = self.names.index(diary.name) * DAY // len(self.names)
        midnight = self.now - self.now % DAY - self.random.choice([0, 1, 1, 2, 8]) * DAY
        return max(MONDAY, midnight + shift + self.random.randrange(0, DAY // len(self.names), 100))

    def _span(self, start: int, longest: int) -> tuple[int, int]:
        return start, start + self.random.choice(
            [1, 299, 300, 600, self.random.randint(1, longest)]
        )

    def _entry(self, diary: Diary) -> Entry:
        if not diary.entries:
            raise MilepostError("nothing to change")
        return self.random.choice(diary.entries)


def said(diary: Diary) -> tuple:
    """All that a diary says, without the names that it has for logs."""
    timers = sorted((t for t in diary.timers.values()), key=lambda t: t.id)
    standing = [*diary.entries, *(life.versions[-1].entry for life in diary.removed)]
    histories = {
        e.id: [(v.entry, v.reason, v.record.hash) for v in diary.history(e.id)] for e in standing
    }
    bills = [diary.bill_of(week) for week in range(64)]
    return list(diary.entries), timers, list(diary.seals), bills, histories


def require_same(one: Diary, other: Diary) -> None:
    assert said(one) == said(other)


def require_laws(diary: Diary) -> None:
    """What holds in any history, by the slowest way to say it."""
    seconds: Counter[int] = Counter()
    for entry in diary.entries:
        assert entry.start < entry.end
        seconds.update(range(entry.start, entry.end))
    assert sum(e.seconds for e in diary.entries) == len(seconds)
    assert not diary.overlaps()
    assert list(diary.entries) == sorted(diary.entries, key=lambda e: e.start)
    expected = naive_segments(diary.entries)
    weeks = {RULES.week_of(start) for start in expected} | {0, 1}
    found = [s for week in sorted(weeks) for s in diary.week(week)]
    assert found == [expected[start] for start in sorted(expected)]
    there = {r.hash for log in diary.logs for r in log.records}
    for made in diary.seals:
        if all(hashed in there for _, hashed in made.known):
            assert week_of(diary, made, PLACE).root == made.root


def naive_segments(entries: list[Entry]) -> dict[int, Segment]:
    """The rule of rounding, by counting each second."""
    covers: dict[int, Counter[Entry]] = {}
    for entry in sorted(entries, key=lambda e: e.start):
        for second in range(entry.start, entry.end):
            covers.setdefault(second // 600 * 600, Counter())[entry] += 1
    found = {}
    for start, cover in covers.items():
        if sum(cover.values()) >= 300:
            most = max(cover.values())
            entry = min((e for e in cover if cover[e] == most), key=lambda e: e.start)
            found[start] = Segment(
                start, entry.zone, Kind(entry.kind), entry.source, entry.memo, entry.tags
            )
    return found


_ACTS: dict[Callable[[Machines, Diary], None], float] = {
    Machines.start: 3,
    Machines.stop: 4,
    Machines.add: 5,
    Machines.edit: 4,
    Machines.remove: 1,
    Machines.cut: 2,
    Machines.import_: 3,
    Machines.merge: 4,
    Machines.seal: 2,
    Machines.reopen: 0.7,
    Machines.bill: 0.5,
}
