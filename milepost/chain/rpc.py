"""A node to read from and send through: one URL, one chain, one timeout.

Refuses a node of another chain than the one meant. URLs often hold an access key, so messages show
only the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import BlockIdentifier as BlockIdentifier

from milepost.chain.patience import OnPause, PatientProvider
from milepost.chain.reverts import translated
from milepost.errors import NoContract, WrongChain


@dataclass(frozen=True, slots=True)
class Block:
    """The block that reads are pinned to. `timestamp` is Unix time."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Node:
    """A connected node. `label` names it in messages without its key."""

    w3: Web3
    chain_id: int
    label: str

    def patient(self, on_pause: OnPause | None = None) -> Node:
        """The same node for questions, which it is asked again where it is too busy.

        `on_pause` hears why, and for how many seconds it waits.
        """
        provider = cast(HTTPProvider, self.w3.provider)
        options = dict(provider.get_request_kwargs())
        asked = PatientProvider(str(provider.endpoint_uri), options, on_pause)
        return Node(_web3(asked), self.chain_id, self.label)

    def block(self, block: BlockIdentifier = "latest") -> Block:
        """Number, hash and time of a block. Raises NodeUnreachable and CallRefused."""
        with translated(self.label):
            found = self.w3.eth.get_block(block)
            return Block(found["number"], bytes(found["hash"]), found["timestamp"])

    def code(self, address: str, block: BlockIdentifier = "latest") -> bytes:
        """The code at `address`; empty where there is none."""
        with translated(self.label):
            return bytes(self.w3.eth.get_code(to_checksum_address(address), block))

    def storage(self, address: str, slot: int, block: BlockIdentifier = "latest") -> int:
        """The word at a storage slot of `address`."""
        with translated(self.label):
            found = self.w3.eth.get_storage_at(to_checksum_address(address), slot, block)
            return int.from_bytes(found)

    def balance(self, address: str, block: BlockIdentifier = "latest") -> int:
        """What `address` has of the chain's coin, in base units."""
        with translated(self.label):
            return int(self.w3.eth.get_balance(to_checksum_address(address), block))

    def require_contract(self, address: str) -> None:
        """Raises NoContract where there is no code at `address`."""
        if not self.code(address):
            raise NoContract(address, self.chain_id)


def connect(url: str, *, chain_id: int | None = None, timeout: float = 10.0) -> Node:
    """Connect to the node at `url`, waiting `timeout` seconds for each answer.

    Raises NodeUnreachable, and WrongChain where the node serves another chain than `chain_id`.
    """
    label = public_url(url)
    provider = HTTPProvider(
        url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None
    )
    w3 = _web3(provider)
    with translated(label):
        actual = int(w3.eth.chain_id)
    if chain_id is not None and actual != chain_id:
        raise WrongChain(label, chain_id, actual)
    return Node(w3, actual, label)


def _web3(provider: HTTPProvider) -> Web3:
    w3 = Web3(provider)
    # Some chains put more into a block's extra data than web3 accepts without this.
    w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return w3


def public_url(url: str) -> str:
    """The scheme, host and port of `url`: what may be shown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
