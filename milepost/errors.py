"""Every error of the package, as one tree. Each carries its facts as fields, and a message for a
person.

    MilepostError                     exit code 1
    |-- InputError                    2: what a person or a file said
    |   |-- AgreementFileError        one place in an agreement file: path, line, field
    |   |-- PriceFileError, ProfileError   one place in a file of prices, or about a person
    |   |-- AmountError, DurationError, ShareError, SelectionError
    |   |-- AddressError, HashError, NumberError
    |   |-- ExtraMissing              an optional part of the package is not installed
    |-- SigningError                  3: keys, passwords and signatures
    |   |-- KeystoreNotFound, KeystoreUnreadable, PasswordMissing, PasswordWrong
    |   |-- SignerUnavailable         the node will not sign
    |-- ChainError                    4: the node, or what stands on its chain
    |   |-- NodeUnreachable, WrongChain, NoContract, CallRefused
    |   |-- AnswerInconsistent, NodePruned
    |   |-- NodeProgramMissing, NodeNotStarted
    |   |-- DeploymentUnknown, DeploymentMismatch
    |   |-- TokenUnsuitable             the token cannot be used, or not by signature
    |   |-- FundsError                6: BalanceTooLow, AllowanceTooLow
    |   |-- TransactionError          7: TransactionPending, TransactionDropped,
    |                                 TransactionReplaced, TransactionFailed
    |-- LedgerError                   8: the database of the ledger
    |   |-- LedgerMissing, LedgerForeign, LedgerMismatch, LedgerOutdated, LedgerUnreadable
    |   |-- JobUnknown, ReorganisationTooDeep, LedgerDiffers
    |-- DiaryError                    9: the work diary refuses, or does not prove what it should;
    |                                 its classes are in `milepost.diary.errors`
    |-- ContractError                 5: the contract refused; one class for each of its errors in
        |                             `milepost.contract_errors`, same name and fields
        |-- RevertedWithReason, Panicked, RevertUnknown
    |-- DeliveryFailed                1: messages of a watch wait, because they were not taken

Amounts in messages are base units, because an error does not know the token's decimals; who knows
them says so with `in_units`.
"""

# Contract errors keep the contract's names, and the others follow them.
# ruff: noqa: N818
from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(eq_default=False)
class MilepostError(Exception):
    """Root of the tree. `exit_code` is what the command line ends with.

    What a class annotates are its fields, given by position or name, as in a dataclass; making a
    hundred of those would take longer than most commands run. `FIELDS` names them.
    """

    exit_code: ClassVar[int] = 1
    FIELDS: ClassVar[tuple[str, ...]] = ()
    _show: Callable[[int], str] | None = None

    def __init_subclass__(cls) -> None:
        cls.FIELDS = tuple(dict.fromkeys((*cls.FIELDS, *cls.__annotations__)))

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.FIELDS
        if names:
            if len(values) > len(names) or not named.keys() <= set(names[len(values) :]):
                raise TypeError(f"{type(self).__name__} takes {', '.join(names)}")
            for name, value in {**dict(zip(names, values, strict=False)), **named}.items():
                setattr(self, name, value)
            values = tuple(getattr(self, name) for name in names)
        # Keeps copies and pickles working: an exception is rebuilt from its positional arguments.
        super().__init__(*values)

    @property
    def message(self) -> str:
        """What happened, the numbers, and the next step."""
        return ", ".join(str(a) for a in self.args)

    def in_units(self, show: Callable[[int], str]) -> Self:
        """This error, with a message that writes amounts as `show` does."""
        self._show = show
        return self

    def _amount(self, value: int) -> str:
        return f"{value} base units" if self._show is None else self._show(value)

    def __str__(self) -> str:
        return self.message


class InputError(MilepostError):
    """What a person or a file said cannot be used."""

    exit_code = 2


class AgreementFileError(InputError):
    """One place in an agreement file is wrong.

    `line` counts from one; zero means the whole file.
    """

    path: str
    line: int
    field: str
    problem: str

    @property
    def message(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return (
            f"{place}: {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"
        )


class PriceFileError(InputError):
    """One place in a file of prices is wrong, so none of it is used.

    `line` counts from one; zero means the whole file.
    """

    path: str
    line: int
    problem: str

    @property
    def message(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.problem}"


class ProfileError(InputError):
    """One place in a file about a person or a company is wrong.

    `line` counts from one; zero means the whole file.
    """

    path: str
    line: int
    field: str
    problem: str

    @property
    def message(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return (
            f"{place}: {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"
        )


class AmountError(InputError):
    """The text is not an amount of the token."""

    text: str
    problem: str

    @property
    def message(self) -> str:
        return f'"{self.text}" is not an amount: {self.problem}.'


class DurationError(InputError):
    """The text is not a duration."""

    text: str

    @property
    def message(self) -> str:
        return f'"{self.text}" is not a duration. Write it like "14 days" or "6 hours".'


class ShareError(InputError):
    """The text is not a share."""

    text: str

    @property
    def message(self) -> str:
        return f'"{self.text}" is not a share from 0 % to 100 %. Write it like "2.5 %".'


class SelectionError(InputError):
    """The text, or index, selects no milestone."""

    text: str
    problem: str

    @property
    def message(self) -> str:
        return f'"{self.text}" does not select milestones: {self.problem}.'


class AddressError(InputError):
    """The value of a field has not the form of an address."""

    field: str
    value: str
    problem: str = "write 0x and 40 hexadecimal digits"

    @property
    def message(self) -> str:
        return f'{self.field}: "{self.value}" is not an address: {self.problem}.'


class HashError(InputError):
    """The value of a field is not 32 bytes."""

    field: str
    value: str

    @property
    def message(self) -> str:
        return f'{self.field}: "{self.value}" is not a hash of 32 bytes.'


class NumberError(InputError):
    """A number that the contract has no room for, or that is none."""

    field: str
    value: str
    bits: int

    @property
    def message(self) -> str:
        return f"{self.field}: {self.value} is not a whole number from 0 to 2^{self.bits} - 1."


class ExtraMissing(InputError):
    """What was asked for needs an optional part of the package."""

    purpose: str
    extra: str

    @property
    def message(self) -> str:
        return (
            f"{self.purpose} needs more than is installed. "
            f"`pip install 'milepost[{self.extra}]'` brings it."
        )


class SigningError(MilepostError):
    """A key, a password or a signature."""

    exit_code = 3


class KeystoreNotFound(SigningError):
    """No keystore has this name in the directories searched."""

    name: str
    searched: tuple[str, ...]

    @property
    def message(self) -> str:
        return (
            f'No keystore named "{self.name}" in {", ".join(self.searched) or "any directory"}. '
            "Make one with `cast wallet import`, or give the path of the file."
        )


class KeystoreUnreadable(SigningError):
    """The file is there, and is no keystore that can be opened."""

    path: str
    problem: str

    @property
    def message(self) -> str:
        return f"{self.path} is not a usable keystore: {self.problem}."


class PasswordMissing(SigningError):
    """The source of the password is empty or cannot be read."""

    source: str

    @property
    def message(self) -> str:
        return f"There is no password in {self.source}."


class PasswordWrong(SigningError):
    """The password does not open the keystore."""

    path: str

    @property
    def message(self) -> str:
        return f"The password does not open {self.path}. Try again, or choose another keystore."


class SignerUnavailable(SigningError):
    """Nothing here can sign for the address."""

    address: str
    problem: str

    @property
    def message(self) -> str:
        return f"Cannot sign for {self.address}: {self.problem}."


class ChainError(MilepostError):
    """The node, the network or the life of a transaction."""

    exit_code = 4


class NodeUnreachable(ChainError):
    """The node does not answer. `url` is without its access key."""

    url: str
    problem: str

    @property
    def message(self) -> str:
        return (
            f"No answer from {self.url} ({self.problem}). Check the address and that the node runs."
        )


class WrongChain(ChainError):
    """The node serves another chain than the one meant."""

    url: str
    expected: int
    actual: int

    @property
    def message(self) -> str:
        return (
            f"{self.url} serves chain {self.actual}, and chain {self.expected} is meant. "
            "Connect to another node or choose the other network."
        )


class NoContract(ChainError):
    """There is no code at the address."""

    address: str
    chain_id: int

    @property
    def message(self) -> str:
        return (
            f"There is no contract at {self.address} on chain {self.chain_id}. "
            "Check the address and the network."
        )


class CallRefused(ChainError):
    """The node answered with an error that is no revert."""

    problem: str

    @property
    def message(self) -> str:
        return f"The node refused: {self.problem}"


class AnswerInconsistent(ChainError):
    """What the node answered contradicts the question or itself."""

    problem: str

    @property
    def message(self) -> str:
        return (
            f"The node's answer cannot be right: {self.problem}. Nothing of it was kept. "
            "Try another node."
        )


class NodePruned(ChainError):
    """The node no longer has the history that was asked for."""

    url: str
    block: int
    problem: str

    @property
    def message(self) -> str:
        return (
            f"{self.url} has no history from block {self.block} on ({self.problem}). "
            "Use a node that keeps the logs of all blocks."
        )


class FundsError(ChainError):
    """Too little money, or too little of it allowed to the escrow."""

    exit_code = 6


class BalanceTooLow(FundsError):
    """A zero token is the chain's own coin; then `needed` may include the highest fee."""

    owner: str
    token: str
    balance: int
    needed: int

    @property
    def message(self) -> str:
        what = f"of token {self.token}" if int(self.token, 16) else "of the chain's coin"
        return (
            f"{self.owner} has {self._amount(self.balance)} {what} and needs "
            f"{self._amount(self.needed)}: {self._amount(self.needed - self.balance)} more must "
            "arrive first."
        )


class AllowanceTooLow(FundsError):
    """The token does not let the escrow take as much, in base units."""

    owner: str
    spender: str
    token: str
    allowance: int
    needed: int

    @property
    def message(self) -> str:
        return (
            f"{self.owner} allows {self.spender} {self._amount(self.allowance)} of {self.token}, "
            f"and {self._amount(self.needed)} are needed. Allow them first."
        )


class TransactionError(ChainError):
    """A transaction that was sent and did not do its work, or may still."""

    exit_code = 7


class TransactionPending(TransactionError):
    """No block has the transaction after `seconds` of waiting."""

    transaction: str
    seconds: int

    @property
    def message(self) -> str:
        return (
            f"{self.transaction} is not mined after {self.seconds} seconds. "
            "It may still be: wait for it before sending the same act again."
        )


class TransactionDropped(TransactionError):
    """The node forgot the transaction, which no block has."""

    transaction: str

    @property
    def message(self) -> str:
        return f"The node no longer knows {self.transaction}, and its nonce is free. Send it again."


class TransactionReplaced(TransactionError):
    """Another transaction of the sender took the nonce."""

    transaction: str
    sender: str
    nonce: int

    @property
    def message(self) -> str:
        return (
            f"Another transaction of {self.sender} used nonce {self.nonce} instead of "
            f"{self.transaction}. See what it did before acting again."
        )


class TransactionFailed(TransactionError):
    """The transaction is in a block, and failed there."""

    transaction: str
    block: int
    gas_used: int
    gas_limit: int

    @property
    def message(self) -> str:
        return (
            f"{self.transaction} failed in block {self.block} with {self.gas_used} of "
            f"{self.gas_limit} gas used, and nothing changed. The node gives no reason; simulate "
            "the act to see whether it is still possible."
        )


class NodeProgramMissing(ChainError):
    """The program of the local node is not installed."""

    program: str

    @property
    def message(self) -> str:
        return (
            f"The program {self.program} is not installed. Install Foundry, or run `make setup` in "
            "a clone of the project."
        )


class NodeNotStarted(ChainError):
    """The program of the local node does not run."""

    program: str
    problem: str

    @property
    def message(self) -> str:
        return f"{self.program} did not start: {self.problem}."


class DeploymentUnknown(ChainError):
    """No escrow is known on the chain."""

    chain_id: int

    @property
    def message(self) -> str:
        return f"No escrow is known on chain {self.chain_id}. Give its address, or deploy one."


class DeploymentMismatch(ChainError):
    """Other code stands where the escrow should."""

    address: str

    @property
    def message(self) -> str:
        return f"The code at {self.address} is not this version's escrow. Send no money there."


class TokenUnsuitable(ChainError):
    """The token does not do what is asked as the standards say."""

    token: str
    problem: str

    @property
    def message(self) -> str:
        return f"Token {self.token} cannot be used for this: {self.problem}."


class LedgerError(MilepostError):
    """The database of the ledger cannot be used as asked. Nothing in it was changed."""

    exit_code = 8


class LedgerMissing(LedgerError):
    """There is no ledger yet."""

    place: str

    @property
    def message(self) -> str:
        return f"There is no ledger at {self.place} yet. `milepost ledger sync` makes one."


class LedgerForeign(LedgerError):
    """The database belongs to something else."""

    place: str
    problem: str

    @property
    def message(self) -> str:
        return (
            f"{self.place} is not a ledger of Milepost: {self.problem}. It was left as it is. "
            "Choose another place with --ledger."
        )


class LedgerMismatch(LedgerError):
    """The ledger is of another chain or escrow."""

    place: str
    chain_id: int
    escrow: str
    expected_chain_id: int
    expected_escrow: str

    @property
    def message(self) -> str:
        return (
            f"{self.place} is the ledger of the escrow {self.escrow} on chain {self.chain_id}, and "
            f"{self.expected_escrow} on chain {self.expected_chain_id} is meant. "
            "Choose another place with --ledger."
        )


class LedgerOutdated(LedgerError):
    """Another version of the package wrote the ledger."""

    place: str
    version: int
    expected: int

    @property
    def message(self) -> str:
        return (
            f"{self.place} is of version {self.version}, and this package reads version "
            f"{self.expected}. `milepost ledger rebuild` makes it anew from the chain."
        )


class LedgerUnreadable(LedgerError):
    """The database does not answer, or its file is damaged."""

    place: str
    problem: str

    @property
    def message(self) -> str:
        return f"The ledger at {self.place} cannot be used: {self.problem}"


class JobUnknown(LedgerError):
    """No single agreement of the ledger is meant. `found` is how many begin with the text."""

    text: str
    found: int
    block: int

    @property
    def message(self) -> str:
        if self.found:
            return f"{self.found} agreements begin with {self.text}. Write more of the id."
        return (
            f"No agreement {self.text} is in the ledger, which has read up to block {self.block}. "
            "`milepost ledger sync` reads on; `milepost jobs` lists those that are there."
        )


class ReorganisationTooDeep(LedgerError):
    """No block that the ledger remembers is on the node's chain. Blocks are numbers."""

    url: str
    first: int
    last: int

    @property
    def message(self) -> str:
        return (
            f"{self.url} has other blocks {self.first} to {self.last} than the ledger read, which "
            "is as far as it can go back. Is it a node of the same chain? A local chain that was "
            "started anew needs `milepost ledger rebuild`."
        )


class LedgerDiffers(LedgerError):
    """The ledger is not what the contract says."""

    place: str
    count: int

    @property
    def message(self) -> str:
        return (
            f"The ledger at {self.place} differs from the contract in {self.count} things. "
            "`milepost ledger rebuild` reads everything anew; if it still differs, the node leaves "
            "events out."
        )


class DiaryError(MilepostError):
    """The work diary. Nothing in it was changed."""

    exit_code = 9


class DeliveryFailed(MilepostError):
    """Messages were not taken where they were sent to. They are kept."""

    count: int

    @property
    def message(self) -> str:
        messages = "1 message waits" if self.count == 1 else f"{self.count} messages wait"
        return (
            f"{messages}, because a target did not take it. Look at its URL; the next run sends it."
        )


class ContractError(MilepostError):
    """The contract refused. Nothing changed and no money moved."""

    exit_code = 5


class RevertedWithReason(ContractError):
    """A plain reason, as older tokens give."""

    reason: str

    @property
    def message(self) -> str:
        return f"The contract refused: {self.reason}"


class Panicked(ContractError):
    """A contract stopped itself; `code` is Solidity's."""

    code: int

    @property
    def message(self) -> str:
        return (
            f"A contract stopped with panic 0x{self.code:02x}. Nothing changed; please report this."
        )


class RevertUnknown(ContractError):
    """Revert data that no known error explains; empty where the contract gave none."""

    data: bytes

    @property
    def message(self) -> str:
        if not self.data:
            return "The call was refused without a reason. A token or a recipient may be at fault."
        return f"The call was refused with data that Milepost does not know: 0x{self.data.hex()}"
