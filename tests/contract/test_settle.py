import pytest
from helpers import DAY, Status, events_of, hash_of, mine_at, now, reverts_with

OPEN = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)


def settle(deal, to_freelancer, to_client, by="freelancer", signer=None, **other):
    signer = signer or ("client" if by == "freelancer" else "freelancer")
    expires_at = other.get("expires_at", now() + DAY)
    milestone = other.get("milestone", 0)
    offer = deal.offer(milestone, to_freelancer, to_client, expires_at, signer)
    return deal.escrow.settle(
        deal.terms,
        (milestone, to_freelancer, to_client),
        expires_at,
        offer,
        {"from": getattr(deal, by)},
    )


@pytest.mark.parametrize("by", ["client", "freelancer"])
@pytest.mark.parametrize("status", OPEN)
def test_it_divides_what_is_open_as_agreed(either, status, by):
    either.reach(status)
    with either.moves(payee=401, client=599, escrow=-1000):
        tx = settle(either, 401, 599, by=by)
    assert either.status() == Status.SPLIT
    assert events_of(tx, either.escrow) == [
        (
            "MilestoneSettled",
            {"agreement": either.id, "milestone": 0, "toFreelancer": 401, "toClient": 599},
        )
    ]


@pytest.mark.parametrize(
    ("to_freelancer", "end"), [(0, Status.REFUNDED), (1000, Status.PAID), (1, Status.SPLIT)]
)
def test_its_end_says_who_received_all(fixed, to_freelancer, end):
    fixed.fund(1)
    settle(fixed, to_freelancer, 1000 - to_freelancer)
    assert fixed.status() == end


@pytest.mark.parametrize("status", OPEN[1:])
def test_it_is_possible_after_every_deadline(fixed, status, chain):
    fixed.reach(status)
    chain.sleep(400 * DAY)
    chain.mine()
    settle(fixed, 500, 500)
    assert fixed.status() == Status.SPLIT


@pytest.mark.parametrize(
    ("to_freelancer", "to_client"),
    [(1000, 1), (999, 0), (1001, 0), (0, 1001), (2**256 - 1, 1001), (2**255, 2**255)],
)
def test_it_refuses_sums_that_are_not_what_is_open(fixed, to_freelancer, to_client):
    fixed.fund(1)
    with reverts_with("DivisionMismatch", fixed.id, 0, to_freelancer, to_client, 1000):
        settle(fixed, to_freelancer, to_client)


def test_an_old_offer_does_not_divide_what_a_concession_left(fixed):
    fixed.fund(1)
    fixed.dispute(units=4000)
    with reverts_with("DivisionMismatch", fixed.id, 0, 500, 500, 400):
        settle(fixed, 500, 500)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_an_offer_is_valid_until_it_expires(fixed, late):
    fixed.fund(1)
    expires_at = now() + DAY
    mine_at(expires_at + late)
    if late < 0:
        settle(fixed, 500, 500, expires_at=expires_at)
        assert fixed.status() == Status.SPLIT
    else:
        with reverts_with("OfferExpired", fixed.id, expires_at, expires_at + late):
            settle(fixed, 500, 500, expires_at=expires_at)


@pytest.mark.parametrize("by", ["client", "freelancer"])
@pytest.mark.parametrize("signer", ["self", "payee", "arbiter", "stranger"])
def test_it_refuses_every_signature_but_the_other_partys(fixed, by, signer):
    fixed.fund(1)
    expires_at = now() + DAY
    other = fixed.freelancer if by == "client" else fixed.client
    with reverts_with("SignatureInvalid", other, fixed.offer_digest(0, 500, 500, expires_at)):
        signer = by if signer == "self" else signer
        settle(fixed, 500, 500, by=by, signer=signer, expires_at=expires_at)


def test_it_refuses_the_offer_for_another_milestone(fixed):
    fixed.fund(3)
    expires_at = now() + DAY
    offer = fixed.offer(1, 500, 500, expires_at, "client")
    digest = fixed.offer_digest(0, 500, 500, expires_at)
    with reverts_with("SignatureInvalid", fixed.client, digest):
        fixed.escrow.settle(
            fixed.terms, (0, 500, 500), expires_at, offer, {"from": fixed.freelancer}
        )


def test_it_refuses_the_offer_of_another_agreement(fixed, deal):
    fixed.fund(1)
    expires_at = now() + DAY
    offer = deal(salt=hash_of("other")).offer(0, 500, 500, expires_at, "client")
    digest = fixed.offer_digest(0, 500, 500, expires_at)
    with reverts_with("SignatureInvalid", fixed.client, digest):
        fixed.escrow.settle(
            fixed.terms, (0, 500, 500), expires_at, offer, {"from": fixed.freelancer}
        )


@pytest.mark.parametrize("caller", ["payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_parties(fixed, caller):
    fixed.fund(1)
    with reverts_with("NotParty", getattr(fixed, caller), fixed.client, fixed.freelancer):
        settle(fixed, 500, 500, by=caller, signer="client")


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        settle(fixed, 500, 500)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        settle(fixed, 500, 500, milestone=3)


@pytest.mark.parametrize("status", [s for s in Status if s not in OPEN])
def test_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        settle(fixed, 500, 500)
