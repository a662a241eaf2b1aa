"""The escrow's ABI in Python: snake_case, dataclasses in and out, and nothing of its own.

Reads take a block. Writes return an unsent call. Sets of milestones are integers, as `types.to_set`
makes them; `milepost.escrow` is the same with lists of indexes and signatures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any

from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.types import BlockIdentifier

from milepost.artifacts import load_artifact
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
)

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class EscrowContract:
    """The contract at one address of one chain."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.address = str(to_checksum_address(address))

    # Reads

    def agreement_id(self, terms: Terms, block: BlockIdentifier = "latest") -> AgreementId:
        return AgreementId(bytes(self._read("agreementId", [terms], block)))

    def statuses_of(self, agreement: AgreementId, block: BlockIdentifier = "latest") -> int:
        return int(self._read("statusesOf", [agreement], block))

    def milestone_at(
        self, terms: Terms, milestone: int, timestamp: int, block: BlockIdentifier = "latest"
    ) -> MilestoneView:
        return _milestone_view(self._read("milestoneAt", [terms, milestone, timestamp], block))

    def agreement_at(
        self, terms: Terms, timestamp: int, block: BlockIdentifier = "latest"
    ) -> tuple[AgreementId, tuple[MilestoneView, ...]]:
        agreement, views = self._read("agreementAt", [terms, timestamp], block)
        return AgreementId(bytes(agreement)), tuple(_milestone_view(v) for v in views)

    def credits(self, token: str, owner: str, block: BlockIdentifier = "latest") -> int:
        return int(self._read("credits", [token, owner], block))

    # Writes

    def fund(self, terms: Terms, milestones: int, acceptance: bytes, value: int = 0) -> Call:
        return self._write("fund", [terms, milestones, acceptance], value, terms.token)

    def fund_with_authorization(
        self, terms: Terms, milestones: int, acceptance: bytes, authorization: Authorization
    ) -> Call:
        args = [terms, milestones, acceptance, authorization]
        return self._write("fundWithAuthorization", args, token=terms.token)

    def permit(self, token: str, value: int, deadline: int, v: int, r: bytes, s: bytes) -> Call:
        return self._write("permit", [token, value, deadline, v, r, s], token=token)

    def accept(self, terms: Terms, milestones: int, acceptance: bytes) -> Call:
        return self._write("accept", [terms, milestones, acceptance])

    def submit(self, terms: Terms, milestone: int, units: int, deliverable: bytes) -> Call:
        return self._write("submit", [terms, milestone, units, deliverable])

    def request_changes(self, terms: Terms, milestone: int, reason: bytes) -> Call:
        return self._write("requestChanges", [terms, milestone, reason])

    def request_refund(self, terms: Terms, milestone: int, reason: bytes) -> Call:
        return self._write("requestRefund", [terms, milestone, reason])

    def approve(self, terms: Terms, milestones: int, units: Sequence[int]) -> Call:
        return self._write("approve", [terms, milestones, list(units)])

    def release(self, terms: Terms, milestones: int, approvals: Sequence[Approval]) -> Call:
        return self._write("release", [terms, milestones, list(approvals)])

    def refund(self, terms: Terms, milestones: int) -> Call:
        return self._write("refund", [terms, milestones])

    def dispute(self, terms: Terms, milestone: int, units: int, evidence: bytes) -> Call:
        return self._write("dispute", [terms, milestone, units, evidence])

    def rule(self, terms: Terms, milestone: int, to_freelancer: int, reasoning: bytes) -> Call:
        return self._write("rule", [terms, milestone, to_freelancer, reasoning])

    def lapse(self, terms: Terms, milestone: int) -> Call:
        return self._write("lapse", [terms, milestone])

    def settle(self, terms: Terms, division: Division, expires_at: int, offer: bytes) -> Call:
        return self._write("settle", [terms, division, expires_at, offer])

    def amend(self, terms: Terms, replacement: Terms, amendment: Amendment, value: int = 0) -> Call:
        return self._write("amend", [terms, replacement, amendment], value, terms.token)

    def withdraw(self, token: str, owner: str, to: str) -> Call:
        return self._write("withdraw", [token, owner, to], token=token)

    def multicall(self, calls: Sequence[Call]) -> Call:
        token = next((c.token for c in calls if c.token != ZERO_ADDRESS), ZERO_ADDRESS)
        return self._write("multicall", [[c.data for c in calls]], token=token)

    # Encoding

    @cached_property
    def _contract(self) -> Contract:
        abi: Any = load_artifact("MilestoneEscrow").abi
        return self.node.w3.eth.contract(to_checksum_address(self.address), abi=abi)

    def _read(self, name: str, args: list[Any], block: BlockIdentifier) -> Any:
        function = self._contract.get_function_by_name(name)(*map(to_abi, args))
        with translated(self.node.label):
            return function.call(block_identifier=block)

    def _write(self, name: str, args: list[Any], value: int = 0, token: str = ZERO_ADDRESS) -> Call:
        encoded = self._contract.encode_abi(name, args=[to_abi(a) for a in args])
        data = bytes.fromhex(str(encoded).removeprefix("0x"))
        return Call(self.node, name, self.address, data, value, token)


def to_abi(value: Any) -> Any:
    """A value as web3 encodes it: dataclasses become tuples, addresses get their checksum."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(to_abi(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, list | tuple):
        return [to_abi(v) for v in value]
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return to_checksum_address(value)
    return value


def _milestone_view(raw: Any) -> MilestoneView:
    status, clock, deadline, is_late, amount, to_freelancer, to_client = raw
    return MilestoneView(
        Status(status), Clock(*clock), deadline, is_late, amount, to_freelancer, to_client
    )
