import pytest
from helpers import NOT_SIGNED, Status, events_of, reverts_with, set_of


def accept(deal, milestones, acceptance=NOT_SIGNED, by="freelancer"):
    return deal.escrow.accept(deal.terms, milestones, acceptance, {"from": getattr(deal, by)})


@pytest.fixture
def offered(fixed):
    fixed.fund(set_of(0, 1), signed=False)
    return fixed


def test_it_makes_offered_milestones_active(offered):
    with offered.moves():
        tx = accept(offered, set_of(0, 1))
    assert [offered.status(i) for i in range(2)] == [Status.ACTIVE] * 2
    assert events_of(tx, offered.escrow) == [
        ("MilestonesAccepted", {"agreement": offered.id, "milestones": 3})
    ]


@pytest.mark.parametrize("carrier", ["client", "stranger"])
def test_anybody_carries_the_freelancers_signature(offered, carrier):
    accept(offered, set_of(1), offered.acceptance(), by=carrier)
    assert [offered.status(i) for i in range(2)] == [Status.OFFERED, Status.ACTIVE]


@pytest.mark.parametrize("acceptance", [b"\1", b"\1" * 65])
def test_the_freelancers_own_call_needs_no_signature(offered, acceptance):
    accept(offered, set_of(0), acceptance)
    assert offered.status() == Status.ACTIVE


@pytest.mark.parametrize("signer", ["client", "arbiter", "stranger"])
def test_it_refuses_the_signature_of_another(offered, signer):
    with reverts_with("SignatureInvalid", offered.freelancer, offered.id):
        accept(offered, 1, offered.acceptance(signer), by=signer)


def test_it_refuses_a_stranger_without_signature(offered):
    with reverts_with("SignatureInvalid", offered.freelancer, offered.id):
        accept(offered, 1, by="stranger")


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        accept(fixed, 1)


def test_it_refuses_an_empty_set(offered):
    with reverts_with("NoMilestones"):
        accept(offered, 0)


def test_it_refuses_a_milestone_beyond_the_terms(offered):
    with reverts_with("MilestoneOutOfRange", offered.id, 3, 3):
        accept(offered, set_of(0, 3))


@pytest.mark.parametrize("status", [s for s in Status if s != Status.OFFERED])
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(set_of(1), signed=False)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        accept(fixed, set_of(0, 1))


def test_an_offer_taken_back_cannot_be_accepted(offered):
    offered.escrow.refund(offered.terms, 1, {"from": offered.client})
    with reverts_with("WrongStatus", offered.id, 0, Status.REFUNDED):
        accept(offered, 1, offered.acceptance(), by="stranger")
