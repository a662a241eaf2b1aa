"""What every contract test speaks: deals, signatures, moments, expected reverts and events."""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import brownie
import pytest
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils import keccak

COIN = "0x" + "00" * 20
NO_HASH = "0x" + "00" * 32
HOUR = 3600
DAY = 24 * HOUR
WHOLE = 10_000
NOT_SIGNED = b""

# The published mnemonic of Anvil's development accounts.
ANVIL_MNEMONIC = "test test test test test test test test test test test junk"
ROLES = ("deployer", "client", "freelancer", "payee", "arbiter", "stranger", "relayer")


class Status(IntEnum):
    NONE = 0
    OFFERED = 1
    ACTIVE = 2
    APPROVED = 3
    SUBMITTED = 4
    PARTLY_APPROVED = 5
    REFUND_REQUESTED = 6
    DISPUTED = 7
    PAID = 8
    REFUNDED = 9
    SPLIT = 10


TERMS_FIELDS = (
    ("client", "address"),
    ("freelancer", "address"),
    ("payee", "address"),
    ("arbiter", "address"),
    ("token", "address"),
    ("reviewPeriod", "uint32"),
    ("responsePeriod", "uint32"),
    ("rulingPeriod", "uint32"),
    ("arbiterFeeBps", "uint16"),
    ("defaultBps", "uint16"),
    ("start", "uint40"),
    ("period", "uint32"),
    ("units", "uint16"),
    ("scope", "bytes32"),
    ("salt", "bytes32"),
    ("amounts", "uint256[]"),
)
# The fields whose type fills less than a word.
NARROW_FIELDS = [name for name, kind in TERMS_FIELDS if kind not in ("bytes32", "uint256[]")]
TYPES = {
    "Terms": TERMS_FIELDS,
    "Approval": (
        ("agreement", "bytes32"),
        ("milestones", "uint8[]"),
        ("units", "uint16[]"),
    ),
    "Settlement": (
        ("agreement", "bytes32"),
        ("milestone", "uint8"),
        ("toFreelancer", "uint256"),
        ("toClient", "uint256"),
        ("expiresAt", "uint40"),
    ),
    "Division": (
        ("milestone", "uint8"),
        ("toFreelancer", "uint256"),
        ("toClient", "uint256"),
    ),
    "Amendment": (
        ("agreement", "bytes32"),
        ("replacement", "Terms"),
        ("divisions", "Division[]"),
        ("funded", "uint8[]"),
        ("expiresAt", "uint40"),
    ),
}


def hash_of(word: str) -> str:
    """A 32-byte value that stands for a document."""
    return "0x" + word.encode().hex().ljust(64, "0")


def set_of(*milestones: int) -> int:
    return sum(1 << i for i in milestones)


def indexes(milestones: int) -> list[int]:
    return [i for i in range(64) if milestones >> i & 1]


def private_key(role: str) -> str:
    Account.enable_unaudited_hdwallet_features()
    path = f"m/44'/60'/0'/0/{ROLES.index(role)}"
    return Account.from_mnemonic(ANVIL_MNEMONIC, account_path=path).key.hex()


def _signable(domain: dict[str, Any], name: str, message: dict[str, Any]) -> SignableMessage:
    names = {name} | ({"Division", "Terms"} if name == "Amendment" else set())
    types = {n: [{"name": f, "type": t} for f, t in TYPES[n]] for n in names}
    return encode_typed_data(domain, types, message)


def digest_of(domain: dict[str, Any], name: str, message: dict[str, Any]) -> str:
    """What a signature of the message covers, as the error of a bad one names it."""
    signable = _signable(domain, name, message)
    return "0x" + keccak(b"\x19" + b"".join(signable)).hex()


def sign_typed(role: str, domain: dict[str, Any], name: str, message: dict[str, Any]) -> str:
    signable = _signable(domain, name, message)
    return "0x" + Account.sign_message(signable, private_key(role)).signature.hex()


def now() -> int:
    """Time of the newest block."""
    return brownie.chain[-1].timestamp


def mine_at(timestamp: int) -> None:
    """Makes `timestamp` the time of the next transaction."""
    brownie.web3.provider.make_request("evm_setNextBlockTimestamp", [timestamp])


def with_high_bits(data: str, name: str) -> bytes:
    """Calldata whose first argument are terms, with bits beyond the type of the field `name`."""
    raw = bytearray.fromhex(data[2:])
    terms = 4 + int.from_bytes(raw[4:36])
    raw[terms + 32 * [field for field, _ in TERMS_FIELDS].index(name)] ^= 0x80
    return bytes(raw)


def _rendered(value: Any) -> str:
    if isinstance(value, str) and len(value) == 66:
        return str(bytes.fromhex(value[2:]))
    if isinstance(value, IntEnum):
        return str(int(value))
    return str(value).lower() if not isinstance(value, bytes) else str(value)


@contextmanager
def reverts_with(error: str, *values: Any):
    """Expects the custom error with exactly these values, as Brownie renders them."""
    with pytest.raises(brownie.exceptions.VirtualMachineError) as caught:
        yield
    expected = f"{error}: " + ", ".join(map(_rendered, values))
    assert caught.value.revert_msg == expected


@contextmanager
def reverts_outside(text: str | None = None):
    """Expects a revert that is not ours: of a token, a library or the ABI decoder."""
    with pytest.raises(brownie.exceptions.VirtualMachineError) as caught:
        yield
    if text is not None:
        assert caught.value.revert_msg.startswith(text), caught.value.revert_msg


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return tuple(map(_plain, value.values()))
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def events_of(tx: Any, contract: Any) -> list[tuple[str, dict[str, Any]]]:
    """The events of one contract in the order of the log, whole, decoded by its ABI."""
    decoder = brownie.web3.eth.contract(address=contract.address, abi=contract.abi)
    by_topic = {decoder.events[e.name]().topic: decoder.events[e.name]() for e in decoder.events}
    found = []
    for log in tx.logs:
        if log["address"] == contract.address:
            event = by_topic["0x" + bytes(log["topics"][0]).hex()].process_log(log)
            found.append((event["event"], {k: _plain(v) for k, v in event["args"].items()}))
    return found


@dataclass
class Deal:
    """An agreement, its parties, and what they can do with it."""

    escrow: Any
    token: Any
    accounts: Any
    values: dict[str, Any]
    terms: tuple = field(init=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.terms = tuple(self.values[name] for name, _ in TERMS_FIELDS)
        self.id = str(self.escrow.agreementId(self.terms))

    def __getattr__(self, role: str) -> Any:
        if role in ROLES:
            return self.accounts[ROLES.index(role)]
        raise AttributeError(role)

    @property
    def domain(self) -> dict[str, Any]:
        return {
            "name": "Milepost",
            "version": "1",
            "chainId": brownie.web3.eth.chain_id,
            "verifyingContract": self.escrow.address,
        }

    @property
    def is_coin(self) -> bool:
        return self.values["token"] == COIN

    def amount(self, milestones: int) -> int:
        amounts = self.values["amounts"]
        metered = self.values["period"] != 0
        return sum(amounts[0 if metered else i] for i in indexes(milestones))

    # Consents

    def acceptance(self, role: str = "freelancer") -> str:
        return sign_typed(role, self.domain, "Terms", self.values)

    def acceptance_digest(self) -> str:
        return digest_of(self.domain, "Terms", self.values)

    def approval_message(self, milestones: int, units: tuple) -> dict[str, Any]:
        return {"agreement": self.id, "milestones": indexes(milestones), "units": list(units)}

    def approval_digest(self, milestones: int, units: tuple = ()) -> str:
        return digest_of(self.domain, "Approval", self.approval_message(milestones, units))

    def approval(self, milestones: int, units: tuple = (), role: str = "client") -> tuple:
        message = self.approval_message(milestones, units)
        signature = sign_typed(role, self.domain, "Approval", message)
        return (milestones, list(units), signature)

    def offer_message(
        self, milestone: int, to_freelancer: int, to_client: int, expires_at: int
    ) -> dict[str, Any]:
        return {
            "agreement": self.id,
            "milestone": milestone,
            "toFreelancer": to_freelancer,
            "toClient": to_client,
            "expiresAt": expires_at,
        }

    def offer(
        self, milestone: int, to_freelancer: int, to_client: int, expires_at: int, role: str
    ) -> str:
        message = self.offer_message(milestone, to_freelancer, to_client, expires_at)
        return sign_typed(role, self.domain, "Settlement", message)

    def offer_digest(
        self, milestone: int, to_freelancer: int, to_client: int, expires_at: int
    ) -> str:
        message = self.offer_message(milestone, to_freelancer, to_client, expires_at)
        return digest_of(self.domain, "Settlement", message)

    def amendment_message(
        self, other: "Deal", divisions: list[tuple], funded: int, expires_at: int
    ) -> dict[str, Any]:
        names = [name for name, _ in TYPES["Division"]]
        return {
            "agreement": self.id,
            "replacement": other.values,
            "divisions": [dict(zip(names, d, strict=True)) for d in divisions],
            "funded": indexes(funded),
            "expiresAt": expires_at,
        }

    def amendment(
        self,
        other: "Deal",
        divisions: list[tuple],
        funded: int,
        expires_at: int,
        role: str = "freelancer",
    ) -> tuple:
        message = self.amendment_message(other, divisions, funded, expires_at)
        signature = sign_typed(role, self.domain, "Amendment", message)
        return (divisions, funded, expires_at, signature)

    def amendment_digest(
        self, other: "Deal", divisions: list[tuple], funded: int, expires_at: int
    ) -> str:
        message = self.amendment_message(other, divisions, funded, expires_at)
        return digest_of(self.domain, "Amendment", message)

    # Acts on the way to a situation

    def fund(self, milestones: int, signed: bool = True) -> Any:
        acceptance = self.acceptance() if signed else NOT_SIGNED
        value = self.amount(milestones) if self.is_coin else 0
        return self.escrow.fund(
            self.terms, milestones, acceptance, {"from": self.client, "value": value}
        )

    def submit(self, milestone: int = 0, units: int | None = None) -> int:
        """Returns the time of the submission."""
        units = self.whole if units is None else units
        self.escrow.submit(self.terms, milestone, units, hash_of("work"), {"from": self.freelancer})
        return now()

    def request_refund(self, milestone: int = 0) -> int:
        self.escrow.requestRefund(self.terms, milestone, hash_of("late"), {"from": self.client})
        return now()

    def dispute(self, milestone: int = 0, units: int | None = None, by: str = "client") -> int:
        """Disputes a claim, which for the client is one of the whole where there is none yet.

        Returns the time of the dispute.
        """
        units = self.whole if units is None else units
        if by == "client" and self.status(milestone) == Status.ACTIVE:
            self.submit(milestone)
        caller = getattr(self, by)
        self.escrow.dispute(self.terms, milestone, units, hash_of("proof"), {"from": caller})
        return now()

    def reach(self, status: Status, milestone: int = 0) -> None:
        """Brings a milestone that was never funded to `status`."""
        bit = set_of(milestone)
        if status == Status.NONE:
            return
        self.fund(bit, signed=status != Status.OFFERED)
        if status == Status.SUBMITTED:
            self.submit(milestone)
        elif status in (Status.APPROVED, Status.PAID):
            self.escrow.approve(self.terms, bit, [], {"from": self.client})
            if status == Status.PAID:
                self.escrow.release(self.terms, bit, [], {"from": self.stranger})
        elif status == Status.PARTLY_APPROVED:
            self.submit(milestone, self.whole // 4)
            self.escrow.approve(self.terms, bit, [self.whole], {"from": self.client})
        elif status == Status.REFUND_REQUESTED:
            self.request_refund(milestone)
        elif status in (Status.DISPUTED, Status.SPLIT):
            self.dispute(milestone)
            if status == Status.SPLIT:
                half = self.amount(bit) // 2
                self.escrow.rule(self.terms, milestone, half, NO_HASH, {"from": self.arbiter})
        elif status == Status.REFUNDED:
            self.escrow.refund(self.terms, bit, {"from": self.freelancer})

    # What stands

    @property
    def whole(self) -> int:
        return self.values["units"] if self.values["period"] else WHOLE

    def status(self, milestone: int = 0) -> Status:
        return Status(int(self.escrow.statusesOf(self.id)) >> 4 * milestone & 0xF)

    def balance(self, role: str) -> int:
        who = self.escrow if role == "escrow" else getattr(self, role)
        return int(who.balance() if self.is_coin else self.token.balanceOf(who))

    @contextmanager
    def moves(self, **expected: int):
        """Expects exactly these changes of the roles' balances, and no others.

        The node charges no gas, so this holds for the coin as well.
        """
        roles = ("client", "freelancer", "payee", "arbiter", "stranger", "escrow")
        before = {role: self.balance(role) for role in roles}
        yield
        changed = {role: self.balance(role) - before[role] for role in roles}
        assert {r: n for r, n in changed.items() if n} == {r: n for r, n in expected.items() if n}
