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
from milepost.cli.render import plain
from milepost.errors import CallRefused, DeploymentUnknown
from milepost.signing import keccak256
from milepost.types import ZERO_ADDRESS

if TYPE_CHECKING:
    from milepost.chain.deploy import Deployment
    from milepost.chain.rpc import Node
    from milepost.chain.transactions import Call

NETWORKS = {
    1: ("Ethereum", "ETH"),
    10: ("OP Mainnet", "ETH"),
    56: ("BNB Smart Chain", "BNB"),
    100: ("Gnosis", "xDAI"),
    137: ("Polygon", "POL"),
    1337: ("local chain", "ETH"),
    8453: ("Base", "ETH"),
    31337: ("local chain", "ETH"),
    42161: ("Arbitrum One", "ETH"),
    43114: ("Avalanche", "AVAX"),
    11155111: ("Sepolia, a test network", "ETH"),
}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def network_name(chain_id: int) -> str:
    return NETWORKS.get(chain_id, ("unknown network", ""))[0]


def coin_of(chain_id: int) -> Token:
    return Token(ZERO_ADDRESS, NETWORKS.get(chain_id, ("", "ETH"))[1], 18)


class TokenBook(Mapping[str, Token]):
    """The tokens of one chain by name; an address is looked up at the node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._known = {COIN: coin_of(node.chain_id), **_saved_tokens(node.chain_id)}

    def __getitem__(self, name: str) -> Token:
        if name not in self._known:
            if not _ADDRESS.fullmatch(name):
                raise KeyError(name)
            self._known[name] = read_token(self._node, name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def read_token(node: Node, address: str) -> Token:
    """Symbol and decimals as the token itself gives them."""
    if not int(address, 16):
        return coin_of(node.chain_id)
    node.require_contract(address)
    symbol = plain(_text(node, address, "symbol()"))
    return Token(address, symbol, _number(node, address, "decimals()"))


def balance_of(node: Node, token: str, owner: str) -> int:
    if not int(token, 16):
        return node.balance(owner)
    return _number(node, token, "balanceOf(address)", owner)


def allowance(node: Node, token: str, owner: str, spender: str) -> int:
    return _number(node, token, "allowance(address,address)", owner, spender)


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


def approval_call(node: Node, token: str, spender: str, amount: int) -> Call:
    """Lets `spender` take `amount` of the caller's tokens."""
    from milepost.chain.transactions import Call

    data = _encode("approve(address,uint256)", int(spender, 16), amount)
    return Call(node, "approve", token, data, token=token)


def _number(node: Node, token: str, signature: str, *addresses: str) -> int:
    raw = _ask(node, token, signature, *addresses)
    if len(raw) != 32:
        raise _not_a_token(token, signature)
    return int.from_bytes(raw)


def _text(node: Node, token: str, signature: str) -> str:
    raw = _ask(node, token, signature)
    if len(raw) == 32:  # older tokens answer with bytes32
        return raw.rstrip(b"\0").decode("utf-8", "replace")
    start = int.from_bytes(raw[:32])
    length = int.from_bytes(raw[start : start + 32])
    if len(raw) < 64 or start + 32 + length > len(raw):
        raise _not_a_token(token, signature)
    return raw[start + 32 : start + 32 + length].decode("utf-8", "replace")


def _ask(node: Node, token: str, signature: str, *addresses: str) -> bytes:
    from milepost.chain.transactions import Call

    data = _encode(signature, *(int(a, 16) for a in addresses))
    return bytes(Call(node, signature, token, data, decode_result=bytes).simulate(ZERO_ADDRESS))


def _encode(signature: str, *words: int) -> bytes:
    return keccak256(signature.encode())[:4] + b"".join(w.to_bytes(32) for w in words)


def _not_a_token(token: str, signature: str) -> CallRefused:
    return CallRefused(f"{token} does not answer {signature} as a token does.")
