import pytest
from helpers import DAY, Status, events_of, hash_of, now, reverts_with


def request_refund(deal, milestone=0, by="client"):
    return deal.escrow.requestRefund(
        deal.terms, milestone, hash_of("late"), {"from": getattr(deal, by)}
    )


def test_it_starts_the_response_clock(fixed):
    fixed.fund(1)
    with fixed.moves():
        tx = request_refund(fixed)
    assert fixed.status() == Status.REFUND_REQUESTED
    assert fixed.escrow.milestoneAt(fixed.terms, 0, 0)[2] == now() + 7 * DAY
    assert events_of(tx, fixed.escrow) == [
        ("RefundRequested", {"agreement": fixed.id, "milestone": 0, "reason": hash_of("late")})
    ]


@pytest.mark.parametrize("caller", ["freelancer", "payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_client(fixed, caller):
    fixed.fund(1)
    with reverts_with("NotClient", getattr(fixed, caller), fixed.client):
        request_refund(fixed, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        request_refund(fixed)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        request_refund(fixed, milestone=3)


@pytest.mark.parametrize("status", [s for s in Status if s != Status.ACTIVE])
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        request_refund(fixed)
