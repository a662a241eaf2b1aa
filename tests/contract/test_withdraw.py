import pytest
from helpers import COIN, Status, events_of, reverts_outside, reverts_with, set_of

ACCEPT, REVERT, BURN_GAS, RETURN_BOMB, REENTER = range(5)
PLENTY = 3_000_000


@pytest.fixture
def refused(fixed):
    """The token denies the payee, to whom 1000 were due."""
    fixed.fund(1)
    fixed.token.setDenied(fixed.payee, True, {"from": fixed.stranger})
    fixed.tx = fixed.escrow.release(
        fixed.terms, 1, [fixed.approval(1)], {"from": fixed.freelancer, "gas_limit": PLENTY}
    )
    return fixed


@pytest.fixture
def wallet(HostileWallet, accounts):
    return HostileWallet.deploy({"from": accounts[9]})


def test_a_refused_payout_is_credited(refused):
    assert refused.status() == Status.PAID
    assert refused.escrow.credits(refused.token, refused.payee) == 1000
    assert events_of(refused.tx, refused.escrow)[1:] == [
        (
            "PayoutCredited",
            {
                "agreement": refused.id,
                "owner": refused.values["payee"],
                "token": refused.token.address,
                "amount": 1000,
            },
        )
    ]


def test_a_refused_payee_holds_up_nobody(fixed):
    fixed.fund(1)
    fixed.submit(units=2500)
    fixed.token.setDenied(fixed.payee, True, {"from": fixed.stranger})
    with fixed.moves(client=750, escrow=-750):
        fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
        fixed.escrow.release(fixed.terms, 1, [], {"from": fixed.stranger, "gas_limit": PLENTY})


def test_its_owner_withdraws_to_any_address(refused):
    with refused.moves(stranger=1000, escrow=-1000):
        tx = refused.escrow.withdraw(
            refused.token, refused.payee, refused.stranger, {"from": refused.payee}
        )
    assert refused.escrow.credits(refused.token, refused.payee) == 0
    assert events_of(tx, refused.escrow) == [
        (
            "CreditWithdrawn",
            {
                "token": refused.token.address,
                "owner": refused.values["payee"],
                "to": str(refused.stranger),
                "amount": 1000,
            },
        )
    ]


def test_anybody_pushes_it_to_its_owner(refused):
    refused.token.setDenied(refused.payee, False, {"from": refused.stranger})
    with refused.moves(payee=1000, escrow=-1000):
        refused.escrow.withdraw(
            refused.token, refused.payee, refused.payee, {"from": refused.stranger}
        )


@pytest.mark.parametrize("caller", ["client", "freelancer", "arbiter", "stranger"])
def test_nobody_else_sends_it_elsewhere(refused, caller):
    who = getattr(refused, caller)
    with reverts_with("NotCreditOwner", who, refused.payee):
        refused.escrow.withdraw(refused.token, refused.payee, who, {"from": who})


@pytest.mark.parametrize("to", ["nobody", "escrow"])
def test_it_refuses_a_recipient_that_cannot_hold_money(refused, to):
    recipient = COIN if to == "nobody" else refused.escrow.address
    with reverts_with("RecipientInvalid", recipient):
        refused.escrow.withdraw(refused.token, refused.payee, recipient, {"from": refused.payee})


def test_it_pays_once(refused):
    args = (refused.token, refused.payee, refused.stranger, {"from": refused.payee})
    refused.escrow.withdraw(*args)
    with reverts_with("NothingToWithdraw", refused.token, refused.payee):
        refused.escrow.withdraw(*args)


def test_it_keeps_the_credit_while_the_recipient_refuses(refused):
    with reverts_outside("AccountDenied"):
        refused.escrow.withdraw(
            refused.token, refused.payee, refused.payee, {"from": refused.stranger}
        )
    assert refused.escrow.credits(refused.token, refused.payee) == 1000


@pytest.mark.parametrize("manner", [REVERT, BURN_GAS, RETURN_BOMB])
def test_a_hostile_wallet_is_credited_and_pays_for_no_more_than_the_cap(deal, wallet, manner):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(1)
    wallet.setManner(manner, COIN, b"", {"from": agreed.stranger})
    tx = agreed.escrow.release(
        agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client, "gas_limit": PLENTY}
    )
    assert tx.gas_used < 400_000
    assert agreed.escrow.credits(COIN, wallet) == 1000
    call = agreed.escrow.withdraw.encode_input(COIN, wallet, agreed.stranger)
    before = agreed.balance("stranger")
    wallet.execute(agreed.escrow, 0, call, {"from": agreed.client})
    assert agreed.balance("stranger") - before == 1000


def test_it_keeps_the_credit_while_the_wallet_refuses_the_coin(deal, wallet):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(1)
    wallet.setManner(REVERT, COIN, b"", {"from": agreed.stranger})
    agreed.escrow.release(
        agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client, "gas_limit": PLENTY}
    )
    with reverts_outside("no coin here"):
        agreed.escrow.withdraw(COIN, wallet, wallet, {"from": agreed.stranger})
    assert agreed.escrow.credits(COIN, wallet) == 1000


def test_there_is_nothing_of_another_token_or_owner(refused):
    who = refused.freelancer
    with reverts_with("NothingToWithdraw", refused.token, who):
        refused.escrow.withdraw(refused.token, who, who, {"from": who})
    with reverts_with("NothingToWithdraw", COIN, refused.payee):
        refused.escrow.withdraw(COIN, refused.payee, refused.payee, {"from": who})


def test_a_wallet_that_accepts_is_paid_by_push(deal, wallet):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(1)
    agreed.escrow.release(agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client})
    assert wallet.balance() == 1000


@pytest.mark.parametrize("gas", [110_000, 150_000, 200_000])
def test_nobody_starves_a_wallet_that_takes_the_coin(deal, wallet, gas):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(1)
    approval = agreed.approval(1)
    with agreed.moves(), reverts_outside("GasTooLow"):
        agreed.escrow.release(
            agreed.terms, 1, [approval], {"from": agreed.client, "gas_limit": gas}
        )
    with agreed.moves(escrow=-1000):
        agreed.escrow.release(
            agreed.terms, 1, [approval], {"from": agreed.client, "gas_limit": 350_000}
        )


def test_nobody_forces_a_credit_by_bringing_little_gas(deal, wallet):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(1)
    wallet.setManner(BURN_GAS, COIN, b"", {"from": agreed.stranger})
    with reverts_outside("GasTooLow"):
        agreed.escrow.release(
            agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client, "gas_limit": 250_000}
        )
    assert agreed.status() == Status.ACTIVE


@pytest.mark.parametrize("act", ["release", "refund", "withdraw", "multicall"])
def test_a_recipient_cannot_reenter(deal, wallet, act):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(7)
    escrow = agreed.escrow
    calls = {
        "release": escrow.release.encode_input(agreed.terms, 2, [agreed.approval(2)]),
        "refund": escrow.refund.encode_input(agreed.terms, 2),
        "withdraw": escrow.withdraw.encode_input(COIN, wallet, wallet),
    }
    calls["multicall"] = escrow.multicall.encode_input([calls["release"]])
    wallet.setManner(REENTER, escrow, calls[act], {"from": agreed.stranger})
    escrow.release(agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client})
    assert wallet.answer().hex().startswith("3ee5aeb5")
    assert wallet.balance() == 1000
    assert agreed.status(1) == Status.ACTIVE


def test_a_withdrawn_credit_cannot_be_taken_again_from_within(deal, wallet):
    agreed = deal(token=COIN, payee=wallet)
    agreed.fund(7)
    wallet.setManner(REVERT, COIN, b"", {"from": agreed.stranger})
    agreed.escrow.release(
        agreed.terms, 1, [agreed.approval(1)], {"from": agreed.client, "gas_limit": PLENTY}
    )
    again = agreed.escrow.withdraw.encode_input(COIN, wallet, wallet)
    wallet.setManner(REENTER, agreed.escrow, again, {"from": agreed.stranger})
    agreed.escrow.withdraw(COIN, wallet, wallet, {"from": agreed.stranger})
    assert wallet.balance() == 1000
    assert agreed.escrow.balance() == 5004


def test_credits_of_two_payouts_add_up(refused):
    refused.fund(set_of(1))
    refused.escrow.release(
        refused.terms, 2, [refused.approval(2)], {"from": refused.client, "gas_limit": PLENTY}
    )
    assert refused.escrow.credits(refused.token, refused.payee) == 3001
