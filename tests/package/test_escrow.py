from dataclasses import replace

import pytest

from milepost import contract_errors as refused
from milepost.errors import (
    AllowanceTooLow,
    BalanceTooLow,
    InputError,
    NoContract,
    RevertUnknown,
    TokenUnsuitable,
)
from milepost.presets import fixed_price, hourly, retainer
from milepost.signing import split_signature
from milepost.types import ZERO_ADDRESS, Amendment, Division, Status
from milepost.units import DAY

pytestmark = pytest.mark.node

COIN = 10**18


@pytest.fixture
def coin_terms(people):
    return fixed_price(people.parties(), [COIN, 2 * COIN, 3 * COIN])


@pytest.fixture
def token_terms(people, token):
    return fixed_price(people.parties(token.address), [1_500_250_000, 2_000_000])


def fund_signed(escrow, people, terms, milestones):
    acceptance = escrow.sign_terms(people.freelancer, terms)
    return escrow.fund(terms, milestones, acceptance).send(people.client)


def test_agreement_id_is_the_contracts(escrow, people):
    for terms in (
        fixed_price(people.parties(), [1, 2, 3], scope=bytes(range(32))),
        hourly(people.parties(), rate=45 * 10**6, hours_per_week=40, start=1_780_000_000),
        retainer(people.parties(), amount=10**9, start=1_780_000_000),
    ):
        assert escrow.agreement_id(terms) == escrow.contract.agreement_id(terms)


def test_token_funded_signed_and_released_by_signed_approval(escrow, people, token, token_terms):
    funded = fund_signed(escrow, people, token_terms, [0, 1])
    event = funded.event("MilestonesFunded")
    assert event["terms"] == token_terms
    assert event["amount"] == 1_502_250_000
    assert event["is_accepted"]
    assert escrow.statuses(token_terms) == {0: Status.ACTIVE, 1: Status.ACTIVE}

    approval = escrow.sign_approval(people.client, token_terms, [0, 1])
    released = escrow.release(token_terms, [0, 1], [approval]).send(people.stranger)

    assert released.event("MilestonesReleased")["to_freelancer"] == 1_502_250_000
    assert token.balance(people.freelancer.address) == 1_502_250_000
    assert escrow.statuses(token_terms) == {0: Status.PAID, 1: Status.PAID}


def test_coin_funded_signed_and_released_by_signed_approval(escrow, node, people, coin_terms):
    fund_signed(escrow, people, coin_terms, [0, 2])
    before = node.balance(people.freelancer.address)
    approval = escrow.sign_approval(people.client, coin_terms, [0, 2])
    escrow.release(coin_terms, [0, 2], [approval]).send(people.stranger)
    assert node.balance(people.freelancer.address) - before == 4 * COIN


def test_offer_accepted_submitted_and_silent(escrow, people, pass_time, coin_terms):
    escrow.fund(coin_terms, [0]).send(people.client)
    assert escrow.statuses(coin_terms) == {0: Status.OFFERED}
    escrow.accept(coin_terms, [0]).send(people.freelancer)
    escrow.submit(coin_terms, 0).send(people.freelancer)
    with pytest.raises(refused.DeadlineNotReached) as caught:
        escrow.release(coin_terms, [0]).simulate(people.stranger.address)
    assert caught.value.deadline == escrow.milestone_at(coin_terms, 0).deadline

    pass_time(14 * DAY)

    seen = escrow.agreement_at(coin_terms)
    assert seen.milestones[0].is_late
    assert seen.milestones[0].to_freelancer == COIN
    assert seen.milestones[1].status is Status.NONE
    escrow.release(coin_terms, [0]).send(people.stranger)
    assert escrow.statuses(coin_terms) == {0: Status.PAID}


def test_metered_claim_and_approval_of_units(escrow, node, people, pass_time):
    start = node.block().timestamp
    terms = hourly(people.parties(), rate=60_000, hours_per_week=10, start=start)
    fund_signed(escrow, people, terms, [0])
    with pytest.raises(refused.PeriodNotOver) as caught:
        escrow.submit(terms, 0, 30).simulate(people.freelancer.address)
    assert caught.value.period_end == terms.period_end(0)
    pass_time(terms.period_end(0) - start)
    escrow.submit(terms, 0, 30, b"\x07" * 32).send(people.freelancer)
    approval = escrow.sign_approval(people.client, terms, [0], [30])
    released = escrow.release(terms, [0], [approval]).send(people.stranger)
    assert released.event("MilestonesReleased")["to_freelancer"] == 300_000
    assert released.event("MilestonesReleased")["to_client"] == 300_000


def test_changes_requested_and_refunded(escrow, people, pass_time, coin_terms):
    fund_signed(escrow, people, coin_terms, [0, 1])
    escrow.submit(coin_terms, 0).send(people.freelancer)
    escrow.request_changes(coin_terms, 0).send(people.client)
    escrow.request_refund(coin_terms, 0).send(people.client)
    pass_time(7 * DAY)
    escrow.refund(coin_terms, [0]).send(people.stranger)
    escrow.refund(coin_terms, [1]).send(people.freelancer)
    assert escrow.statuses(coin_terms) == {0: Status.REFUNDED, 1: Status.REFUNDED}


def test_approved_on_chain(escrow, people, coin_terms):
    fund_signed(escrow, people, coin_terms, [0])
    escrow.approve(coin_terms, [0]).send(people.client)
    assert escrow.statuses(coin_terms) == {0: Status.APPROVED}


def test_a_part_approved_on_chain(escrow, people, coin_terms):
    fund_signed(escrow, people, coin_terms, [0])
    escrow.submit(coin_terms, 0, 2500).send(people.freelancer)
    escrow.approve(coin_terms, [0], [2500]).send(people.client)
    assert escrow.statuses(coin_terms) == {0: Status.PARTLY_APPROVED}
    seen = escrow.milestone_at(coin_terms, 0)
    assert (seen.status, seen.clock.claimed) == (Status.PARTLY_APPROVED, 2500)
    assert (seen.deadline, seen.is_late) == (0, False)
    amount = coin_terms.amounts[0]
    assert (seen.to_freelancer, seen.to_client) == (amount // 4, amount - amount // 4)
    escrow.release(coin_terms, [0]).send(people.stranger)
    assert escrow.statuses(coin_terms) == {0: Status.SPLIT}


def test_dispute_ruled_and_lapsed(escrow, people, pass_time, coin_terms):
    fund_signed(escrow, people, coin_terms, [0, 1])
    escrow.submit(coin_terms, 0).send(people.freelancer)
    escrow.dispute(coin_terms, 0).send(people.client)
    ruled = escrow.rule(coin_terms, 0, COIN // 2).send(people.arbiter)
    assert ruled.event("MilestoneRuled")["fee"] == COIN * 5 // 100
    escrow.dispute(coin_terms, 1).send(people.freelancer)
    pass_time(30 * DAY)
    lapsed = escrow.lapse(coin_terms, 1).send(people.stranger)
    assert lapsed.event("MilestoneLapsed")["to_freelancer"] == COIN


def test_signed_settlement_is_accepted(escrow, node, people, coin_terms):
    fund_signed(escrow, people, coin_terms, [0])
    division, expires_at = Division(0, COIN // 4, COIN - COIN // 4), node.block().timestamp + DAY
    offer = escrow.sign_settlement(people.client, coin_terms, division, expires_at)
    settled = escrow.settle(coin_terms, division, expires_at, offer).send(people.freelancer)
    assert settled.event("MilestoneSettled")["to_freelancer"] == COIN // 4
    assert escrow.statuses(coin_terms) == {0: Status.SPLIT}


@pytest.mark.parametrize("funded", [[0], [1, 2]])
def test_signed_amendment_is_accepted(escrow, node, people, coin_terms, funded):
    fund_signed(escrow, people, coin_terms, [0])
    replacement = replace(coin_terms, salt=b"\x01" * 32)
    amendment = escrow.sign_amendment(
        people.freelancer,
        coin_terms,
        replacement,
        Amendment(
            (Division(0, 0, COIN),), sum(1 << i for i in funded), node.block().timestamp + DAY
        ),
    )
    escrow.amend(coin_terms, replacement, amendment).send(people.client)
    assert escrow.statuses(replacement) == dict.fromkeys(funded, Status.ACTIVE)


@pytest.fixture
def poor(escrow, people, token):
    """The client has allowed the escrow nothing."""
    token.call("approve", escrow.address, 0).send(people.client)
    return token


@pytest.mark.parametrize("front_run", [False, True])
def test_permit_and_fund_in_a_batch(escrow, node, people, poor, token_terms, front_run):
    with pytest.raises(AllowanceTooLow) as caught:
        escrow.fund(token_terms, [0]).simulate(people.client.address)
    assert caught.value.owner == people.client.address
    assert caught.value.needed == 1_500_250_000

    deadline = node.block().timestamp + DAY
    signature = escrow.sign_permit(people.client, poor.address, 1_500_250_000, deadline)
    if front_run:
        v, r, s = split_signature(signature)
        owner = people.client.address
        args = (owner, escrow.address, 1_500_250_000, deadline, v, r, s)
        poor.call("permit", *args).send(people.stranger)
    permit = escrow.permit(poor.address, 1_500_250_000, deadline, signature)
    escrow.batch([permit, escrow.fund(token_terms, [0])]).send(people.client)
    assert escrow.statuses(token_terms) == {0: Status.OFFERED}


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_permit_works_until_its_deadline(escrow, node, people, poor, token_terms, late):
    deadline = node.block().timestamp + DAY
    signature = escrow.sign_permit(people.client, poor.address, 1_500_250_000, deadline)
    permit = escrow.permit(poor.address, 1_500_250_000, deadline, signature)
    batch = escrow.batch([permit, escrow.fund(token_terms, [0])])
    mine_at(node, deadline + late)
    if late <= 0:
        batch.simulate(people.client.address)
    else:
        with pytest.raises(AllowanceTooLow) as caught:
            batch.simulate(people.client.address)
        assert caught.value.allowance == 0


def test_a_permit_works_once(escrow, node, people, poor, token_terms):
    deadline = node.block().timestamp + DAY
    signature = escrow.sign_permit(people.client, poor.address, 1_502_250_000, deadline)
    permit = escrow.permit(poor.address, 1_502_250_000, deadline, signature)
    escrow.batch([permit, escrow.fund(token_terms, [0, 1])]).send(people.client)
    again = fixed_price(people.parties(poor.address), [5])
    with pytest.raises(AllowanceTooLow):
        escrow.batch([permit, escrow.fund(again, [0])]).send(people.client)
    data = escrow.permit_data(people.client.address, poor.address, 5, deadline)
    assert data["message"]["nonce"] == 1


def test_a_permit_of_another_signer_allows_nothing(escrow, node, people, poor, token_terms):
    deadline = node.block().timestamp + DAY
    signature = escrow.sign_permit(people.stranger, poor.address, 1_500_250_000, deadline)
    permit = escrow.permit(poor.address, 1_500_250_000, deadline, signature)
    with pytest.raises(AllowanceTooLow):
        escrow.batch([permit, escrow.fund(token_terms, [0])]).send(people.client)


def authorize(escrow, people, terms, milestones, *, after=0, before=2**40):
    return escrow.sign_authorization(people.client, terms, milestones, after, before)


def test_a_stranger_carries_the_clients_authorization(escrow, people, poor, token_terms):
    consent = authorize(escrow, people, token_terms, [0, 1])
    acceptance = escrow.sign_terms(people.freelancer, token_terms)
    before = poor.balance(people.client.address)
    call = escrow.fund_with_authorization(token_terms, [0, 1], consent, acceptance)
    call.send(people.stranger)
    assert escrow.statuses(token_terms) == {0: Status.ACTIVE, 1: Status.ACTIVE}
    assert before - poor.balance(people.client.address) == 1_502_250_000


def test_an_authorization_funds_nothing_else(escrow, people, poor, token_terms):
    consent = authorize(escrow, people, token_terms, [0])
    other = replace(token_terms, salt=b"\1" * 32)
    twin = replace(token_terms, amounts=(1_500_250_000, 1_500_250_000))
    for terms, milestones in ((token_terms, [1]), (token_terms, [0, 1]), (other, [0]), (twin, [1])):
        call = escrow.fund_with_authorization(terms, milestones, consent)
        with pytest.raises(RevertUnknown):
            call.simulate(people.stranger.address)
    escrow.fund_with_authorization(token_terms, [0], consent).simulate(people.stranger.address)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_an_authorization_works_before_its_end(escrow, node, people, poor, token_terms, late):
    end = node.block().timestamp + DAY
    consent = authorize(escrow, people, token_terms, [0], before=end)
    call = escrow.fund_with_authorization(token_terms, [0], consent)
    mine_at(node, end + late)
    if late < 0:
        call.simulate(people.stranger.address)
    else:
        with pytest.raises(RevertUnknown):
            call.simulate(people.stranger.address)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_an_authorization_works_after_its_begin(escrow, node, people, poor, token_terms, late):
    begin = node.block().timestamp + DAY
    consent = authorize(escrow, people, token_terms, [0], after=begin)
    call = escrow.fund_with_authorization(token_terms, [0], consent)
    mine_at(node, begin + late)
    if late > 0:
        call.simulate(people.stranger.address)
    else:
        with pytest.raises(RevertUnknown):
            call.simulate(people.stranger.address)


def test_an_authorization_that_was_used_is_not_signed_again(escrow, people, poor, token_terms):
    consent = authorize(escrow, people, token_terms, [0])
    escrow.fund_with_authorization(token_terms, [0], consent).send(people.stranger)
    with pytest.raises(TokenUnsuitable, match="used or cancelled"):
        authorize(escrow, people, token_terms, [0])


def test_the_coin_has_no_authorization(escrow, people, coin_terms):
    with pytest.raises(refused.TokenMissing):
        authorize(escrow, people, coin_terms, [0])


def test_nothing_is_signed_for_what_is_no_token(escrow, people, coin_terms):
    class Untouched:
        address = people.client.address

        def sign_typed_data(self, data):
            pytest.fail("signed")

    with pytest.raises(TokenUnsuitable):
        escrow.sign_permit(Untouched(), escrow.address, 1, 2**40)
    with pytest.raises(NoContract):
        escrow.sign_permit(Untouched(), "0x" + "99" * 20, 1, 2**40)


def test_credit_of_a_denied_payee_is_withdrawn(escrow, people, token, token_terms):
    fund_signed(escrow, people, token_terms, [0])
    freelancer = people.freelancer.address
    token.call("setDenied", freelancer, True).send(people.stranger)
    approval = escrow.sign_approval(people.client, token_terms, [0])
    released = escrow.release(token_terms, [0], [approval]).send(people.stranger)
    assert released.event("PayoutCredited")["owner"] == freelancer
    assert escrow.credits(token.address, freelancer) == 1_500_250_000
    other = people.arbiter.address
    escrow.withdraw(token.address, freelancer, other).send(people.freelancer)
    assert token.balance(other) == 1_500_250_000


def test_revert_is_the_error_of_the_same_name_and_fields(escrow, people, coin_terms):
    with pytest.raises(refused.NotClient) as caught:
        escrow.fund(coin_terms, [0]).send(people.stranger)
    assert caught.value.caller == people.stranger.address
    assert caught.value.client == people.client.address

    with pytest.raises(refused.AgreementNotFunded) as missing:
        escrow.submit(coin_terms, 0).simulate(people.freelancer.address)
    assert missing.value.agreement == escrow.agreement_id(coin_terms)

    fund_signed(escrow, people, coin_terms, [0])
    with pytest.raises(refused.WrongStatus) as wrong:
        escrow.fund(coin_terms, [0]).estimate_gas(people.client.address)
    assert wrong.value.status is Status.ACTIVE
    with pytest.raises(refused.MilestoneOutOfRange) as beyond:
        escrow.milestone_at(coin_terms, 3)
    assert (beyond.value.milestone, beyond.value.count) == (3, 3)


def test_balance_too_low_for_the_token(escrow, people, token):
    terms = fixed_price(people.parties(token.address), [10**15])
    with pytest.raises(BalanceTooLow) as caught:
        escrow.fund(terms, [0]).simulate(people.client.address)
    assert caught.value.token == token.address


def test_verify(escrow, people, coin_terms):
    data = escrow.terms_data(coin_terms)
    signature = escrow.sign_terms(people.freelancer, coin_terms)
    assert escrow.verify(people.freelancer.address, data, signature)
    assert not escrow.verify(people.client.address, data, signature)
    assert not escrow.verify(people.freelancer.address, data, b"")
    assert not escrow.verify(escrow.address, data, signature)


def test_a_batch_refuses_the_coin(escrow, coin_terms):
    assert coin_terms.token == ZERO_ADDRESS
    with pytest.raises(InputError, match="coin"):
        escrow.batch([escrow.fund(coin_terms, [0])])


def mine_at(node, timestamp):
    """Mines a block at `timestamp`, at which calls are then simulated."""
    node.w3.provider.make_request("evm_setNextBlockTimestamp", [timestamp])
    node.w3.provider.make_request("evm_mine", [])
