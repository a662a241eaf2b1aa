"""The errors of the work diary. Nothing was changed where one is raised. Times are Unix seconds."""

# They are named like the other errors of the package.
# ruff: noqa: N818
from __future__ import annotations

from milepost.errors import DiaryError
from milepost.units import format_time


class DiaryDamaged(DiaryError):
    """A line of a log is not what was written. `line` counts from one."""

    log: str
    line: int
    problem: str

    @property
    def message(self) -> str:
        return (
            f"Line {self.line} of the diary's log {self.log} is damaged: {self.problem}. The lines "
            "before it are whole. Take the file from a copy, or from the machine it came from."
        )


class DiaryBusy(DiaryError):
    """Another command is writing."""

    folder: str

    @property
    def message(self) -> str:
        return f"Another command is writing to the diary in {self.folder}. Try again."


class EntriesOverlap(DiaryError):
    """Time would be counted twice. `overlaps` has both entries of each in words."""

    overlaps: tuple[tuple[str, str], ...]

    @property
    def message(self) -> str:
        shown = [f"  {new}\n    and {old}" for new, old in self.overlaps[:5]]
        rest = len(self.overlaps) - len(shown)
        more = [f"  and {rest} more"] if rest else []
        return "\n".join(["The same time would be in the diary twice:", *shown, *more])


class EntryRefused(DiaryError):
    """An entry cannot be as it was given. Times are Unix seconds."""

    start: int
    end: int
    problem: str

    @property
    def message(self) -> str:
        span = f"{format_time(self.start)} to {format_time(self.end)}"
        return f"{span} cannot be in the diary: {self.problem}."


class EntryUnknown(DiaryError):
    """No single entry is meant. `found` is how many ids begin with the text."""

    text: str
    found: int

    @property
    def message(self) -> str:
        if self.found:
            return f"{self.found} entries begin with {self.text}. Write more of the id."
        return f"No entry {self.text} is in the diary. `milepost diary log` lists them."


class TimerRunning(DiaryError):
    """A timer runs already, since a Unix time."""

    since: int
    memo: str

    @property
    def message(self) -> str:
        what = f' "{self.memo}"' if self.memo else ""
        return f"A timer{what} runs since {format_time(self.since)}. `milepost diary stop` ends it."


class TimerMissing(DiaryError):
    """No timer runs on this machine."""

    @property
    def message(self) -> str:
        return "No timer runs here. `milepost diary start` begins one."


class WeekRefused(DiaryError):
    """A week, counted from one, cannot be sealed, billed, shown or opened again."""

    week: int
    problem: str

    @property
    def message(self) -> str:
        return f"Week {self.week}: {self.problem}."


class EvidenceInvalid(DiaryError):
    """A week, a proof or a log does not prove what it says."""

    name: str
    problem: str

    @property
    def message(self) -> str:
        return f"{self.name} does not hold: {self.problem}."
