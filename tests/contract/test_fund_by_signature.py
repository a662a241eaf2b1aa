"""Funding that rides on a token's own signatures: ERC-2612 permits, ERC-3009 authorisations."""

import brownie
import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from helpers import (
    COIN,
    NOT_SIGNED,
    Status,
    events_of,
    private_key,
    reverts_outside,
    reverts_with,
    set_of,
)

FAR = 2**40


def sign_for_token(deal, primary, fields, message, signer="client"):
    domain = {
        "name": "Practice Dollar",
        "version": "1",
        "chainId": brownie.web3.eth.chain_id,
        "verifyingContract": deal.token.address,
    }
    types = {primary: [{"name": n, "type": t} for n, t in fields]}
    signed = Account.sign_message(encode_typed_data(domain, types, message), private_key(signer))
    return signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)


def permit(deal, value):
    fields = [
        ("owner", "address"),
        ("spender", "address"),
        ("value", "uint256"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ]
    message = {
        "owner": deal.values["client"],
        "spender": deal.escrow.address,
        "value": value,
        "nonce": int(deal.token.nonces(deal.client)),
        "deadline": FAR,
    }
    return (value, FAR, *sign_for_token(deal, "Permit", fields, message))


def authorization(deal, milestones, value=None, nonce_of=None, signer="client"):
    agreement = bytes.fromhex((nonce_of or deal).id[2:])
    fields = [
        ("from", "address"),
        ("to", "address"),
        ("value", "uint256"),
        ("validAfter", "uint256"),
        ("validBefore", "uint256"),
        ("nonce", "bytes32"),
    ]
    message = {
        "from": deal.values["client"],
        "to": deal.escrow.address,
        "value": deal.amount(milestones) if value is None else value,
        "validAfter": 0,
        "validBefore": FAR,
        "nonce": keccak(encode(["bytes32", "uint64"], [agreement, milestones])),
    }
    return (0, FAR, *sign_for_token(deal, "ReceiveWithAuthorization", fields, message, signer))


def fund_for(deal, milestones, signed, acceptance=NOT_SIGNED, by="relayer"):
    return deal.escrow.fundWithAuthorization(
        deal.terms, milestones, acceptance, signed, {"from": getattr(deal, by)}
    )


@pytest.fixture
def poor(fixed):
    """The client has allowed the escrow nothing."""
    fixed.token.approve(fixed.escrow, 0, {"from": fixed.client})
    return fixed


@pytest.mark.parametrize("front_run", [False, True])
def test_a_permit_and_a_funding_are_one_batch(poor, front_run):
    signed = permit(poor, 3001)
    if front_run:
        poor.token.permit(poor.client, poor.escrow, *signed, {"from": poor.stranger})
    batch = [
        poor.escrow.permit.encode_input(poor.token, *signed),
        poor.escrow.fund.encode_input(poor.terms, 3, poor.acceptance()),
    ]
    with poor.moves(client=-3001, escrow=3001):
        poor.escrow.multicall(batch, {"from": poor.client})
    assert poor.status() == Status.ACTIVE


def test_a_permit_that_fails_changes_nothing(poor):
    value, deadline, v, r, s = permit(poor, 3001)
    poor.escrow.permit(poor.token, value + 1, deadline, v, r, s, {"from": poor.client})
    assert poor.token.allowance(poor.client, poor.escrow) == 0
    poor.escrow.permit(poor.token, value, deadline, v, r, s, {"from": poor.stranger})
    assert poor.token.allowance(poor.client, poor.escrow) == 0
    poor.escrow.permit(poor.token, value, deadline, v, r, s, {"from": poor.client})
    assert poor.token.allowance(poor.client, poor.escrow) == 3001


def test_a_permit_needs_a_token(poor):
    with reverts_outside():
        poor.escrow.permit(poor.stranger, *permit(poor, 3001), {"from": poor.client})


def test_a_batch_ends_whole_or_not_at_all(poor):
    batch = [
        poor.escrow.permit.encode_input(poor.token, *permit(poor, 3000)),
        poor.escrow.fund.encode_input(poor.terms, 1, NOT_SIGNED),
        poor.escrow.fund.encode_input(poor.terms, 2, NOT_SIGNED),
    ]
    with reverts_outside("ERC20InsufficientAllowance"):
        poor.escrow.multicall(batch, {"from": poor.client})
    assert poor.status() == Status.NONE


def test_a_batch_carries_no_coin(coin_deal):
    call = coin_deal.escrow.fund.encode_input(coin_deal.terms, 1, NOT_SIGNED)
    with reverts_outside():
        coin_deal.escrow.multicall([call], {"from": coin_deal.client, "value": 1000})
    with reverts_with("ValueMismatch", 0, 1000):
        coin_deal.escrow.multicall([call], {"from": coin_deal.client})


def test_anybody_funds_with_the_clients_authorisation(poor):
    with poor.moves(client=-3001, escrow=3001):
        tx = fund_for(poor, 3, authorization(poor, 3), poor.acceptance())
    assert [poor.status(i) for i in range(2)] == [Status.ACTIVE] * 2
    assert events_of(tx, poor.escrow) == [
        (
            "MilestonesFunded",
            {
                "agreement": poor.id,
                "client": poor.values["client"],
                "freelancer": poor.values["freelancer"],
                "milestones": 3,
                "amount": 3001,
                "isAccepted": True,
                "terms": (*poor.terms[:-1], tuple(poor.terms[-1])),
            },
        )
    ]


def test_without_acceptance_it_is_an_offer(poor):
    fund_for(poor, 1, authorization(poor, 1))
    assert poor.status() == Status.OFFERED


def test_an_authorisation_funds_nothing_else(poor, deal):
    other = deal(salt=b"\1" * 32)
    with reverts_outside("AuthorizationInvalid"):
        fund_for(poor, 1, authorization(poor, 1, nonce_of=other))
    with reverts_outside("AuthorizationInvalid"):
        fund_for(poor, set_of(0), authorization(poor, set_of(1), value=1000))
    with reverts_outside("AuthorizationInvalid"):
        fund_for(poor, 1, authorization(poor, 1, value=999))


def test_it_refuses_the_authorisation_of_another(poor):
    with reverts_outside("AuthorizationInvalid"):
        fund_for(poor, 1, authorization(poor, 1, signer="stranger"))


def test_it_refuses_the_coin(coin_deal):
    with reverts_with("TokenMissing", COIN):
        fund_for(coin_deal, 1, (0, FAR, 27, b"\1" * 32, b"\1" * 32))


def test_it_is_not_played_twice(poor):
    signed = authorization(poor, 1)
    fund_for(poor, 1, signed)
    with reverts_with("WrongStatus", poor.id, 0, Status.OFFERED):
        fund_for(poor, 1, signed)


@pytest.mark.parametrize("signer", ["client", "relayer"])
def test_it_refuses_the_acceptance_of_anybody_but_the_freelancer(poor, signer):
    with reverts_with("SignatureInvalid", poor.freelancer, poor.id):
        fund_for(poor, 1, authorization(poor, 1), poor.acceptance(signer))


def test_it_refuses_an_empty_set(poor):
    with reverts_with("NoMilestones"):
        fund_for(poor, 0, authorization(poor, 0))


def test_it_refuses_a_milestone_beyond_the_terms(poor):
    with reverts_with("MilestoneOutOfRange", poor.id, 3, 3):
        fund_for(poor, set_of(3), authorization(poor, set_of(3), value=1))


def test_it_refuses_a_missing_client(deal):
    broken = deal(client=COIN)
    with reverts_with("PartyMissing", COIN, broken.freelancer):
        fund_for(broken, 1, authorization(broken, 1))
