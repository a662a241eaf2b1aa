"""What the records of a diary say together, whichever log and order they came in.

Records are played in the order of what their writers knew: each has a number above all that its
writer had seen, and equal numbers go by hash. So two machines that have the same records have the
same diary. A record that does not have its shape raises DiaryDamaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from milepost.diary.entries import Entry, Kind
from milepost.diary.errors import DiaryDamaged
from milepost.diary.log import Log, Record
from milepost.diary.rules import Rules

TIMER = "timer"
_ID_DIGITS = 12
_LATEST = 2**40  # seconds; far beyond any agreement, and safe to calculate with


@dataclass(frozen=True, slots=True)
class Version:
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
    """A sealed week that was submitted by a transaction."""

    week: int
    root: bytes
    units: int
    transaction: bytes
    billed_at: int


@dataclass(slots=True)
class Life:
    """One entry through its versions. Its removal ends it, whatever else was written."""

    versions: list[Version]
    removal: Record | None = None

    @property
    def entry(self) -> Entry | None:
        """The entry as it stands."""
        return None if self.removal else self.versions[-1].entry


@dataclass(slots=True)
class State:
    """Entries by id, timers that run by id with their logs, seals and bills by week.

    `weeks` has the ids of all entries that ever were in a week, `imported` what was imported, and
    `count` the highest number of a record.
    """

    lives: dict[str, Life] = field(default_factory=dict)
    timers: dict[str, tuple[str, Timer]] = field(default_factory=dict)
    seals: dict[int, Seal] = field(default_factory=dict)
    bills: dict[int, Bill] = field(default_factory=dict)
    weeks: dict[int, set[str]] = field(default_factory=dict)
    imported: set[tuple[str, str, int, int]] = field(default_factory=set)
    count: int = 0

    def play(self, rules: Rules, records: Iterable[Record]) -> list[str]:
        """Take checked records in, in their order. Returns the ids of the entries that they are
        about.
        """
        touched: list[str] = []
        for record in records:
            content = record.content
            self.count = max(self.count, content["n"])
            match content["act"]:
                case "start":
                    timer = Timer(
                        record.hash, content["at"], content["memo"], tuple(content["tags"]),
                        content["zone"],
                    )  # fmt: skip
                    self.timers[timer.id] = record.log, timer
                case "stop":
                    touched += self._stop(rules, record)
                case "add":
                    touched.append(self._add(rules, record))
                case "edit":
                    touched += self._edit(rules, record)
                case "remove":
                    if life := self.lives.get(content["entry"]):
                        life.removal = life.removal or record
                        touched.append(content["entry"])
                case "seal":
                    self.seals[content["week"]] = _seal(content)
                case "reopen":
                    self.seals.pop(content["week"], None)
                case "bill":
                    self.bills[content["week"]] = _bill(content)
        return touched

    def _stop(self, rules: Rules, record: Record) -> list[str]:
        content = record.content
        _, timer = self.timers.pop(content["timer"], (None, None))
        found = []
        for i, (start, end) in enumerate(content["spans"]):
            name = record.hash if i == 0 else sha256(f"{record.hash}:{i}".encode()).hexdigest()
            found.append(name[:_ID_DIGITS])
            kind = Kind.LATE if rules.is_late(end, content["at"]) else Kind.TRACKED
            zone = timer.zone if timer else "UTC"
            entry = Entry(
                found[-1], start, end, zone, content["memo"], tuple(content["tags"]), TIMER, kind,
                content["at"],
            )  # fmt: skip
            self._begin(rules, entry, record)
        return found

    def _add(self, rules: Rules, record: Record) -> str:
        content = record.content
        start, end, at = content["start"], content["end"], content["at"]
        kind = Kind.TRACKED if content["tracked"] else Kind.MANUAL
        if rules.is_late(end, at):
            kind = Kind.LATE
        entry = Entry(
            record.hash[:_ID_DIGITS], start, end, content["zone"], content["memo"],
            tuple(content["tags"]), content["source"], kind, at,
        )  # fmt: skip
        self.imported.add((content["source"], content["key"], start, end))
        self._begin(rules, entry, record)
        return entry.id

    def _edit(self, rules: Rules, record: Record) -> list[str]:
        content = record.content
        life = self.lives.get(content["entry"])
        if life is None:
            return []
        old = life.versions[-1].entry
        start, end, at = content["start"], content["end"], content["at"]
        kind, written = old.kind, old.recorded_at
        if start < old.start or end > old.end:  # what no timer saw
            kind = Kind.LATE if rules.is_late(end, at) else max(kind, Kind.MANUAL, key=_WEIGHT)
            written = at
        entry = Entry(
            old.id, start, end, old.zone, content["memo"], tuple(content["tags"]), old.source, kind,
            written,
        )  # fmt: skip
        life.versions.append(Version(entry, record, content["reason"]))
        self._note(rules, entry)
        return [entry.id]

    def _begin(self, rules: Rules, entry: Entry, record: Record) -> None:
        self.lives[entry.id] = Life([Version(entry, record)])
        self._note(rules, entry)

    def _note(self, rules: Rules, entry: Entry) -> None:
        for week in range(rules.week_of(entry.start), rules.week_of(entry.end - 1) + 1):
            self.weeks.setdefault(week, set()).add(entry.id)


def state_of(rules: Rules, logs: Sequence[Log]) -> State:
    """What logs say together; a record that two of them have counts once."""
    state = State()
    for log in logs:
        last = 0
        for record in log.records:
            number = checked(record)["n"]
            if number <= last:
                raise DiaryDamaged(log.name, record.line, "its number does not go on")
            last = number
    if len(logs) == 1:
        state.play(rules, logs[0].records)
    else:
        once = {r.hash: r for log in logs for r in log.records}
        state.play(rules, sorted(once.values(), key=lambda r: r.order))
    return state


_WEIGHT = list(Kind).index


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


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(map(_is_text, value))


def _is_spans(value: Any) -> bool:
    return type(value) is list and all(
        type(s) is list and len(s) == 2 and all(map(_is_number, s)) and s[0] < s[1] for s in value
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
        k.isascii() and k.isdecimal() and _is_hash(v) for k, v in value.items()
    )


_WORDS = {"memo": _is_text, "tags": _is_texts}
_SPAN = {"start": _is_number, "end": _is_number}
_SHAPES = {
    "open": {"log": _is_text, "scope": _is_hash, "start": _is_number, "limit": _is_number},
    "start": {"zone": _is_text, **_WORDS},
    "stop": {"timer": _is_hash, "spans": _is_spans, **_WORDS},
    "add": {
        "zone": _is_text, "source": _is_text, "key": _is_text, "tracked": _is_flag, **_SPAN,
        **_WORDS,
    },
    "edit": {"entry": _is_text, "reason": _is_text, **_SPAN, **_WORDS},
    "remove": {"entry": _is_text, "reason": _is_text},
    "seal": {
        "week": _is_number, "root": _is_hash, "units": _is_number, "secret": _is_hash,
        "known": _is_known, "captures": _is_captures, "up_to_limit": _is_flag,
    },
    "reopen": {"week": _is_number, "reason": _is_text},
    "bill": {"week": _is_number, "root": _is_hash, "units": _is_number, "transaction": _is_hash},
}  # fmt: skip


def checked(record: Record) -> Mapping[str, Any]:
    """What a record says, if it has the shape of its act. Raises DiaryDamaged."""
    content = record.content
    act = content.get("act")
    shape = _SHAPES.get(act) if isinstance(act, str) else None
    if shape is None:
        raise DiaryDamaged(record.log, record.line, f"no version known here writes {act!r}")
    if not (_is_number(content.get("n")) and _is_number(content.get("at"))):
        raise DiaryDamaged(record.log, record.line, "it has no number or no time")
    for name, is_right in shape.items():
        if name not in content or not is_right(content[name]):
            raise DiaryDamaged(record.log, record.line, f"{name} is missing or unfit")
    if content.get("start", 0) >= content.get("end", _LATEST):
        raise DiaryDamaged(record.log, record.line, "its end is not after its start")
    return content
