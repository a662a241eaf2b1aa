"""The files of a diary: lines of JSON that are only added to, each linked to the one before.

A line is the SHA-256 hash of the previous line's hash and of its own JSON, a space, that JSON and a
line end; before the first line stands the scope of the agreement. So a changed byte shows as a line
whose hash is not right, and is named. What a crash left of a last line that was never finished is
no record. Times are Unix seconds. What the records mean is not known here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from milepost import json_text
from milepost.diary.errors import DiaryDamaged
from milepost.errors import InputError

SUFFIX = ".log"
_HASH_DIGITS = 64


class Record(NamedTuple):
    """One line: where it stands, counted from one, its hash, and what it says."""

    log: str
    line: int
    hash: str
    content: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the records of all logs: what was written knowing more comes later."""
        return self.content["n"], self.hash


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it was read.

    `size` is how many bytes its records have, `is_ended` whether the last one has its line end, and
    `torn` how many bytes a crash left after them.
    """

    name: str
    records: tuple[Record, ...]
    size: int
    is_ended: bool = True
    torn: int = 0

    def head(self, scope: bytes) -> bytes:
        """The hash that the next line follows."""
        return bytes.fromhex(self.records[-1].hash) if self.records else scope


def parse(content: bytes, name: str, scope: bytes) -> Log:
    """The log called `name` with this content. Raises DiaryDamaged, naming the line."""
    lines = content.split(b"\n")
    tail = lines.pop()
    records, previous = [], scope
    for number, line in enumerate(lines, 1):
        record = _record(line, name, number, previous)
        records.append(record)
        previous = bytes.fromhex(record.hash)
    if tail and _is_whole(tail):
        # A crash may have left a whole record without its line end, and nothing else in its place.
        records.append(_record(tail, name, len(lines) + 1, previous))
        return Log(name, tuple(records), len(content), is_ended=False)
    return Log(name, tuple(records), len(content) - len(tail), torn=len(tail))


def read(path: Path, scope: bytes) -> Log:
    """The log in a file. Raises DiaryDamaged, and InputError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return parse(content, path.stem, scope)


def is_of_another(content: bytes, scope: bytes) -> bool:
    """Whether a log is whole in its first line, for another scope that it states itself."""
    line, _, _ = content.partition(b"\n")
    try:
        stated = bytes.fromhex(json_text.loads(line[_HASH_DIGITS + 1 :])["scope"])
        return stated != scope and bool(parse(line + b"\n", "", stated).records)
    except (ValueError, TypeError, KeyError, DiaryDamaged):
        return False


def lines(contents: Iterable[Mapping[str, Any]], previous: bytes) -> tuple[bytes, list[str]]:
    """The lines that say `contents` after the hash `previous`, and their hashes."""
    made, hashes = [], []
    for content in contents:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        encoded = body.encode()
        digest = sha256(previous + encoded)
        made.append(digest.hexdigest().encode() + b" " + encoded + b"\n")
        hashes.append(digest.hexdigest())
        previous = digest.digest()
    return b"".join(made), hashes


def append(path: Path, log: Log, added: bytes) -> None:
    """Write lines after the last record of a log, and wait until the disk has them.

    What a crash left behind it is cut off first. Raises InputError where it cannot be written, or
    is not what was read; then its records are as they were.
    """
    data = added if log.is_ended else b"\n" + added
    try:
        begun = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size != log.size + log.torn:
                raise InputError(f"{path} was changed by another program meanwhile. Try again.")
            os.ftruncate(descriptor, log.size)
            os.lseek(descriptor, log.size, os.SEEK_SET)
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, log.size)
                raise
        finally:
            os.close(descriptor)
        if begun:
            _sync_folder(path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _record(line: bytes, name: str, number: int, previous: bytes) -> Record:
    body = line[_HASH_DIGITS + 1 :]
    digest = sha256(previous + body).hexdigest()
    if not line.startswith(digest.encode() + b" "):
        raise DiaryDamaged(name, number, "its hash is not that of its words and of the line before")
    try:
        content = json_text.loads(body)
    except ValueError as error:
        raise DiaryDamaged(name, number, "it is not JSON") from error
    if not isinstance(content, dict):
        raise DiaryDamaged(name, number, "it is not an object")
    return Record(name, number, digest, content)


def _is_whole(tail: bytes) -> bool:
    """Whether a last line has all its words, and lacks at most its end."""
    body = tail[_HASH_DIGITS + 1 :].decode(errors="replace")
    try:
        json_text.loads(body.encode())
    except json.JSONDecodeError as error:
        return error.msg == "Extra data"
    except ValueError:
        return False
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only once its folder is."""
    with suppress(OSError):  # not every system opens folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
