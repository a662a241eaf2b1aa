"""The life of one act on chain: simulate, estimate, sign, send, wait, decode.

A call does nothing by itself. Sending always simulates first, so that what would fail costs
nothing, and without a signer there is only the simulation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address
from web3 import exceptions as web3_errors
from web3.types import BlockIdentifier, TxParams, Wei

from milepost.chain.events import Event, decode_logs
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.errors import (
    BalanceTooLow,
    TransactionDropped,
    TransactionFailed,
    TransactionPending,
    TransactionReplaced,
)
from milepost.signing import Signer
from milepost.types import ZERO_ADDRESS

RECEIPT_TIMEOUT = 180
# Storage and recipients can change between the estimate and the block.
_GAS_MARGIN_PERCENT = 25
_POLL_FIRST, _POLL_MOST = 0.05, 2.0
# A node may count a transaction before it has its receipt. After about three seconds it has not
# counted this one.
_POLLS_UNTIL_REPLACED = 6


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction may cost, in base units of the coin."""

    gas: int
    price: int
    tip: int | None

    @property
    def most(self) -> int:
        """The highest fee that can be charged."""
        return self.gas * self.price


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction and the escrow's events in it. `gas_price` is what was charged."""

    transaction: bytes
    block: int
    block_hash: bytes
    gas_used: int
    gas_price: int
    contract: str | None
    events: tuple[Event, ...]

    def event(self, name: str) -> Event:
        """The first event of that name. Raises LookupError."""
        for found in self.events:
            if found.name == name:
                return found
        raise LookupError(name)


@dataclass(frozen=True, slots=True)
class Call:
    """An unsent call. `value` is base units of the coin; `token` completes a token's own errors."""

    node: Node
    name: str
    to: str | None
    data: bytes
    value: int = 0
    token: str = ZERO_ADDRESS
    decode_result: Callable[[bytes], Any] | None = None

    def simulate(self, sender: str, block: BlockIdentifier = "latest") -> Any:
        """Run the call on the node without sending it. Raises what sending would meet."""
        self._require_balance(sender, self.value, block)
        with self._translated(sender):
            answer = bytes(self.node.w3.eth.call(self._params(sender), block))
        return self.decode_result(answer) if self.decode_result else None

    def estimate_gas(self, sender: str) -> int:
        """Gas to send with, with a margin. Raises as `simulate` does."""
        self._require_balance(sender, self.value)
        with self._translated(sender):
            estimate = self.node.w3.eth.estimate_gas(self._params(sender))
        return int(estimate) * (100 + _GAS_MARGIN_PERCENT) // 100

    def estimate_fees(self, sender: str) -> Fees:
        """What sending may cost now."""
        gas = self.estimate_gas(sender)
        with translated(self.node.label):
            base = self.node.w3.eth.get_block("latest").get("baseFeePerGas")
            if base is None:
                return Fees(gas, int(self.node.w3.eth.gas_price), None)
            tip = int(self.node.w3.eth.max_priority_fee)
        return Fees(gas, 2 * int(base) + tip, tip)

    def send(self, signer: Signer, *, timeout: float = RECEIPT_TIMEOUT) -> Receipt:
        """Simulate, sign, send, and wait `timeout` seconds for the receipt.

        Raises the contract's error, BalanceTooLow, or one of the Transaction errors.
        """
        return self.submit(signer).wait(timeout)

    def submit(self, signer: Signer) -> Sent:
        """Simulate, sign and send, without waiting."""
        sender = to_checksum_address(signer.address)
        self.simulate(sender)
        fees = self.estimate_fees(sender)
        self._require_balance(sender, self.value + fees.most)
        with translated(self.node.label):
            nonce = int(self.node.w3.eth.get_transaction_count(sender, "pending"))
        transaction: dict[str, Any] = {
            "chainId": self.node.chain_id,
            "nonce": nonce,
            "gas": fees.gas,
            "value": self.value,
            "data": "0x" + self.data.hex(),
        }
        if self.to is not None:
            transaction["to"] = self.to
        if fees.tip is None:
            transaction["gasPrice"] = fees.price
        else:
            transaction |= {"maxFeePerGas": fees.price, "maxPriorityFeePerGas": fees.tip, "type": 2}
        raw = signer.sign_transaction(transaction)
        with self._translated(sender):
            identifier = bytes(self.node.w3.eth.send_raw_transaction(raw))
        return Sent(self, sender, nonce, fees.gas, identifier)

    def _require_balance(self, sender: str, needed: int, block: BlockIdentifier = "latest") -> None:
        if needed and (balance := self.node.balance(sender, block)) < needed:
            raise BalanceTooLow(sender, ZERO_ADDRESS, balance, needed)

    def _params(self, sender: str) -> TxParams:
        params: TxParams = {
            "from": to_checksum_address(sender),
            "data": self.data,
            "value": Wei(self.value),
        }
        if self.to is not None:
            params["to"] = to_checksum_address(self.to)
        return params

    def _translated(self, sender: str) -> Any:
        return translated(self.node.label, owner=sender, token=self.token)


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction on its way."""

    call: Call
    sender: str
    nonce: int
    gas: int
    transaction: bytes

    def wait(self, timeout: float = RECEIPT_TIMEOUT) -> Receipt:
        """Wait `timeout` seconds for the receipt.

        Raises TransactionPending, TransactionDropped, TransactionReplaced, or why it failed.
        """
        end, pause, used = time.monotonic() + timeout, _POLL_FIRST, 0
        while True:
            found = self._receipt()
            if found is not None:
                return found
            used = used + 1 if self._is_nonce_used() else 0
            is_over = time.monotonic() >= end
            if used == _POLLS_UNTIL_REPLACED or (used and is_over):
                raise TransactionReplaced("0x" + self.transaction.hex(), self.sender, self.nonce)
            if is_over:
                raise self._why_missing(int(timeout))
            time.sleep(pause)
            pause = min(2 * pause, _POLL_MOST)

    def _receipt(self) -> Receipt | None:
        with translated(self.call.node.label):
            try:
                found = self.call.node.w3.eth.get_transaction_receipt(_hash(self.transaction))
            except (web3_errors.TransactionNotFound, web3_errors.TransactionIndexingInProgress):
                return None
        if not found["status"]:
            # The state before the block is the nearest that a node can replay on.
            self.call.simulate(self.sender, found["blockNumber"] - 1)
            raise TransactionFailed(
                "0x" + self.transaction.hex(), found["blockNumber"], found["gasUsed"], self.gas
            )
        address = found.get("contractAddress")
        return Receipt(
            transaction=self.transaction,
            block=found["blockNumber"],
            block_hash=bytes(found["blockHash"]),
            gas_used=found["gasUsed"],
            gas_price=int(found.get("effectiveGasPrice", 0)),
            contract=str(address) if address else None,
            events=decode_logs(found["logs"], self.call.to) if self.call.to else (),
        )

    def _is_nonce_used(self) -> bool:
        with translated(self.call.node.label):
            eth = self.call.node.w3.eth
            return int(eth.get_transaction_count(to_checksum_address(self.sender))) > self.nonce

    def _why_missing(self, seconds: int) -> TransactionPending | TransactionDropped:
        name = "0x" + self.transaction.hex()
        with translated(self.call.node.label):
            try:
                self.call.node.w3.eth.get_transaction(_hash(self.transaction))
            except web3_errors.TransactionNotFound:
                return TransactionDropped(name)
        return TransactionPending(name, seconds)


def _hash(value: bytes) -> Any:
    return "0x" + value.hex()
