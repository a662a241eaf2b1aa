"""What `make verify` makes of what its parts found."""

import copy
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import verify

GOOD = {
    "attacks": {"files": 1, "cases": 2, "failures": 0},
    "invariants": {"failures": 0, "seldom": []},
    "liveness": {"states": 3, "failures": 0},
    "proofs": [{"name": "P.check_it", "result": "proved", "twin": "refuted"}],
    "slither": {"high": 0, "medium": 0, "low": 3},
    "recompile": {"newer": "0.8.99", "same": True},
    "coverage": {"lines": 100.0, "branches": 100.0},
    "mutation": {"mutants": 100, "killed": 95, "survivors": ["a"] * 5, "unexplained": []},
}


def test_what_holds_is_not_complained_about():
    assert verify.verdict(GOOD) == []
    short = {part: GOOD[part] for part in ("attacks", "invariants", "liveness")}
    assert verify.verdict(short) == []


@pytest.mark.parametrize(
    ("part", "name", "value", "complaint"),
    [
        ("attacks", "failures", 1, "attacks: 1 failures"),
        ("invariants", "failures", 2, "invariants: 2 failures"),
        ("invariants", "seldom", ["rule.done"], "invariants: seldom rule.done"),
        ("liveness", "failures", 1, "liveness: 1 failures"),
        ("slither", "high", 1, "slither: 1 of high impact"),
        ("slither", "medium", 4, "slither: 4 of medium impact"),
        ("recompile", "same", False, "compiler 0.8.99: makes other code"),
        ("mutation", "killed", 94, "mutation: 94 of 100 killed"),
        ("mutation", "unexplained", ["f: + -> -"], "mutant without an explanation: f: + -> -"),
    ],
)
def test_what_does_not_hold_is_named(part, name, value, complaint):
    found = copy.deepcopy(GOOD)
    found[part][name] = value
    assert verify.verdict(found) == [complaint]


@pytest.mark.parametrize("result", [("no answer", "refuted"), ("proved", "proved")])
def test_a_proof_counts_only_beside_a_twin_that_fails(result):
    found = copy.deepcopy(GOOD)
    found["proofs"][0].update(zip(("result", "twin"), result, strict=True))
    (complaint,) = verify.verdict(found)
    assert "P.check_it" in complaint


def test_every_law_of_the_document_is_listed_by_number_and_name():
    laws = verify.laws()
    assert [int(law.partition(" ")[0]) for law in laws] == list(range(1, len(laws) + 1))
    assert "16 Liveness" in laws
