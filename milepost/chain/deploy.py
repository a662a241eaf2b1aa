"""Deploys the escrow, at the same address on every chain where the deterministic proxy stands.

The address depends on the bytecode alone: salt zero, no constructor arguments. Known deployments
are in `milepost/deployments`, one file for each chain id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from milepost.artifacts import load_artifact
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.errors import CallRefused, DeploymentMismatch, DeploymentUnknown
from milepost.signing import Signer

DETERMINISTIC_PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
SALT = bytes(32)
PRACTICE_AMOUNT = 100_000 * 10**6

# A PUSH32 of zero in the artifact is where the constructor writes an immutable value.
_IMMUTABLE = re.compile(rb"\x7f\x00{32}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the escrow stands on one chain, and by which transaction and compiler."""

    chain_id: int
    address: str
    transaction: str
    block: int
    compiler: dict[str, Any]


def deterministic_address(code: bytes, salt: bytes = SALT) -> str:
    """Where the proxy creates `code`."""
    packed = b"\xff" + bytes.fromhex(DETERMINISTIC_PROXY[2:]) + salt + keccak(code)
    return str(to_checksum_address(keccak(packed)[12:]))


def deploy_escrow(node: Node, signer: Signer) -> Deployment:
    """Deploy the escrow through the proxy, or by plain creation where there is no proxy.

    A deterministic escrow that already stands is returned with an empty transaction. Raises as
    sending does, and DeploymentMismatch where other code stands afterwards.
    """
    artifact = load_artifact("MilestoneEscrow")
    call, address = _creation(node, artifact.code)
    if address is not None and node.code(address):
        return Deployment(node.chain_id, address, "", 0, artifact.compiler)
    receipt = call.send(signer)
    address = address or str(receipt.contract)
    deployed = Deployment(
        node.chain_id, address, "0x" + receipt.transaction.hex(), receipt.block, artifact.compiler
    )
    verify_code(node, address)
    return deployed


def deploy_practice_token(node: Node, signer: Signer, holders: Sequence[str] = ()) -> str:
    """Deploy the practice token, worth nothing on any chain, and give each holder 100,000 of it.

    Returns its address.
    """
    artifact = load_artifact("PracticeToken")
    address = str(Call(node, "create", None, artifact.code).send(signer).contract)
    token = node.w3.eth.contract(to_checksum_address(address), abi=artifact.abi)
    for holder in holders:
        data = token.encode_abi("mint", args=[holder, PRACTICE_AMOUNT])
        Call(node, "mint", address, bytes.fromhex(data[2:]), token=address).send(signer)
    return address


def verify_code(node: Node, address: str) -> None:
    """Raises NoContract or DeploymentMismatch where `address` is not this version's escrow.

    Immutable values differ by chain and are not compared.
    """
    node.require_contract(address)
    actual, expected = node.code(address), load_artifact("MilestoneEscrow").runtime
    if len(actual) != len(expected):
        raise DeploymentMismatch(address)
    masked = bytearray(actual)
    for immutable in _IMMUTABLE.finditer(expected):
        masked[immutable.start() + 1 : immutable.end()] = bytes(32)
    if masked != expected:
        raise DeploymentMismatch(address)


def first_block_of(node: Node, address: str) -> int:
    """The block in which the contract at `address` was created.

    Zero where the node does not keep the state of old blocks, which it takes to find it. Raises
    NoContract and NodeUnreachable.
    """
    node.require_contract(address)
    low, high = 0, node.block().number
    try:
        while low < high:
            middle = (low + high) // 2
            if node.code(address, middle):
                high = middle
            else:
                low = middle + 1
    except CallRefused:
        return 0
    return low


def load_deployment(chain_id: int, directory: Path | None = None) -> Deployment:
    """The known deployment of a chain. Raises DeploymentUnknown."""
    place = directory or files("milepost") / "deployments"
    try:
        content = json.loads((place / f"{chain_id}.json").read_text("utf-8"))
    except FileNotFoundError:
        raise DeploymentUnknown(chain_id) from None
    return Deployment(
        chain_id=content["chain_id"],
        address=content["address"],
        transaction=content["transaction"],
        block=content["block"],
        compiler=content["compiler"],
    )


def save_deployment(deployment: Deployment, directory: Path) -> Path:
    """Write the deployment's file into `directory` and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{deployment.chain_id}.json"
    path.write_text(json.dumps(asdict(deployment), indent=2, sort_keys=True) + "\n", "utf-8")
    return path


def _creation(node: Node, code: bytes) -> tuple[Call, str | None]:
    if node.code(DETERMINISTIC_PROXY):
        address = deterministic_address(code)
        return Call(node, "create", DETERMINISTIC_PROXY, SALT + code), address
    return Call(node, "create", None, code), None
