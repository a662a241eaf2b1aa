"""The logs alone rebuild everything: statuses, clocks, open amounts and credits, block by block.

`Rebuilt` reads nothing but events and the times of their blocks. It is compared with the contract's
views at every block in which something happened.
"""

# The handlers are named after the events.
# ruff: noqa: N802, N815
from collections import defaultdict
from dataclasses import dataclass, field, replace

import pytest

from milepost.chain.erc20 import Erc20
from milepost.chain.events import Event, decode_logs, event_topics
from milepost.presets import fixed_price, hourly
from milepost.types import ZERO_ADDRESS, Amendment, Clock, Division, Status, Terms, from_set, to_set
from milepost.units import DAY

pytestmark = pytest.mark.node

NEVER_EMITTED = {"EIP712DomainChanged"}  # the domain is fixed
NO_CLOCK = Clock(0, 0, 0)
ANOTHER_ARBITER = "0x" + "11" * 20


@dataclass
class Milestone:
    """One milestone as its events tell it."""

    terms: Terms
    index: int
    status: Status
    clock: Clock = NO_CLOCK
    conceded: int = 0

    def worth(self, units):
        return self.terms.amount_of(self.index) * units // self.terms.whole

    @property
    def open(self):
        if self.status.is_final:
            return 0
        return self.claim if self.clock.disputed else self.terms.amount_of(self.index)

    @property
    def claim(self):
        return self.worth(self.clock.claimed or self.terms.whole) - self.conceded

    def end(self, to_freelancer, fee=0):
        """Ends the milestone. Returns what the client receives."""
        to_client = self.open - to_freelancer - fee
        total = self.conceded + to_freelancer
        if total == self.terms.amount_of(self.index):
            self.status = Status.PAID
        else:
            self.status = Status.SPLIT if total + fee else Status.REFUNDED
        return to_client


@dataclass
class Rebuilt:
    terms: dict[bytes, Terms] = field(default_factory=dict)
    milestones: dict[tuple[bytes, int], Milestone] = field(default_factory=dict)
    credits: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    replaced_by: dict[bytes, bytes] = field(default_factory=dict)

    def play(self, event: Event, timestamp: int) -> None:
        getattr(self, "on_" + event.name)(event, timestamp)

    def one(self, event):
        return self.milestones[event["agreement"], event["milestone"]]

    def several(self, event):
        return [self.milestones[event["agreement"], i] for i in from_set(event["milestones"])]

    def on_MilestonesFunded(self, event, _):
        terms = self.terms.setdefault(event["agreement"], event["terms"])
        status = Status.ACTIVE if event["is_accepted"] else Status.OFFERED
        for i in from_set(event["milestones"]):
            assert (event["agreement"], i) not in self.milestones
            self.milestones[event["agreement"], i] = Milestone(terms, i, status)
        assert event["amount"] == terms.sum_of(from_set(event["milestones"]))
        assert (event["client"], event["freelancer"]) == (terms.client, terms.freelancer)

    def on_MilestonesAccepted(self, event, _):
        for m in self.several(event):
            m.status = Status.ACTIVE

    def on_MilestoneSubmitted(self, event, timestamp):
        m = self.one(event)
        m.status, m.clock = Status.SUBMITTED, Clock(timestamp, event["units"], 0)

    def on_ChangesRequested(self, event, _):
        m = self.one(event)
        m.status, m.clock = Status.ACTIVE, NO_CLOCK

    def on_MilestonesApproved(self, event, _):
        for m in self.several(event):
            if m.claim == m.terms.amount_of(m.index):
                m.status, m.clock = Status.APPROVED, NO_CLOCK
            else:
                m.status = Status.PARTLY_APPROVED

    def on_MilestonesReleased(self, event, _):
        ended = [(m.claim, m.end(m.claim)) for m in self.several(event)]
        assert event["to_freelancer"] == sum(paid for paid, _ in ended)
        assert event["to_client"] == sum(returned for _, returned in ended)

    def on_RefundRequested(self, event, timestamp):
        m = self.one(event)
        m.status, m.clock = Status.REFUND_REQUESTED, Clock(timestamp, 0, 0)

    def on_MilestonesRefunded(self, event, _):
        assert event["to_client"] == sum([m.end(0) for m in self.several(event)])

    def on_MilestoneDisputed(self, event, timestamp):
        m, before = self.one(event), self.one(event).open
        units = event["units"]
        by_freelancer = event["by"] == m.terms.freelancer
        claimed = units if by_freelancer else m.clock.claimed or m.terms.whole
        m.status, m.clock = Status.DISPUTED, Clock(timestamp, claimed, units)
        m.conceded = event["to_freelancer"]
        assert m.conceded == m.worth(claimed - units)
        assert before - m.open == event["to_freelancer"] + event["to_client"]

    def on_MilestoneRuled(self, event, _):
        assert event["to_client"] == self.one(event).end(event["to_freelancer"], event["fee"])

    def on_MilestoneLapsed(self, event, _):
        assert event["to_client"] == self.one(event).end(event["to_freelancer"])

    on_MilestoneSettled = on_MilestoneLapsed

    def on_AgreementAmended(self, event, _):
        self.replaced_by[event["agreement"]] = event["replacement"]

    def on_PayoutCredited(self, event, _):
        self.credits[event["token"], event["owner"]] += event["amount"]

    def on_CreditWithdrawn(self, event, _):
        assert self.credits[event["token"], event["owner"]] == event["amount"]
        self.credits[event["token"], event["owner"]] = 0

    def held(self, token):
        """What the contract must hold of a token."""
        open_amounts = (m.open for m in self.milestones.values() if m.terms.token == token)
        credited = (n for (of, _), n in self.credits.items() if of == token)
        return sum(open_amounts) + sum(credited)


def compare(rebuilt, escrow, block):
    for agreement, terms in rebuilt.terms.items():
        assert escrow.agreement_id(terms) == agreement
        view = escrow.agreement_at(terms, block)
        for i, seen in enumerate(view.milestones):
            m = rebuilt.milestones.get((agreement, i))
            if m is None:
                assert (seen.status, seen.open, seen.clock) == (Status.NONE, 0, NO_CLOCK)
            else:
                clock = NO_CLOCK if m.status.is_final else m.clock
                assert (seen.status, seen.open, seen.clock) == (m.status, m.open, clock)
    for (token, owner), amount in rebuilt.credits.items():
        assert escrow.credits(token, owner, block) == amount


def rebuild(escrow, tokens, since):
    """Plays all logs after block `since` and compares at each block. Returns what was rebuilt."""
    node = escrow.node
    logs = node.w3.eth.get_logs({"address": escrow.address, "fromBlock": since + 1})
    events = decode_logs(logs, escrow.address)
    assert len(events) == len(logs)
    assert {e.name for e in events} == set(event_topics()) - NEVER_EMITTED
    rebuilt = Rebuilt()
    by_block = defaultdict(list)
    for event in events:
        by_block[event.block].append(event)
    for block, happened in by_block.items():
        for event in happened:
            rebuilt.play(event, node.block(block).timestamp)
        compare(rebuilt, escrow, block)
        assert node.balance(escrow.address, block) == rebuilt.held(ZERO_ADDRESS)
        for token in tokens:
            balance = Erc20(node, token).balance(escrow.address, block)
            assert balance == rebuilt.held(token)
    return rebuilt


@pytest.fixture
def play(escrow, people):
    """Sends an act of the SDK, named, by a role."""

    def send(role, act, *args, **kwargs):
        return getattr(escrow, act)(*args, **kwargs).send(getattr(people, role))

    return send


def play_fixed_price(escrow, people, play, pass_time, terms):
    """Every way through a fixed price of thirteen milestones."""
    acceptance = escrow.sign_terms(people.freelancer, terms)
    play("client", "fund", terms, [*range(10), 12], acceptance)
    play("client", "fund", terms, [10, 11])
    play("client", "refund", terms, [11])
    play("freelancer", "accept", terms, [10])
    play("freelancer", "submit", terms, 0, 3333)
    play("client", "request_changes", terms, 0)
    play("freelancer", "submit", terms, 0)
    play("client", "approve", terms, [0, 1])
    play("stranger", "release", terms, [0, 1])
    approvals = [escrow.sign_approval(people.client, terms, [2])]
    play("freelancer", "release", terms, [2], approvals)
    play("freelancer", "submit", terms, 3, 6667)
    play("freelancer", "submit", terms, 4, 8000)
    play("client", "dispute", terms, 4, 3001)
    play("arbiter", "rule", terms, 4, 1)
    play("freelancer", "dispute", terms, 5, 7777)
    play("freelancer", "submit", terms, 6)
    play("client", "dispute", terms, 6, 9)
    play("client", "approve", terms, [6])
    play("freelancer", "submit", terms, 12, 5000)
    play("client", "approve", terms, [12])
    play("client", "request_refund", terms, 7)
    play("client", "request_refund", terms, 8)
    play("freelancer", "submit", terms, 8, 1)
    play("client", "request_refund", terms, 9)
    play("client", "approve", terms, [9])
    pass_time(30 * DAY)
    play("stranger", "release", terms, [3, 6, 8, 9, 12])
    play("stranger", "refund", terms, [7])
    play("stranger", "lapse", terms, 5)
    expires_at = escrow.node.block().timestamp + DAY
    division = Division(10, 1, terms.amount_of(10) - 1)
    offer = escrow.sign_settlement(people.client, terms, division, expires_at)
    play("freelancer", "settle", terms, division, expires_at, offer)


@pytest.mark.parametrize("unit", [1, 999_983])
def test_logs_rebuild_what_the_views_show(escrow, node, people, token, pass_time, play, unit):
    since = node.block().number
    amounts = [unit + 3 * i for i in range(1, 14)]
    in_token = fixed_price(people.parties(token.address), amounts)
    in_coin = fixed_price(people.parties(), amounts)
    play_fixed_price(escrow, people, play, pass_time, in_token)
    play_fixed_price(escrow, people, play, pass_time, in_coin)

    # Metered weeks, a part of one approved by signature only.
    start = node.block().timestamp
    weeks = hourly(people.parties(token.address), rate=60 * unit, hours_per_week=7, start=start)
    acceptance = escrow.sign_terms(people.freelancer, weeks)
    play("client", "fund", weeks, [0, 1, 63], acceptance)
    pass_time(weeks.period_end(1) - start)
    approval = escrow.sign_approval(people.client, weeks, [0], [31])
    play("freelancer", "release", weeks, [0], [approval])
    play("freelancer", "submit", weeks, 1, 12)

    # An amendment that leaves a milestone behind, and a payee whom the token denies.
    changed = fixed_price(people.parties(token.address), [5 * unit, 7])
    changed = replace(changed, arbiter=ANOTHER_ARBITER)
    amendment = Amendment(
        (Division(63, 2, weeks.amount_of(63) - 2),), to_set([0, 1]), weeks.period_end(5)
    )
    signed = escrow.sign_amendment(people.freelancer, weeks, changed, amendment)
    play("client", "amend", weeks, changed, signed)
    freelancer = people.freelancer.address
    token.call("setDenied", freelancer, True).send(people.stranger)
    approvals = [escrow.sign_approval(people.client, changed, [0])]
    play("freelancer", "release", changed, [0], approvals)
    approvals = [escrow.sign_approval(people.client, changed, [1])]
    play("freelancer", "release", changed, [1], approvals)
    play("freelancer", "withdraw", token.address, freelancer, people.arbiter.address)
    approval = escrow.sign_approval(people.client, weeks, [1], [12])
    play("stranger", "release", weeks, [1], [approval])

    rebuilt = rebuild(escrow, [token.address], since)

    ids = [escrow.agreement_id(t) for t in (in_token, in_coin, weeks, changed)]
    assert list(rebuilt.terms) == ids
    assert rebuilt.replaced_by == {ids[2]: ids[3]}
    assert rebuilt.credits[token.address, freelancer] > 0
    assert rebuilt.held(token.address) == rebuilt.credits[token.address, freelancer]
