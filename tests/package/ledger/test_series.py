"""Numbers for pictures are exact: those of lives made by hand, and of a chain."""

from collections import defaultdict
from dataclasses import replace

import pytest

from milepost.chain.erc20 import Erc20
from milepost.chain.logs import LogReader
from milepost.ledger.pictures import series
from milepost.ledger.pictures.series import Span, Step, Week
from milepost.ledger.reads import Ledger
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.presets import fixed_price, hourly, is_hourly, retainer
from milepost.types import ZERO_ADDRESS, Status
from milepost.units import DAY, HOUR, WEEK
from tests.package.ledger.made import BEGIN, CLIENT, FREELANCER, PARTIES, USDP, Life, prices

WEEKS = hourly(PARTIES, rate=60 * 10**6, hours_per_week=40, start=BEGIN)


def submit(life, milestone, later, units=10_000):
    return life.then("MilestoneSubmitted", later, milestone=milestone, units=units)


def approve(life, milestone, later):
    return life.then("MilestonesApproved", later, milestones=1 << milestone)


def release(life, milestone, later, units=None):
    terms = life.terms
    amount = terms.amount_of(milestone)
    paid = amount * (units or terms.whole) // terms.whole
    fields = {"to_freelancer": paid, "to_client": amount - paid}
    return life.then("MilestonesReleased", later, milestones=1 << milestone, **fields)


def dispute(life, milestone, later, *, units, to_freelancer):
    fields = {"units": units, "to_freelancer": to_freelancer, "to_client": 0, "by": CLIENT}
    return life.then("MilestoneDisputed", later, milestone=milestone, **fields)


@pytest.fixture
def life():
    """Submitted, sent back, submitted and approved; disputed by a part and ruled; untouched."""
    life = Life(prices(100, 50, 7)).fund()
    submit(life, 0, 10)
    life.then("ChangesRequested", 5, milestone=0)
    submit(life, 0, 20)
    submit(life, 1, 0)
    approve(life, 0, 30)
    dispute(life, 1, 1, units=4_000, to_freelancer=30)
    release(life, 0, 2)
    return life.then("MilestoneRuled", 3, milestone=1, to_freelancer=5, to_client=14, fee=1)


def test_a_track_is_every_status_with_its_times(life):
    first, second, third = series.tracks(life.history())
    assert [t.milestone for t in (first, second, third)] == [0, 1, 2]
    assert first.spans == (
        Span(Status.ACTIVE, BEGIN, BEGIN + 10, "MilestonesFunded"),
        Span(Status.SUBMITTED, BEGIN + 10, BEGIN + 15, "MilestoneSubmitted"),
        Span(Status.ACTIVE, BEGIN + 15, BEGIN + 35, "ChangesRequested"),
        Span(Status.SUBMITTED, BEGIN + 35, BEGIN + 65, "MilestoneSubmitted"),
        Span(Status.APPROVED, BEGIN + 65, BEGIN + 68, "MilestonesApproved"),
        Span(Status.PAID, BEGIN + 68, None, "MilestonesReleased"),
    )
    assert [(s.status, s.until) for s in second.spans] == [
        (Status.ACTIVE, BEGIN + 35),
        (Status.SUBMITTED, BEGIN + 66),
        (Status.DISPUTED, BEGIN + 71),
        (Status.SPLIT, None),
    ]
    assert third.spans == (Span(Status.ACTIVE, BEGIN, None, "MilestonesFunded"),)


def test_what_never_was_funded_has_no_track():
    life = Life(prices(1, 2, 3)).fund(0, 2, is_accepted=False)
    life.then("MilestonesAccepted", 9, milestones=0b100)
    assert [(t.milestone, t.spans[-1].status) for t in series.tracks(life.history())] == [
        (0, Status.OFFERED),
        (2, Status.ACTIVE),
    ]


def test_only_approvals_and_payments_of_a_submission_are_answers(life):
    submit(life, 2, 0)
    release(life, 2, 15 * DAY)
    found = series.answers(life.history())
    # The first submission of the first was sent back, the second was disputed.
    assert [(a.milestone, a.seconds, a.is_in_time) for a in found] == [
        (0, 30, True),
        (2, 15 * DAY, False),
    ]
    assert {a.allowed for a in found} == {14 * DAY}


def test_at_the_end_of_the_review_period_an_answer_is_late():
    times = []
    for seconds in (14 * DAY - 1, 14 * DAY):
        life = submit(Life(prices(5)).fund(), 0, 1)
        times += series.answers(release(life, 0, seconds).history())
    assert [a.is_in_time for a in times] == [True, False]


def test_an_approval_carried_to_its_claim_waited_for_nobody():
    life = submit(Life(WEEKS).fund(0), 0, 8 * DAY, units=31)
    assert series.answers(release(life, 0, 0, units=31).history()) == ()


def test_the_end_of_a_submission_by_others_is_no_answer():
    life = Life(prices(10, 10, 10)).fund()
    for i in range(3):
        submit(life, i, 1)
    life.then("MilestoneSettled", 5, milestone=0, to_freelancer=4, to_client=6)
    life.then("MilestonesRefunded", 5, milestones=0b10, to_client=10)
    assert series.answers(life.history(HOUR)) == ()


@pytest.mark.parametrize(
    ("numbers", "middle"),
    [([], None), ([7], 7), ([9, 2], 5), ([1, 100, 3], 3), ([1, 2, 4, 100], 3)],
)
def test_median(numbers, middle):
    assert series.median(numbers) == middle


def test_weeks_have_what_was_claimed_last():
    life = Life(WEEKS).fund(0, 1, 2, 3, 63)
    submit(life, 0, 8 * DAY, units=240)
    life.then("ChangesRequested", HOUR, milestone=0)
    submit(life, 0, HOUR, units=186)
    approve(life, 0, HOUR)
    release(life, 0, HOUR, units=186)
    submit(life, 1, 7 * DAY, units=5)
    life.then("ChangesRequested", HOUR, milestone=1)
    # All of it, by an approval that was signed before any claim.
    release(life, 2, HOUR)
    rest = 237 * 10**7
    fields = {"units": 3, "to_freelancer": 0, "to_client": rest, "by": FREELANCER}
    life.then("MilestoneDisputed", HOUR, milestone=3, **fields)
    limit = 40 * 60
    assert series.weeks(life.history()) == (
        Week(0, BEGIN, 31 * 60, limit, True),
        Week(1, BEGIN + WEEK, 0, limit, False),
        Week(2, BEGIN + 2 * WEEK, limit, limit, True),
        Week(3, BEGIN + 3 * WEEK, 30, limit, False),
        Week(63, BEGIN + 63 * WEEK, 0, limit, False),
    )


@pytest.mark.parametrize(
    "terms",
    [
        prices(1),
        retainer(PARTIES, amount=5, start=BEGIN),
        replace(WEEKS, period=WEEK + 1),
        replace(WEEKS, units=241),
        replace(WEEKS, units=10_002),
    ],
    ids=["fixed price", "retainer", "no week", "no whole hours", "more than a week has"],
)
def test_other_work_has_no_hours(terms):
    assert not is_hourly(terms)
    assert series.weeks(Life(terms).fund(0).history()) == ()


def test_money_is_held_until_it_is_paid_out(life):
    other = Life(prices(10**38), number=2).fund(later=68)
    coin = Life(prices(3), replace(USDP, symbol="ETH", address=ZERO_ADDRESS), number=3).fund()
    found = series.held_over_time([other.history(), life.history(), coin.history()], [])
    assert found == {
        coin.token: (Step(BEGIN, 3, 0),),
        USDP: (
            Step(BEGIN, 157, 0),
            Step(BEGIN + 66, 127, 0),
            # A payment and a funding at the same second are one step.
            Step(BEGIN + 68, 10**38 + 27, 0),
            Step(BEGIN + 71, 10**38 + 7, 0),
        ),
    }


def test_nothing_is_held_where_nothing_happened():
    assert series.held_over_time([], []) == {}


@pytest.mark.node
def test_a_chain_gives_the_numbers_it_was_made_of(escrow, node, people, token, pass_time, tmp_path):
    terms = fixed_price(people.parties(token.address), [1_000, 600])
    client, freelancer = people.client, people.freelancer
    begin = {}

    def play(name, who, act, *args):
        getattr(escrow, act)(*args).send(who)
        begin[name] = node.block().timestamp

    play("fund", client, "fund", terms, [0, 1], escrow.sign_terms(freelancer, terms))
    pass_time(3 * DAY)
    play("submit", freelancer, "submit", terms, 0)
    pass_time(2 * DAY)
    play("approve", client, "approve", terms, [0])
    token.call("setDenied", freelancer.address, True).send(people.stranger)
    pass_time(HOUR)
    play("release", freelancer, "release", terms, [0])
    pass_time(HOUR)
    play(
        "withdraw",
        freelancer,
        "withdraw",
        token.address,
        freelancer.address,
        people.arbiter.address,
    )

    store = Store(tmp_path / "ledger.db")
    store.create(node.chain_id, bytes.fromhex(escrow.address[2:]), 0)
    Syncer(store, LogReader(node, escrow.address), lambda _: ("USDP", 6)).sync()
    ledger = Ledger(store)
    (history,) = ledger.histories()
    assert history == ledger.job("0x" + escrow.agreement_id(terms).hex())

    first, second = series.tracks(history)
    assert [(s.status, s.since, s.until) for s in first.spans] == [
        (Status.ACTIVE, begin["fund"], begin["submit"]),
        (Status.SUBMITTED, begin["submit"], begin["approve"]),
        (Status.APPROVED, begin["approve"], begin["release"]),
        (Status.PAID, begin["release"], None),
    ]
    assert [(s.since, s.until) for s in second.spans] == [(begin["fund"], None)]
    (answer,) = series.answers(history)
    assert answer.seconds == begin["approve"] - begin["submit"] >= 2 * DAY
    for party in (None, client.address, freelancer.address):
        (steps,) = series.held_over_time(ledger.histories(party), ledger.payments(party)).values()
        credited = 0 if party == client.address else 1_000
        whole = [
            Step(begin["fund"], 1_600, 0),
            Step(begin["release"], 600, credited),
            Step(begin["withdraw"], 600, 0),
        ]
        assert list(steps) == [s for s in whole if credited or s.timestamp != begin["withdraw"]]
    store.close()


@pytest.mark.node
def test_after_every_block_the_contract_has_what_the_steps_say(chain, book):
    book.sync()
    ledger = book.ledger
    found = series.held_over_time(ledger.histories(), ledger.payments())
    assert {token.address for token in found} == {chain.token.address, ZERO_ADDRESS}
    at = defaultdict(int)
    for block in range(chain.first, chain.last + 1):
        at[chain.node.block(block).timestamp] = block
    for token, steps in found.items():
        assert len(steps) > 1
        for step in steps:
            block = at[step.timestamp]
            if token.address == ZERO_ADDRESS:
                balance = chain.node.balance(chain.escrow.address, block)
            else:
                erc20 = Erc20(chain.node, token.address)
                balance = erc20.balance(chain.escrow.address, block)
            assert step.held + step.credits == balance


@pytest.mark.node
def test_the_last_step_is_the_money_of_each_party(chain, book):
    book.sync()
    ledger, people = book.ledger, chain.people
    for party in (None, people.client, people.freelancer, people.arbiter, people.stranger):
        address = party and party.address
        found = series.held_over_time(ledger.histories(address), ledger.payments(address))
        money = {m.token: (m.held, m.credits) for m in ledger.money(address)}
        assert {t: (s[-1].held, s[-1].credits) for t, s in found.items()} == money


@pytest.mark.node
def test_the_tracks_end_as_the_jobs_stand(chain, book):
    book.sync()
    seen = set()
    for history in book.ledger.histories():
        tracks = series.tracks(history)
        assert {t.milestone: t.spans[-1].status for t in tracks} == {
            i: view.status for i, view in history.job.milestones.items()
        }
        for track in tracks:
            assert all(
                a.until == b.since for a, b in zip(track.spans, track.spans[1:], strict=False)
            )
            seen |= {span.status for span in track.spans}
    assert len(seen) > 5
