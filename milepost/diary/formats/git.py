"""What somebody committed to a Git repository while they worked, to propose a memo from.

Commits are those of one author's address on every branch, by the time at which they were written,
without merges and stashes. The program `git` is run without a shell, and nothing that a
repository's own settings name is run. Subjects are strangers' texts and are cleaned as memos are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from milepost.diary.formats.reading import cut
from milepost.diary.rules import MEMO_LENGTH
from milepost.errors import InputError
from milepost.text import spaced
from milepost.units import DAY

GRACE = 600
"""Seconds after the end of a stretch of work in which a commit still belongs to it."""

_TIMEOUT = 60  # seconds
_FIELDS = "%at%x00%ae%x00%s"
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: when it was written, in Unix time, and the first line of its message."""

    time: int
    subject: str


def commits(repository: Path, start: int, end: int, author: str = "") -> tuple[Commit, ...]:
    """What an author wrote in [start, end), by time; the same commit on several branches once.

    `author` is an address, the repository's own `user.email` if empty. Raises InputError.
    """
    _run(repository, "rev-parse", "--git-dir")
    address = author or _run(repository, "config", "--default", "", "--get", "user.email").strip()
    if not address:
        raise InputError(
            f"{spaced(str(repository))} does not say whose commits to take. Set user.email in "
            "it, or name an address."
        )
    # Git compares --since with the time of committing. That is later, but for clocks that differ.
    since = max(start - DAY, 0)
    listed = _run(
        repository,
        "log",
        "--exclude=refs/stash",
        "--all",
        "--no-merges",
        "--no-show-signature",
        "--encoding=UTF-8",
        f"--since=@{since} +0000",
        f"--format={_FIELDS}",
        "-z",
    ).split("\0")
    found = {
        Commit(int(time), spaced(subject))
        for time, email, subject in zip(*[iter(listed)] * 3, strict=False)
        if _SECONDS.fullmatch(time) and email.lower() == address.lower()
        if start <= int(time) < end
    }
    return tuple(sorted(found, key=lambda c: (c.time, c.subject)))


def memo_of(commits: Iterable[Commit], start: int, end: int) -> str:
    """The subjects of the commits from `start` to `end` and `GRACE` after, as a memo, or nothing.

    It may be cut, with an ellipsis.
    """
    inside = sorted((c for c in commits if start <= c.time < end + GRACE), key=lambda c: c.time)
    subjects = dict.fromkeys(spaced(c.subject) for c in inside)
    return cut("; ".join(subject for subject in subjects if subject), MEMO_LENGTH)


def _run(repository: Path, *arguments: str) -> str:
    """What git prints about a repository. Raises InputError."""
    import subprocess

    name = spaced(str(repository))
    # The variables of a hook or an alias would name another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", "--no-pager", "-C", str(repository), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment,
            timeout=_TIMEOUT,
        )
    except FileNotFoundError:
        raise InputError("Commits are read with the program git. Install it first.") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InputError(f"git cannot read {name}: {spaced(str(error))}.") from None
    if done.returncode:
        said = spaced(done.stderr.decode("utf-8", "replace").partition("\n")[0])
        raise InputError(f"{name} is no Git repository that can be read: {said}.")
    return done.stdout.decode("utf-8", "replace")
