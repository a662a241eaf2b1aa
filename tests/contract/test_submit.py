import pytest
from helpers import DAY, WHOLE, Status, events_of, hash_of, mine_at, now, reverts_with

WEEK = 7 * DAY


def submit(deal, milestone=0, units=WHOLE, by="freelancer"):
    return deal.escrow.submit(
        deal.terms, milestone, units, hash_of("work"), {"from": getattr(deal, by)}
    )


@pytest.mark.parametrize("status", [Status.OFFERED, Status.ACTIVE, Status.REFUND_REQUESTED])
def test_it_starts_the_review_clock(fixed, status):
    fixed.reach(status)
    with fixed.moves():
        tx = submit(fixed, units=2500)
    assert fixed.status() == Status.SUBMITTED
    view = fixed.escrow.milestoneAt(fixed.terms, 0, now())
    assert tuple(map(int, view[1])) == (now(), 2500, 0)
    assert view[2] == now() + 14 * DAY
    assert events_of(tx, fixed.escrow) == [
        (
            "MilestoneSubmitted",
            {"agreement": fixed.id, "milestone": 0, "units": 2500, "deliverable": hash_of("work")},
        )
    ]


def test_its_clock_leaves_the_neighbours_alone(deal):
    agreed = deal(amounts=[10] * 8)
    agreed.fund(0xFF)
    for i in (5, 4, 7, 6, 3):
        agreed.submit(i, units=100 + i)
    for i in (3, 4, 5, 6, 7):
        assert agreed.escrow.milestoneAt(agreed.terms, i, 0)[1][1] == 100 + i


@pytest.mark.parametrize("units", [1, WHOLE])
def test_it_takes_from_one_unit_to_the_whole(fixed, units):
    fixed.fund(1)
    submit(fixed, units=units)
    assert fixed.status() == Status.SUBMITTED


@pytest.mark.parametrize("units", [0, WHOLE + 1])
def test_it_refuses_other_units(fixed, units):
    fixed.fund(1)
    with reverts_with("UnitsOutOfRange", fixed.id, 0, units, WHOLE):
        submit(fixed, units=units)


def test_a_metered_claim_counts_in_units_of_the_terms(metered):
    metered.fund(1)
    with reverts_with("UnitsOutOfRange", metered.id, 0, 241, 240):
        submit(metered, units=241)
    submit(metered, units=240)


@pytest.mark.parametrize("caller", ["client", "payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_freelancer(fixed, caller):
    fixed.fund(1)
    with reverts_with("NotFreelancer", getattr(fixed, caller), fixed.freelancer):
        submit(fixed, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        submit(fixed)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        submit(fixed, milestone=3)


@pytest.mark.parametrize(
    "status",
    [
        Status.NONE,
        Status.APPROVED,
        Status.SUBMITTED,
        Status.PARTLY_APPROVED,
        Status.DISPUTED,
        Status.PAID,
        Status.REFUNDED,
        Status.SPLIT,
    ],
)
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        submit(fixed)


@pytest.mark.parametrize("early", [1, 0, -1])
def test_a_metered_claim_waits_for_the_end_of_its_period(deal, early):
    end = now() + 2 * WEEK
    agreed = deal(start=end - 2 * WEEK, period=WEEK, units=240, amounts=[2400])
    agreed.fund(3)
    mine_at(end - early)
    if early > 0:
        with reverts_with("PeriodNotOver", agreed.id, 1, end, end - early):
            submit(agreed, milestone=1, units=1)
    else:
        submit(agreed, milestone=1, units=1)
        assert agreed.status(1) == Status.SUBMITTED


def test_a_refund_request_opens_a_metered_claim_early(deal):
    agreed = deal(start=now() + WEEK, period=WEEK, units=240, amounts=[2400])
    agreed.fund(1)
    agreed.request_refund()
    submit(agreed, units=12)
    assert agreed.status() == Status.SUBMITTED


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_it_answers_a_refund_request_until_the_deadline(fixed, late):
    fixed.fund(1)
    deadline = fixed.request_refund() + 7 * DAY
    mine_at(deadline + late)
    if late < 0:
        submit(fixed)
        assert fixed.status() == Status.SUBMITTED
    else:
        with reverts_with("DeadlinePassed", fixed.id, 0, deadline, deadline + late):
            submit(fixed)
