"""How far ahead metered work is funded, and until when it is protected.

A period that is not over is protected while its milestone is funded, accepted, and neither asked
back nor claimed: more work in it can be claimed, and nobody can take the money away. One that is
only offered is funded and not protected: until the freelancer accepts it, the client can take the
money back. Nor is one that the client asks back, which allows a claim before its end, nor one with
such a claim, which takes no more work. Nobody protects the hours of any other period. Periods are
numbered from zero, amounts are token base units, times Unix seconds. Nothing here asks a node or a
ledger, and no clock of the contract runs out where a run ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from milepost.errors import InputError
from milepost.types import Status, Terms
from milepost.units import WEEK

AHEAD = 4 * WEEK
"""Seconds of work that are proposed to be funded next, and one period at least."""

_CLAIMED = (Status.SUBMITTED, Status.APPROVED, Status.PARTLY_APPROVED, Status.DISPUTED)


@dataclass(frozen=True, slots=True)
class Runway:
    """The periods that are funded from the `current` one on, without a hole.

    `current` is the period of the moment `timestamp`: the first one before the start, `terms.count`
    when the last is over. `funded` are in their order, `later` those behind the first hole.
    """

    terms: Terms
    timestamp: int
    current: int
    statuses: tuple[Status, ...]
    funded: tuple[int, ...]
    later: tuple[int, ...]

    @property
    def protected(self) -> tuple[int, ...]:
        """The first of `funded`, up to one that does not protect work."""
        return tuple(takewhile(lambda i: self.statuses[i] is Status.ACTIVE, self.funded))

    @property
    def offered(self) -> tuple[int, ...]:
        """Those of `funded` and `later` that are not accepted."""
        return self._at(Status.OFFERED)

    @property
    def asked_back(self) -> tuple[int, ...]:
        """Those of `funded` and `later` whose money the client asks back."""
        return self._at(Status.REFUND_REQUESTED)

    @property
    def claimed(self) -> tuple[int, ...]:
        """Those of `funded` and `later` that were claimed before their end."""
        return self._at(*_CLAIMED)

    @property
    def last(self) -> int | None:
        """The period whose end to remind of: the last one protected now, or else the one that was
        over up to a period ago, as long as the work in it is open. None where there is none.
        """
        if self.protected:
            return self.protected[-1]
        before = self.current - 1
        if before < 0 or self.timestamp >= self.terms.period_end(before) + self.terms.period:
            return None
        status = self.statuses[before]
        return before if _is_held(status) and status is not Status.OFFERED else None

    @property
    def until(self) -> int | None:
        """Unix time at which what is funded ends; None where nothing is."""
        return self.terms.period_end(self.funded[-1]) if self.funded else None

    @property
    def protected_until(self) -> int | None:
        """Unix time at which what is protected ends; None where nothing is."""
        return self.terms.period_end(self.protected[-1]) if self.protected else None

    @property
    def missing(self) -> int | None:
        """The first period that is not funded; None where there is none left."""
        first = self.current + len(self.funded)
        return first if first < self.terms.count else None

    @property
    def amount(self) -> int:
        """Base units that fund one period."""
        return self.terms.amount_of(0)

    @property
    def fundable(self) -> tuple[int, ...]:
        """Which periods to fund next. One that was funded and is over takes no money again."""
        first = self.current + len(self.funded)
        free = [i for i in range(first, self.terms.count) if self.statuses[i] is Status.NONE]
        most = max(1, AHEAD // self.terms.period)
        return tuple(i for k, i in enumerate(free[:most]) if i == free[0] + k)

    @property
    def acceptable(self) -> tuple[int, ...]:
        """The offered periods that are next after what is protected."""
        rest = self.funded[len(self.protected) :]
        return tuple(takewhile(lambda i: self.statuses[i] is Status.OFFERED, rest))

    def _at(self, *statuses: Status) -> tuple[int, ...]:
        return tuple(i for i in (*self.funded, *self.later) if self.statuses[i] in statuses)


def runway(terms: Terms, statuses: Sequence[Status], timestamp: int) -> Runway:
    """What is funded from the period of `timestamp` on.

    `statuses` are those of all the milestones. Raises InputError for a fixed price.
    """
    if not terms.is_metered:
        raise InputError("A fixed price has no periods to fund ahead.")
    current = min(max(0, (timestamp - terms.start) // terms.period), terms.count)
    held = [i for i in range(current, terms.count) if _is_held(statuses[i])]
    funded = tuple(i for k, i in enumerate(held) if i == current + k)
    return Runway(
        terms=terms,
        timestamp=timestamp,
        current=current,
        statuses=tuple(statuses),
        funded=funded,
        later=tuple(held[len(funded) :]),
    )


def _is_held(status: Status) -> bool:
    return status is not Status.NONE and not status.is_final
