"""The documents by themselves: their links lead somewhere, and decisions have their four parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "examples", "scripts", "contracts", "milepost", "tests")
FILES = [
    *sorted(ROOT.glob("*.md")),
    *(f for d in FOLDERS for f in sorted((ROOT / d).rglob("*.md"))),
]
DECISIONS = ROOT / "docs" / "decisions"
PARTS = ["Question", "Choice", "Rejected", "What would change our mind"]
PAGE = 50


def prose(file):
    """A document without its fenced blocks and code."""
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", file.read_text("utf-8"), flags=re.M | re.S)


def anchors(file):
    """What the headings of a document are called in links."""
    headings = re.findall(r"^#+ (.*)", file.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_relative_links_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(file)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.is_relative_to(ROOT), target
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@pytest.mark.parametrize("file", sorted(DECISIONS.glob("0*.md")), ids=lambda f: f.stem)
def test_a_decision_has_its_four_parts_in_a_page(file):
    text = file.read_text("utf-8")
    assert text.startswith(f"# {file.stem[:4]}: ")
    assert re.findall(r"^## (.*)", text, re.M) == PARTS
    assert len(text.splitlines()) <= PAGE


def test_the_index_lists_every_decision():
    files = sorted(f.name for f in DECISIONS.glob("0*.md"))
    assert re.findall(r"\((\d{4}-.*?\.md)\)", (DECISIONS / "README.md").read_text("utf-8")) == files
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
