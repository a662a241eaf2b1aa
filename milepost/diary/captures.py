"""Captures: encrypted pictures of the screen, one in each segment, where an agreement asks for it.

A picture exists outside memory only encrypted, by age, to a key of the freelancer's own; that key
is in a file that their password opens. What goes on record is a hash of the picture and of 32
random bytes, so that nobody who sees the hash can try which picture it is: a locked or empty
screen is easily guessed. Nothing here sends anything, and nothing but the screen is recorded.

    identity.age     the key, encrypted with the password
    recipient.txt    its public half; taking a capture needs no password
    <start>.age      the random bytes and the PNG, for the segment that begins at that Unix time
    <start>.json     {"taken_at", "hash", "size", "seen"}: listing needs no password either
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from milepost.diary.pulse import write_private
from milepost.errors import ExtraMissing, InputError, PasswordWrong
from milepost.presets import UNIT
from milepost.signing import keccak256
from milepost.units import format_time

NONCE_SIZE = 32

_LARGEST = 1_000  # bytes of an index


@dataclass(frozen=True, slots=True)
class Capture:
    """The picture of a segment, without the picture. `size` is that of its PNG, in bytes."""

    start: int
    taken_at: int
    hash: bytes
    size: int
    is_seen: bool = False


class Captures:
    """The captures in one folder. Every method that needs the extra raises ExtraMissing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._identity = folder / "identity.age"
        self._recipient = folder / "recipient.txt"

    @property
    def is_set_up(self) -> bool:
        """Whether captures can be taken."""
        return self._identity.is_file() and self._recipient.is_file()

    def set_up(self, password: str) -> None:
        """Make a key that `password` opens. Raises InputError where there is one already."""
        age = _extra("pyrage")
        if not password:
            raise InputError("The password of captures cannot be empty.")
        for path in (self._identity, self._recipient):
            if path.exists():
                raise InputError(
                    f"{path} is there already, and captures may depend on it. Nothing was changed."
                )
        identity = age.x25519.Identity.generate()
        closed = age.passphrase.encrypt(str(identity).encode(), password)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be made: {error.strerror}") from error
        _write(self._identity, closed)
        _write(self._recipient, f"{identity.to_public()}\n".encode())

    def unlock(self, password: str) -> Any:
        """The key, which `open` and `reveal` ask for; this takes about a second.

        Raises PasswordWrong and InputError.
        """
        age = _extra("pyrage")
        self._require_set_up()
        try:
            text = age.passphrase.decrypt(_read(self._identity), password).decode()
        except age.DecryptError as error:
            if str(error) == _REFUSED:
                raise PasswordWrong(str(self._identity)) from None
            raise InputError(f"{self._identity} is damaged: {error}.") from error
        try:
            identity = age.x25519.Identity.from_str(text)
        except age.IdentityError as error:
            raise InputError(f"{self._identity} holds no key of captures.") from error
        if _read(self._recipient).strip() != str(identity.to_public()).encode():
            raise InputError(f"{self._recipient} does not belong to {self._identity}.")
        return identity

    def take(self, now: int) -> Capture:
        """Take the capture of the segment at `now`, Unix time; the one that there is, else.

        Raises InputError where there is no screen to take it of, or no key.
        """
        age = _extra("pyrage")
        self._require_set_up()
        start = now - now % UNIT
        if self._index(start).exists():
            return self._capture(start)
        try:
            recipient = age.x25519.Recipient.from_str(_read(self._recipient).decode().strip())
        except (age.RecipientError, UnicodeDecodeError) as error:
            raise InputError(f"{self._recipient} is damaged.") from error
        picture = grab()
        content = secrets.token_bytes(NONCE_SIZE) + picture
        capture = Capture(start, now, keccak256(content), len(picture))
        _write(self._picture(start), age.encrypt(content, [recipient]))
        self._note(capture)
        return capture

    def list(self) -> tuple[Capture, ...]:
        """All captures in their order. Raises InputError for a damaged file."""
        starts = (path.stem for path in self.folder.glob("*.json"))
        return tuple(
            self._capture(start) for start in sorted(int(s) for s in starts if _is_start(s))
        )

    def unseen(self) -> tuple[Capture, ...]:
        """Those that were never opened, so that none is committed that the freelancer never saw."""
        return tuple(capture for capture in self.list() if not capture.is_seen)

    def open(self, start: int, identity: Any) -> bytes:
        """The PNG of the segment at `start`, opened with what `unlock` gave. It counts as seen.

        Raises InputError where there is none, or it is not the picture that was taken.
        """
        return self._open(start, identity)[NONCE_SIZE:]

    def reveal(self, start: int, identity: Any, folder: Path) -> tuple[Path, Path]:
        """Write into `folder` what a dispute needs of one capture: its PNG, and its random bytes.

        Both are for others to see, and not encrypted; until they are sent, only the owner reads
        them. Raises InputError.
        """
        content = self._open(start, identity)
        picture, nonce = folder / f"capture-{start}.png", folder / f"capture-{start}.nonce"
        text = f"0x{content[:NONCE_SIZE].hex()}\n"
        _write(picture, content[NONCE_SIZE:])
        _write(nonce, text.encode())
        return picture, nonce

    def delete(self, start: int) -> None:
        """Remove the capture of the segment at `start`. Raises InputError where there is none."""
        paths = self._picture(start), self._index(start)
        if not any(path.exists() for path in paths):
            raise InputError(f"There is no capture of the segment at {format_time(start)}.")
        try:
            for path in (*paths, *self.folder.glob(f".{start}.*")):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{error.filename} cannot be removed: {error.strerror}") from error

    def _open(self, start: int, identity: Any) -> bytes:
        age, capture, path = _extra("pyrage"), self._capture(start), self._picture(start)
        try:
            content = bytes(age.decrypt(_read(path), [identity]))
        except age.DecryptError as error:
            raise InputError(f"{path} is damaged, or of another key: {error}.") from error
        if keccak256(content) != capture.hash:
            raise InputError(f"{path} does not have the hash in {self._index(start)}.")
        if not capture.is_seen:
            self._note(replace(capture, is_seen=True))
        return content

    def _capture(self, start: int) -> Capture:
        path = self._index(start)
        if not path.exists():
            raise InputError(f"There is no capture of the segment at {format_time(start)}.")
        try:
            content = json.loads(_read(path)[:_LARGEST])
            capture = Capture(
                start,
                content["taken_at"],
                bytes.fromhex(content["hash"]),
                content["size"],
                content["seen"],
            )
            is_sound = (
                type(capture.taken_at) is type(capture.size) is int
                and start <= capture.taken_at < start + UNIT
                and capture.size > 0
                and len(capture.hash) == 32
                and type(capture.is_seen) is bool
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            is_sound = False
        if not is_sound:
            raise InputError(f"{path} is damaged. Delete the capture of {format_time(start)}.")
        return capture

    def _note(self, capture: Capture) -> None:
        content = {
            "taken_at": capture.taken_at,
            "hash": capture.hash.hex(),
            "size": capture.size,
            "seen": capture.is_seen,
        }
        _write(self._index(capture.start), json.dumps(content).encode())

    def _picture(self, start: int) -> Path:
        return self.folder / f"{start}.age"

    def _index(self, start: int) -> Path:
        return self.folder / f"{start}.json"

    def _require_set_up(self) -> None:
        if not self.is_set_up:
            raise InputError(f"Captures are not set up in {self.folder}: there is no key yet.")


def grab() -> bytes:
    """A picture of all monitors together, as a PNG, in memory.

    Raises InputError where there is no screen that a program may look at, and ExtraMissing.
    """
    mss, tools = _extra("mss"), _extra("mss.tools")
    if sys.platform == "linux" and os.environ.get("WAYLAND_DISPLAY"):
        # Its X11 server answers, with a black picture.
        raise InputError(
            "The screen cannot be captured: a Wayland session shows it to no program. "
            "Log in to an X11 session, or agree on work without captures."
        )
    try:
        with mss.MSS() as screen:
            shot = screen.grab(screen.monitors[0])
            return bytes(tools.to_png(shot.rgb, shot.size))
    except (mss.ScreenShotError, OSError) as error:
        raise InputError(
            f"The screen cannot be captured: {error}. Start the timer in a graphical session."
        ) from error


def moments(start: int) -> Iterator[int]:
    """A random second of what is left of each segment, for ever, from that at `start` on."""
    while True:
        end = start - start % UNIT + UNIT
        yield start + secrets.randbelow(end - start)
        start = end


def verify_capture(png: bytes, nonce: bytes, expected: bytes) -> bool:
    """Whether a picture, with its 32 random bytes, is the one whose hash a segment carries."""
    return len(nonce) == NONCE_SIZE and keccak256(nonce + png) == expected


# How age says that a password opens nothing; a damaged file reads otherwise.
_REFUSED = "Decryption failed"


def _extra(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ExtraMissing("Captures", "captures") from error


def _is_start(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= 12 and name == str(int(name))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        write_private(path, data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
