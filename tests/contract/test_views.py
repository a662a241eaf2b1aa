import brownie
import pytest
from helpers import (
    COIN,
    DAY,
    NARROW_FIELDS,
    Status,
    now,
    reverts_with,
    set_of,
    with_high_bits,
)


def view(deal, milestone=0, at=None):
    """status, clock, deadline, isLate, open, toFreelancer, toClient"""
    raw = deal.escrow.milestoneAt(deal.terms, milestone, now() if at is None else at)
    return (int(raw[0]), tuple(map(int, raw[1])), int(raw[2]), bool(raw[3]), *map(int, raw[4:]))


@pytest.mark.parametrize("status", [Status.NONE, Status.PAID, Status.REFUNDED, Status.SPLIT])
def test_nothing_is_open_before_and_after(fixed, status):
    fixed.reach(status)
    assert view(fixed) == (status, (0, 0, 0), 0, False, 0, 0, 0)


@pytest.mark.parametrize("status", [Status.OFFERED, Status.ACTIVE])
def test_without_a_clock_the_client_can_have_it_back(fixed, status):
    fixed.reach(status)
    assert view(fixed) == (status, (0, 0, 0), 0, False, 1000, 0, 1000)


@pytest.mark.parametrize("is_submitted", [False, True])
def test_an_approval_is_due_at_once(fixed, is_submitted):
    fixed.fund(1)
    if is_submitted:
        fixed.submit()
    fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
    assert view(fixed) == (Status.APPROVED, (0, 0, 0), 0, False, 1000, 1000, 0)


def test_an_approved_claim_is_due_and_the_rest_goes_back(fixed):
    fixed.fund(1)
    since = fixed.submit(units=3333)
    fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
    assert view(fixed) == (Status.PARTLY_APPROVED, (since, 3333, 0), 0, False, 1000, 333, 667)


def test_an_approved_dispute_is_due_and_nothing_goes_back(fixed):
    fixed.fund(1)
    fixed.submit(units=8000)
    since = fixed.dispute(units=3333)
    fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
    assert view(fixed) == (Status.PARTLY_APPROVED, (since, 8000, 3333), 0, False, 334, 334, 0)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_submission_pays_the_claim(fixed, late):
    fixed.fund(1)
    since = fixed.submit(units=3333)
    deadline = since + 14 * DAY
    expected = (Status.SUBMITTED, (since, 3333, 0), deadline, late >= 0, 1000, 333, 667)
    assert view(fixed, at=deadline + late) == expected


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_refund_request_returns_all(fixed, late):
    fixed.fund(1)
    since = fixed.request_refund()
    deadline = since + 7 * DAY
    expected = (Status.REFUND_REQUESTED, (since, 0, 0), deadline, late >= 0, 1000, 0, 1000)
    assert view(fixed, at=deadline + late) == expected


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_dispute_ends_by_the_default(fixed, late):
    fixed.fund(1)
    fixed.submit(units=8000)
    since = fixed.dispute(units=3333)
    deadline = since + 30 * DAY
    expected = (Status.DISPUTED, (since, 8000, 3333), deadline, late >= 0, 334, 167, 167)
    assert view(fixed, at=deadline + late) == expected


def test_a_dispute_worth_less_than_a_unit_still_has_its_clock(deal):
    tiny = deal(amounts=[5])
    tiny.fund(1)
    since = tiny.dispute(units=1, by="freelancer")
    deadline = since + 30 * DAY
    assert view(tiny) == (Status.DISPUTED, (since, 1, 1), deadline, False, 0, 0, 0)
    assert view(tiny, at=deadline)[3]


def test_the_whole_agreement_at_once(fixed):
    fixed.fund(set_of(0, 2))
    agreement, milestones = fixed.escrow.agreementAt(fixed.terms, now())
    assert str(agreement) == fixed.id
    assert [int(m[0]) for m in milestones] == [Status.ACTIVE, Status.NONE, Status.ACTIVE]
    assert sum(int(m[4]) for m in milestones) == fixed.balance("escrow")


def test_a_metered_agreement_shows_every_period(metered):
    metered.fund(set_of(63))
    _, milestones = metered.escrow.agreementAt(metered.terms, now())
    assert len(milestones) == 64
    assert int(milestones[63][4]) == 2_400_000_000


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        fixed.escrow.statusesOf(fixed.id)
        fixed.escrow.milestoneAt.transact(fixed.terms, 3, 0, {"from": fixed.stranger})


def test_every_field_of_the_terms_is_part_of_the_id(fixed, deal, accounts):
    changed = {
        "client": accounts[9],
        "freelancer": accounts[9],
        "payee": accounts[9],
        "arbiter": accounts[9],
        "token": COIN,
        "reviewPeriod": 1,
        "responsePeriod": 1,
        "rulingPeriod": 1,
        "arbiterFeeBps": 1,
        "defaultBps": 1,
        "start": 1,
        "period": 1,
        "units": 1,
        "scope": b"\1" * 32,
        "salt": b"\1" * 32,
        "amounts": [1000, 2001],
    }
    ids = {deal(**{name: value}).id for name, value in changed.items()}
    assert len(ids | {fixed.id}) == len(fixed.terms) + 1


@pytest.mark.parametrize("name", NARROW_FIELDS)
def test_wrong_high_bits_make_another_id(fixed, name):
    fixed.fund(1)
    data = fixed.escrow.agreementId.encode_input(fixed.terms)
    call = {"to": fixed.escrow.address, "data": data}
    assert "0x" + brownie.web3.eth.call(call).hex() == fixed.id
    other = brownie.web3.eth.call({**call, "data": with_high_bits(data, name)})
    assert "0x" + other.hex() != fixed.id
    assert fixed.escrow.statusesOf(bytes(other)) == 0
