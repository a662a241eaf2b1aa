import pytest
from helpers import DAY, Status, events_of, hash_of, mine_at, now, reverts_with, set_of

OPEN = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)


def replace(deal, either, **overrides):
    kept = {"token": either.values["token"], "salt": hash_of("next")}
    return deal(**{**kept, **overrides})


def amend(old, new, divisions, funded, value=0, **other):
    expires_at = other.get("expires_at", now() + DAY)
    signed = old.amendment(new, divisions, funded, expires_at, other.get("signer", "freelancer"))
    caller = getattr(old, other.get("by", "client"))
    return old.escrow.amend(old.terms, new.terms, signed, {"from": caller, "value": value})


@pytest.mark.parametrize(("amounts", "client_moves"), [([700], 0), ([500], 200), ([5000], -4300)])
def test_only_the_difference_moves(either, deal, amounts, client_moves):
    either.fund(set_of(0))
    new = replace(deal, either, amounts=amounts)
    value = max(0, -client_moves) if either.is_coin else 0
    with either.moves(payee=300, client=client_moves, escrow=-300 - client_moves):
        tx = amend(either, new, [(0, 300, 700)], 1, value)
    assert either.status() == Status.SPLIT
    assert new.status() == Status.ACTIVE
    assert [name for name, _ in events_of(tx, either.escrow)] == [
        "MilestoneSettled",
        "AgreementAmended",
        "MilestonesFunded",
    ]
    assert events_of(tx, either.escrow)[1] == (
        "AgreementAmended",
        {"agreement": either.id, "replacement": new.id},
    )


def test_it_ends_several_milestones_and_leaves_the_others(fixed, deal):
    fixed.fund(7)
    fixed.submit(1)
    new = replace(deal, fixed, amounts=[1, 2, 3003])
    with fixed.moves(payee=2001, client=-2003, escrow=2):
        amend(fixed, new, [(0, 0, 1000), (1, 2001, 0)], set_of(2))
    assert [fixed.status(i) for i in range(3)] == [Status.REFUNDED, Status.PAID, Status.ACTIVE]
    assert [new.status(i) for i in range(3)] == [Status.NONE, Status.NONE, Status.ACTIVE]


@pytest.mark.parametrize("status", OPEN)
def test_it_ends_every_open_status_late_or_not(fixed, deal, status, chain):
    fixed.reach(status)
    new = replace(deal, fixed, amounts=[1000])
    chain.sleep(400 * DAY)
    chain.mine()
    with fixed.moves():
        amend(fixed, new, [(0, 0, 1000)], 1)
    assert (fixed.status(), new.status()) == (Status.REFUNDED, Status.ACTIVE)


def test_it_divides_what_a_concession_left(fixed, deal):
    fixed.fund(1)
    fixed.dispute(units=4000)
    new = replace(deal, fixed, amounts=[300])
    with fixed.moves(payee=100, escrow=-100):
        amend(fixed, new, [(0, 100, 300)], 1)
    assert fixed.status() == Status.SPLIT


def test_an_agreement_may_be_replaced_by_itself(fixed):
    fixed.fund(set_of(0))
    with fixed.moves(payee=200, client=-1201, escrow=1001):
        amend(fixed, fixed, [(0, 200, 800)], set_of(1))
    assert [fixed.status(i) for i in range(3)] == [Status.SPLIT, Status.ACTIVE, Status.NONE]


def test_arbiter_and_payee_may_change(fixed, deal, accounts):
    fixed.fund(1)
    new = replace(deal, fixed, arbiter=accounts[8], payee=accounts[9], amounts=[1000])
    with fixed.moves():
        amend(fixed, new, [(0, 0, 1000)], 1)


@pytest.mark.parametrize("role", ["client", "freelancer", "token"])
def test_the_parties_and_the_token_stay(fixed, deal, accounts, role):
    fixed.fund(1)
    other = "0x" + "00" * 20 if role == "token" else accounts[9]
    new = replace(deal, fixed, **{role: other})
    with reverts_with("AmendmentMismatch", fixed.id, new.id):
        amend(fixed, new, [(0, 0, 1000)], 1)


@pytest.mark.parametrize("signer", ["client", "payee", "arbiter", "stranger"])
def test_it_refuses_every_signature_but_the_freelancers(fixed, deal, signer):
    fixed.fund(1)
    new, expires_at = replace(deal, fixed), now() + DAY
    digest = fixed.amendment_digest(new, [(0, 0, 1000)], 1, expires_at)
    with reverts_with("SignatureInvalid", fixed.freelancer, digest):
        amend(fixed, new, [(0, 0, 1000)], 1, signer=signer, expires_at=expires_at)


def test_the_client_cannot_fund_less_than_was_signed(fixed, deal):
    fixed.fund(1)
    new = replace(deal, fixed)
    expires_at = now() + DAY
    divisions, _, _, signature = fixed.amendment(new, [(0, 0, 1000)], 3, expires_at)
    digest = fixed.amendment_digest(new, divisions, 1, expires_at)
    with reverts_with("SignatureInvalid", fixed.freelancer, digest):
        fixed.escrow.amend(
            fixed.terms,
            new.terms,
            (divisions, 1, expires_at, signature),
            {"from": fixed.client},
        )


def test_the_same_milestone_cannot_be_divided_twice(fixed, deal):
    fixed.fund(3)
    with reverts_with("WrongStatus", fixed.id, 0, Status.REFUNDED):
        amend(fixed, replace(deal, fixed), [(0, 0, 1000), (0, 0, 1000)], 1)


def test_it_divides_exactly_what_is_open(fixed, deal):
    fixed.fund(1)
    with reverts_with("DivisionMismatch", fixed.id, 0, 0, 1001, 1000):
        amend(fixed, replace(deal, fixed), [(0, 0, 1001)], 1)


def test_it_is_not_played_twice(fixed, deal):
    fixed.fund(3)
    new = replace(deal, fixed)
    expires_at = now() + DAY
    signed = fixed.amendment(new, [], 1, expires_at)
    fixed.escrow.amend(fixed.terms, new.terms, signed, {"from": fixed.client})
    with reverts_with("WrongStatus", new.id, 0, Status.ACTIVE):
        fixed.escrow.amend(fixed.terms, new.terms, signed, {"from": fixed.client})


@pytest.mark.parametrize("value", [4299, 4301])
def test_it_takes_exactly_the_missing_coin(coin_deal, deal, value):
    coin_deal.fund(1)
    new = replace(deal, coin_deal, amounts=[5000])
    with reverts_with("ValueMismatch", value, 4300):
        amend(coin_deal, new, [(0, 300, 700)], 1, value)


@pytest.mark.parametrize("amounts", [[700], [500], [5000]])
def test_it_refuses_coin_that_is_not_missing(deal, fixed, coin_deal, amounts):
    agreed = coin_deal if amounts != [5000] else fixed
    agreed.fund(1)
    new = replace(deal, agreed, amounts=amounts)
    with reverts_with("ValueMismatch", 1, 0):
        amend(agreed, new, [(0, 300, 700)], 1, value=1)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_it_is_valid_until_it_expires(fixed, deal, late):
    fixed.fund(1)
    expires_at = now() + DAY
    new = replace(deal, fixed)
    mine_at(expires_at + late)
    if late < 0:
        amend(fixed, new, [(0, 0, 1000)], 1, expires_at=expires_at)
        assert new.status() == Status.ACTIVE
    else:
        with reverts_with("OfferExpired", fixed.id, expires_at, expires_at + late):
            amend(fixed, new, [(0, 0, 1000)], 1, expires_at=expires_at)


@pytest.mark.parametrize("caller", ["freelancer", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_client(fixed, deal, caller):
    fixed.fund(1)
    with reverts_with("NotClient", getattr(fixed, caller), fixed.client):
        amend(fixed, replace(deal, fixed), [], 1, by=caller)


def test_it_refuses_an_agreement_that_was_never_funded(fixed, deal):
    with reverts_with("AgreementNotFunded", fixed.id):
        amend(fixed, replace(deal, fixed), [], 1)


def test_it_refuses_to_fund_nothing(fixed, deal):
    fixed.fund(1)
    with reverts_with("NoMilestones"):
        amend(fixed, replace(deal, fixed), [(0, 0, 1000)], 0)


def test_it_refuses_to_divide_a_milestone_beyond_the_terms(fixed, deal):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        amend(fixed, replace(deal, fixed), [(3, 0, 1000)], 1)


def test_it_refuses_to_fund_a_milestone_beyond_the_new_terms(fixed, deal):
    fixed.fund(1)
    new = replace(deal, fixed, amounts=[1000])
    with reverts_with("MilestoneOutOfRange", new.id, 1, 1):
        amend(fixed, new, [(0, 0, 1000)], set_of(1))


def test_the_new_terms_keep_every_rule(fixed, deal):
    fixed.fund(1)
    with reverts_with("ArbiterFeeTooHigh", 1001, 1000):
        amend(fixed, replace(deal, fixed, arbiterFeeBps=1001), [(0, 0, 1000)], 1)


@pytest.mark.parametrize("status", [s for s in Status if s not in OPEN])
def test_it_refuses_to_divide_every_other_status(fixed, deal, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        amend(fixed, replace(deal, fixed), [(0, 0, 1000)], 1)


def test_it_takes_exactly_the_missing_tokens(deal, FeeToken, escrow, accounts):
    token = FeeToken.deploy({"from": accounts[0]})
    token.mint(accounts[1], 1050, {"from": accounts[0]})
    token.approve(escrow, 1050, {"from": accounts[1]})
    # Its fee of a hundredth is nothing of the first milestone.
    old = deal(token=token, amounts=[50])
    old.fund(1)
    new = replace(deal, old, amounts=[1050])
    with reverts_with("TransferNotExact", token, 50, 1040, 1000):
        amend(old, new, [(0, 0, 50)], 1)
