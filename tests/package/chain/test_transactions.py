from dataclasses import replace

import pytest

from milepost.artifacts import load_artifact
from milepost.chain.events import event_topics
from milepost.chain.reverts import decode_revert
from milepost.chain.transactions import Sent
from milepost.contract_errors import GasTooLow
from milepost.errors import (
    BalanceTooLow,
    Panicked,
    RevertedWithReason,
    RevertUnknown,
    TransactionDropped,
    TransactionFailed,
    TransactionPending,
    TransactionReplaced,
)
from milepost.presets import fixed_price


def word(value):
    return value.to_bytes(32, "big")


def test_revert_data_is_decoded():
    panic = decode_revert(bytes.fromhex("4e487b71") + word(0x11))
    assert isinstance(panic, Panicked)
    assert panic.code == 0x11
    reason = bytes.fromhex("08c379a0") + word(32) + word(2) + b"no".ljust(32, b"\0")
    assert decode_revert(reason).reason == "no"
    assert decode_revert(b"\x01\x02\x03\x04").data == b"\x01\x02\x03\x04"
    assert isinstance(decode_revert(b""), RevertUnknown)
    assert isinstance(decode_revert(b"", "execution reverted: paused"), RevertedWithReason)
    assert isinstance(decode_revert(bytes.fromhex("4e487b71")), RevertUnknown)


def test_every_abi_event_has_a_topic():
    names = [e["name"] for e in load_artifact("MilestoneEscrow").abi if e["type"] == "event"]
    assert sorted(event_topics()) == sorted(names)


@pytest.fixture
def call(escrow, people):
    return escrow.fund(fixed_price(people.parties(), [5]), [0])


@pytest.mark.node
def test_balance_too_low_for_the_coin(escrow, people):
    terms = fixed_price(people.parties(), [10**30])
    with pytest.raises(BalanceTooLow) as caught:
        escrow.fund(terms, [0]).send(people.client)
    assert caught.value.owner == people.client.address
    assert caught.value.needed >= 10**30


@pytest.mark.node
def test_pending_dropped_and_replaced(call, node, people):
    request = node.w3.provider.make_request
    request("evm_setAutomine", [False])
    try:
        sent = call.submit(people.client)
        with pytest.raises(TransactionPending):
            sent.wait(0)
        request("anvil_dropTransaction", ["0x" + sent.transaction.hex()])
        with pytest.raises(TransactionDropped):
            sent.wait(0)
        other = replace(call, to=people.stranger.address, data=b"").submit(people.client)
        assert other.nonce == sent.nonce
        request("evm_mine", [])
        other.wait(5)
        with pytest.raises(TransactionReplaced):
            sent.wait(0)
    finally:
        request("evm_setAutomine", [True])


@pytest.mark.node
def test_a_receipt_that_comes_late_is_waited_for(call, people, monkeypatch):
    sent = call.submit(people.client)
    receipt, asked = Sent._receipt, []

    def late(self):
        asked.append(self)
        return receipt(self) if len(asked) > 2 else None

    monkeypatch.setattr(Sent, "_receipt", late)
    # The nonce is used all the while.
    assert sent.wait(30).gas_used > 0
    assert len(asked) == 3


@pytest.mark.node
def test_another_transaction_with_the_nonce_is_told(call, people, monkeypatch):
    sent = call.submit(people.client)
    monkeypatch.setattr(Sent, "_receipt", lambda self: None)
    monkeypatch.setattr("milepost.chain.transactions._POLL_MOST", 0.05)
    with pytest.raises(TransactionReplaced):
        sent.wait(30)


@pytest.mark.node
def test_mined_failure_is_explained(call, node, people):
    raw = people.client.sign_transaction(
        {
            "chainId": node.chain_id,
            "nonce": node.w3.eth.get_transaction_count(people.client.address),
            "gas": 60_000,
            "gasPrice": node.w3.eth.gas_price,
            "value": call.value,
            "data": "0x" + call.data.hex(),
            "to": call.to,
        }
    )
    sent = Sent(
        call, people.client.address, 0, 60_000, bytes(node.w3.eth.send_raw_transaction(raw))
    )
    with pytest.raises(TransactionFailed) as caught:
        sent.wait(5)
    assert caught.value.gas_limit == 60_000


def test_gas_too_low_has_its_numbers():
    assert "21000" in str(GasTooLow(21_000, 300_000))
