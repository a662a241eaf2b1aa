"""Writing files: each one whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from milepost.errors import InputError


def write_whole(content: Mapping[Path, bytes]) -> None:
    """Write each file whole, or leave it as it was.

    A file that was there keeps its mode, and a link goes on leading to its file. Raises InputError.
    """
    for path, data in content.items():
        try:
            if path.exists() and not path.is_file():
                path.write_bytes(data)  # a device takes it; a directory refuses
            else:
                _write(path.resolve(), data)
        except (OSError, RuntimeError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{path} cannot be written: {why}") from error


def _write(path: Path, data: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    draft = _draft_of(path)
    # Nobody reads a draft who must not read the file.
    begun = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(begun, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _draft_of(path: Path) -> Path:
    """A name beside the file that nobody else takes; short, so that any file's name has one."""
    return path.with_name(f".milepost-{os.getpid()}-{os.urandom(4).hex()}")
