"""The values of the escrow: terms, consents, statuses, and what a milestone looks like at a moment.

They mirror the contract's structs field by field, in the same order and with snake_case names.
Amounts are token base units, times Unix seconds, milestones numbered from zero. Nothing here talks
to a chain or judges whether terms are good: `milepost.terms` does. A value that could not be
encoded at all (a bad address, a short hash) is refused; a number, once it is encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

from milepost.errors import AddressError, HashError, NumberError, SelectionError

AgreementId = NewType("AgreementId", bytes)
"""The 32-byte EIP-712 digest of terms on one chain and contract."""

ZERO_ADDRESS = "0x" + "00" * 20
ZERO_HASH = bytes(32)
MAX_MILESTONES = 64
BPS = 10_000

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SELECTION_PART = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?")


class Status(IntEnum):
    """Where a milestone stands; the numbers are the contract's.

    APPROVED is of the whole amount, PARTLY_APPROVED of less: a part that is claimed, or what a
    dispute left open.
    """

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

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the milestone any more."""
        return self >= Status.PAID

    @property
    def label(self) -> str:
        """The status in lower-case words: "refund requested"."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Terms:
    """The whole deal. Its digest is the agreement's id and what the freelancer signs.

    Periods are seconds, `start` Unix time, fees and shares 10,000ths. `period` zero means a fixed
    price. Raises AddressError and HashError.
    """

    client: str
    freelancer: str
    payee: str
    arbiter: str
    token: str
    review_period: int
    response_period: int
    ruling_period: int
    arbiter_fee_bps: int
    default_bps: int
    start: int
    period: int
    units: int
    scope: bytes
    salt: bytes
    amounts: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in ("client", "freelancer", "payee", "arbiter", "token"):
            require_address(getattr(self, name), name)
        for name in ("scope", "salt"):
            require_hash(getattr(self, name), name)
        object.__setattr__(self, "amounts", tuple(self.amounts))

    @property
    def is_metered(self) -> bool:
        """Whether the work is paid by units of a period."""
        return self.period != 0

    @property
    def count(self) -> int:
        """How many milestones can be funded."""
        return MAX_MILESTONES if self.is_metered else len(self.amounts)

    @property
    def whole(self) -> int:
        """Units that make up the whole of a milestone."""
        return self.units if self.is_metered else BPS

    def amount_of(self, milestone: int) -> int:
        """Token base units of `milestone`. Raises IndexError beyond the last."""
        if not 0 <= milestone < self.count:
            raise IndexError(milestone)
        return self.amounts[0 if self.is_metered else milestone]

    def sum_of(self, milestones: Iterable[int]) -> int:
        """Token base units of several milestones together."""
        return sum(self.amount_of(i) for i in milestones)

    def period_end(self, milestone: int) -> int:
        """Unix time at which the period of `milestone` is over; zero for a fixed price."""
        return self.start + (milestone + 1) * self.period


@dataclass(frozen=True, slots=True)
class Approval:
    """The client's promise to pay milestones.

    `milestones` is a set as `to_set` makes it. `units` has one number for each, lowest first, or is
    empty for the whole of each, which only a fixed price may leave out.
    """

    milestones: int
    units: tuple[int, ...] = ()
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Division:
    """How what is open of one milestone is divided, in token base units."""

    milestone: int
    to_freelancer: int
    to_client: int


@dataclass(frozen=True, slots=True)
class Amendment:
    """What ends how, what of the replacement is funded (a set), and the freelancer's signature of
    it.
    """

    divisions: tuple[Division, ...]
    funded: int
    expires_at: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Authorization:
    """The client's ERC-3009 authorisation to fund, valid between two Unix times."""

    valid_after: int
    valid_before: int
    v: int
    r: bytes
    s: bytes


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock: since when (Unix time), units claimed (zero: the whole), units disputed.

    All zero where none was started, where a submission was sent back, where the whole is approved,
    and after the end.
    """

    since: int
    claimed: int
    disputed: int


@dataclass(frozen=True, slots=True)
class MilestoneView:
    """One milestone at one moment.

    Amounts are base units; `deadline` is zero where no clock awaits anybody.
    """

    status: Status
    clock: Clock
    deadline: int
    is_late: bool
    open: int
    to_freelancer: int
    to_client: int


NOT_FUNDED = MilestoneView(Status.NONE, Clock(0, 0, 0), 0, False, 0, 0, 0)
"""A milestone that was never funded."""


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement as it stood at one block, judged at that block's time."""

    agreement: AgreementId
    milestones: tuple[MilestoneView, ...]
    block: int
    timestamp: int
    terms: Terms = field(repr=False)


def require_address(value: str, name: str = "address") -> str:
    """`value` if it has the form of an address. Raises AddressError."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise AddressError(name, str(value))
    return value


def require_hash(value: bytes, name: str = "hash") -> bytes:
    """`value` if it is 32 bytes. Raises HashError."""
    if not isinstance(value, bytes) or len(value) != 32:
        raise HashError(name, value.hex() if isinstance(value, bytes) else str(value))
    return value


def require_uint(value: int, bits: int, name: str = "number") -> int:
    """`value` if it is a whole number of at most `bits` bits. Raises NumberError."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**bits:
        raise NumberError(name, repr(value), bits)
    return value


def same_address(a: str, b: str) -> bool:
    """Whether two addresses are one, however their letters are cased."""
    return a.lower() == b.lower()


def to_set(indexes: Iterable[int]) -> int:
    """The contract's set of zero-based `indexes`: bit i stands for milestone i.

    Raises SelectionError.
    """
    result = 0
    for i in indexes:
        if not 0 <= i < MAX_MILESTONES:
            raise SelectionError(str(i), f"milestones are numbered 0 to {MAX_MILESTONES - 1} here")
        result |= 1 << i
    return result


def from_set(milestones: int) -> tuple[int, ...]:
    """The zero-based indexes in a set, lowest first."""
    indexes = []
    while milestones:
        lowest = milestones & -milestones
        indexes.append(lowest.bit_length() - 1)
        milestones ^= lowest
    return tuple(indexes)


def statuses_from(word: int) -> tuple[Status, ...]:
    """The statuses of all 64 milestones from the contract's word of four bits each."""
    return tuple(Status(word >> 4 * i & 0xF) for i in range(MAX_MILESTONES))


def parse_selection(text: str, count: int = MAX_MILESTONES) -> tuple[int, ...]:
    """Zero-based indexes from what a person types: "1,3-5", counting from one, or "all".

    Raises SelectionError for anything else, for an empty selection, and beyond `count`.
    """
    if text.strip().lower() == "all":
        return tuple(range(count))
    chosen: set[int] = set()
    for part in text.split(","):
        match = _SELECTION_PART.fullmatch(part.strip())
        if match is None:
            raise SelectionError(text, "write numbers and ranges like 1,3-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise SelectionError(text, "milestones count from 1, and a range goes upwards")
        if last > count:
            raise SelectionError(text, f"there are only {count} milestones")
        chosen.update(range(first - 1, last))
    return tuple(sorted(chosen))


def format_selection(indexes: Iterable[int]) -> str:
    """What a person reads for zero-based indexes: "1,3-5", counting from one."""
    parts: list[list[int]] = []
    for i in sorted(set(indexes)):
        if parts and parts[-1][1] == i:
            parts[-1][1] = i + 1
        else:
            parts.append([i + 1, i + 1])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
