"""What every command of the diary works with: its agreement, its folder, the time and the zone."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from milepost.cli import places
from milepost.diary.diary import Diary
from milepost.diary.entries import Entry, Kind
from milepost.diary.rules import Rules
from milepost.errors import AgreementFileError, InputError
from milepost.signing import keccak256
from milepost.types import MAX_MILESTONES, ZERO_ADDRESS, parse_selection
from milepost.zones import local_day, local_time, parse_moment, zone_of

if TYPE_CHECKING:
    from milepost.agreement import Agreement, Token
    from milepost.cli.session import Session
    from milepost.diary.weeks import Place

Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="NAME", envvar="MILEPOST_ZONE", help="The time zone, else the "
                 "system's."),
]  # fmt: skip
Tags = Annotated[list[str] | None, typer.Option("--tag", "-t", help="A tag; can be repeated.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the diary.")]
WeekNumber = Annotated[
    int, typer.Argument(metavar="WEEK", min=1, max=MAX_MILESTONES, help="The week, from 1.")
]
WeekChoice = Annotated[
    str | None, typer.Option("--week", metavar="WEEKS", help='Which, like "3", "1-4" or "last".')
]
EntryId = Annotated[str, typer.Argument(metavar="ID", help="The entry, by the begin of its id.")]
Repository = Annotated[
    Path | None,
    typer.Option("--git", metavar="FOLDER", help="Make the memo of this repository's commits."),
]

_LATEST = 253_370_764_800  # the year 9999, which clocks of every zone can show

AFTER_MIDNIGHT = "An end after midnight needs its day, too."

_BRIEF_HOUR = re.compile(r"(^|\s)(\d):")  # of 9:05
_SPAN = re.compile(r"(.*?\d{1,2}:\d{2}(?::\d{2})?)\s*(?:-|to)\s*(\d{1,2}:\d{2}(?::\d{2})?)")


def clock() -> int:
    """The Unix time of this machine."""
    return int(time.time())


class _AnyToken(Mapping[str, "Token"]):
    """A token by whatever name it is asked for: hours do not depend on what they are paid in."""

    def __getitem__(self, name: str) -> Token:
        from milepost.agreement import Token

        return Token(ZERO_ADDRESS, name, 18)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass
class Book:
    """The diary of the agreement in a file, as a command sees it."""

    session: Session
    file: Path
    zone_name: str | None = None

    @cached_property
    def now(self) -> int:
        """The Unix time of the command, the same to its end."""
        return clock()

    @cached_property
    def hours(self) -> Agreement:
        """The agreement but for its money, which is in some token. Asks nobody.

        Raises AgreementFileError.
        """
        from milepost.agreement import read

        try:
            return read(self.file).agreement(_AnyToken())
        except AgreementFileError as error:
            if error.field != "rate":
                raise
            return self.agreement  # the rate is in a symbol that only the token itself knows

    @cached_property
    def agreement(self) -> Agreement:
        """The whole agreement, read without a node wherever that is possible."""
        return self.session.agreement_by_name(self.file)

    @cached_property
    def rules(self) -> Rules:
        """What the agreement says about hours, as the diary has it, else its file.

        Raises AgreementFileError, and InputError where it is of another kind.
        """
        with suppress(OSError):
            scope = keccak256(self.file.read_bytes())
            # Which is of this very file, and sooner read.
            if rules := Diary.rules_of(places.diary_of(scope), scope):
                return rules
        return Rules.of(self.hours)

    @cached_property
    def folder(self) -> Path:
        """Where the diary is."""
        return places.diary_of(self.rules.scope)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which times are read and shown."""
        return zone_of(self.zone_name)

    def read(self) -> Diary:
        """The diary, to look at."""
        return Diary.read(self.folder, self.rules)

    def write(self) -> AbstractContextManager[Diary]:
        """The diary, to add to."""
        return Diary.write(self.folder, self.rules)

    def moment(self, text: str, day_of: int | None = None) -> int:
        """A Unix time that a person wrote; a time alone is on the day of `day_of`, else today.

        Raises InputError.
        """
        day = local_day(self.now if day_of is None else day_of, self.zone)
        found = parse_moment(_BRIEF_HOUR.sub(r"\g<1>0\2:", text.strip()), self.zone, day)
        if not 0 <= found < _LATEST:
            raise InputError(f'"{text}" is in no week of any agreement.')
        return found

    def span_of(self, text: str) -> tuple[int, int] | None:
        """The time from and to in "2026-12-01 12:00-12:30"; None for what has another form.

        Raises InputError for a span that ends before it begins.
        """
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            return None
        first = self.moment(match[1])
        last = self.moment(match[2], first)
        if last <= first:
            raise InputError(f'"{text}" ends before it begins. {AFTER_MIDNIGHT}')
        return first, last

    def weeks(self, text: str | None, default: Iterable[int]) -> list[int]:
        """Weeks from zero that a person chose, like "1-4" or "last".

        Raises SelectionError, and InputError for the last week where there is none yet.
        """
        if text is None:
            return list(default)
        if text.strip().lower() != "last":
            return list(parse_selection(text))
        if (last := self.rules.week_of(self.now) - 1) < 0:
            begin = self.at(self.rules.start)
            raise InputError(f"No week is over yet: the first one begins at {begin}.")
        return [min(last, MAX_MILESTONES - 1)]

    @property
    def week(self) -> int:
        """The week that it is now, within those that there are."""
        return min(max(self.rules.week_of(self.now), 0), MAX_MILESTONES - 1)

    def place(self, week: int) -> Place:
        """Which claim a week is for. Asks the node only for a chain that the file does not name."""
        from milepost import terms
        from milepost.cli.tokens import find_deployment
        from milepost.diary.weeks import Place
        from milepost.signing import checked_address

        chain_id = self.agreement.chain_id or self.session.node.chain_id
        escrow = self.session.options.escrow or find_deployment(chain_id).address
        escrow = checked_address(escrow, "--escrow")
        return Place(chain_id, escrow, terms.agreement_id(self.agreement.terms, chain_id, escrow),
                     week)  # fmt: skip

    def at(self, second: int) -> str:
        """A moment as clocks in the zone show it: "2026-12-01 10:20 CET"."""
        return f"{local_time(second, self.zone):%Y-%m-%d %H:%M %Z}"

    def command(self, verb: str, *rest: object) -> str:
        """A command about this agreement, for a person to copy: `milepost diary seal FILE 3`."""
        return f"`milepost {verb} {shlex.join([str(self.file), *map(str, rest)])}`"


def span(start: int, end: int, zone: ZoneInfo) -> str:
    """ "2026-12-01 10:20-11:40", in the zone; seconds only where there are any."""
    first, last = local_time(start, zone), local_time(end, zone)
    until = _time(last) if last.date() == first.date() else f"{last:%Y-%m-%d} {_time(last)}"
    return f"{first:%Y-%m-%d} {_time(first)}-{until}"


def entries(number: int) -> str:
    """ "1 entry" or "1,024 entries"."""
    return "1 entry" if number == 1 else f"{number:,} entries"


def entry_record(entry: Entry) -> dict[str, Any]:
    """An entry for programs; times are Unix seconds."""
    return {
        "id": entry.id,
        "start": entry.start,
        "end": entry.end,
        "zone": entry.zone,
        "memo": entry.memo,
        "tags": list(entry.tags),
        "source": entry.source,
        "kind": entry.kind.value,
        "recorded_at": entry.recorded_at,
    }


def entry_line(entry: Entry, zone: ZoneInfo) -> str:
    """An entry in a line."""
    tags = "".join(f" +{tag}" for tag in entry.tags)
    kind = "" if entry.kind is Kind.TRACKED else f" ({entry.kind})"
    return f"{entry.id[:8]}  {span(entry.start, entry.end, zone)}  {entry.memo}{tags}{kind}"


def memo_from(repository: Path | None, start: int, end: int, memo: str) -> str:
    """The memo that was given, else one of the commits made in that time. Raises InputError."""
    if memo.strip():
        return memo
    if repository is None:
        raise InputError("Say what was worked on: give a memo, or --git with a repository.")
    from milepost.diary.formats.git import GRACE, commits, memo_of

    found = memo_of(commits(repository, start, end + GRACE), start, end)
    if not found:
        raise InputError(f"{repository} has no commit of yours from that time. Give a memo.")
    return found


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises InputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
