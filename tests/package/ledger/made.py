"""Histories made by hand, for what needs no chain.

life = Life(terms).fund(0, 1).then("MilestoneSubmitted", DAY, milestone=0, units=10_000)
life.history()
"""

from __future__ import annotations

from typing import Any, Self

from milepost.agreement import Token
from milepost.chain.events import Event
from milepost.ledger.reads import Happening, History, Job, Moment
from milepost.ledger.replay import Replay
from milepost.presets import Parties, fixed_price
from milepost.types import AgreementId, Terms, to_set

CLIENT, FREELANCER, ARBITER = ("0x" + digit * 40 for digit in "123")
PARTIES = Parties(CLIENT, FREELANCER, "0x" + "4" * 40, ARBITER)
USDP = Token(PARTIES.token, "USDP", 6)
BEGIN = 1_790_553_600
"""Monday, 28 September 2026."""


def prices(*amounts: int) -> Terms:
    return fixed_price(PARTIES, amounts)


class Life:
    """One agreement, event by event; each in a block and a transaction of its own."""

    def __init__(self, terms: Terms, token: Token = USDP, *, number: int = 1) -> None:
        self.terms, self.token = terms, token
        self.agreement = AgreementId(bytes([number]) * 32)
        self.now = BEGIN
        self.happenings: list[Happening] = []

    def fund(self, *milestones: int, later: int = 0, is_accepted: bool = True) -> Self:
        chosen = milestones or range(self.terms.count)
        return self.then(
            "MilestonesFunded",
            later,
            milestones=to_set(chosen),
            amount=self.terms.sum_of(chosen),
            is_accepted=is_accepted,
            terms=self.terms,
        )

    def then(self, name: str, later: int, **fields: Any) -> Self:
        """An event, some seconds after the last one."""
        self.now += later
        block = len(self.happenings) + 1
        fields = {"agreement": self.agreement, **fields}
        place = (block, bytes(32), block.to_bytes(32), 0)
        event = Event(name, "0x" + "5" * 40, *place, fields)
        self.happenings.append(Happening(event, self.now, True))
        return self

    def history(self, later: int = 0) -> History:
        """What it came to, some seconds after the last event."""
        now, replay = self.now + later, Replay()
        for happening in self.happenings:
            replay.play(happening.event, happening.timestamp)
        milestones = replay.agreements[self.agreement].milestones
        views = {i: milestones[i].view(self.terms, now) for i in sorted(milestones)}
        job = Job(self.agreement, self.terms, self.token, views, None, BEGIN)
        block = len(self.happenings) + 1
        return History(job, tuple(self.happenings), None, Moment(block, now, block))
