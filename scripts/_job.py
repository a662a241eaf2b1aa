"""What the scripts share: the session of a `milepost` command, on the chain that Brownie is
connected to, with Brownie's accounts as signers and the deployments of this project.

ACCOUNT on a script's line is a part in the agreement (client, freelancer, payee, arbiter), an index
or an address of Brownie's `accounts`, or the name of a keystore that `accounts.load` opens.
"""

import inspect
import json
import sys
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import typer
from brownie import accounts, network, web3
from brownie.network.account import LocalAccount
from eth_account import Account

from milepost.agreement import Agreement, Token
from milepost.chain.deploy import load_deployment, verify_code
from milepost.cli import render
from milepost.cli.options import Options
from milepost.cli.session import Session
from milepost.errors import DeploymentUnknown, InputError, MilepostError, NoContract, PasswordWrong
from milepost.escrow import Escrow
from milepost.signing import LOCAL_CHAIN_IDS, KeystoreSigner, Signer, UnlockedSigner
from milepost.types import same_address

DEPLOYMENTS = Path(__file__).resolve().parent.parent / "deployments"
PARTIES = ("client", "freelancer", "payee", "arbiter")


class Job(Session):
    """One run of a script. On a local chain it acts without asking."""

    account = "0"
    agreed: Agreement | None = None

    def __init__(self) -> None:
        is_local = web3.eth.chain_id in LOCAL_CHAIN_IDS
        super().__init__(Options(rpc_url=web3.provider.endpoint_uri, yes=is_local))

    def by(self, account: str) -> "Job":
        """This run, with `account` acting."""
        self.account = account
        return self

    @cached_property
    def escrow(self) -> Escrow:
        """The escrow of the chain's deployment file."""
        file = f"deployments/{self.node.chain_id}.json"
        deploy = f"Run `brownie run deploy --network {network.show_active()}`."
        try:
            address = load_deployment(self.node.chain_id, DEPLOYMENTS).address
            verify_code(self.node, address)
        except DeploymentUnknown as error:
            raise InputError(f"No escrow is known here: there is no {file}. {deploy}") from error
        except NoContract as error:
            raise InputError(
                f"Nothing stands at {address}, where {file} has the escrow: the chain began anew, "
                f"or is another one. {deploy}"
            ) from error
        return Escrow(self.node, address)

    @cached_property
    def tokens(self) -> Mapping[str, Token]:
        """The tokens of the chain's file before those that `milepost` knows."""
        return ChainMap(saved_tokens(self.node.chain_id), super().tokens)

    def agreement(self, path: Path, **how: Any) -> Agreement:
        """The agreement in a file, once the escrow is known: its tokens come after that."""
        _ = self.escrow
        self.agreed = super().agreement(path, **how)
        return self.agreed

    @cached_property
    def signer(self) -> Signer:
        """Brownie's account as a signer of the package."""
        found = self._held() or self._loaded()
        if isinstance(found, LocalAccount):
            return KeystoreSigner(Account.from_key(found.private_key), Path(self.account))
        return UnlockedSigner(self.node.w3, str(found.address))

    @property
    def sender(self) -> str:
        return self.signer.address

    def _held(self) -> Any:
        """The account, if Brownie has it already."""
        if self.account.isdecimal():
            return accounts[int(self.account)] if int(self.account) < len(accounts) else None
        is_party = self.account in PARTIES and self.agreed is not None
        address = getattr(self.agreed.terms, self.account) if is_party else self.account
        return next((a for a in accounts if same_address(str(a.address), address)), None)

    def _loaded(self) -> Any:
        """The account of a keystore, whose password Brownie asks for."""
        known = sorted(accounts.load())
        if self.account not in known and not Path(self.account).is_file():
            raise InputError(
                f"Brownie has no account for {self.account!r} on {network.show_active()}. Name a "
                f"keystore (known: {', '.join(known) or 'none'}), or one of the {len(accounts)} "
                "accounts of the network by index or address."
            )
        try:
            return accounts.load(self.account)
        except ValueError as error:
            raise PasswordWrong(self.account) from error


def script(function: Callable[..., None]) -> Callable[..., None]:
    """Lets `brownie run` call a function with a Job and what stands on its line.

    What is wrong is said in one message, and the exit code is that of `milepost`.
    """

    @wraps(function)
    def run(*given: str) -> None:
        try:
            inspect.signature(function).bind(None, *given)
        except TypeError:
            # Brownie compiles the function anew and loses its docstring; the script has one.
            _end(inspect.cleandoc(function.__globals__["__doc__"]), InputError.exit_code)
        job = Job()
        try:
            function(job, *given)
        except typer.Abort:
            _end("Nothing was sent.", 1)
        except MilepostError as error:
            job.explain(error)
            notes = getattr(error, "__notes__", ())
            _end("\n".join((f"Error: {error.message}", *notes)), error.exit_code)

    return run


def number(text: str) -> int:
    """A milestone's number, from 1."""
    if not text.isdecimal():
        raise InputError(f'"{text}" is not the number of a milestone.')
    return int(text)


def share(text: str) -> dict[str, str]:
    """What a command takes for "80 %", "31.5 hours" or "186" units; nothing for "all"."""
    if text == "all":
        return {}
    if text.endswith("%"):
        return {"percent": text}
    if text.endswith("hours"):
        return {"hours": text.removesuffix("hours").strip()}
    return {"units": text}


def path(text: str) -> Path | None:
    """A file that may be left out."""
    return Path(text) if text else None


def saved_tokens(chain_id: int) -> dict[str, Token]:
    """The tokens of deployments/<chain id>.tokens.json by name."""
    file = DEPLOYMENTS / f"{chain_id}.tokens.json"
    if not file.is_file():
        return {}
    return {n: Token(**fields) for n, fields in json.loads(file.read_text("utf-8")).items()}


def save_token(chain_id: int, token: Token) -> Path:
    """Write a token by its symbol into the chain's file, and return the file."""
    file = DEPLOYMENTS / f"{chain_id}.tokens.json"
    known = {**saved_tokens(chain_id), token.symbol: token}
    content = {name: asdict(saved) for name, saved in known.items()}
    file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
    return file


def _end(message: str, code: int) -> None:
    print(render.plain(message), file=sys.stderr)
    sys.exit(code)
