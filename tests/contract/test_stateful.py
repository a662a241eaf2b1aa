"""Random lives of several agreements, on a token and on the coin, beside a model in Python.

Every rule plays an act that the model allows and checks the money to the unit; `rule_wrong_acts`
plays acts that it forbids. The teardown walks every party out and ends with an empty contract.
"""

import brownie
import pytest
from helpers import COIN, DAY, NO_HASH, NOT_SIGNED, WHOLE, Status, hash_of, set_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

ENDS = (Status.PAID, Status.REFUNDED, Status.SPLIT)
PERIODS = {
    Status.SUBMITTED: 14 * DAY,
    Status.REFUND_REQUESTED: 7 * DAY,
    Status.DISPUTED: 30 * DAY,
}


class Model:
    """One milestone as the model sees it."""

    def __init__(self, deal, index):
        self.deal = deal
        self.index = index
        self.amount = deal.amount(set_of(index))
        self.status = Status.NONE
        self.since = 0
        self.claimed = 0
        self.disputed = 0
        self.paid = {"payee": 0, "client": 0, "arbiter": 0}

    @property
    def open(self):
        if self.status == Status.NONE:
            return 0
        return self.amount - sum(self.paid.values())

    def worth(self, units):
        return self.amount * units // self.deal.whole

    @property
    def claim(self):
        """What of the open amount the freelancer claims."""
        conceded = self.worth(self.claimed - self.disputed) if self.disputed else 0
        return self.worth(self.claimed or self.deal.whole) - conceded

    @property
    def is_whole(self):
        """Whether all of the milestone is open and claimed."""
        return self.claim == self.open == self.amount

    def is_due(self, now):
        """Whether anybody may release it, without an approval."""
        is_approved = self.status in (Status.APPROVED, Status.PARTLY_APPROVED)
        return is_approved or (self.status == Status.SUBMITTED and self.is_late(now))

    def is_late(self, now):
        return self.status in PERIODS and now >= self.since + PERIODS[self.status]

    def end(self):
        if self.paid["payee"] == self.amount:
            self.status = Status.PAID
        elif self.paid["client"] == self.amount:
            self.status = Status.REFUNDED
        else:
            self.status = Status.SPLIT


class Lives(RuleBasedStateMachine):
    deals = ()

    def __init__(self):
        super().__init__()
        brownie.chain.snapshot()
        self.models = [
            Model(deal, i) for deal in self.deals for i in range(len(deal.values["amounts"]))
        ]

    # Helpers

    def now(self):
        return brownie.chain[-1].timestamp

    def pick(self, data, *statuses, late=None):
        """A milestone in one of these statuses, late or not, or None."""
        fit = [
            m
            for m in self.models
            if m.status in statuses and (late is None or m.is_late(self.now()) == late)
        ]
        return data.draw(st.sampled_from(fit)) if fit else None

    def several(self, data, fit):
        """Some of the milestones in `fit`, all of one deal, lowest first."""
        if not fit:
            return []
        first = data.draw(st.sampled_from(fit))
        same = [m for m in fit if m.deal is first.deal]
        return [m for m in same if m is first or data.draw(st.booleans())]

    def bits(self, several):
        return set_of(*(m.index for m in several))

    def act(self, m, name, *args, by, value=0):
        caller = getattr(m.deal, by)
        getattr(m.deal.escrow, name)(m.deal.terms, *args, {"from": caller, "value": value})

    # Acts

    @rule(data=st.data(), signed=st.booleans())
    def rule_fund(self, data, signed):
        if m := self.pick(data, Status.NONE):
            with m.deal.moves(client=-m.amount, escrow=m.amount):
                m.deal.fund(set_of(m.index), signed=signed)
            m.status = Status.ACTIVE if signed else Status.OFFERED

    @rule(data=st.data())
    def rule_accept(self, data):
        if m := self.pick(data, Status.OFFERED):
            self.act(m, "accept", set_of(m.index), NOT_SIGNED, by="freelancer")
            m.status = Status.ACTIVE

    @rule(data=st.data(), share=st.integers(1, WHOLE))
    def rule_submit(self, data, share):
        states = (Status.OFFERED, Status.ACTIVE, Status.REFUND_REQUESTED)
        if m := self.pick(data, *states, late=False):
            units = -(-m.deal.whole * share // WHOLE)
            self.act(m, "submit", m.index, units, NO_HASH, by="freelancer")
            m.status, m.since, m.claimed = Status.SUBMITTED, self.now(), units

    @rule(data=st.data())
    def rule_request_changes(self, data):
        if m := self.pick(data, Status.SUBMITTED, late=False):
            self.act(m, "requestChanges", m.index, NO_HASH, by="client")
            m.status, m.claimed = Status.ACTIVE, 0

    @rule(data=st.data())
    def rule_request_refund(self, data):
        if m := self.pick(data, Status.ACTIVE):
            self.act(m, "requestRefund", m.index, NO_HASH, by="client")
            m.status, m.since = Status.REFUND_REQUESTED, self.now()

    @rule(data=st.data(), names_units=st.booleans())
    def rule_approve(self, data, names_units):
        fit = [m for m in self.models if self.can_be_approved(m)]
        if several := self.several(data, fit):
            deal = several[0].deal
            units = [m.claimed or m.deal.whole for m in several]
            if not (names_units or deal.values["period"]):
                units = []
            self.act(several[0], "approve", self.bits(several), units, by="client")
            for m in several:
                m.status = Status.APPROVED if m.is_whole else Status.PARTLY_APPROVED

    def can_be_approved(self, m):
        unclaimed = () if m.deal.values["period"] else (Status.ACTIVE, Status.REFUND_REQUESTED)
        return m.status in (Status.SUBMITTED, Status.DISPUTED, *unclaimed)

    @rule(data=st.data(), by=st.sampled_from(["stranger", "freelancer", "client"]))
    def rule_release(self, data, by):
        now = self.now()
        if several := self.several(data, [m for m in self.models if m.is_due(now)]):
            self.release(several, [], by)

    @rule(data=st.data(), by=st.sampled_from(["stranger", "freelancer"]))
    def rule_release_by_signature(self, data, by):
        states = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)
        if m := self.pick(data, *states):
            units = (m.claimed or m.deal.whole,)
            self.release([m], [m.deal.approval(set_of(m.index), units)], by)

    def release(self, several, approvals, by):
        """Ends milestones of one deal as claimed."""
        claims = [m.claim for m in several]
        rests = [m.open - m.claim for m in several]
        claim, rest = sum(claims), sum(rests)
        with several[0].deal.moves(payee=claim, client=rest, escrow=-claim - rest):
            self.act(several[0], "release", self.bits(several), approvals, by=by)
        for m, to_payee, to_client in zip(several, claims, rests, strict=True):
            m.paid["payee"] += to_payee
            m.paid["client"] += to_client
            m.end()

    @rule(data=st.data())
    def rule_refund(self, data):
        if m := self.pick(data, *(s for s in Status if s not in (Status.NONE, *ENDS))):
            self.refund(m, "freelancer")

    @rule(data=st.data())
    def rule_refund_without_answer(self, data):
        if m := self.pick(data, Status.REFUND_REQUESTED, late=True):
            self.refund(m, "stranger")

    def refund(self, m, by):
        with m.deal.moves(client=m.open, escrow=-m.open):
            self.act(m, "refund", set_of(m.index), by=by)
        m.paid["client"] += m.open
        m.end()

    @rule(
        data=st.data(),
        share=st.integers(1, WHOLE),
        by=st.sampled_from(["client", "freelancer"]),
    )
    def rule_dispute(self, data, share, by):
        unclaimed = (Status.ACTIVE, Status.REFUND_REQUESTED) if by == "freelancer" else ()
        if m := self.pick(data, Status.SUBMITTED, *unclaimed, late=False):
            claimed = m.claimed if m.status == Status.SUBMITTED else m.deal.whole
            units = -(-claimed * share // WHOLE)
            if by == "freelancer":
                claimed = units
            conceded = m.worth(claimed - units)
            returned = m.amount - m.worth(claimed)
            with m.deal.moves(payee=conceded, client=returned, escrow=-conceded - returned):
                self.act(m, "dispute", m.index, units, NO_HASH, by=by)
            m.status, m.since, m.claimed, m.disputed = Status.DISPUTED, self.now(), claimed, units
            m.paid["payee"] += conceded
            m.paid["client"] += returned

    @rule(data=st.data(), share=st.integers(0, WHOLE))
    def rule_rule(self, data, share):
        if m := self.pick(data, Status.DISPUTED, late=False):
            fee = m.open * m.deal.values["arbiterFeeBps"] // 10_000
            awarded = (m.open - fee) * share // WHOLE
            self.divide(
                m,
                awarded,
                fee,
                lambda: self.act(m, "rule", m.index, awarded, NO_HASH, by="arbiter"),
            )

    @rule(data=st.data())
    def rule_lapse(self, data):
        if m := self.pick(data, Status.DISPUTED, late=True):
            self.lapse(m)

    def lapse(self, m):
        awarded = m.open * m.deal.values["defaultBps"] // 10_000
        self.divide(m, awarded, 0, lambda: self.act(m, "lapse", m.index, by="stranger"))

    @rule(data=st.data(), share=st.integers(0, WHOLE))
    def rule_settle(self, data, share):
        states = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)
        if m := self.pick(data, *states):
            awarded = m.open * share // WHOLE
            expires_at = self.now() + DAY
            offer = m.deal.offer(m.index, awarded, m.open - awarded, expires_at, "client")
            division = (m.index, awarded, m.open - awarded)
            self.divide(
                m,
                awarded,
                0,
                lambda: self.act(m, "settle", division, expires_at, offer, by="freelancer"),
            )

    def divide(self, m, awarded, fee, act):
        returned = m.open - fee - awarded
        with m.deal.moves(payee=awarded, client=returned, arbiter=fee, escrow=-m.open):
            act()
        m.paid["payee"] += awarded
        m.paid["client"] += returned
        m.paid["arbiter"] += fee
        m.end()

    # Time and wrong acts

    @rule(days=st.sampled_from([1, 7, 14, 30]))
    def rule_pass_time(self, days):
        brownie.chain.sleep(days * DAY)
        brownie.chain.mine()

    @rule(data=st.data())
    @precondition(lambda self: any(m.status != Status.NONE for m in self.models))
    def rule_wrong_acts(self, data):
        m = data.draw(st.sampled_from([m for m in self.models if m.status != Status.NONE]))
        late = m.is_late(self.now())
        bit = set_of(m.index)
        wrong = [
            ("fund", (bit, NOT_SIGNED), "client"),
            ("submit", (m.index, 1, NO_HASH), "client"),
            ("dispute", (m.index, 1, NO_HASH), "stranger"),
            ("rule", (m.index, 0, NO_HASH), "client"),
            ("approve", (bit, [m.deal.whole]), "freelancer"),
        ]
        if m.status in (Status.ACTIVE, Status.REFUND_REQUESTED):
            wrong.append(("dispute", (m.index, 1, NO_HASH), "client"))
        if not m.is_due(self.now()):
            wrong.append(("release", (bit, []), "freelancer"))
        if m.status in (Status.APPROVED, Status.PARTLY_APPROVED):
            wrong += [
                ("approve", (bit, [m.deal.whole]), "client"),
                ("requestChanges", (m.index, NO_HASH), "client"),
                ("requestRefund", (m.index, NO_HASH), "client"),
                ("dispute", (m.index, 1, NO_HASH), "freelancer"),
            ]
        if m.status != Status.REFUND_REQUESTED or not late:
            wrong.append(("refund", (bit,), "stranger"))
        if m.status != Status.DISPUTED or not late:
            wrong.append(("lapse", (m.index,), "freelancer"))
        if late:
            wrong += [
                ("requestChanges", (m.index, NO_HASH), "client"),
                ("dispute", (m.index, 1, NO_HASH), "client"),
                ("rule", (m.index, 0, NO_HASH), "arbiter"),
            ]
        name, args, by = data.draw(st.sampled_from(wrong))
        with m.deal.moves(), pytest.raises(brownie.exceptions.VirtualMachineError):
            self.act(m, name, *args, by=by)

    # Laws

    @invariant()
    def invariant_statuses_are_the_models(self):
        for m in self.models:
            assert m.deal.status(m.index) == m.status

    @invariant()
    def invariant_the_balance_is_what_is_open(self):
        for is_coin in (False, True):
            held = [m for m in self.models if m.deal.is_coin == is_coin]
            assert held[0].deal.balance("escrow") == sum(m.open for m in held)

    def teardown(self):
        try:
            self.walk_everybody_out()
        finally:
            brownie.chain.revert()

    def walk_everybody_out(self):
        """The freelancer disputes what no clock ends, then time and strangers end everything."""
        for m in self.models:
            if m.status == Status.OFFERED:
                self.refund(m, "client")
            elif m.status == Status.ACTIVE:
                self.act(m, "dispute", m.index, m.deal.whole, NO_HASH, by="freelancer")
                m.status, m.since = Status.DISPUTED, self.now()
                m.claimed = m.disputed = m.deal.whole
        brownie.chain.sleep(31 * DAY)
        brownie.chain.mine()
        for m in self.models:
            if m.is_due(self.now()):
                self.release([m], [], "stranger")
            elif m.status == Status.REFUND_REQUESTED:
                self.refund(m, "stranger")
            elif m.status == Status.DISPUTED:
                self.lapse(m)
        for deal in self.deals:
            assert deal.balance("escrow") == 0


def test_random_lives_end_with_an_empty_contract(deal, metered):
    Lives.deals = (
        deal(),
        deal(token=COIN, salt=hash_of("coin"), amounts=[7, 10**18 + 1]),
        deal(salt=hash_of("poor"), amounts=[1], defaultBps=3333, arbiterFeeBps=1000),
        metered,
    )
    run_state_machine_as_test(
        Lives,
        settings=settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True),
    )
