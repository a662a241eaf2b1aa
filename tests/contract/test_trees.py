"""Beside each test file of an act stands its tree: every branch of the act, leaf by leaf.

"when" is for the caller and the arguments, "given" for what stands, in the order of the checks. A
leaf starts with "it should" and ends with the name of its test in parentheses, without `test_`.
"""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TREES = sorted(HERE.glob("*.tree"))
ABI = json.loads((ROOT / "milepost" / "abi" / "MilestoneEscrow.json").read_text())["abi"]
INTERFACE = (ROOT / "contracts" / "interfaces" / "IMilestoneEscrow.sol").read_text()
# These are no acts.
WITHOUT_TREE = {"test_chain_id", "test_scripts", "test_stateful", "test_trees"}

BRANCH = re.compile(r"(?:(?:│|\s)\s{3})*[├└]── (.+)")
LEAF = re.compile(r"it should .+ \((\w+)\)")


@pytest.fixture(autouse=True)
def isolation():
    """Nothing here touches a chain."""


def lines_of(tree):
    """The branches of a tree with their depth, without its first line."""
    for line in tree.read_text("utf-8").splitlines()[1:]:
        found = BRANCH.fullmatch(line)
        assert found, f"{tree.name}: {line!r} is no branch"
        yield found.start(1) // 4, found[1]


def leaves_of(tree):
    return [found[1] for _, text in lines_of(tree) if (found := LEAF.fullmatch(text))]


def names_in(path):
    body = ast.parse(path.read_text("utf-8")).body
    return [n.name.removeprefix("test_") for n in body if getattr(n, "name", "").startswith("test")]


def manual_of(function):
    """The comment above a function of the interface."""
    return re.search(rf"((?:    ///.*\n)+)    function {function}\(", INTERFACE)[1]


def test_every_act_has_its_tree():
    acts = {p.stem for p in HERE.glob("test_*.py")} - WITHOUT_TREE
    assert acts == {f"test_{tree.stem}" for tree in TREES}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.stem)
def test_every_leaf_is_a_test_and_every_test_a_leaf(tree):
    assert sorted(set(leaves_of(tree))) == sorted(names_in(HERE / f"test_{tree.stem}.py"))


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.stem)
def test_every_branch_ends_in_leaves(tree):
    rows = [*lines_of(tree), (0, "")]
    for (depth, text), (following, _) in pairwise(rows):
        is_leaf = LEAF.fullmatch(text) is not None
        assert is_leaf or text.startswith(("when ", "given ")), text
        assert (following <= depth) == is_leaf, text


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.stem)
def test_every_error_and_event_of_the_manual_is_in_the_tree(tree):
    text = tree.read_text("utf-8")
    for function in text.splitlines()[0].split(", "):
        assert any(i["type"] == "function" and i["name"] == function for i in ABI), function
        if function == "multicall":
            continue
        known = {i["name"] for i in ABI if i["type"] in ("error", "event")}
        named = set(re.findall(r"\{(\w+)\}", manual_of(function))) & known
        assert named <= set(re.findall(r"\w+", text)), function
