"""The escrow's ABI in Python: snake_case, dataclasses in and out, and nothing of its own.

Reads take a block. Writes return an unsent call. An argument that does not fit the contract's type
is refused here, before any encoding. Sets of milestones are integers, as `types.to_set`
makes them; `milepost.escrow` is the same with lists of indexes and signatures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, cached_property
from typing import Any

from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.types import BlockIdentifier

from milepost.artifacts import load_artifact
from milepost.chain.events import snake
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.types import (
    ZERO_ADDRESS,
    AgreementId,
    Amendment,
    Approval,
    Authorization,
    Clock,
    Division,
    MilestoneView,
    Status,
    Terms,
    require_address,
    require_hash,
    require_uint,
)


class EscrowContract:
    """The contract at one address of one chain."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.address = str(to_checksum_address(address))

    # Reads

    def agreement_id(self, terms: Terms, block: BlockIdentifier = "latest") -> AgreementId:
        """The agreement's id as the contract computes it."""
        return AgreementId(bytes(self._read("agreementId", [terms], block)))

    def statuses_of(self, agreement: AgreementId, block: BlockIdentifier = "latest") -> int:
        """The word of 64 statuses of four bits; zero where nothing was ever funded."""
        return int(self._read("statusesOf", [agreement], block))

    def milestone_at(
        self, terms: Terms, milestone: int, timestamp: int, block: BlockIdentifier = "latest"
    ) -> MilestoneView:
        """One milestone as it stood at `block`, judged at `timestamp`."""
        return _milestone_view(self._read("milestoneAt", [terms, milestone, timestamp], block))

    def agreement_at(
        self, terms: Terms, timestamp: int, block: BlockIdentifier = "latest"
    ) -> tuple[AgreementId, tuple[MilestoneView, ...]]:
        """The id, and every milestone as it stood at `block`, judged at `timestamp`."""
        agreement, views = self._read("agreementAt", [terms, timestamp], block)
        return AgreementId(bytes(agreement)), tuple(_milestone_view(v) for v in views)

    def credits(self, token: str, owner: str, block: BlockIdentifier = "latest") -> int:
        """Base units that wait for `owner` to withdraw."""
        return int(self._read("credits", [token, owner], block))

    # Writes

    def fund(self, terms: Terms, milestones: int, acceptance: bytes, value: int = 0) -> Call:
        """The client funds; `value` is base units of the coin."""
        return self._write("fund", [terms, milestones, acceptance], value, terms.token)

    def fund_with_authorization(
        self, terms: Terms, milestones: int, acceptance: bytes, authorization: Authorization
    ) -> Call:
        """Anybody funds with the client's ERC-3009 authorisation."""
        args = [terms, milestones, acceptance, authorization]
        return self._write("fundWithAuthorization", args, token=terms.token)

    def permit(self, token: str, value: int, deadline: int, v: int, r: bytes, s: bytes) -> Call:
        """Uses the caller's ERC-2612 permit."""
        return self._write("permit", [token, value, deadline, v, r, s], token=token)

    def accept(self, terms: Terms, milestones: int, acceptance: bytes) -> Call:
        """The freelancer accepts, or anybody carries their signature."""
        return self._write("accept", [terms, milestones, acceptance])

    def submit(self, terms: Terms, milestone: int, units: int, deliverable: bytes) -> Call:
        """The freelancer claims `units`."""
        return self._write("submit", [terms, milestone, units, deliverable])

    def request_changes(self, terms: Terms, milestone: int, reason: bytes) -> Call:
        """The client sends a submission back."""
        return self._write("requestChanges", [terms, milestone, reason])

    def request_refund(self, terms: Terms, milestone: int, reason: bytes) -> Call:
        """The client asks for the money back."""
        return self._write("requestRefund", [terms, milestone, reason])

    def approve(self, terms: Terms, milestones: int, units: Sequence[int]) -> Call:
        """The client approves; `units` for each milestone of the set, or none."""
        return self._write("approve", [terms, milestones, list(units)])

    def release(self, terms: Terms, milestones: int, approvals: Sequence[Approval]) -> Call:
        """Anybody pays out what is due, or what the approvals cover."""
        return self._write("release", [terms, milestones, list(approvals)])

    def refund(self, terms: Terms, milestones: int) -> Call:
        """What is open goes back to the client."""
        return self._write("refund", [terms, milestones])

    def dispute(self, terms: Terms, milestone: int, units: int, evidence: bytes) -> Call:
        """A party puts `units` before the arbiter."""
        return self._write("dispute", [terms, milestone, units, evidence])

    def rule(self, terms: Terms, milestone: int, to_freelancer: int, reasoning: bytes) -> Call:
        """The arbiter gives the freelancer base units; the client receives the rest."""
        return self._write("rule", [terms, milestone, to_freelancer, reasoning])

    def lapse(self, terms: Terms, milestone: int) -> Call:
        """Anybody divides by the default, once the arbiter is late."""
        return self._write("lapse", [terms, milestone])

    def settle(self, terms: Terms, division: Division, expires_at: int, offer: bytes) -> Call:
        """A party carries out the other's offer."""
        return self._write("settle", [terms, division, expires_at, offer])

    def amend(self, terms: Terms, replacement: Terms, amendment: Amendment, value: int = 0) -> Call:
        """The client replaces the agreement; `value` is base units of the coin."""
        return self._write("amend", [terms, replacement, amendment], value, terms.token)

    def withdraw(self, token: str, owner: str, to: str) -> Call:
        """Pays out a credit."""
        return self._write("withdraw", [token, owner, to], token=token)

    def multicall(self, calls: Sequence[Call]) -> Call:
        """Several calls in one, without the coin."""
        token = next((c.token for c in calls if c.token != ZERO_ADDRESS), ZERO_ADDRESS)
        return self._write("multicall", [[c.data for c in calls]], token=token)

    # Encoding

    @cached_property
    def _contract(self) -> Contract:
        abi: Any = load_artifact("MilestoneEscrow").abi
        return self.node.w3.eth.contract(to_checksum_address(self.address), abi=abi)

    def _read(self, name: str, args: list[Any], block: BlockIdentifier) -> Any:
        function = self._contract.get_function_by_name(name)(*_encodable(name, args))
        with translated(self.node.label):
            return function.call(block_identifier=block)

    def _write(self, name: str, args: list[Any], value: int = 0, token: str = ZERO_ADDRESS) -> Call:
        encoded = self._contract.encode_abi(name, args=_encodable(name, args))
        data = bytes.fromhex(str(encoded).removeprefix("0x"))
        return Call(self.node, name, self.address, data, value, token)


def to_abi(entry: Mapping[str, Any], value: Any) -> Any:
    """A value as web3 encodes it for one entry of the ABI: dataclasses become tuples.

    Raises NumberError, AddressError and HashError for what does not fit the entry's type.
    """
    kind, name = entry["type"], snake(entry["name"]).replace("_", " ")
    if kind.endswith("[]"):
        return [to_abi({**entry, "type": kind[:-2]}, v) for v in value]
    if kind == "tuple":
        parts = (getattr(value, f.name) for f in fields(value))
        return tuple(to_abi(c, v) for c, v in zip(entry["components"], parts, strict=True))
    if kind == "address":
        return to_checksum_address(require_address(value, name))
    if kind == "bytes32":
        return require_hash(value, name)
    return require_uint(value, int(kind[4:]), name) if kind.startswith("uint") else value


@cache
def _inputs() -> dict[str, list[dict[str, Any]]]:
    abi = load_artifact("MilestoneEscrow").abi
    return {item["name"]: item["inputs"] for item in abi if item["type"] == "function"}


def _encodable(name: str, args: Sequence[Any]) -> list[Any]:
    return [to_abi(entry, value) for entry, value in zip(_inputs()[name], args, strict=True)]


def _milestone_view(raw: Any) -> MilestoneView:
    status, clock, deadline, is_late, amount, to_freelancer, to_client = raw
    return MilestoneView(
        Status(status), Clock(*clock), deadline, is_late, amount, to_freelancer, to_client
    )
