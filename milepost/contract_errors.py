"""The contract's errors: one class for each error of its ABI, with the same name and the same
fields in snake_case.

`milepost.chain` raises them from revert data, `milepost.terms` from its own checks. Amounts are
token base units, times Unix seconds; a message shows times in UTC and counts milestones from one,
as people do.
"""

# The names are the contract's own.
# ruff: noqa: N818
from __future__ import annotations

from milepost.errors import ContractError
from milepost.types import Status
from milepost.units import format_duration, format_percent, format_time


class NotClient(ContractError):
    """Only the client may do this."""

    caller: str
    client: str

    @property
    def message(self) -> str:
        return (
            f"Only the client {self.client} may do this, and {self.caller} called. Use the "
            "client's key."
        )


class NotFreelancer(ContractError):
    """Only the freelancer may do this."""

    caller: str
    freelancer: str

    @property
    def message(self) -> str:
        return (
            f"Only the freelancer {self.freelancer} may do this, and {self.caller} called. Use "
            "the freelancer's key."
        )


class NotArbiter(ContractError):
    """Only the arbiter may do this."""

    caller: str
    arbiter: str

    @property
    def message(self) -> str:
        return (
            f"Only the arbiter {self.arbiter} may rule, and {self.caller} called. Use the "
            "arbiter's key."
        )


class NotParty(ContractError):
    """Only the client or the freelancer may do this."""

    caller: str
    client: str
    freelancer: str

    @property
    def message(self) -> str:
        return (
            f"Only the client {self.client} or the freelancer {self.freelancer} may do this, "
            f"and {self.caller} called."
        )


class NotCreditOwner(ContractError):
    """Only its owner may send a credit to another address."""

    caller: str
    owner: str

    @property
    def message(self) -> str:
        return (
            f"Only {self.owner} may send this credit elsewhere, and {self.caller} called. "
            "Anybody may pay it out to its owner."
        )


class SignatureInvalid(ContractError):
    """The signature is not one of `signer` over `digest`."""

    signer: str
    digest: bytes

    @property
    def message(self) -> str:
        return (
            f"The signature is not one of {self.signer} over {_hex(self.digest)}. Check who "
            "signed, and that nothing changed since: terms, chain or contract."
        )


class AgreementNotFunded(ContractError):
    """No milestone of these terms was ever funded here; terms that differ in one byte have another
    id.
    """

    agreement: bytes

    @property
    def message(self) -> str:
        return (
            f"Nothing of agreement {_hex(self.agreement)} was ever funded here. Terms that "
            "differ in one byte are another agreement: check the file, the chain and the "
            "contract."
        )


class NoMilestones(ContractError):
    """The set of milestones is empty."""

    @property
    def message(self) -> str:
        return "No milestone was chosen. Name at least one."


class MilestoneOutOfRange(ContractError):
    """The terms have only `count` milestones."""

    agreement: bytes
    milestone: int
    count: int

    @property
    def message(self) -> str:
        return f"There is no {_milestone(self.milestone)}: the terms have {self.count}."


class WrongStatus(ContractError):
    """The milestone's status does not allow this."""

    agreement: bytes
    milestone: int
    status: Status

    @property
    def message(self) -> str:
        return (
            f"Milestone {self.milestone + 1} is {_status(self.status)}, which does not allow "
            "this. Look at what is open to you now."
        )


class DeadlinePassed(ContractError):
    """It is `timestamp`, and the time to do this ended at `deadline`."""

    agreement: bytes
    milestone: int
    deadline: int
    timestamp: int

    @property
    def message(self) -> str:
        return (
            f"The time for this on {_milestone(self.milestone)} ended at "
            f"{format_time(self.deadline)}; it is {format_time(self.timestamp)}. Anybody may "
            "now carry out what silence means."
        )


class DeadlineNotReached(ContractError):
    """It is `timestamp`, and this is possible from `deadline` on."""

    agreement: bytes
    milestone: int
    deadline: int
    timestamp: int

    @property
    def message(self) -> str:
        return (
            f"This is possible for {_milestone(self.milestone)} from "
            f"{format_time(self.deadline)} on; it is {format_time(self.timestamp)}. Wait "
            f"{_wait(self.deadline, self.timestamp)}."
        )


class PeriodNotOver(ContractError):
    """The metered period of this milestone lasts until `period_end`."""

    agreement: bytes
    milestone: int
    period_end: int
    timestamp: int

    @property
    def message(self) -> str:
        return (
            f"The period of {_milestone(self.milestone)} lasts until "
            f"{format_time(self.period_end)}; it is {format_time(self.timestamp)}. Wait "
            f"{_wait(self.period_end, self.timestamp)}."
        )


class OfferExpired(ContractError):
    """The signed offer was valid until `expires_at`."""

    agreement: bytes
    expires_at: int
    timestamp: int

    @property
    def message(self) -> str:
        return (
            f"The offer was valid until {format_time(self.expires_at)}; it is "
            f"{format_time(self.timestamp)}. Ask for a new one."
        )


class UnitsOutOfRange(ContractError):
    """Units must be between one and `max`."""

    agreement: bytes
    milestone: int
    units: int
    max: int

    @property
    def message(self) -> str:
        return (
            f"{self.units} units of {_milestone(self.milestone)} are not possible: name 1 to "
            f"{self.max}."
        )


class UnitsCountMismatch(ContractError):
    """There must be one number of units for each milestone of the set."""

    agreement: bytes
    given: int
    expected: int

    @property
    def message(self) -> str:
        return (
            f"{self.given} numbers of units came for {self.expected} milestones. Give one for each."
        )


class ApprovalBelowClaim(ContractError):
    """Fewer units are approved than are claimed. Contesting the rest is a dispute."""

    agreement: bytes
    milestone: int
    approved: int
    claimed: int

    @property
    def message(self) -> str:
        return (
            f"{self.approved} units of {_milestone(self.milestone)} are approved and "
            f"{self.claimed} are claimed. Approve all that is claimed, ask for changes, or "
            "dispute the rest."
        )


class RulingTooHigh(ContractError):
    """After the fee, only `max` is there to be divided."""

    agreement: bytes
    milestone: int
    to_freelancer: int
    max: int

    @property
    def message(self) -> str:
        return (
            f"The ruling on {_milestone(self.milestone)} gives the freelancer "
            f"{self._amount(self.to_freelancer)}, and after the fee only {self._amount(self.max)} "
            "are there to divide."
        )


class DivisionMismatch(ContractError):
    """The two amounts must add up to exactly what is open."""

    agreement: bytes
    milestone: int
    to_freelancer: int
    to_client: int
    open: int

    @property
    def message(self) -> str:
        return (
            f"{self._amount(self.to_freelancer)} for the freelancer and "
            f"{self._amount(self.to_client)} for the client make "
            f"{self._amount(self.to_freelancer + self.to_client)}, and exactly "
            f"{self._amount(self.open)} are open of {_milestone(self.milestone)}. Make a new offer "
            "that adds up."
        )


class AmendmentMismatch(ContractError):
    """The replacement must have the same client, freelancer and token."""

    agreement: bytes
    replacement: bytes

    @property
    def message(self) -> str:
        return (
            f"Agreement {_hex(self.replacement)} cannot replace {_hex(self.agreement)}: client, "
            "freelancer and token must stay the same."
        )


class PartyMissing(ContractError):
    """The client and the freelancer must be named."""

    client: str
    freelancer: str

    @property
    def message(self) -> str:
        return (
            f"The client ({self.client}) and the freelancer ({self.freelancer}) must both be named."
        )


class RolesNotDistinct(ContractError):
    """Client, freelancer and arbiter must be three different addresses."""

    client: str
    freelancer: str
    arbiter: str

    @property
    def message(self) -> str:
        return (
            f"Client {self.client}, freelancer {self.freelancer} and arbiter {self.arbiter} "
            "must be three different addresses."
        )


class RecipientInvalid(ContractError):
    """This address cannot receive: it is zero or the escrow, or, as a payee, token or arbiter."""

    recipient: str

    @property
    def message(self) -> str:
        return (
            f"{self.recipient} cannot receive the money: it is zero or the escrow, or, as a payee, "
            "the token or the arbiter. Name another address."
        )


class TokenMissing(ContractError):
    """There is no contract at the token's address."""

    token: str

    @property
    def message(self) -> str:
        return (
            f"There is no token contract at {self.token} on this chain. Check the address and "
            "the network; the coin cannot be funded by authorisation."
        )


class MilestoneCountOutOfRange(ContractError):
    """There must be between one and `max` amounts."""

    count: int
    max: int

    @property
    def message(self) -> str:
        return (
            f"The terms have {self.count} amounts; 1 to {self.max} are possible. Divide a "
            "larger deal into several agreements."
        )


class AmountOutOfRange(ContractError):
    """Every amount must be between one and `max`."""

    milestone: int
    amount: int
    max: int

    @property
    def message(self) -> str:
        return (
            f"The amount of {_milestone(self.milestone)} is {self._amount(self.amount)}; "
            f"{self._amount(1)} to {self._amount(self.max)} are possible."
        )


class ArbiterFeeTooHigh(ContractError):
    """The arbiter's fee may be at most `max_bps`."""

    fee_bps: int
    max_bps: int

    @property
    def message(self) -> str:
        return (
            f"The arbiter's fee is {format_percent(self.fee_bps)}; at most "
            f"{format_percent(self.max_bps)} is possible."
        )


class DefaultShareTooHigh(ContractError):
    """The default share may be at most `max_bps`."""

    bps: int
    max_bps: int

    @property
    def message(self) -> str:
        return (
            f"The default share is {format_percent(self.bps)}; at most "
            f"{format_percent(self.max_bps)} is possible."
        )


class ReviewPeriodOutOfRange(ContractError):
    """The review period must be between `min` and `max` seconds."""

    period: int
    min: int
    max: int

    @property
    def message(self) -> str:
        return _period("review", self.period, self.min, self.max)


class ResponsePeriodOutOfRange(ContractError):
    """The response period must be between `min` and `max` seconds."""

    period: int
    min: int
    max: int

    @property
    def message(self) -> str:
        return _period("response", self.period, self.min, self.max)


class RulingPeriodOutOfRange(ContractError):
    """The ruling period must be between `min` and `max` seconds."""

    period: int
    min: int
    max: int

    @property
    def message(self) -> str:
        return _period("ruling", self.period, self.min, self.max)


class MeteringPeriodOutOfRange(ContractError):
    """The metering period must be between `min` and `max` seconds."""

    period: int
    min: int
    max: int

    @property
    def message(self) -> str:
        return _period("metering", self.period, self.min, self.max)


class MeteringInvalid(ContractError):
    """Metering needs a start, 1 to 32,767 units and one amount; a fixed price needs none of start
    and units.
    """

    start: int
    units: int
    amounts: int

    @property
    def message(self) -> str:
        return (
            f"Start {self.start}, {self.units} units and {self.amounts} amounts do not go "
            "together. Metered work needs a start, 1 to 32,767 units and one amount; a fixed "
            "price has neither start nor units."
        )


class ValueMismatch(ContractError):
    """The call brought `given` of the coin and needs exactly `required`."""

    given: int
    required: int

    @property
    def message(self) -> str:
        return (
            f"The call brought {self._amount(self.given)} of the coin and needs exactly "
            f"{self._amount(self.required)}."
        )


class TransferNotExact(ContractError):
    """The token did not deliver exactly `amount`."""

    token: str
    balance_before: int
    balance_after: int
    amount: int

    @property
    def message(self) -> str:
        return (
            f"Token {self.token} delivered "
            f"{self._amount(self.balance_after - self.balance_before)} of "
            f"{self._amount(self.amount)}. Tokens that take a fee or change balances cannot be "
            "used."
        )


class GasTooLow(ContractError):
    """A push failed and the caller brought too little gas for the failure to count."""

    gas_left: int
    required: int

    @property
    def message(self) -> str:
        return (
            f"A payout failed with {self.gas_left} gas left, and {self.required} must be given "
            "before it counts as undeliverable. Send again with a higher gas limit."
        )


class NothingToWithdraw(ContractError):
    """There is no credit of this token for this owner."""

    token: str
    owner: str

    @property
    def message(self) -> str:
        return f"{self.owner} has no credit of {_asset(self.token)} here."


class AddressEmptyCode(ContractError):
    """There is no contract at the address that should be one."""

    target: str

    @property
    def message(self) -> str:
        return f"There is no contract at {self.target}."


class ClockOverflow(ContractError):
    """A clock value is wider than its field."""

    since: int
    claimed: int
    disputed: int

    @property
    def message(self) -> str:
        return (
            f"A clock since {self.since} with {self.claimed} units claimed and {self.disputed} "
            "disputed cannot be stored. Please report this."
        )


class FailedCall(ContractError):
    """A call failed without saying why."""

    @property
    def message(self) -> str:
        return "A call to a token or a recipient failed without a reason. Try another recipient."


class InsufficientBalance(ContractError):
    """The contract has less of the coin than it should pay out."""

    balance: int
    needed: int

    @property
    def message(self) -> str:
        return (
            f"The contract holds {self._amount(self.balance)} of the coin and would need "
            f"{self._amount(self.needed)}. Please report this."
        )


class InvalidShortString(ContractError):
    """The contract's name is not stored as it should be."""

    @property
    def message(self) -> str:
        return "A short string of the contract is malformed. Please report this."


class ReentrancyGuardReentrantCall(ContractError):
    """An act called back into the contract before it ended."""

    @property
    def message(self) -> str:
        return "A token or a recipient called back into the contract, which is refused."


class SafeERC20FailedOperation(ContractError):
    """The token refused a transfer without saying why."""

    token: str

    @property
    def message(self) -> str:
        return (
            f"Token {self.token} refused the transfer. Check its balance, allowance and whether "
            "it is paused."
        )


class StringTooLong(ContractError):
    """The contract's name is longer than it can store."""

    str_: str

    @property
    def message(self) -> str:
        return f'"{self.str_}" is too long for a short string. Please report this.'


ERRORS: dict[str, type[ContractError]] = {
    cls.__name__: cls for cls in ContractError.__subclasses__() if cls.__module__ == __name__
}
"""Every class above by the name that the ABI gives it."""


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _milestone(index: int) -> str:
    return f"milestone {index + 1}"


def _status(status: Status) -> str:
    return "not funded" if status == Status.NONE else Status(status).label


def _asset(token: str) -> str:
    return f"token {token}" if int(token, 16) else "the chain's coin"


def _wait(until: int, now: int) -> str:
    return format_duration(max(0, until - now))


def _period(name: str, period: int, minimum: int, maximum: int) -> str:
    return (
        f"The {name} period is {format_duration(period)}; {format_duration(minimum)} to "
        f"{format_duration(maximum)} are possible."
    )
