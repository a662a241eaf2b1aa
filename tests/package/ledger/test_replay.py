"""The logs alone rebuild everything: statuses, clocks, open amounts, credits and what was paid,
block by block.

`Replay` reads nothing but events and the times of their blocks. It is compared with the contract's
views and balances at every block in which something happened.
"""

from collections import defaultdict
from dataclasses import replace

import pytest

from milepost.chain.erc20 import Erc20
from milepost.chain.events import decode_logs, event_topics
from milepost.ledger.replay import Replay
from milepost.presets import fixed_price, hourly
from milepost.types import ZERO_ADDRESS, Amendment, Clock, Division, MilestoneView, Status, to_set
from milepost.units import DAY

pytestmark = [pytest.mark.node, pytest.mark.long]

NEVER_EMITTED = {"EIP712DomainChanged"}  # the domain is fixed
ANOTHER_ARBITER = "0x" + "11" * 20


class Rebuilt:
    """What events tell, and what the contract must then hold."""

    def __init__(self):
        self.replay = Replay()
        self.balances = defaultdict(int)
        self.credits = defaultdict(int)

    def play(self, happened):
        """`happened` are the events of one block, with its time."""
        # An event may change what one before it in its transaction moved.
        moved = [self.replay.play(event, timestamp) for event, timestamp in happened]
        for movement in (m for movements in moved for m in movements):
            place = (movement.token, movement.address)
            match movement.kind:
                case "fund":
                    self.balances[movement.token] += movement.amount
                case "credit":
                    self.balances[movement.token] += movement.amount
                    self.credits[place] += movement.amount
                case "withdrawal":
                    self.balances[movement.token] -= movement.amount
                    self.credits[place] -= movement.amount
                case _:
                    self.balances[movement.token] -= movement.amount

    def held(self, token):
        """What is owed in a token."""
        agreements = (a for a in self.replay.agreements.values() if a.terms.token == token)
        open_amounts = (m.open for a in agreements for m in a.milestones.values())
        credited = (n for (of, _), n in self.credits.items() if of == token)
        return sum(open_amounts) + sum(credited)


def compare(rebuilt, escrow, block):
    for agreement, found in rebuilt.replay.agreements.items():
        assert escrow.agreement_id(found.terms) == agreement
        view = escrow.agreement_at(found.terms, block)
        for i, seen in enumerate(view.milestones):
            if i in found.milestones:
                assert found.milestones[i].view(found.terms, view.timestamp) == seen
            else:
                assert seen == MilestoneView(Status.NONE, Clock(0, 0, 0), 0, False, 0, 0, 0)
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
        timestamp = node.block(block).timestamp
        rebuilt.play((event, timestamp) for event in happened)
        compare(rebuilt, escrow, block)
        balance = node.balance(escrow.address, block)
        assert balance == rebuilt.balances[ZERO_ADDRESS] == rebuilt.held(ZERO_ADDRESS)
        for token in tokens:
            balance = Erc20(node, token).balance(escrow.address, block)
            assert balance == rebuilt.balances[token] == rebuilt.held(token)
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
    agreements = rebuilt.replay.agreements
    assert list(agreements) == ids
    assert [a.replaced_by for a in agreements.values()] == [None, None, ids[3], None]
    assert rebuilt.credits[token.address, freelancer] > 0
    assert rebuilt.held(token.address) == rebuilt.credits[token.address, freelancer]
