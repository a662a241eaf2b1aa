import pytest
from helpers import DAY, Status, events_of, hash_of, mine_at, now, reverts_with


def request_changes(deal, milestone=0, by="client"):
    return deal.escrow.requestChanges(
        deal.terms, milestone, hash_of("again"), {"from": getattr(deal, by)}
    )


@pytest.fixture
def submitted(fixed):
    fixed.fund(1)
    fixed.deadline = fixed.submit(units=2500) + 14 * DAY
    return fixed


def test_it_stops_the_clock_and_drops_the_claim(submitted):
    with submitted.moves():
        tx = request_changes(submitted)
    assert submitted.status() == Status.ACTIVE
    assert events_of(tx, submitted.escrow) == [
        (
            "ChangesRequested",
            {"agreement": submitted.id, "milestone": 0, "reason": hash_of("again")},
        )
    ]


def test_an_approval_that_follows_finds_no_old_claim(submitted):
    request_changes(submitted)
    submitted.escrow.approve(submitted.terms, 1, [], {"from": submitted.client})
    with submitted.moves(payee=1000, escrow=-1000):
        submitted.escrow.release(submitted.terms, 1, [], {"from": submitted.stranger})
    assert submitted.status() == Status.PAID


@pytest.mark.parametrize("caller", ["freelancer", "payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_client(submitted, caller):
    with reverts_with("NotClient", getattr(submitted, caller), submitted.client):
        request_changes(submitted, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        request_changes(fixed)


def test_it_refuses_a_milestone_beyond_the_terms(submitted):
    with reverts_with("MilestoneOutOfRange", submitted.id, 255, 3):
        request_changes(submitted, milestone=255)


@pytest.mark.parametrize("status", [s for s in Status if s != Status.SUBMITTED])
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        request_changes(fixed)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_it_is_possible_until_the_deadline(submitted, late):
    mine_at(submitted.deadline + late)
    if late < 0:
        request_changes(submitted)
        assert submitted.status() == Status.ACTIVE
    else:
        moment = submitted.deadline + late
        with reverts_with("DeadlinePassed", submitted.id, 0, submitted.deadline, moment):
            request_changes(submitted)


@pytest.mark.parametrize("early", [1, 0])
def test_it_sends_no_claim_back_into_a_running_period(deal, early):
    agreed = deal(start=now(), period=7 * DAY, units=240, amounts=[2400])
    end = agreed.values["start"] + 7 * DAY
    agreed.fund(1)
    agreed.request_refund()
    agreed.submit(units=12)
    mine_at(end - early)
    if early:
        with reverts_with("PeriodNotOver", agreed.id, 0, end, end - early):
            request_changes(agreed)
    else:
        request_changes(agreed)
        assert agreed.status() == Status.ACTIVE
