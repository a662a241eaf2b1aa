"""The laws and what keeps them: every promise names a law that exists and a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORGE = ROOT / "tests" / "forge"


def laws():
    """The laws by number."""
    text = (ROOT / "docs" / "invariants.md").read_text("utf-8")
    return dict(re.findall(r"^(\d+)\. \*\*(.+?)\.\*\*", text, re.M))


def promises():
    """The rows of the table in trust.md: promise, numbers of laws, file, function."""
    text = (ROOT / "docs" / "trust.md").read_text("utf-8")
    return re.findall(r"^\| (.+?) \| ([\d, ]+) \| `(\S+)`: `(\w+)` \|$", text, re.M)


def test_the_laws_are_numbered_in_order():
    assert [int(n) for n in laws()] == list(range(1, len(laws()) + 1))


def test_every_law_is_quoted_by_a_test_in_solidity():
    sources = "".join(f.read_text("utf-8") for f in FORGE.rglob("*.sol"))
    quoted = {
        n
        for found in re.findall(r"[Ll]aws? ([\d, and]+)", sources)
        for n in re.findall(r"\d+", found)
    }
    assert set(laws()) <= quoted


def test_every_promise_names_its_laws_and_its_test():
    table = (ROOT / "docs" / "trust.md").read_text("utf-8").partition("| promise |")[2]
    assert len(promises()) == len([line for line in table.splitlines() if line.startswith("| ")])
    for promise, numbers, file, function in promises():
        assert set(numbers.split(", ")) <= set(laws()), promise
        assert f"function {function}(" in (FORGE / file).read_text("utf-8"), promise
