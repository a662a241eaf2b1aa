"""What the events of agreements make of them: statuses, clocks, open amounts, and the money moved.

Follows the contract's state machine from logs and the times of their blocks alone. It judges
nothing: the contract let these events happen. Nothing here reads a chain or a database.
"""

# The handlers are named after the events.
# ruff: noqa: N802
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from milepost.chain.events import Event
from milepost.errors import AnswerInconsistent
from milepost.types import BPS, Clock, MilestoneView, Status, Terms, from_set


class Movement(NamedTuple):
    """Base units of a token that crossed the escrow's border, or that could not.

    `kind` is what moved them: fund; release, refund, dispute (what is conceded), ruling, fee,
    lapse, settlement; credit, which could not be delivered and takes back what an earlier one of
    the same transaction tells; withdrawal, which pays a credit out. `address` is whose money it is:
    a withdrawal may go to another wallet of theirs. `milestone` is None where one sum is for
    several.
    """

    milestone: int | None
    kind: str
    address: str
    token: str
    amount: int


@dataclass(slots=True)
class Milestone:
    """One milestone as its events tell it. `amount` is base units, `whole` its units."""

    amount: int
    whole: int
    status: Status
    since: int = 0
    claimed: int = 0
    disputed: int = 0

    def worth(self, units: int) -> int:
        """Base units of a number of units, rounded down."""
        return self.amount * units // self.whole

    @property
    def conceded(self) -> int:
        """What a dispute has already given the freelancer."""
        return self.worth(self.claimed - self.disputed) if self.disputed else 0

    @property
    def claim(self) -> int:
        """What of the open amount the freelancer claims."""
        return self.worth(self.claimed) - self.conceded if self.claimed else self.amount

    @property
    def open(self) -> int:
        """Base units that the escrow holds for it."""
        if self.status.is_final:
            return 0
        return self.claim if self.disputed else self.amount

    def start(self, status: Status, since: int = 0, claimed: int = 0, disputed: int = 0) -> None:
        """Take a status, with its clock or none."""
        self.status, self.since, self.claimed, self.disputed = status, since, claimed, disputed

    def approve(self) -> None:
        """Take the client's approval, of the whole or of the part that is claimed."""
        if self.claim == self.amount:
            self.start(Status.APPROVED)
        else:
            self.status = Status.PARTLY_APPROVED

    def end(self, to_freelancer: int, fee: int = 0) -> int:
        """Ends the milestone. Returns what is left for the client."""
        to_client = self.open - to_freelancer - fee
        total = self.conceded + to_freelancer
        if total == self.amount:
            status = Status.PAID
        else:
            status = Status.SPLIT if total + fee else Status.REFUNDED
        self.start(status)
        return to_client

    def deadline(self, terms: Terms) -> int:
        """Unix time from which the awaited party is late; zero where no clock runs."""
        match self.status:
            case Status.SUBMITTED:
                return self.since + terms.review_period
            case Status.REFUND_REQUESTED:
                return self.since + terms.response_period
            case Status.DISPUTED:
                return self.since + terms.ruling_period
        return 0

    def view(self, terms: Terms, timestamp: int) -> MilestoneView:
        """The milestone as the contract's `milestoneAt` shows it, judged at `timestamp`."""
        deadline, opened, to_freelancer = self.deadline(terms), self.open, 0
        if self.status in (Status.SUBMITTED, Status.APPROVED, Status.PARTLY_APPROVED):
            to_freelancer = self.claim
        elif self.status is Status.DISPUTED:
            to_freelancer = opened * terms.default_bps // BPS
        return MilestoneView(
            status=self.status,
            clock=Clock(self.since, self.claimed, self.disputed),
            deadline=deadline,
            is_late=0 < deadline <= timestamp,
            open=opened,
            to_freelancer=to_freelancer,
            to_client=opened - to_freelancer,
        )


@dataclass(slots=True)
class Agreement:
    """One agreement as its events tell it. `milestones` are those ever funded, by index."""

    terms: Terms
    milestones: dict[int, Milestone] = field(default_factory=dict)
    replaced_by: bytes | None = None

    def fund(self, chosen: tuple[int, ...], status: Status) -> None:
        """Begin milestones."""
        for i in chosen:
            self.milestones[i] = Milestone(self.terms.amount_of(i), self.terms.whole, status)


_Place = tuple[list[Movement], int]


class Replay:
    """Plays events in their order onto agreements.

    It looks them up in `agreements`, by id: whoever plays puts those there that began earlier.
    """

    def __init__(self) -> None:
        self.agreements: dict[bytes, Agreement] = {}
        # The amendment under way: what its settlements gave back pays for what it funds.
        self._transaction = b""
        self._settled: list[_Place] = []
        self._next = (b"", 0)  # the agreement and the log index of what would belong to these
        self._carried: list[_Place] = []

    def play(self, event: Event, timestamp: int) -> list[Movement]:
        """Apply one event of a block at `timestamp`. Returns the movements of money it tells of.

        A later event of the same transaction may still lower their amounts: an amendment moves
        only the difference.
        """
        if event.transaction != self._transaction:
            self._transaction, self._next, self._carried = event.transaction, (b"", 0), []
        handler = getattr(self, "_" + event.name, None)
        moved: list[Movement] = []
        if handler is not None:
            handler(event, timestamp, moved)
        return moved

    def _several(self, event: Event) -> Iterator[tuple[Agreement, int, Milestone]]:
        agreement = self.agreements[event["agreement"]]
        for i in from_set(event["milestones"]):
            yield agreement, i, agreement.milestones[i]

    def _one(self, event: Event) -> tuple[Agreement, int, Milestone]:
        agreement = self.agreements[event["agreement"]]
        return agreement, event["milestone"], agreement.milestones[event["milestone"]]

    def _MilestonesFunded(self, event: Event, _: int, moved: list[Movement]) -> None:
        terms, amount = event["terms"], event["amount"]
        agreement = self.agreements.get(event["agreement"])
        if agreement is None:
            agreement = self.agreements[event["agreement"]] = Agreement(terms)
        _require(event, amount=agreement.terms.sum_of(from_set(event["milestones"])))
        status = Status.ACTIVE if event["is_accepted"] else Status.OFFERED
        agreement.fund(from_set(event["milestones"]), status)
        for movements, k in self._carried:
            taken = min(movements[k].amount, amount)
            movements[k] = movements[k]._replace(amount=movements[k].amount - taken)
            amount -= taken
        self._carried = []
        moved.append(Movement(None, "fund", terms.client, terms.token, amount))

    def _MilestonesAccepted(self, event: Event, _: int, moved: list[Movement]) -> None:
        for *_rest, milestone in self._several(event):
            milestone.start(Status.ACTIVE)

    def _MilestoneSubmitted(self, event: Event, timestamp: int, moved: list[Movement]) -> None:
        *_rest, milestone = self._one(event)
        milestone.start(Status.SUBMITTED, timestamp, event["units"])

    def _ChangesRequested(self, event: Event, _: int, moved: list[Movement]) -> None:
        *_rest, milestone = self._one(event)
        milestone.start(Status.ACTIVE)

    def _MilestonesApproved(self, event: Event, _: int, moved: list[Movement]) -> None:
        for *_rest, milestone in self._several(event):
            milestone.approve()

    def _MilestonesReleased(self, event: Event, _: int, moved: list[Movement]) -> None:
        freelancer = client = 0
        for agreement, i, milestone in self._several(event):
            to_freelancer = milestone.claim
            to_client = milestone.end(to_freelancer)
            _pay(moved, "release", agreement.terms, i, to_freelancer, to_client)
            freelancer, client = freelancer + to_freelancer, client + to_client
        _require(event, to_freelancer=freelancer, to_client=client)

    def _RefundRequested(self, event: Event, timestamp: int, moved: list[Movement]) -> None:
        *_rest, milestone = self._one(event)
        milestone.start(Status.REFUND_REQUESTED, timestamp)

    def _MilestonesRefunded(self, event: Event, _: int, moved: list[Movement]) -> None:
        client = 0
        for agreement, i, milestone in self._several(event):
            to_client = milestone.end(0)
            _pay(moved, "refund", agreement.terms, i, 0, to_client)
            client += to_client
        _require(event, to_client=client)

    def _MilestoneDisputed(self, event: Event, timestamp: int, moved: list[Movement]) -> None:
        agreement, i, milestone = self._one(event)
        terms, units = agreement.terms, event["units"]
        claimed = units
        if event["by"] == terms.client:
            claimed = milestone.claimed or milestone.whole
        before = milestone.open
        milestone.start(Status.DISPUTED, timestamp, claimed, units)
        conceded = milestone.conceded
        _require(event, to_freelancer=conceded, to_client=before - milestone.open - conceded)
        _pay(moved, "dispute", terms, i, event["to_freelancer"], event["to_client"])

    def _MilestoneRuled(self, event: Event, _: int, moved: list[Movement]) -> None:
        agreement, i, milestone = self._one(event)
        terms = agreement.terms
        to_client = milestone.end(event["to_freelancer"], event["fee"])
        _require(event, to_client=to_client)
        _pay(moved, "ruling", terms, i, event["to_freelancer"], to_client)
        if event["fee"]:
            moved.append(Movement(i, "fee", terms.arbiter, terms.token, event["fee"]))

    def _MilestoneLapsed(self, event: Event, _: int, moved: list[Movement]) -> None:
        agreement, i, milestone = self._one(event)
        to_client = milestone.end(event["to_freelancer"])
        _require(event, to_client=to_client)
        _pay(moved, "lapse", agreement.terms, i, event["to_freelancer"], to_client)

    def _MilestoneSettled(self, event: Event, _: int, moved: list[Movement]) -> None:
        agreement, i, milestone = self._one(event)
        to_client = milestone.end(event["to_freelancer"])
        _require(event, to_client=to_client)
        _pay(moved, "settlement", agreement.terms, i, event["to_freelancer"], to_client)
        # Those of an amendment stand right before it. A payout follows any other, and a token logs
        # it.
        if self._next != (event["agreement"], event.log_index):
            self._settled = []
        self._next = (event["agreement"], event.log_index + 1)
        if to_client:
            self._settled.append((moved, len(moved) - 1))

    def _AgreementAmended(self, event: Event, _: int, moved: list[Movement]) -> None:
        self.agreements[event["agreement"]].replaced_by = event["replacement"]
        # The funding of the replacement is the next event. Coins leave no log: where they were paid
        # out just before, in the same transaction, what is needed is not more than the last give.
        is_next = self._next == (event["agreement"], event.log_index)
        self._carried = self._settled[::-1] if is_next else []

    def _PayoutCredited(self, event: Event, _: int, moved: list[Movement]) -> None:
        moved.append(Movement(None, "credit", event["owner"], event["token"], event["amount"]))

    def _CreditWithdrawn(self, event: Event, _: int, moved: list[Movement]) -> None:
        moved.append(Movement(None, "withdrawal", event["owner"], event["token"], event["amount"]))


def _require(event: Event, **computed: int) -> None:
    """What an event says moved must be what follows from those before it."""
    for name, amount in computed.items():
        if event[name] != amount:
            raise AnswerInconsistent(
                f"{event.name} in block {event.block} moved {event[name]}, and what came before it "
                f"makes {amount}: events are left out"
            )


def _pay(
    moved: list[Movement],
    kind: str,
    terms: Terms,
    milestone: int,
    to_freelancer: int,
    to_client: int,
) -> None:
    if to_freelancer:
        moved.append(Movement(milestone, kind, terms.payee, terms.token, to_freelancer))
    if to_client:
        moved.append(Movement(milestone, kind, terms.client, terms.token, to_client))
