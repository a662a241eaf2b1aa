"""Merkle trees in the "standard-v1" format of OpenZeppelin's merkle-tree library.

A leaf is the Keccak-256 hash, taken twice, of its values in the contract ABI's encoding; a node is
the hash of its two children, the smaller first. What is made here, that library and its contract
`MerkleProof` verify, and the other way round. No tree without leaves, and none with two equal ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from milepost.signing import keccak256

FORMAT = "standard-v1"


@dataclass(frozen=True, slots=True)
class MerkleTree:
    """A tree: `nodes` from the root down, and where among them each leaf stands, in their order."""

    nodes: tuple[bytes, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> MerkleTree:
        """The tree of leaf hashes. Raises ValueError without any, or with two equal ones."""
        if not leaves or len(set(leaves)) < len(leaves):
            raise ValueError("a tree needs leaves that differ")
        # As the library lays them out: sorted, the last places first.
        ranked = sorted(range(len(leaves)), key=leaves.__getitem__)
        size = 2 * len(leaves) - 1
        nodes, places = [b""] * size, [0] * len(leaves)
        for rank, i in enumerate(ranked):
            places[i] = size - 1 - rank
            nodes[places[i]] = leaves[i]
        for i in range(size - 1 - len(leaves), -1, -1):
            nodes[i] = _parent(nodes[2 * i + 1], nodes[2 * i + 2])
        return cls(tuple(nodes), tuple(places))

    @property
    def root(self) -> bytes:
        """The hash that stands for all leaves."""
        return self.nodes[0]

    def proof(self, leaf: int) -> tuple[bytes, ...]:
        """The hashes with which the leaf of this number leads to the root."""
        found, place = [], self.places[leaf]
        while place:
            found.append(self.nodes[place + 1 if place % 2 else place - 1])
            place = (place - 1) // 2
        return tuple(found)


def leaf_hash(encoded: bytes) -> bytes:
    """The hash of a leaf whose values are `encoded`; twice, so that no node passes for one."""
    return keccak256(keccak256(encoded))


def root_of(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root to which a leaf's hash leads by its proof."""
    for sibling in proof:
        leaf = _parent(leaf, sibling)
    return leaf


def _parent(a: bytes, b: bytes) -> bytes:
    return keccak256(a + b if a < b else b + a)
