import pytest
from helpers import COIN, DAY, Status, events_of, hash_of, mine_at, reverts_with


def rule(deal, to_freelancer, milestone=0, by="arbiter"):
    return deal.escrow.rule(
        deal.terms, milestone, to_freelancer, hash_of("why"), {"from": getattr(deal, by)}
    )


@pytest.fixture
def disputed(either):
    """300 of 1000 under dispute; the fee is 15."""
    either.fund(1)
    either.submit(units=8000)
    either.deadline = either.dispute(units=3000) + 30 * DAY
    return either


@pytest.mark.parametrize("to_freelancer", [0, 1, 142, 285])
def test_it_divides_what_the_fee_leaves(disputed, to_freelancer):
    to_client = 285 - to_freelancer
    with disputed.moves(payee=to_freelancer, client=to_client, arbiter=15, escrow=-300):
        tx = rule(disputed, to_freelancer)
    assert disputed.status() == Status.SPLIT
    assert events_of(tx, disputed.escrow) == [
        (
            "MilestoneRuled",
            {
                "agreement": disputed.id,
                "milestone": 0,
                "toFreelancer": to_freelancer,
                "toClient": to_client,
                "fee": 15,
                "reasoning": hash_of("why"),
            },
        )
    ]


@pytest.mark.parametrize(
    ("to_freelancer", "end"),
    [(0, Status.REFUNDED), (1, Status.SPLIT), (999, Status.SPLIT), (1000, Status.PAID)],
)
def test_without_a_fee_its_end_says_who_received_all(deal, to_freelancer, end):
    agreed = deal(arbiterFeeBps=0)
    agreed.fund(1)
    agreed.dispute()
    rule(agreed, to_freelancer)
    assert agreed.status() == end


def test_the_fee_is_never_more_than_a_tenth(deal):
    agreed = deal(arbiterFeeBps=1000, amounts=[19])
    agreed.fund(1)
    agreed.dispute()
    with agreed.moves(payee=18, arbiter=1, escrow=-19):
        rule(agreed, 18)


@pytest.mark.parametrize("to_freelancer", [286, 2**256 - 1])
def test_it_refuses_more_than_is_disputed(disputed, to_freelancer):
    with reverts_with("RulingTooHigh", disputed.id, 0, to_freelancer, 285):
        rule(disputed, to_freelancer)


def test_it_rules_once(disputed):
    rule(disputed, 0)
    with reverts_with("WrongStatus", disputed.id, 0, Status.SPLIT):
        rule(disputed, 0)


@pytest.mark.parametrize("caller", ["client", "freelancer", "payee", "stranger"])
def test_it_refuses_everybody_but_the_arbiter(disputed, caller):
    with reverts_with("NotArbiter", getattr(disputed, caller), disputed.arbiter):
        rule(disputed, 0, by=caller)


@pytest.mark.parametrize("caller", ["client", "freelancer", "stranger"])
def test_without_an_arbiter_nobody_rules(deal, caller):
    agreed = deal(arbiter=COIN)
    agreed.fund(1)
    agreed.dispute()
    with reverts_with("NotArbiter", getattr(agreed, caller), COIN):
        rule(agreed, 0, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        rule(fixed, 0)


def test_it_refuses_a_milestone_beyond_the_terms(disputed):
    with reverts_with("MilestoneOutOfRange", disputed.id, 3, 3):
        rule(disputed, 0, milestone=3)


@pytest.mark.parametrize("status", [s for s in Status if s != Status.DISPUTED])
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        rule(fixed, 0)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_it_is_possible_until_the_deadline(disputed, late):
    moment = disputed.deadline + late
    mine_at(moment)
    if late < 0:
        rule(disputed, 0)
        assert disputed.status() == Status.SPLIT
    else:
        with reverts_with("DeadlinePassed", disputed.id, 0, disputed.deadline, moment):
            rule(disputed, 0)
