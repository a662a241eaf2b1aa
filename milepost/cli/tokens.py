"""Tokens and deployments by chain: what the package ships, and what this user deployed.

The user's own are in the data directory of the platform: `deployments/<chain>.json` for the escrow
and `deployments/<chain>.tokens.json` for tokens by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from milepost.agreement import COIN, Token
from milepost.errors import DeploymentUnknown, TokenUnsuitable
from milepost.networks import network_of
from milepost.text import one_line
from milepost.types import ZERO_ADDRESS

if TYPE_CHECKING:
    from milepost.chain.deploy import Deployment
    from milepost.chain.erc20 import Erc20
    from milepost.chain.rpc import Node

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def network_name(chain_id: int) -> str:
    """The chain's name, for the facts of an act."""
    return network_of(chain_id).name


def coin_of(chain_id: int) -> Token:
    """The chain's own coin."""
    return Token(ZERO_ADDRESS, network_of(chain_id).coin, 18)


class TokenBook(Mapping[str, Token]):
    """The tokens of one chain by name; an address is looked up at the node, if there is one."""

    def __init__(self, node: Node | None, chain_id: int) -> None:
        self.chain_id = chain_id
        self._node = node
        self._compared: set[str] = set()
        self._known = {COIN: coin_of(chain_id), **_saved_tokens(chain_id)}

    def __getitem__(self, name: str) -> Token:
        known = self._known.get(name)
        if known is None:
            if self._node is None or not _ADDRESS.fullmatch(name):
                raise KeyError(name)
            known = self._known[name] = read_token(self._node, name)
        elif self._node is not None and name not in self._compared:
            _compare(self._node, known)
        self._compared.add(name)
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def read_token(node: Node, address: str) -> Token:
    """Symbol, in one line, and decimals as the token itself gives them.

    Raises NoContract and TokenUnsuitable.
    """
    if not int(address, 16):
        return coin_of(node.chain_id)
    erc20 = contract_of(node, address)
    return Token(address, one_line(erc20.symbol()), erc20.decimals())


def _compare(node: Node, known: Token) -> None:
    """Refuses a token that counts in other decimals than the file of its chain says."""
    decimals = read_token(node, known.address).decimals
    if decimals != known.decimals:
        raise TokenUnsuitable(
            known.address, f"it has {decimals} decimals, and {known.decimals} are on file"
        )


def contract_of(node: Node, address: str) -> Erc20:
    """The token's contract. Raises NoContract."""
    from milepost.chain.erc20 import Erc20

    node.require_contract(address)
    return Erc20(node, address)


def risks_of(node: Node, token: Token) -> tuple[str, ...]:
    """What the token's issuer can do to the money, in words; nothing for the chain's coin."""
    from milepost.chain.token_risks import token_risks

    if token.address == ZERO_ADDRESS:
        return ()
    return token_risks(contract_of(node, token.address))


def save_token(chain_id: int, name: str, token: Token) -> Path:
    """Remember a token by name. Returns the file."""
    directory = data_directory()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{chain_id}.tokens.json"
    known = {**_saved_tokens(chain_id), name: token}
    content = {
        n: {"address": t.address, "symbol": t.symbol, "decimals": t.decimals}
        for n, t in known.items()
    }
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
    return path


def find_deployment(chain_id: int) -> Deployment:
    """The user's own deployment on a chain, else the package's. Raises DeploymentUnknown."""
    from milepost.chain.deploy import load_deployment

    try:
        return load_deployment(chain_id, data_directory())
    except DeploymentUnknown:
        return load_deployment(chain_id)


def data_directory() -> Path:
    return user_data_path("milepost", appauthor=False) / "deployments"


def _saved_tokens(chain_id: int) -> dict[str, Token]:
    found: dict[str, Token] = {}
    for place in (files("milepost") / "deployments", data_directory()):
        file = place / f"{chain_id}.tokens.json"
        if file.is_file():
            content = json.loads(file.read_text("utf-8"))
            found |= {
                n: Token(t["address"], t["symbol"], t["decimals"]) for n, t in content.items()
            }
    return found
