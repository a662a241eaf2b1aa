"""Asks a wallet that is a contract whether a signature is its own (ERC-1271)."""

from __future__ import annotations

from eth_abi.abi import encode

from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.errors import CallRefused, ContractError
from milepost.types import ZERO_ADDRESS

_SELECTOR = bytes.fromhex("1626ba7e")


def is_valid_signature(
    node: Node, wallet: str, digest: bytes, signature: bytes, caller: str = ZERO_ADDRESS
) -> bool:
    """Whether the contract `wallet` calls `signature` over `digest` its own when `caller` asks.

    A revert is a no, and so is an answer whose first 32 bytes are not the standard's.
    """
    data = _SELECTOR + encode(["bytes32", "bytes"], [digest, signature])
    call = Call(node, "isValidSignature", wallet, data, decode_result=bytes)
    try:
        return bool(call.simulate(caller)[:32] == _SELECTOR.ljust(32, b"\0"))
    except (ContractError, CallRefused):
        return False
