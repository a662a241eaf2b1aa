import pytest
from helpers import COIN, DAY, WHOLE, Status, events_of, hash_of, mine_at, now, reverts_with


def dispute(deal, units=WHOLE, milestone=0, by="client"):
    return deal.escrow.dispute(
        deal.terms, milestone, units, hash_of("proof"), {"from": getattr(deal, by)}
    )


def disputed_event(deal, by, units, to_freelancer, to_client):
    return (
        "MilestoneDisputed",
        {
            "agreement": deal.id,
            "milestone": 0,
            "by": deal.values[by],
            "units": units,
            "evidence": hash_of("proof"),
            "toFreelancer": to_freelancer,
            "toClient": to_client,
        },
    )


def test_the_client_concedes_the_undisputed_part_of_the_claim(either):
    either.fund(1)
    either.submit(units=8000)
    with either.moves(payee=500, client=200, escrow=-700):
        tx = dispute(either, 3000)
    assert either.status() == Status.DISPUTED
    assert events_of(tx, either.escrow) == [disputed_event(either, "client", 3000, 500, 200)]
    view = either.escrow.milestoneAt(either.terms, 0, 0)
    assert tuple(map(int, view[1])) == (now(), 8000, 3000)
    assert (view[2], view[4]) == (now() + 30 * DAY, 300)


def test_the_freelancer_gives_up_all_but_what_they_dispute(either):
    either.fund(1)
    either.submit(units=8000)
    with either.moves(client=700, escrow=-700):
        tx = dispute(either, 3000, by="freelancer")
    assert events_of(tx, either.escrow) == [disputed_event(either, "freelancer", 3000, 0, 700)]


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.REFUND_REQUESTED])
@pytest.mark.parametrize(
    ("by", "moved"), [("client", {"payee": 600}), ("freelancer", {"client": 600})]
)
def test_without_a_claim_the_whole_is_at_stake(fixed, status, by, moved):
    fixed.reach(status)
    with fixed.moves(**moved, escrow=-600):
        dispute(fixed, 4000, by=by)


@pytest.mark.parametrize(("units", "conceded"), [(1, 999), (3333, 667), (6667, 333), (WHOLE, 0)])
def test_every_division_sums_and_the_odd_unit_is_the_clients(deal, units, conceded):
    agreed = deal(amounts=[999], arbiterFeeBps=0)
    agreed.fund(1)
    total = agreed.amount(1)
    open_amount = total * units // WHOLE
    assert total - open_amount == conceded
    with agreed.moves(payee=conceded, escrow=-conceded):
        dispute(agreed, units)
    with agreed.moves(payee=open_amount, escrow=-open_amount):
        agreed.escrow.rule(agreed.terms, 0, open_amount, hash_of(""), {"from": agreed.arbiter})
    assert agreed.status() == Status.PAID


@pytest.mark.parametrize("units", [0, 8001])
def test_it_refuses_units_beyond_the_claim(fixed, units):
    fixed.fund(1)
    fixed.submit(units=8000)
    with reverts_with("UnitsOutOfRange", fixed.id, 0, units, 8000):
        dispute(fixed, units)


@pytest.mark.parametrize("units", [0, WHOLE + 1])
def test_it_refuses_units_beyond_the_whole(fixed, units):
    fixed.fund(1)
    with reverts_with("UnitsOutOfRange", fixed.id, 0, units, WHOLE):
        dispute(fixed, units)


def test_metered_work_is_disputed_in_its_units_even_before_its_period_ends(deal):
    agreed = deal(start=now(), period=7 * DAY, units=240, amounts=[2400])
    agreed.fund(1)
    with reverts_with("UnitsOutOfRange", agreed.id, 0, 241, 240):
        dispute(agreed, 241)
    with agreed.moves(client=1200, escrow=-1200):
        dispute(agreed, 120, by="freelancer")


def test_without_an_arbiter_it_starts_the_time_to_settle(deal):
    agreed = deal(arbiter=COIN)
    agreed.fund(1)
    deadline = agreed.dispute(by="freelancer") + 30 * DAY
    mine_at(deadline)
    with agreed.moves(payee=500, client=500, escrow=-1000):
        agreed.escrow.lapse(agreed.terms, 0, {"from": agreed.stranger})


@pytest.mark.parametrize("caller", ["payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_parties(fixed, caller):
    fixed.fund(1)
    with reverts_with("NotParty", getattr(fixed, caller), fixed.client, fixed.freelancer):
        dispute(fixed, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        dispute(fixed)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        dispute(fixed, milestone=3)


DISPUTABLE = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED)


@pytest.mark.parametrize("by", ["client", "freelancer"])
@pytest.mark.parametrize("status", [s for s in Status if s not in DISPUTABLE])
def test_it_refuses_every_other_status(fixed, status, by):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        dispute(fixed, by=by)


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(
    ("status", "period"), [(Status.SUBMITTED, 14 * DAY), (Status.REFUND_REQUESTED, 7 * DAY)]
)
def test_it_is_possible_until_the_deadline(fixed, status, period, late):
    fixed.reach(status)
    deadline = now() + period
    mine_at(deadline + late)
    if late < 0:
        dispute(fixed)
        assert fixed.status() == Status.DISPUTED
    else:
        with reverts_with("DeadlinePassed", fixed.id, 0, deadline, deadline + late):
            dispute(fixed)
