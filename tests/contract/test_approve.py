import pytest
from helpers import DAY, NO_HASH, WHOLE, Status, events_of, reverts_with, set_of


def approve(deal, milestones, units=(), by="client"):
    return deal.escrow.approve(deal.terms, milestones, list(units), {"from": getattr(deal, by)})


def test_it_approves_what_was_not_submitted_as_the_whole(fixed):
    fixed.fund(set_of(0, 1, 2))
    fixed.request_refund(2)
    with fixed.moves():
        tx = approve(fixed, set_of(0, 2))
    assert [fixed.status(i) for i in range(3)] == [Status.APPROVED, Status.ACTIVE, Status.APPROVED]
    assert events_of(tx, fixed.escrow) == [
        ("MilestonesApproved", {"agreement": fixed.id, "milestones": set_of(0, 2)})
    ]
    with fixed.moves(payee=4003, escrow=-4003):
        fixed.escrow.release(fixed.terms, set_of(0, 2), [], {"from": fixed.stranger})


def test_it_approves_a_claim_after_its_deadline_too(fixed, chain):
    fixed.fund(1)
    fixed.submit(units=2500)
    chain.sleep(400 * 86400)
    approve(fixed, 1)
    with fixed.moves(payee=250, client=750, escrow=-1000):
        fixed.escrow.release(fixed.terms, 1, [], {"from": fixed.stranger})


def test_it_concedes_a_dispute(fixed):
    fixed.fund(1)
    fixed.dispute(units=4000)
    approve(fixed, 1)
    assert fixed.status() == Status.PARTLY_APPROVED
    with fixed.moves(payee=400, escrow=-400):
        fixed.escrow.release(fixed.terms, 1, [], {"from": fixed.stranger})
    assert fixed.status() == Status.PAID


@pytest.mark.parametrize(
    ("units", "approved"),
    [(1, Status.PARTLY_APPROVED), (9999, Status.PARTLY_APPROVED), (WHOLE, Status.APPROVED)],
)
def test_a_claim_of_less_than_the_whole_is_partly_approved(either, units, approved):
    either.fund(1)
    either.submit(units=units)
    with either.moves():
        tx = approve(either, 1)
    assert either.status() == approved
    assert events_of(tx, either.escrow) == [
        ("MilestonesApproved", {"agreement": either.id, "milestones": 1})
    ]


@pytest.mark.parametrize(
    ("by", "units", "approved"),
    [
        ("client", 9999, Status.PARTLY_APPROVED),
        ("client", WHOLE, Status.APPROVED),
        ("freelancer", 9999, Status.PARTLY_APPROVED),
        ("freelancer", WHOLE, Status.APPROVED),
    ],
)
def test_a_dispute_of_less_than_the_whole_is_partly_approved(deal, by, units, approved):
    agreed = deal(amounts=[WHOLE])
    agreed.fund(1)
    agreed.dispute(units=units, by=by)
    approve(agreed, 1)
    assert agreed.status() == approved


def test_a_dispute_that_has_paid_nothing_is_approved(deal):
    tiny = deal(amounts=[5])
    tiny.fund(1)
    tiny.dispute(units=9999)
    approve(tiny, 1)
    assert tiny.status() == Status.APPROVED
    with tiny.moves(payee=5, escrow=-5):
        tiny.escrow.release(tiny.terms, 1, [], {"from": tiny.stranger})
    assert tiny.status() == Status.PAID


def test_each_of_a_set_is_approved_as_it_is_claimed(deal):
    agreed = deal(amounts=[1000] * 5)
    agreed.fund(31)
    agreed.submit(1, units=2500)
    agreed.submit(2)
    agreed.dispute(3, units=4000)
    approve(agreed, 15)
    assert [agreed.status(i) for i in range(5)] == [
        Status.APPROVED,
        Status.PARTLY_APPROVED,
        Status.APPROVED,
        Status.PARTLY_APPROVED,
        Status.ACTIVE,
    ]


OPEN = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)


@pytest.mark.parametrize("status", OPEN)
def test_it_is_possible_after_every_deadline(fixed, status, chain):
    fixed.reach(status)
    chain.sleep(400 * DAY)
    approve(fixed, 1)
    with fixed.moves(payee=1000, escrow=-1000):
        fixed.escrow.release(fixed.terms, 1, [], {"from": fixed.stranger})


def test_units_belong_to_the_milestones_lowest_first(metered):
    metered.fund(set_of(0, 1, 2))
    metered.submit(0, units=10)
    metered.submit(2, units=20)
    with reverts_with("ApprovalBelowClaim", metered.id, 2, 10, 20):
        approve(metered, set_of(0, 2), [20, 10])
    approve(metered, set_of(0, 2), [10, 20])
    assert [metered.status(i) for i in range(3)] == [
        Status.PARTLY_APPROVED,
        Status.ACTIVE,
        Status.PARTLY_APPROVED,
    ]


def test_what_was_not_submitted_is_approved_whole_or_not_at_all(fixed):
    fixed.fund(1)
    with reverts_with("ApprovalBelowClaim", fixed.id, 0, WHOLE - 1, WHOLE):
        approve(fixed, 1, [WHOLE - 1])
    approve(fixed, 1, [WHOLE])
    assert fixed.status() == Status.APPROVED


def test_a_dispute_is_conceded_with_the_units_of_the_claim(metered):
    metered.fund(1)
    metered.submit(units=186)
    metered.dispute(units=60)
    with reverts_with("ApprovalBelowClaim", metered.id, 0, 185, 186):
        approve(metered, 1, [185])
    approve(metered, 1, [186])
    assert metered.status() == Status.PARTLY_APPROVED


@pytest.mark.parametrize("units", [186, 187, 240])
def test_it_covers_a_metered_claim(metered, units):
    metered.fund(1)
    metered.submit(units=186)
    approve(metered, 1, [units])
    worth = 2_400_000_000 * 186 // 240
    with metered.moves(payee=worth, client=2_400_000_000 - worth, escrow=-2_400_000_000):
        metered.escrow.release(metered.terms, 1, [], {"from": metered.stranger})


@pytest.mark.parametrize("units", [0, 185])
def test_it_refuses_fewer_units_than_are_claimed(metered, units):
    metered.fund(1)
    metered.submit(units=186)
    with reverts_with("ApprovalBelowClaim", metered.id, 0, units, 186):
        approve(metered, 1, [units])


def test_it_refuses_a_claim_that_grew(fixed):
    fixed.fund(1)
    fixed.submit(units=3000)
    fixed.escrow.requestChanges(fixed.terms, 0, NO_HASH, {"from": fixed.client})
    fixed.submit(units=WHOLE)
    with reverts_with("ApprovalBelowClaim", fixed.id, 0, 3000, WHOLE):
        approve(fixed, 1, [3000])


@pytest.mark.parametrize(("units", "given"), [((), 0), ((240,), 1), ((240, 240, 240), 3)])
def test_metered_milestones_need_their_units(metered, units, given):
    metered.fund(3)
    metered.submit(0)
    metered.submit(1)
    with reverts_with("UnitsCountMismatch", metered.id, given, 2):
        approve(metered, 3, units)


def test_a_fixed_price_may_name_units_for_all_or_none(fixed):
    fixed.fund(3)
    with reverts_with("UnitsCountMismatch", fixed.id, 1, 2):
        approve(fixed, 3, [WHOLE])
    approve(fixed, 3, [WHOLE, WHOLE])


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.REFUND_REQUESTED])
def test_it_refuses_metered_work_without_a_claim(metered, status):
    metered.reach(status)
    with reverts_with("WrongStatus", metered.id, 0, status):
        approve(metered, 1, [240])


@pytest.mark.parametrize("caller", ["freelancer", "payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_client(fixed, caller):
    fixed.fund(1)
    with reverts_with("NotClient", getattr(fixed, caller), fixed.client):
        approve(fixed, 1, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        approve(fixed, 1)


def test_it_refuses_an_empty_set(fixed):
    fixed.fund(1)
    with reverts_with("NoMilestones"):
        approve(fixed, 0)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        approve(fixed, set_of(0, 3))


@pytest.mark.parametrize(
    "status",
    [
        Status.NONE,
        Status.OFFERED,
        Status.APPROVED,
        Status.PARTLY_APPROVED,
        Status.PAID,
        Status.REFUNDED,
        Status.SPLIT,
    ],
)
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        approve(fixed, 3)
