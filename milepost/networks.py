"""The chains that Milepost knows by name. It works on every other EVM chain by number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """A chain's name, and the symbol of its own coin, which has 18 decimals."""

    name: str
    coin: str


NETWORKS = {
    1: Network("Ethereum", "ETH"),
    10: Network("OP Mainnet", "ETH"),
    56: Network("BNB Smart Chain", "BNB"),
    100: Network("Gnosis", "xDAI"),
    137: Network("Polygon", "POL"),
    1337: Network("local chain", "ETH"),
    8453: Network("Base", "ETH"),
    31337: Network("local chain", "ETH"),
    42161: Network("Arbitrum One", "ETH"),
    43114: Network("Avalanche", "AVAX"),
    11155111: Network("Sepolia, a test network", "ETH"),
}


def network_of(chain_id: int) -> Network:
    """The network with that id; of an unknown one the coin is called ETH."""
    return NETWORKS.get(chain_id, Network("unknown network", "ETH"))
