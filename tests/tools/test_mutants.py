"""The maker of mutants: what it changes in a source, and that most of it compiles."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Sample {
    enum Phase { Open, Closed }

    struct Pair {
        uint256 left;
        uint256 right;
    }

    uint256 private total;

    function add(Pair calldata pair, uint256 most) external returns (Phase) {
        if (pair.left > most || most == 0) revert();
        total += pair.left - 3;
        return Phase.Closed;
    }
}
"""


@pytest.fixture(scope="module")
def mutation():
    sys.path.insert(0, str(ROOT / "tools"))
    import mutants
    import mutate

    yield mutants, mutate
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def compiler(mutation):
    compiler = mutation[1].Compiler()
    yield compiler
    compiler.close()


@pytest.fixture(scope="module")
def made(mutation, compiler):
    mutants, _ = mutation
    answer = compiler.compile({"Sample.sol": SOURCE}, {"*": {"": ["ast"]}})
    tree = answer["sources"]["Sample.sol"]["ast"]
    return mutants.mutants_of("Sample.sol", SOURCE.encode(), tree, mutants.by_id([tree]))


def test_each_slip_is_one_change_that_its_name_tells(made):
    slips = {m.name.partition(": ")[2] for m in made}
    assert slips >= {
        "> -> >=",
        "|| -> &&",
        "pair.left > most || most == 0 -> true",
        "pair.left -> pair.right",
        "- -> +",
        "+= -> -=",
        "3 -> 4",
        "Phase.Closed -> Phase.Open",
        "revert() -> {}",
    }
    for m in made:
        assert m.apply(SOURCE.encode()) != SOURCE
        assert m.function in {"add", "Sample"}


def test_no_slip_compares_what_cannot_be_below_zero(made):
    assert not [m for m in made if m.before.strip() == "==" and m.after.strip() == "<="]


def test_names_are_unique(made):
    assert len({m.name for m in made}) == len(made)


def test_most_slips_compile(made, compiler):
    errors = 0
    for m in made:
        answer = compiler.compile(
            {"Sample.sol": m.apply(SOURCE.encode())},
            {"Sample.sol": {"Sample": ["evm.bytecode.object"]}},
        )
        errors += any(e["severity"] == "error" for e in answer.get("errors", []))
    assert errors < len(made) / 3
