import pytest
from helpers import DAY, Status, events_of, mine_at, reverts_with, set_of

OPEN = [
    Status.OFFERED,
    Status.ACTIVE,
    Status.APPROVED,
    Status.SUBMITTED,
    Status.PARTLY_APPROVED,
    Status.REFUND_REQUESTED,
    Status.DISPUTED,
]


def refund(deal, milestones, by="freelancer"):
    return deal.escrow.refund(deal.terms, milestones, {"from": getattr(deal, by)})


@pytest.mark.parametrize("status", OPEN)
def test_the_freelancer_always_may(either, status):
    either.reach(status)
    with either.moves(client=1000, escrow=-1000):
        tx = refund(either, 1)
    assert either.status() == Status.REFUNDED
    assert events_of(tx, either.escrow) == [
        ("MilestonesRefunded", {"agreement": either.id, "milestones": 1, "toClient": 1000})
    ]


@pytest.mark.parametrize("status", OPEN)
def test_the_freelancer_may_after_every_deadline(fixed, status, chain):
    fixed.reach(status)
    chain.sleep(400 * DAY)
    with fixed.moves(client=1000, escrow=-1000):
        refund(fixed, 1)


def test_it_returns_many_at_once(fixed):
    fixed.fund(7)
    with fixed.moves(client=4003, escrow=-4003):
        refund(fixed, set_of(0, 2))
    assert [fixed.status(i) for i in range(3)] == [Status.REFUNDED, Status.ACTIVE, Status.REFUNDED]


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_dispute_given_up_after_a_concession_is_split(fixed, is_approved):
    fixed.fund(1)
    fixed.dispute(units=4000)
    if is_approved:
        fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
    with fixed.moves(client=400, escrow=-400):
        refund(fixed, 1)
    assert fixed.status() == Status.SPLIT


def test_the_client_takes_back_an_offer(either):
    either.fund(1, signed=False)
    with either.moves(client=1000, escrow=-1000):
        refund(either, 1, by="client")


@pytest.mark.parametrize("caller", ["payee", "arbiter", "stranger"])
def test_strangers_do_not_take_back_an_offer(fixed, caller):
    fixed.fund(1, signed=False)
    who = getattr(fixed, caller)
    with reverts_with("NotParty", who, fixed.client, fixed.freelancer):
        refund(fixed, 1, by=caller)


@pytest.mark.parametrize("caller", ["client", "payee", "arbiter", "stranger"])
@pytest.mark.parametrize(
    "status",
    [
        Status.ACTIVE,
        Status.APPROVED,
        Status.SUBMITTED,
        Status.PARTLY_APPROVED,
        Status.DISPUTED,
    ],
)
def test_nobody_else_refunds_what_was_accepted(fixed, status, caller):
    fixed.reach(status)
    with reverts_with("NotFreelancer", getattr(fixed, caller), fixed.freelancer):
        refund(fixed, 1, by=caller)


@pytest.mark.parametrize("caller", ["client", "stranger"])
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_anybody_carries_out_an_unanswered_request(fixed, caller, late):
    fixed.fund(1)
    deadline = fixed.request_refund() + 7 * DAY
    mine_at(deadline + late)
    if late < 0:
        with reverts_with("DeadlineNotReached", fixed.id, 0, deadline, deadline + late):
            refund(fixed, 1, by=caller)
    else:
        with fixed.moves(client=1000, escrow=-1000):
            refund(fixed, 1, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        refund(fixed, 1)


def test_it_refuses_an_empty_set(fixed):
    fixed.fund(1)
    with reverts_with("NoMilestones"):
        refund(fixed, 0)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        refund(fixed, 8)


@pytest.mark.parametrize("status", [s for s in Status if s not in OPEN])
def test_it_refuses_what_is_not_open(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        refund(fixed, 3)
