"""The escrow as people use it: one method for each act, milestones as lists of zero-based indexes.

Acts return an unsent call with `simulate`, `estimate_gas` and `send`. Reads are pinned to one
block. What the parties sign is built, signed and verified here. Amounts are token base units, times
Unix seconds. Raises the contract's errors, and NoContract where nothing stands at the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from milepost import contract_errors as refused
from milepost import terms as typed
from milepost.chain.deploy import load_deployment
from milepost.chain.erc20 import Erc20
from milepost.chain.erc1271 import is_valid_signature
from milepost.chain.escrow_contract import EscrowContract
from milepost.chain.rpc import BlockIdentifier, Node, connect
from milepost.chain.transactions import Call
from milepost.errors import InputError, NoContract
from milepost.signing import Signer, keccak256, recover, split_signature
from milepost.terms import TypedData
from milepost.types import (
    ZERO_ADDRESS,
    ZERO_HASH,
    AgreementId,
    AgreementView,
    Amendment,
    Approval,
    Authorization,
    Division,
    MilestoneView,
    Status,
    Terms,
    from_set,
    same_address,
    statuses_from,
    to_set,
)


class Escrow:
    """The escrow at one address of one chain."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = EscrowContract(node, address)
        self.address = self.contract.address

    @classmethod
    def connect(
        cls, url: str, address: str | None = None, *, chain_id: int | None = None
    ) -> Escrow:
        """Connect to a node and the escrow there: at `address`, else the chain's known one.

        Raises NodeUnreachable, WrongChain, DeploymentUnknown and NoContract.
        """
        node = connect(url, chain_id=chain_id)
        escrow = cls(node, address or load_deployment(node.chain_id).address)
        node.require_contract(escrow.address)
        return escrow

    # Reads

    def agreement_id(self, terms: Terms) -> AgreementId:
        """The agreement's id, computed here without asking the node."""
        return typed.agreement_id(terms, self.node.chain_id, self.address)

    def statuses(self, terms: Terms, block: BlockIdentifier = "latest") -> Mapping[int, Status]:
        """The status of every milestone that was ever funded, by its index."""
        word = self.contract.statuses_of(self.agreement_id(terms), block)
        return {i: s for i, s in enumerate(statuses_from(word)) if s is not Status.NONE}

    def agreement_at(self, terms: Terms, block: BlockIdentifier = "latest") -> AgreementView:
        """Every milestone as it stood at `block`, judged at that block's time."""
        at = self.node.block(block)
        agreement, views = self.contract.agreement_at(terms, at.timestamp, at.number)
        return AgreementView(agreement, views, at.number, at.timestamp, terms)

    def milestone_at(
        self,
        terms: Terms,
        milestone: int,
        block: BlockIdentifier = "latest",
        *,
        timestamp: int | None = None,
    ) -> MilestoneView:
        """One milestone as it stood at `block`, judged at its time or at another `timestamp`."""
        at = self.node.block(block)
        moment = at.timestamp if timestamp is None else timestamp
        return self.contract.milestone_at(terms, milestone, moment, at.number)

    def credits(self, token: str, owner: str, block: BlockIdentifier = "latest") -> int:
        """What waits for `owner` to withdraw; a zero token is the chain's coin."""
        return self.contract.credits(token, owner, block)

    # Fund and accept

    def fund(self, terms: Terms, milestones: Iterable[int], acceptance: bytes = b"") -> Call:
        """The client funds; with the freelancer's signature as accepted, else as an offer."""
        chosen = to_set(milestones)
        value = _sum(terms, chosen) if terms.token == ZERO_ADDRESS else 0
        return self.contract.fund(terms, chosen, acceptance, value)

    def fund_with_authorization(
        self,
        terms: Terms,
        milestones: Iterable[int],
        authorization: Authorization,
        acceptance: bytes = b"",
    ) -> Call:
        """Anybody funds with the client's ERC-3009 authorisation."""
        return self.contract.fund_with_authorization(
            terms, to_set(milestones), acceptance, authorization
        )

    def authorization_nonce(self, terms: Terms, milestones: Iterable[int]) -> bytes:
        """The nonce that the client's ERC-3009 authorisation must have, so it funds only this."""
        chosen = to_set(milestones)
        return keccak256(self.agreement_id(terms) + chosen.to_bytes(32, "big"))

    def permit(self, token: str, value: int, deadline: int, signature: bytes) -> Call:
        """Use the caller's ERC-2612 permit, in a `batch` before `fund`."""
        v, r, s = split_signature(signature)
        return self.contract.permit(token, value, deadline, v, r, s)

    def accept(self, terms: Terms, milestones: Iterable[int], acceptance: bytes = b"") -> Call:
        """The freelancer accepts an offer, or anybody carries their signature."""
        return self.contract.accept(terms, to_set(milestones), acceptance)

    # Submit and answer

    def submit(
        self,
        terms: Terms,
        milestone: int,
        units: int | None = None,
        deliverable: bytes = ZERO_HASH,
    ) -> Call:
        """The freelancer claims `units`, the whole unless named. Less gives up the rest."""
        claimed = terms.whole if units is None else units
        return self.contract.submit(terms, milestone, claimed, deliverable)

    def request_changes(self, terms: Terms, milestone: int, reason: bytes = ZERO_HASH) -> Call:
        """The client sends a submission back."""
        return self.contract.request_changes(terms, milestone, reason)

    def request_refund(self, terms: Terms, milestone: int, reason: bytes = ZERO_HASH) -> Call:
        """The client asks for the money of an unsubmitted milestone back."""
        return self.contract.request_refund(terms, milestone, reason)

    def approve(self, terms: Terms, milestones: Iterable[int], units: Sequence[int] = ()) -> Call:
        """The client approves what is claimed, on chain."""
        return self.contract.approve(terms, to_set(milestones), units)

    def release(
        self, terms: Terms, milestones: Iterable[int], approvals: Sequence[Approval] = ()
    ) -> Call:
        """Anybody pays out what is approved, or what a silent client let lapse."""
        return self.contract.release(terms, to_set(milestones), approvals)

    def refund(self, terms: Terms, milestones: Iterable[int]) -> Call:
        """What is open goes back to the client."""
        return self.contract.refund(terms, to_set(milestones))

    # Dispute

    def dispute(
        self,
        terms: Terms,
        milestone: int,
        units: int | None = None,
        evidence: bytes = ZERO_HASH,
    ) -> Call:
        """Put `units` before the arbiter; the rest is conceded.

        Without `units` it is all that is claimed, for which the node is asked.
        """
        if units is None:
            units = self.milestone_at(terms, milestone).clock.claimed or terms.whole
        return self.contract.dispute(terms, milestone, units, evidence)

    def rule(
        self, terms: Terms, milestone: int, to_freelancer: int, reasoning: bytes = ZERO_HASH
    ) -> Call:
        """The arbiter gives the freelancer an amount; the client receives the rest."""
        return self.contract.rule(terms, milestone, to_freelancer, reasoning)

    def lapse(self, terms: Terms, milestone: int) -> Call:
        """Anybody divides by the terms' default, once the arbiter is late."""
        return self.contract.lapse(terms, milestone)

    def settle(self, terms: Terms, division: Division, expires_at: int, offer: bytes) -> Call:
        """A party carries out the other's signed offer."""
        return self.contract.settle(terms, division, expires_at, offer)

    def amend(self, terms: Terms, replacement: Terms, amendment: Amendment) -> Call:
        """The client replaces the agreement, with the freelancer's signature.

        In the coin, the call brings what the divisions' refunds do not cover.
        """
        value = 0
        if terms.token == ZERO_ADDRESS:
            returned = sum(d.to_client for d in amendment.divisions)
            value = max(0, _sum(replacement, amendment.funded) - returned)
        return self.contract.amend(terms, replacement, amendment, value)

    def withdraw(self, token: str, owner: str, to: str | None = None) -> Call:
        """Pay out a credit, to its owner unless the owner names another address."""
        return self.contract.withdraw(token, owner, to or owner)

    def batch(self, calls: Sequence[Call]) -> Call:
        """Several acts in one transaction, all or nothing. Raises InputError with the coin."""
        if any(call.value for call in calls):
            raise InputError("A batch cannot carry the coin. Send these acts one by one.")
        return self.contract.multicall(calls)

    # Signatures

    def sign_terms(self, signer: Signer, terms: Terms) -> bytes:
        """The freelancer's acceptance of the whole deal."""
        return signer.sign_typed_data(self.terms_data(terms))

    def sign_approval(
        self,
        signer: Signer,
        terms: Terms,
        milestones: Iterable[int],
        units: Sequence[int] = (),
    ) -> Approval:
        """The client's promise to pay, which they alone cannot take back."""
        approval = Approval(to_set(milestones), tuple(units))
        signature = signer.sign_typed_data(self.approval_data(terms, approval))
        return replace(approval, signature=signature)

    def sign_settlement(
        self, signer: Signer, terms: Terms, division: Division, expires_at: int
    ) -> bytes:
        """A party's offer to divide what is open. It stays valid until it expires."""
        return signer.sign_typed_data(self.settlement_data(terms, division, expires_at))

    def sign_amendment(
        self, signer: Signer, terms: Terms, replacement: Terms, amendment: Amendment
    ) -> Amendment:
        """The freelancer's consent to replace the agreement."""
        data = self.amendment_data(terms, replacement, amendment)
        return replace(amendment, signature=signer.sign_typed_data(data))

    def sign_permit(self, signer: Signer, token: str, value: int, deadline: int) -> bytes:
        """The signer's ERC-2612 permit for the escrow, to send with `permit` before `fund`.

        `value` is base units, `deadline` the last Unix time at which it works. Raises
        TokenUnsuitable before anything is signed.
        """
        return signer.sign_typed_data(self.permit_data(signer.address, token, value, deadline))

    def sign_authorization(
        self,
        signer: Signer,
        terms: Terms,
        milestones: Iterable[int],
        valid_after: int,
        valid_before: int,
    ) -> Authorization:
        """The client's ERC-3009 authorisation to fund these milestones, which anybody may carry.

        It works after the Unix time `valid_after` and before `valid_before`, once. Raises
        TokenUnsuitable and TokenMissing before anything is signed.
        """
        data = self.authorization_data(terms, milestones, valid_after, valid_before)
        v, r, s = split_signature(signer.sign_typed_data(data))
        return Authorization(valid_after, valid_before, v, r, s)

    def terms_data(self, terms: Terms) -> TypedData:
        """What the freelancer signs to accept the deal."""
        return typed.terms_data(terms, self.node.chain_id, self.address)

    def approval_data(self, terms: Terms, approval: Approval) -> TypedData:
        """What the client signs to approve."""
        agreement = self.agreement_id(terms)
        return typed.approval_data(approval, agreement, self.node.chain_id, self.address)

    def settlement_data(self, terms: Terms, division: Division, expires_at: int) -> TypedData:
        """What a party signs to offer a division."""
        agreement = self.agreement_id(terms)
        return typed.settlement_data(
            division, expires_at, agreement, self.node.chain_id, self.address
        )

    def amendment_data(self, terms: Terms, replacement: Terms, amendment: Amendment) -> TypedData:
        """What the freelancer signs to replace the agreement."""
        agreement = self.agreement_id(terms)
        return typed.amendment_data(
            amendment, agreement, replacement, self.node.chain_id, self.address
        )

    def permit_data(self, owner: str, token: str, value: int, deadline: int) -> TypedData:
        """What the owner of tokens signs as a permit for the escrow. Asks the token."""
        return Erc20(self.node, token).permit_data(owner, self.address, value, deadline)

    def authorization_data(
        self, terms: Terms, milestones: Iterable[int], valid_after: int, valid_before: int
    ) -> TypedData:
        """What the client signs as an authorisation to fund. Asks the token."""
        if same_address(terms.token, ZERO_ADDRESS):
            raise refused.TokenMissing(terms.token)
        chosen = to_set(milestones)
        return Erc20(self.node, terms.token).authorization_data(
            terms.client,
            self.address,
            _sum(terms, chosen),
            valid_after,
            valid_before,
            self.authorization_nonce(terms, from_set(chosen)),
        )

    def verify(self, signer: str, data: TypedData, signature: bytes) -> bool:
        """Whether the contract would take `signature` of `data` as one of `signer`.

        Asks a signer that is a contract (ERC-1271).
        """
        digest = typed.digest(data)
        found = recover(digest, signature)
        if found is not None and same_address(found, signer):
            return True
        return self._verify_by_contract(signer, digest, signature)

    def _verify_by_contract(self, signer: str, digest: bytes, signature: bytes) -> bool:
        try:
            self.node.require_contract(signer)
        except NoContract:
            return False
        return is_valid_signature(self.node, signer, digest, signature, self.address)


def _sum(terms: Terms, milestones: int) -> int:
    # Beyond the last milestone the contract refuses, with its own error.
    return terms.sum_of(i for i in from_set(milestones) if i < terms.count)
