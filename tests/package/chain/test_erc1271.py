"""Signatures of wallets that are contracts, asked of the SDK and of the escrow itself."""

from dataclasses import replace

import pytest

from milepost.chain.transactions import Call
from milepost.contract_errors import SignatureInvalid
from milepost.presets import fixed_price
from milepost.types import Status

pytestmark = pytest.mark.node

# solc 0.8.30, optimizer runs 1, viaIR, Cancun, without metadata and revert strings, of:
#
#     contract Wallet {
#         address immutable owner = msg.sender;
#         function isValidSignature(bytes32 hash, bytes calldata s) external view returns (bytes4) {
#             address found = ecrecover(hash, uint8(s[64]), bytes32(s[:32]), bytes32(s[32:64]));
#             return found == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
#         }
#     }
WALLET = bytes.fromhex(
    "60a080604052346021573360805261014a908161002682396080518160d20152f35b5f80fdfe6080806040526004"
    "361015610012575f80fd5b5f3560e01c631626ba7e14610025575f80fd5b34610132576040366003190112610132"
    "576024356001600160401b03811161013257366023820112156101325760048101356001600160401b0381116101"
    "32573660248284010111610132578060401015610136578060201161013257602482013590604011610132576020"
    "925f9260809260646044830135926004358552013560f81c868401526040830152606082015282805260015afa15"
    "610127575f516001600160a01b039081167f00000000000000000000000000000000000000000000000000000000"
    "0000000090911603610117576020630b135d3f60e11b5b6040516001600160e01b03199091168152f35b60206001"
    "600160e01b0319610104565b6040513d5f823e3d90fd5b5f80fd5b634e487b7160e01b5f52603260045260245ffd"
)
YES = bytes.fromhex("1626ba7e").ljust(32, b"\0")


@pytest.fixture
def wallet(node, people):
    """A contract wallet whose owner is the freelancer's key."""
    return Call(node, "create", None, WALLET).send(people.freelancer).contract


@pytest.fixture
def terms(people, wallet):
    return replace(fixed_price(people.parties(), [5]), freelancer=wallet)


def escrow_takes(escrow, people, terms, acceptance):
    try:
        escrow.fund(terms, [0], acceptance).simulate(people.client.address)
    except SignatureInvalid:
        return False
    return True


def test_a_wallet_calls_its_owners_signature_its_own(escrow, people, wallet, terms):
    acceptance = escrow.sign_terms(people.freelancer, terms)
    assert escrow.verify(wallet, escrow.terms_data(terms), acceptance)
    escrow.fund(terms, [0], acceptance).send(people.client)
    assert escrow.statuses(terms) == {0: Status.ACTIVE}


def test_a_wallet_refuses_what_its_owner_did_not_sign(escrow, people, wallet, terms):
    data = escrow.terms_data(terms)
    for acceptance in (
        escrow.sign_terms(people.stranger, terms),
        escrow.sign_terms(people.freelancer, replace(terms, salt=b"\1" * 32)),
        bytes(65),
        b"\1",
    ):
        assert not escrow.verify(wallet, data, acceptance)
        assert not escrow_takes(escrow, people, terms, acceptance)


def test_a_wallet_promises_and_offers(escrow, node, people, wallet):
    terms = replace(fixed_price(people.parties(), [5]), client=wallet)
    approval = escrow.sign_approval(people.freelancer, terms, [0])
    assert escrow.verify(wallet, escrow.approval_data(terms, approval), approval.signature)
    assert not escrow.verify(people.client.address, escrow.approval_data(terms, approval), b"\1")


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (YES, True),
        (YES + bytes(32), True),
        (YES[:31], False),
        (YES[:4], False),
        (b"", False),
        (bytes(32), False),
        (b"\xff" * 32, False),
        (YES[:31] + b"\1", False),
        (bytes(28) + YES[:4], False),
    ],
)
def test_the_sdk_reads_every_answer_as_the_escrow_does(
    escrow, people, terms, canned_contract, answer, taken
):
    oracle = "0x" + "72" * 20
    canned_contract(oracle, {"isValidSignature(bytes32,bytes)": answer})
    terms = replace(terms, freelancer=oracle)
    assert escrow.verify(oracle, escrow.terms_data(terms), b"any") is taken
    assert escrow_takes(escrow, people, terms, b"any") is taken


def test_a_contract_without_signatures_has_none(escrow, people, terms, canned_contract):
    mute = "0x" + "72" * 20
    canned_contract(mute, {})
    terms = replace(terms, freelancer=mute)
    assert not escrow.verify(mute, escrow.terms_data(terms), b"any")
    assert not escrow_takes(escrow, people, terms, b"any")


def test_a_key_with_delegated_code_keeps_its_signature(
    escrow, people, terms, node, canned_contract
):
    terms = replace(terms, freelancer=people.freelancer.address)
    acceptance = escrow.sign_terms(people.freelancer, terms)
    canned_contract(people.freelancer.address, {})
    try:
        assert escrow.verify(people.freelancer.address, escrow.terms_data(terms), acceptance)
        assert escrow_takes(escrow, people, terms, acceptance)
    finally:
        node.w3.provider.make_request("anvil_setCode", [people.freelancer.address, "0x"])
