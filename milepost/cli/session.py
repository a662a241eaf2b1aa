"""One run of the command: its node, escrow, agreement and signer, and how acts are sent.

Every act is simulated, shown and confirmed before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from milepost.cli import places, render
from milepost.cli.options import Options
from milepost.errors import (
    AgreementFileError,
    InputError,
    MilepostError,
    NodeUnreachable,
    WrongChain,
)
from milepost.signing import (
    LOCAL_CHAIN_IDS,
    KeystoreSigner,
    Password,
    Signer,
    UnlockedSigner,
    checked_address,
    password_from_fd,
    password_from_file,
)
from milepost.types import same_address

if TYPE_CHECKING:
    from milepost.agreement import Agreement, Token
    from milepost.chain.rpc import Node
    from milepost.chain.transactions import Call, Receipt
    from milepost.cli.tokens import TokenBook
    from milepost.escrow import Escrow
    from milepost.ledger.reads import Ledger
    from milepost.ledger.store import Store


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an act will do, in words, for the person who confirms it."""

    act: str
    money: Sequence[str] = ()
    clock: str = "no clock starts"
    token: Token | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Session:
    """What a command works with. Nothing connects before it is needed."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._agreement: Agreement | None = None

    @cached_property
    def node(self) -> Node:
        from milepost.chain.rpc import connect

        return connect(self.options.rpc_url, timeout=self.options.rpc_timeout)

    @cached_property
    def escrow(self) -> Escrow:
        from milepost.chain.deploy import verify_code
        from milepost.cli.tokens import find_deployment
        from milepost.escrow import Escrow

        address = self.options.escrow or find_deployment(self.node.chain_id).address
        escrow = Escrow(self.node, checked_address(address, "--escrow"))
        verify_code(self.node, escrow.address)
        return escrow

    @cached_property
    def tokens(self) -> TokenBook:
        from milepost.cli.tokens import TokenBook

        return TokenBook(self.node, self.node.chain_id)

    @cached_property
    def database(self) -> Store:
        """The ledger's database: the one that is named, else the only one in the data directory."""
        from milepost.ledger.store import Store

        return Store(self.options.ledger or places.only_place())

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger to ask. Raises LedgerMissing where none was made yet."""
        from milepost.ledger.reads import Ledger

        return Ledger(self.database)

    def agreement(self, path: Path, *, offline: bool = False) -> Agreement:
        """The agreement in a file. Raises AgreementFileError, and WrongChain where the file names
        another chain than the node's.

        `offline` makes do without a node, with the tokens known by name on the file's chain.
        """
        from milepost.agreement import read
        from milepost.cli.tokens import TokenBook

        file = read(path)
        try:
            actual = self.node.chain_id
        except NodeUnreachable as error:
            if not offline:
                raise
            render.progress(f"{error.message} Read without a node.")
            tokens = TokenBook(None, file.chain_id or 0)
        else:
            if file.chain_id not in (None, actual):
                raise WrongChain(self.node.label, file.chain_id, actual)
            tokens = self.tokens
        self._agreement = file.agreement(tokens)
        return self._agreement

    def agreement_by_name(self, path: Path) -> Agreement:
        """The agreement in a file, with the tokens known by name on the chain that it names.

        The node is asked for a token that is not known, and remembered; and where the file names no
        chain. Raises AgreementFileError.
        """
        from milepost.agreement import read
        from milepost.cli.tokens import TokenBook, save_token

        file = read(path)
        if file.chain_id is not None:
            try:
                self._agreement = file.agreement(TokenBook(None, file.chain_id))
            except AgreementFileError as error:
                if error.field != "token":
                    raise
            else:
                return self._agreement
        agreement = self.agreement(path)
        save_token(self.node.chain_id, agreement.token.address, agreement.token)
        return agreement

    def agreement_on_file(self, path: Path) -> Agreement:
        """The agreement in a file, with the tokens that are known by name and to the ledger.

        Nothing asks a node. Raises AgreementFileError, and WrongChain where the file names another
        chain than the ledger's.
        """
        from milepost.agreement import read
        from milepost.cli.tokens import TokenBook

        file, ledger = read(path), self.ledger
        if file.chain_id not in (None, ledger.chain_id):
            raise WrongChain(f"The ledger at {self.database.place}", file.chain_id, ledger.chain_id)
        known = {t.address: t for t in ledger.tokens()}
        self._agreement = file.agreement({**TokenBook(None, ledger.chain_id), **known})
        return self._agreement

    @property
    def is_connected(self) -> bool:
        """Whether a node was asked already, and answered."""
        return "node" in self.__dict__

    def explain(self, error: MilepostError) -> None:
        """Write the amounts of an error in the token's units, and say how its milestone stands."""
        agreement = self._agreement
        if agreement is None:
            return
        from milepost.cli.tokens import coin_of
        from milepost.contract_errors import InsufficientBalance, ValueMismatch, WrongStatus

        coin = coin_of(self.node.chain_id) if self.is_connected else None
        token: Token | None = agreement.token
        if isinstance(error, ValueMismatch | InsufficientBalance):
            token = coin
        elif (of := getattr(error, "token", None)) is not None:
            token = next((t for t in (agreement.token, coin) if t and t.address == of), None)
        if token is not None:
            error.in_units(partial(render.amount, token=token))
        if isinstance(error, WrongStatus) and error.agreement == self.escrow.agreement_id(
            agreement.terms
        ):
            with suppress(MilepostError):
                view = self.escrow.milestone_at(agreement.terms, error.milestone)
                error.add_note(render.standing(error.milestone, view, agreement))

    def named_token(self, name: str) -> Token:
        if name not in self.tokens:
            raise InputError(f'"{name}" is no token known here. Give its address.')
        return self.tokens[name]

    @cached_property
    def signer(self) -> Signer:
        name = self._account()
        unlocked = self.unlocked()
        for address in unlocked:
            if same_address(address, name):
                return UnlockedSigner(self.node.w3, address)
        return KeystoreSigner.open(name, self._asked_password(name))

    @cached_property
    def sender(self) -> str:
        """Who acts. A simulation needs an address only, and opens no keystore for it."""
        name = self._account()
        if self.options.dry_run and name.startswith("0x") and len(name) == 42:
            return checked_address(name, "--account")
        return self.signer.address

    def require_sender(self, address: str, role: str, acts: str) -> None:
        """Raises InputError unless it is `address` that acts."""
        if not same_address(self.sender, address):
            raise InputError(
                f"Only the {role}, {address}, {acts}, and the account is {self.sender}."
            )

    def act(self, call: Call, plan: Plan, *, quiet: bool = False) -> Receipt | None:
        """Simulate, show, ask and send. None where it was only simulated.

        A `quiet` act only prepares another, and reports on stderr.
        """
        from milepost.cli.tokens import coin_of

        call.simulate(self.sender)
        fees = call.estimate_fees(self.sender)
        coin = coin_of(self.node.chain_id)
        fee = render.fee(fees.most, coin)
        lines = {**self.place(call.to), "account": self.sender, "act": plan.act}
        lines |= {"money": "; ".join(plan.money) or "none moves", "clock": plan.clock}
        render.facts({**lines, "fee": f"at most {fee} ({fees.gas:,} gas)"})
        if self.options.dry_run:
            record = {**lines, "simulated": True, "gas": fees.gas, "fee_most": str(fees.most)}
            self.show(record, "Simulated: it would succeed. Nothing was sent.")
            return None
        self.confirm()
        with render.waiting("Sending"):
            sent = call.submit(self.signer)
        name = "0x" + sent.transaction.hex()
        render.progress(f"Sent as {name}")
        with render.waiting("Waiting for the block"):
            receipt = sent.wait(self.options.timeout)
        effects = [render.effect(e, plan.token or coin) for e in receipt.events]
        paid = receipt.gas_used * receipt.gas_price
        record = {
            "transaction": name,
            "block": receipt.block,
            "gas_used": receipt.gas_used,
            "fee": str(paid),
            "effects": effects,
            **plan.facts,
        }
        cost = render.fee(paid, coin)
        text = [
            f"transaction  {name}",
            f"block        {receipt.block}",
            f"gas          {receipt.gas_used:,} ({cost})",
            *(f"effect       {e}" for e in effects or [plan.act]),
        ]
        if quiet:
            render.progress("\n".join(text))
        else:
            self.show(record, "\n".join(text))
        return receipt

    def consent(self, act: str, money: str, sign: Callable[[], T]) -> T | None:
        """Show and ask before a free signature. None where nothing was to be signed."""
        render.facts(
            {
                **self.place(self.escrow.address),
                "account": self.sender,
                "act": act,
                "money": money,
                "fee": "none, nothing is sent",
            }
        )
        if self.options.dry_run:
            self.show({"simulated": True}, "Nothing was signed.")
            return None
        self.confirm("Sign this?")
        return sign()

    def place(self, contract: str | None = None) -> dict[str, str]:
        """The network and contract that an act is about."""
        from milepost.cli.tokens import network_name

        network = f"{network_name(self.node.chain_id)}, chain id {self.node.chain_id}"
        place = {"network": f"{network}, by {self.node.label}"}
        return place if contract is None else {**place, "contract": contract}

    def confirm(self, question: str = "Send this?") -> None:
        """Ask, unless --yes. A no ends the command."""
        if not self.options.yes and not render.agrees(question):
            raise typer.Abort

    def show(self, record: dict[str, Any], text: str) -> None:
        """The outcome on stdout: JSON with --json, else words."""
        if self.options.as_json:
            render.data(record)
        else:
            render.say(text)

    def _account(self) -> str:
        if self.options.account is None:
            raise InputError(
                "Say who acts: --account with a keystore's name, or with an unlocked address of a "
                "local chain. `milepost accounts` lists them."
            )
        return self.options.account

    def unlocked(self) -> Sequence[str]:
        """The accounts that a local node signs for; none of any other node."""
        if self.node.chain_id not in LOCAL_CHAIN_IDS:
            return ()
        from milepost.chain.reverts import translated

        with translated(self.node.label):
            return [str(a) for a in self.node.w3.eth.accounts]

    def password(self, of: str) -> str:
        """The password of something, from a file or descriptor that was named, else the person."""
        return self._asked_password(of)()

    def _asked_password(self, name: str) -> Password:
        given = (self.options.password_file, self.options.password_fd)
        if None not in given:
            raise InputError("Give --password-file or --password-fd, not both.")
        if self.options.password_file is not None:
            return password_from_file(self.options.password_file)
        if self.options.password_fd is not None:
            return password_from_fd(self.options.password_fd)
        return lambda: render.ask(f"Password of {name}", is_secret=True)
