"""Merkle trees, alone and beside the library whose format they have."""

from hashlib import sha256

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from milepost.diary.merkle import FORMAT, MerkleTree, leaf_hash, root_of
from tests.package.diary.made import library

ENCODING = ["uint256", "string"]


def hashes(count):
    return [sha256(bytes([i % 256, i // 256])).digest() for i in range(count)]


@pytest.mark.parametrize("count", [*range(1, 21), 240, 1_008])
def test_every_leaf_leads_to_the_root(count):
    leaves = hashes(count)
    tree = MerkleTree.of(leaves)
    assert (len(tree.nodes), len(tree.places)) == (2 * count - 1, count)
    assert [tree.nodes[place] for place in tree.places] == leaves
    for i, leaf in enumerate(leaves):
        proof = tree.proof(i)
        assert root_of(leaf, proof) == tree.root
        assert len(proof) <= (count - 1).bit_length()
        assert leaf not in proof


@pytest.mark.parametrize("count", [2, 3, 7, 20])
def test_nothing_else_leads_to_the_root(count):
    leaves = hashes(count)
    tree = MerkleTree.of(leaves)
    for i, leaf in enumerate(leaves):
        proof = list(tree.proof(i))
        for other in (*hashes(count + 1)[count:], *leaves[:i], *leaves[i + 1 :]):
            assert root_of(other, proof) != tree.root
        for place in range(len(proof)):
            changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
            assert root_of(leaf, changed) != tree.root
            assert root_of(leaf, proof[:place]) != tree.root
        assert root_of(leaf, [*proof, bytes(32)]) != tree.root


def test_the_order_of_leaves_is_no_part_of_the_tree():
    leaves = hashes(9)
    one, other = MerkleTree.of(leaves), MerkleTree.of(leaves[::-1])
    assert one.nodes == other.nodes
    assert one.places == other.places[::-1]


def test_one_leaf_is_its_own_root():
    tree = MerkleTree.of([b"\7" * 32])
    assert (tree.root, tree.proof(0)) == (b"\7" * 32, ())


@pytest.mark.parametrize("leaves", [[], [b"\1" * 32] * 2, [*hashes(5), hashes(1)[0]]])
def test_trees_that_cannot_be(leaves):
    with pytest.raises(ValueError, match="leaves that differ"):
        MerkleTree.of(leaves)


def test_a_leaf_is_hashed_twice():
    """Else whoever knows two nodes could show them as a leaf."""
    tree = MerkleTree.of(hashes(2))
    assert leaf_hash(b"x") == keccak(keccak(b"x"))
    assert leaf_hash(b"".join(tree.nodes[1:])) != tree.root


@pytest.mark.long
def test_the_library_makes_the_same_trees():
    counts = [*range(1, 21), 1_008]
    values = [[[str(i * 7), f"é {i}"] for i in range(count)] for count in counts]
    said = library(made=[{"values": v, "encoding": ENCODING} for v in values])
    for rows, theirs in zip(values, said["made"], strict=True):
        tree = MerkleTree.of([leaf_hash(encode(ENCODING, [int(n), text])) for n, text in rows])
        assert "0x" + tree.root.hex() == theirs["root"]
        assert ["0x" + node.hex() for node in tree.nodes] == theirs["dump"]["tree"]
        assert [v["treeIndex"] for v in theirs["dump"]["values"]] == list(tree.places)
        ours = [["0x" + node.hex() for node in tree.proof(i)] for i in range(len(rows))]
        assert ours == theirs["proofs"]
        assert theirs["dump"]["format"] == FORMAT
