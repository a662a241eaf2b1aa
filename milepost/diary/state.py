"""What the records of a diary say together, whichever log and order they came in.

Records are played in the order of what their writers knew: each has a number above all that its
writer had seen, and equal numbers go by hash. So two machines that have the same records have the
same diary. A record that does not have its shape raises DiaryDamaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from milepost.diary.entries import Entry, Kind
from milepost.diary.errors import DiaryDamaged
from milepost.diary.log import Log, Record
from milepost.diary.rules import UNFIT, Rules
from milepost.errors import InputError
from milepost.types import MAX_MILESTONES
from milepost.units import WEEK

TIMER = "timer"
VERSION = 1
"""Of the records that are written. Another one is read by the version of the package that wrote it.
"""

_ID_DIGITS = 12
_LATEST = 253_370_764_800  # the year 9999, which clocks of every zone can show


class Version(NamedTuple):
    """How an entry stood after one record. `reason` is empty for the first."""

    entry: Entry
    record: Record
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that runs. `id` is the hash of its record."""

    id: str
    since: int
    memo: str
    tags: tuple[str, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A week that is closed, counted from zero, and the records that it is made of.

    `known` has number and hash of the last record of each log. `captures` are hashes of pictures by
    the segment in which they were taken.
    """

    week: int
    root: bytes
    units: int
    secret: bytes
    known: tuple[tuple[int, str], ...]
    captures: Mapping[int, bytes]
    sealed_at: int
    is_up_to_limit: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """A sealed week that was submitted by a transaction; its seal holds, whatever came between."""

    week: int
    root: bytes
    units: int
    transaction: bytes
    billed_at: int


@dataclass(slots=True)
class Life:
    """One entry through its versions, and all records about it. Its removal ends it, whatever else
    was written.
    """

    versions: list[Version]
    records: list[Record] = field(default_factory=list)
    removal: Record | None = None

    @property
    def entry(self) -> Entry | None:
        """The entry as it stands."""
        return None if self.removal else self.versions[-1].entry


@dataclass(slots=True)
class State:
    """Entries by id, timers that run by id with their logs, seals and bills by week.

    `sealed` has every seal that there ever was, by week and root; `imported` is what was imported,
    and `count` the highest number of a record. `weeks` has the ids of the entries that any record
    put into a week, but for those `unfiled`: only sealed weeks ask, and few commands ask for one.
    """

    lives: dict[str, Life] = field(default_factory=dict)
    timers: dict[str, tuple[str, Timer]] = field(default_factory=dict)
    seals: dict[int, Seal] = field(default_factory=dict)
    bills: dict[int, Bill] = field(default_factory=dict)
    sealed: dict[tuple[int, bytes], Seal] = field(default_factory=dict)
    weeks: dict[int, set[str]] = field(default_factory=dict)
    unfiled: list[tuple[Record, list[str]]] = field(default_factory=list)
    imported: set[tuple[str, str, int, int]] = field(default_factory=set)
    count: int = 0

    def play(self, rules: Rules, records: Iterable[Record]) -> list[str]:
        """Take checked records in, in their order. Returns the ids of the entries that they are
        about.
        """
        touched: list[str] = []
        for record in records:
            if names := self._play(rules, record):
                self.unfiled.append((record, names))
                touched += names
        return touched

    def records_of(self, rules: Rules, week: int) -> list[Record]:
        """The records, in their order, on which the entries of a week depend."""
        for record, about in self.unfiled:
            for name in about:
                self.lives[name].records.append(record)
            for second in _seconds(record.content):
                self.weeks.setdefault(rules.week_of(second), set()).update(about)
        self.unfiled.clear()
        found: dict[str, Record] = {}
        names, seen = list(self.weeks.get(week, ())), set()
        while names:
            name = names.pop()
            if name in seen:
                continue
            seen.add(name)
            for record in self.lives[name].records:
                found[record.hash] = record
                if record.content["act"] == "cut":
                    names.append(record.content["entry"])  # of which it is a piece
        return sorted(found.values(), key=lambda record: record.order)

    def _play(self, rules: Rules, record: Record) -> list[str]:
        content = record.content
        self.count = max(self.count, content["n"])
        match content["act"]:
            case "add":
                return [self._add(rules, record)]
            case "start":
                timer = Timer(
                    record.hash, content["at"], content["memo"], tuple(content["tags"]),
                    content["zone"],
                )  # fmt: skip
                self.timers[timer.id] = record.log, timer
            case "stop":
                return self._stop(rules, record)
            case "edit":
                return self._edit(rules, record)
            case "cut":
                return self._cut(record)
            case "remove":
                if life := self.lives.get(content["entry"]):
                    life.removal = life.removal or record
                    return [content["entry"]]
            case "seal":
                seal = _seal(content)
                self.sealed[seal.week, seal.root] = seal
                # Of two machines that seal at once, the one that billed is right.
                if not self._is_billed(seal.week):
                    self.seals[seal.week] = seal
            case "reopen":
                self.seals.pop(content["week"], None)
            case "bill":
                bill = _bill(content)
                self.bills[bill.week] = bill
                if claimed := self.sealed.get((bill.week, bill.root)):
                    self.seals[bill.week] = claimed  # it has to be shown
        return []

    def _is_billed(self, week: int) -> bool:
        """Whether a week is sealed as it was billed the last time."""
        seal, bill = self.seals.get(week), self.bills.get(week)
        return seal is not None and bill is not None and seal.root == bill.root

    def _stop(self, rules: Rules, record: Record) -> list[str]:
        content = record.content
        self.timers.pop(content["timer"], None)
        found = []
        for i, (start, end) in enumerate(content["spans"]):
            found.append(_id(record, i))
            kind = Kind.LATE if rules.is_late(start, content["at"]) else Kind.TRACKED
            entry = Entry(
                found[-1], start, end, content["zone"], content["memo"], tuple(content["tags"]),
                TIMER, kind, content["at"],
            )  # fmt: skip
            self._begin(entry, record)
        return found

    def _add(self, rules: Rules, record: Record) -> str:
        content = record.content
        start, end, at = content["start"], content["end"], content["at"]
        kind = Kind.TRACKED if content["tracked"] else Kind.MANUAL
        if rules.is_late(start, at):
            kind = Kind.LATE
        entry = Entry(
            _id(record, 0), start, end, content["zone"], content["memo"],
            tuple(content["tags"]), content["source"], kind, at,
        )  # fmt: skip
        self.imported.add((content["source"], content["key"], start, end))
        self._begin(entry, record)
        return entry.id

    def _edit(self, rules: Rules, record: Record) -> list[str]:
        content = record.content
        life = self.lives.get(content["entry"])
        if life is None:
            return []
        old = life.versions[-1].entry
        start, end = content.get("start", old.start), content.get("end", old.end)
        if not start < end <= start + WEEK:  # two machines changed one side each
            start, end = old.start, old.end
        at, kind, written = content["at"], old.kind, old.recorded_at
        if start < old.start or end > old.end:  # what no timer saw
            kind = Kind.LATE if rules.is_late(start, at) else max(kind, Kind.MANUAL, key=_WEIGHT)
            written = at
        entry = Entry(
            old.id, start, end, old.zone, content.get("memo", old.memo),
            tuple(content.get("tags", old.tags)), old.source, kind, written,
        )  # fmt: skip
        life.versions.append(Version(entry, record, content["reason"]))
        return [entry.id]

    def _cut(self, record: Record) -> list[str]:
        content = record.content
        life = self.lives.get(content["entry"])
        if life is None:
            return []
        old = life.versions[-1].entry
        pieces = without((old.start, old.end), [(content["start"], content["end"])])
        if not pieces:
            life.removal = life.removal or record
            return [old.id]
        (start, end), *others = pieces
        entry = old._replace(start=start, end=end)
        life.versions.append(Version(entry, record, content["reason"]))
        found = [old.id]
        for start, end in others:
            found.append(_id(record, len(found)))
            self._begin(old._replace(id=found[-1], start=start, end=end), record)
            if life.removal is not None:
                self.lives[found[-1]].removal = life.removal
        return found

    def _begin(self, entry: Entry, record: Record) -> None:
        self.lives[entry.id] = Life([Version(entry, record)])


def without(span: tuple[int, int], holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of a span outside of holes."""
    start, end = span
    left = []
    for first, last in sorted(holes):
        if first > start:
            left.append((start, min(first, end)))
        start = max(start, last)
    left.append((start, end))
    return [(first, last) for first, last in left if first < last]


def state_of(rules: Rules, logs: Sequence[Log]) -> State:
    """What checked logs say together; a record that two of them have counts once."""
    state = State()
    if len(logs) == 1:
        state.play(rules, logs[0].records)
    else:
        # The first log that has it: this machine's own, before another way that it once went.
        once: dict[str, Record] = {}
        for record in (r for log in logs for r in log.records):
            once.setdefault(record.hash, record)
        state.play(rules, sorted(once.values(), key=lambda r: r.order))
    return state


def check(logs: Iterable[Log]) -> None:
    """Raises DiaryDamaged for a record without the shape of its act, or out of its order."""
    for log in logs:
        last = 0
        for record in log.records:
            number = checked(record)["n"]
            if number <= last:
                raise DiaryDamaged(log.name, record.line, "its number does not go on")
            last = number


_WEIGHT = list(Kind).index


def _seconds(content: Mapping[str, Any]) -> list[int]:
    """The seconds that a record names, as first or last ones of entries.

    No entry is longer than a week, so it has one of them in each week that it is in.
    """
    is_stop = content["act"] == "stop"
    spans = content["spans"] if is_stop else [(content.get("start"), content.get("end"))]
    return [
        second
        for start, end in spans
        for second in (start, end, end and end - 1)
        if second is not None
    ]


def _id(record: Record, number: int) -> str:
    """The id of the entry of this number, from zero, that a record begins."""
    if not number:
        return record.hash[:_ID_DIGITS]
    return sha256(f"{record.hash}:{number}".encode()).hexdigest()[:_ID_DIGITS]


def _seal(content: Mapping[str, Any]) -> Seal:
    captures = {int(k): bytes.fromhex(v) for k, v in content["captures"].items()}
    return Seal(
        content["week"], bytes.fromhex(content["root"]), content["units"],
        bytes.fromhex(content["secret"]), tuple((n, h) for n, h in content["known"]), captures,
        content["at"], content["up_to_limit"],
    )  # fmt: skip


def _bill(content: Mapping[str, Any]) -> Bill:
    return Bill(
        content["week"], bytes.fromhex(content["root"]), content["units"],
        bytes.fromhex(content["transaction"]), content["at"],
    )  # fmt: skip


# The shape of each act's record: the fields that it has beside "n", "at" and "act".


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LATEST


def _is_week(value: Any) -> bool:
    return type(value) is int and 0 <= value < MAX_MILESTONES


def _is_text(value: Any) -> bool:
    return type(value) is str and UNFIT.search(value) is None


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(map(_is_text, value))


def _is_spans(value: Any) -> bool:
    return type(value) is list and all(
        type(s) is list and len(s) == 2 and all(map(_is_number, s)) and 0 < s[1] - s[0] <= WEEK
        for s in value
    )


def _is_hash(value: Any) -> bool:
    if type(value) is not str or len(value) != 64:
        return False
    try:
        return len(bytes.fromhex(value)) == 32
    except ValueError:
        return False


def _is_known(value: Any) -> bool:
    return type(value) is list and all(
        type(k) is list and len(k) == 2 and _is_number(k[0]) and _is_hash(k[1]) for k in value
    )


def _is_captures(value: Any) -> bool:
    return type(value) is dict and all(
        k.isascii() and k.isdecimal() and len(k) < 13 and _is_hash(v) for k, v in value.items()
    )


_WORDS = {"memo": _is_text, "tags": _is_texts}
_SPAN = {"start": _is_number, "end": _is_number}
_SHAPES = {
    "open": {
        "version": _is_number, "log": _is_text, "scope": _is_hash, "start": _is_number,
        "limit": _is_number, "title": _is_text, "manual": _is_flag, "captures": _is_flag,
    },
    "start": {"zone": _is_text, **_WORDS},
    "stop": {"timer": _is_hash, "spans": _is_spans, "zone": _is_text, **_WORDS},
    "add": {
        "zone": _is_text, "source": _is_text, "key": _is_text, "tracked": _is_flag, **_SPAN,
        **_WORDS,
    },
    "edit": {"entry": _is_text, "reason": _is_text},
    "cut": {"entry": _is_text, "reason": _is_text, **_SPAN},
    "remove": {"entry": _is_text, "reason": _is_text},
    "seal": {
        "week": _is_week, "root": _is_hash, "units": _is_number, "secret": _is_hash,
        "known": _is_known, "captures": _is_captures, "up_to_limit": _is_flag,
    },
    "reopen": {"week": _is_week, "reason": _is_text},
    "bill": {"week": _is_week, "root": _is_hash, "units": _is_number, "transaction": _is_hash},
}  # fmt: skip
_REQUIRED = {act: tuple(shape.items()) for act, shape in _SHAPES.items()}
# An edit may have each of these, and no other act has one of another shape.
_OTHERS = {
    act: tuple((name, is_right) for name, is_right in {**_SPAN, **_WORDS}.items() if name not in s)
    for act, s in _SHAPES.items()
}


def _length(content: Mapping[str, Any]) -> int:
    return int(content["end"] - content["start"])


def checked(record: Record) -> Mapping[str, Any]:
    """What a record says, if it has the shape of its act.

    Raises DiaryDamaged, and InputError for the log of another version.
    """
    content = record.content
    act = content.get("act")
    shape = _REQUIRED.get(act) if isinstance(act, str) else None
    if shape is None:
        raise DiaryDamaged(record.log, record.line, f"no version known here writes {act!r}")
    if not (_is_number(content.get("n")) and _is_number(content.get("at"))):
        raise DiaryDamaged(record.log, record.line, "it has no number or no time")
    for name, is_right in shape:
        if not is_right(content.get(name)):
            raise DiaryDamaged(record.log, record.line, f"{name} is missing or unfit")
    if act == "open" and content["version"] != VERSION:
        raise InputError(
            f"The log {record.log} is of version {content['version']}, and this package reads "
            f"version {VERSION}. Use the version of Milepost that wrote it."
        )
    for name, is_right in _OTHERS[str(act)]:
        if name in content and not is_right(content[name]):
            raise DiaryDamaged(record.log, record.line, f"{name} is unfit")
    if "start" in content and "end" in content and not 0 < _length(content) <= WEEK:
        raise DiaryDamaged(record.log, record.line, "its end is not within a week of its start")
    return content
