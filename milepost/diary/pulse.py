"""Signs of life while a timer runs, so that a timer that outlived its machine is found out.

A process of its own writes every `BEAT` seconds that the machine is awake. It outlives the terminal
and ends by itself: when `end` removed the timer's files, or the folder is gone, within about a
second; when another process beats for the timer; and after a week.

What is promised: each stretch without a sign of life has its edges right to a beat. A clock set
forward leaves the same gap as sleep, as that time was not lived either; one set back begins a new
interval, which may overlap those before. Short pauses, up to `PAUSE` beats, are bridged. Nothing is
promised against somebody who writes the file by hand: it is the freelancer's own.

The file of signs has one writer, the process; the file of its owner says which, and only commands
write it. The process runs for hours, so this module imports little, and nothing of the package
until captures are on.

    pulse-<timer>.owner    {"nonce", "started", "every", "captures"}       written by commands
    pulse-<timer>.json     {"timer", "pid", "alive": [[from, to], ...],    written by the process
                            "captures_failed", "reason"}
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

BEAT = 20.0
"""Seconds between two signs of life."""
PAUSE = 3
"""Beats that may be missing without a new interval."""
TOLERATED = 300
"""Seconds without a sign of life that are no gap: half of a segment."""
CAPTURES = "captures"
"""The folder of captures in the folder of the diary."""

Intervals = tuple[tuple[int, int], ...]

_POLL = 1.0
_LIFE = 7 * 24 * 3600
# A thousand pauses. What nests deeper than fits in here could exhaust the stack: web3 lets it.
_LARGEST = 2**15
_LATEST = 253_402_300_800  # the year 10000


def begin(folder: Path, timer: str, every: float = BEAT, captures: bool = False) -> bool:
    """Start the signs of life of `timer`, its hexadecimal id, and its captures if wanted.

    False where that was not possible; the diary does without. Raises InputError for a bad id.
    """
    signs, _ = _paths(folder, timer)
    fresh = {"timer": timer, "pid": 0, "alive": [], "captures_failed": 0, "reason": ""}
    try:
        _write(signs, fresh)
    except OSError:
        return False
    if _start(folder, timer, every, captures):
        return True
    end(folder, timer)
    return False


def revive(folder: Path, timer: str) -> bool:
    """Start a new process for a timer whose process died, with the signs that there are.

    True where one beats now. False where none can be started, and where the timer never had one or
    its files are damaged: what is unknown stays so. Raises InputError for a bad id.
    """
    path, owner = _paths(folder, timer)
    signs, order = _read_signs(path, timer), _read_order(owner)
    if signs is None or order is None:
        return False
    last = max([order["started"], *(to for _, to in signs["alive"])])
    if abs(time.time() - last) <= PAUSE * max(order["every"], _POLL):
        return True
    return _start(folder, timer, order["every"], order["captures"])


def end(folder: Path, timer: str) -> None:
    """Remove the files of `timer`, which ends its process. Raises InputError for a bad id."""
    signs, owner = _paths(folder, timer)
    with suppress(OSError):
        # The owner first: a process that writes its signs now finds it gone, and removes them.
        owner.unlink(missing_ok=True)
        signs.unlink(missing_ok=True)
        for draft in folder.glob(f".pulse-{timer}.*"):
            draft.unlink(missing_ok=True)


def alive(folder: Path, timer: str) -> Intervals | None:
    """The intervals, in Unix seconds and in the order written, in which the machine was awake.

    None is unknown: nothing ever beat, or the file is damaged. Raises InputError for a bad id.
    """
    signs = _read_signs(_paths(folder, timer)[0], timer)
    if signs is None or not signs["alive"]:
        return None
    return tuple((since, to) for since, to in signs["alive"])


def captures_failed(folder: Path, timer: str) -> tuple[int, str]:
    """How many captures failed, and why the last did. Raises InputError for a bad id."""
    signs = _read_signs(_paths(folder, timer)[0], timer)
    return (0, "") if signs is None else (signs["captures_failed"], _printable(signs["reason"]))


def gaps(
    alive: Iterable[tuple[int, int]], start: int, stop: int, tolerated: int = TOLERATED
) -> Intervals:
    """The stretches of [start, stop) longer than `tolerated` seconds without a sign of life."""
    found, seen = [], start
    for since, to in sorted(alive):
        if min(since, stop) - seen > tolerated:
            found.append((seen, min(since, stop)))
        seen = max(seen, to)
    if stop - seen > tolerated:
        found.append((seen, stop))
    return tuple(found)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole, or leave it as it was. Raises OSError.

    A crash of the machine leaves the new file or the one before it.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)  # of a crash, or a link that a stranger put there
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def main(folder: Path, timer: str, nonce: str) -> None:
    """What the process does: beat for `timer` while it is the owner, and the timer runs."""
    path, owner = _paths(folder, timer)
    signs, order = _read_signs(path, timer), _read_order(owner)
    if signs is None or order is None:
        return
    process = _Process(folder, timer, nonce, signs, order)
    until = time.monotonic() + _LIFE
    while process.is_wanted() and time.monotonic() < until:
        process.step(time.time())
        time.sleep(min(_POLL, order["every"]))


class _Process:
    """One process that beats for a timer. Times are wall-clock seconds."""

    def __init__(
        self, folder: Path, timer: str, nonce: str, signs: dict[str, Any], order: dict[str, Any]
    ) -> None:
        self._folder = folder
        self._path, self._owner = _paths(folder, timer)
        self._nonce = nonce
        self._signs = signs | {"pid": os.getpid()}
        self._every = float(order["every"])
        self._captures = order["captures"]
        self._last: float | None = None
        self._moments: Iterator[int] = iter(())
        self._moment: int | None = None

    def is_wanted(self) -> bool:
        """Whether the timer runs, not too long, and this process is the one that beats for it."""
        order = _read_order(self._owner)
        if order is None or order["nonce"] != self._nonce:
            return False
        return time.time() - order["started"] < _LIFE and self._path.exists()

    def step(self, now: float) -> None:
        """Beat if it is time, or if the clock jumped; take a capture if its moment has come."""
        if self._last is None or not 0 <= now - self._last < self._every:
            self._beat(now)
        if self._moment is not None and now >= self._moment:
            self._capture(int(now))
            self._moment = next(self._moments)

    def _beat(self, now: float) -> None:
        intervals = self._signs["alive"]
        last = self._last
        if last is None and intervals:
            last = intervals[-1][1]
        is_pause = last is None or abs(now - last) > PAUSE * self._every
        if is_pause:
            intervals.append([int(now), int(now)])
        else:
            intervals[-1][1] = max(intervals[-1][1], int(now))
        if self._captures and (is_pause or self._last is None):
            # The machine may have slept through the moment that was chosen.
            from milepost.diary import captures

            self._moments = captures.moments(int(now))
            self._moment = next(self._moments)
        self._last = now
        self._write()

    def _capture(self, now: int) -> None:
        """Take a capture. One that fails is counted, and the timer runs on."""
        try:
            from milepost.diary.captures import Captures

            if not self._owner.exists():
                return
            kept = Captures(self._folder / CAPTURES)
            capture = kept.take(now)
            # The timer may have ended meanwhile.
            if capture.taken_at == now and not self._owner.exists():
                kept.delete(capture.start)
        except Exception as error:
            self._signs["captures_failed"] += 1
            self._signs["reason"] = _printable(str(error) or type(error).__name__)
            self._write()

    def _write(self) -> None:
        with suppress(OSError):  # a disk that is full now may not be at the next beat
            _write(self._path, self._signs)
        if not self._owner.exists():
            self._path.unlink(missing_ok=True)


def _start(folder: Path, timer: str, every: float, captures: bool) -> bool:
    import secrets
    import subprocess

    if not sys.executable:
        return False
    nonce, folder = secrets.token_hex(16), folder.resolve()
    order = {"nonce": nonce, "started": int(time.time()), "every": every, "captures": captures}
    # -P: a file named like a module, in the folder of whoever runs the command, is not run.
    command = [sys.executable, "-P", "-m", __name__, str(folder), timer, nonce]
    try:
        _write(_paths(folder, timer)[1], order)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,
        )
    except OSError:
        return False
    # Nobody waits for it. Python would warn, when it forgets the process, that it still runs.
    process.returncode = 0
    return True


def _paths(folder: Path, timer: str) -> tuple[Path, Path]:
    """The file of signs and the file of their owner."""
    if not 0 < len(timer) <= 64 or not set(timer) <= set("0123456789abcdef"):
        from milepost.errors import InputError

        raise InputError(f"{timer!a} is not the id of a timer.")
    return folder / f"pulse-{timer}.json", folder / f"pulse-{timer}.owner"


def _write(path: Path, content: dict[str, Any]) -> None:
    write_private(path, json.dumps(content).encode())


def _read_signs(path: Path, timer: str) -> dict[str, Any] | None:
    """The signs of life of a timer; None where there are none, or the file is damaged."""
    found = _read(path)
    is_sound = (
        found.get("timer") == timer
        and isinstance(found.get("alive"), list)
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(type(second) is int for second in pair)
            and 0 <= pair[0] <= pair[1] < _LATEST
            for pair in found["alive"]
        )
        and type(found.get("captures_failed")) is int
        and isinstance(found.get("reason"), str)
    )
    return found if is_sound else None


def _read_order(path: Path) -> dict[str, Any] | None:
    """Who beats for a timer, and how; None where nobody does, or the file is damaged."""
    found = _read(path)
    is_sound = (
        isinstance(found.get("nonce"), str)
        and type(found.get("started")) is int
        and type(found.get("every")) in (int, float)
        and 0 < found["every"] < _LIFE
        and type(found.get("captures")) is bool
    )
    return found if is_sound else None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:500]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
