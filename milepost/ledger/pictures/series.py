"""Numbers for pictures: money held over time, the life of milestones, answers, hours.

They follow from histories and payments as `milepost.ledger.reads` gives them, event by event.
Amounts are base units, times Unix seconds, milestones numbered from zero. Nothing here draws, and
nothing asks a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from milepost.agreement import Token
from milepost.ledger import rows
from milepost.ledger.reads import Happening, History, Payment
from milepost.ledger.replay import Milestone, Replay
from milepost.presets import is_hourly, minutes_of
from milepost.types import AgreementId, Status
from milepost.units import WEEK

_ANSWERS = ("MilestonesApproved", "MilestonesReleased")


@dataclass(frozen=True, slots=True)
class Step:
    """Base units from `timestamp` on: `held` is open in jobs, `credits` wait for `withdraw`."""

    timestamp: int
    held: int
    credits: int


@dataclass(frozen=True, slots=True)
class Span:
    """A milestone has a status from `since` until `until`, which is None where it still has.

    `act` is the name of the event that began it. Both times are the same where the next event is of
    the same block.
    """

    status: Status
    since: int
    until: int | None
    act: str


@dataclass(frozen=True, slots=True)
class Track:
    """The life of one milestone, from its funding on."""

    milestone: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A submission was approved, or paid without a word, after `seconds` of the `allowed` ones."""

    agreement: AgreementId
    milestone: int
    seconds: int
    allowed: int

    @property
    def is_in_time(self) -> bool:
        """Whether the client was not late yet. Later, anybody could have it paid."""
        return self.seconds < self.allowed


@dataclass(frozen=True, slots=True)
class Week:
    """A funded week of hourly work that begins at `start`. `minutes` are claimed of `limit`."""

    milestone: int
    start: int
    minutes: int
    limit: int
    is_over: bool


def held_over_time(
    histories: Iterable[History], payments: Iterable[Payment]
) -> dict[Token, tuple[Step, ...]]:
    """What is held in jobs, and credited by `payments`, in each token: a step for every change."""
    changes: list[tuple[int, Token, int, int]] = []
    for history in histories:
        before: dict[int, int] = defaultdict(int)
        for happening, i, milestone in _played(history):
            change = milestone.open - before[i]
            before[i] += change
            changes.append((happening.timestamp, history.job.token, change, 0))
    for payment in payments:
        if payment.kind in ("credit", "withdrawal"):
            change = payment.amount if payment.kind == "credit" else -payment.amount
            changes.append((payment.happening.timestamp, payment.token, 0, change))
    levels: dict[Token, list[Step]] = {}
    for when, token, held, credited in sorted(changes, key=lambda change: change[0]):
        steps = levels.setdefault(token, [Step(when, 0, 0)])
        last = steps[-1]
        step = Step(when, last.held + held, last.credits + credited)
        if when == last.timestamp:
            steps[-1] = step
        elif step != Step(when, last.held, last.credits):
            steps.append(step)
    return {token: tuple(steps) for token, steps in levels.items()}


def tracks(history: History) -> tuple[Track, ...]:
    """The life of every milestone that was ever funded, by index."""
    begun: dict[int, list[Span]] = defaultdict(list)
    for happening, i, milestone in _played(history):
        spans, when = begun[i], happening.timestamp
        if spans and spans[-1].status is milestone.status:
            continue
        if spans:
            last = spans[-1]
            spans[-1] = Span(last.status, last.since, when, last.act)
        spans.append(Span(milestone.status, when, None, happening.event.name))
    return tuple(Track(i, tuple(begun[i])) for i in sorted(begun))


def answers(history: History) -> tuple[Answer, ...]:
    """How long submissions of a job waited for their approval or payment, by milestone.

    One that was sent back, disputed, settled or given up was not answered so; one that is paid in
    its own block waited for nobody, as where an approval is carried to a claim.
    """
    job, found = history.job, []
    for track in tracks(history):
        for span, following in pairwise(track.spans):
            seconds = following.since - span.since
            if span.status is Status.SUBMITTED and following.act in _ANSWERS and seconds:
                allowed = job.terms.review_period
                found.append(Answer(job.agreement, track.milestone, seconds, allowed))
    return tuple(found)


def median(numbers: Iterable[int]) -> int | None:
    """The middle one, or the mean of the middle two, rounded down; None of no numbers."""
    found = sorted(numbers)
    if not found:
        return None
    return (found[(len(found) - 1) // 2] + found[len(found) // 2]) // 2


def weeks(history: History) -> tuple[Week, ...]:
    """The weeks of an hourly job that were ever funded; none of another job.

    What was claimed last counts, until it is sent back; all of it where it is paid without a claim.
    """
    job = history.job
    if not is_hourly(job.terms):
        return ()
    claimed: dict[int, int] = {}
    for happening, i, milestone in _played(history):
        if milestone.status in (Status.OFFERED, Status.ACTIVE):
            claimed[i] = 0
        elif happening.event.name == "MilestonesReleased":
            claimed[i] = claimed[i] or job.terms.units
        else:
            claimed[i] = milestone.claimed or claimed[i]
    return tuple(
        Week(
            milestone=i,
            start=job.terms.period_end(i) - WEEK,
            minutes=minutes_of(claimed[i]),
            limit=minutes_of(job.terms.units),
            is_over=job.milestones[i].status.is_final,
        )
        for i in sorted(claimed)
    )


def _played(history: History) -> Iterator[tuple[Happening, int, Milestone]]:
    """Every milestone that an event is about, as that event leaves it, until the next one."""
    replay = Replay()
    for happening in history.happenings:
        replay.play(happening.event, happening.timestamp)
        milestones = replay.agreements[history.job.agreement].milestones
        for i in rows.milestones_of(happening.event):
            yield happening, i, milestones[i]
