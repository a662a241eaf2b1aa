import pytest
from helpers import DAY, Status, events_of, mine_at, reverts_with


def lapse(deal, milestone=0, by="stranger"):
    return deal.escrow.lapse(deal.terms, milestone, {"from": getattr(deal, by)})


@pytest.mark.parametrize("caller", ["client", "freelancer", "arbiter", "stranger"])
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_the_default_divides_once_the_arbiter_is_late(either, late, caller):
    either.fund(1)
    deadline = either.dispute(units=3333) + 30 * DAY
    mine_at(deadline + late)
    if late < 0:
        with reverts_with("DeadlineNotReached", either.id, 0, deadline, deadline + late):
            lapse(either, by=caller)
    else:
        with either.moves(payee=167, client=167, escrow=-334):
            tx = lapse(either, by=caller)
        assert either.status() == Status.SPLIT
        assert events_of(tx, either.escrow) == [
            (
                "MilestoneLapsed",
                {"agreement": either.id, "milestone": 0, "toFreelancer": 167, "toClient": 167},
            )
        ]


@pytest.mark.parametrize(
    ("bps", "paid", "end"),
    [
        (0, 0, Status.REFUNDED),
        (1, 0, Status.REFUNDED),
        (9999, 999, Status.SPLIT),
        (10_000, 1000, Status.PAID),
    ],
)
def test_the_default_is_what_was_signed(deal, bps, paid, end):
    agreed = deal(defaultBps=bps)
    agreed.fund(1)
    mine_at(agreed.dispute() + 30 * DAY)
    with agreed.moves(payee=paid, client=1000 - paid, escrow=-1000):
        lapse(agreed)
    assert agreed.status() == end


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        lapse(fixed)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        lapse(fixed, milestone=3)


@pytest.mark.parametrize("status", [s for s in Status if s != Status.DISPUTED])
def test_it_refuses_every_other_status(fixed, status, chain):
    fixed.fund(2)
    fixed.reach(status)
    chain.sleep(400 * DAY)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        lapse(fixed)
