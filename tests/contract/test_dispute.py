import pytest
from helpers import (
    COIN,
    DAY,
    NO_HASH,
    WHOLE,
    Status,
    events_of,
    hash_of,
    mine_at,
    now,
    reverts_with,
)


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
def test_without_a_claim_the_freelancer_puts_the_whole_at_stake(fixed, status):
    fixed.reach(status)
    with fixed.moves(client=600, escrow=-600):
        dispute(fixed, 4000, by="freelancer")


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.REFUND_REQUESTED])
def test_without_a_claim_there_is_nothing_the_client_could_contest(fixed, status):
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        dispute(fixed, 4000)


@pytest.mark.parametrize("is_submitted", [False, True])
def test_the_client_cannot_take_back_an_approval_of_a_part(metered, is_submitted):
    metered.fund(1)
    approval = metered.approval(1, (180,))
    if is_submitted:
        metered.submit(units=180)
        metered.escrow.requestChanges(metered.terms, 0, hash_of("more"), {"from": metered.client})
    with reverts_with("WrongStatus", metered.id, 0, Status.ACTIVE):
        dispute(metered, 240)
    with metered.moves(payee=1_800_000_000, client=600_000_000, escrow=-2_400_000_000):
        metered.escrow.release(metered.terms, 1, [approval], {"from": metered.freelancer})


@pytest.mark.parametrize(("units", "conceded"), [(1, 998), (3333, 666), (6667, 332), (WHOLE, 0)])
def test_every_division_sums_and_the_odd_unit_stays_contested(deal, units, conceded):
    agreed = deal(amounts=[999], arbiterFeeBps=0)
    agreed.fund(1)
    agreed.submit()
    open_amount = 999 - conceded
    with agreed.moves(payee=conceded, escrow=-conceded):
        dispute(agreed, units)
    with reverts_with("RulingTooHigh", agreed.id, 0, open_amount + 1, open_amount):
        agreed.escrow.rule(agreed.terms, 0, open_amount + 1, NO_HASH, {"from": agreed.arbiter})
    with agreed.moves(payee=open_amount, escrow=-open_amount):
        agreed.escrow.rule(agreed.terms, 0, open_amount, NO_HASH, {"from": agreed.arbiter})
    assert agreed.status() == Status.PAID


def test_contesting_nearly_all_of_one_base_unit_pays_nothing_of_it(deal):
    agreed = deal(amounts=[1], defaultBps=9_999)
    agreed.fund(1)
    agreed.submit()
    with agreed.moves():
        deadline = agreed.dispute(units=9_999) + 30 * DAY
    mine_at(deadline)
    with agreed.moves(client=1, escrow=-1):
        agreed.escrow.lapse(agreed.terms, 0, {"from": agreed.stranger})


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
        dispute(fixed, units, by="freelancer")


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_metered_work_is_disputed_in_its_units_once_its_period_is_over(deal, late):
    agreed = deal(start=now(), period=7 * DAY, units=240, amounts=[2400])
    agreed.fund(1)
    over = agreed.values["start"] + 7 * DAY
    mine_at(over + late)
    if late < 0:
        with reverts_with("PeriodNotOver", agreed.id, 0, over, over + late):
            dispute(agreed, 120, by="freelancer")
        return
    with agreed.moves(client=1200, escrow=-1200):
        dispute(agreed, 120, by="freelancer")


def test_a_refund_request_opens_metered_work_to_dispute(deal):
    agreed = deal(start=now(), period=7 * DAY, units=240, amounts=[2400])
    agreed.fund(1)
    agreed.request_refund()
    with reverts_with("UnitsOutOfRange", agreed.id, 0, 241, 240):
        dispute(agreed, 241, by="freelancer")
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
    ("status", "period", "by"),
    [
        (Status.SUBMITTED, 14 * DAY, "client"),
        (Status.SUBMITTED, 14 * DAY, "freelancer"),
        (Status.REFUND_REQUESTED, 7 * DAY, "freelancer"),
    ],
)
def test_it_is_possible_until_the_deadline(fixed, status, period, by, late):
    fixed.reach(status)
    deadline = now() + period
    mine_at(deadline + late)
    if late < 0:
        dispute(fixed, by=by)
        assert fixed.status() == Status.DISPUTED
    else:
        with reverts_with("DeadlinePassed", fixed.id, 0, deadline, deadline + late):
            dispute(fixed, by=by)
