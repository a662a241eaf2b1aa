"""The pages of docs/operations against the ABI, the contract's source and the SDK.

The errors and events of an act are collected from the source, through every private function that
it calls. So a page that misses one, or names one too many, fails here.
"""

import ast
import inspect
import re
import warnings
from functools import cache
from pathlib import Path

import pytest

from milepost.artifacts import load_artifact

with warnings.catch_warnings():
    # web3 7 imports a deprecated part of websockets.
    warnings.simplefilter("ignore", DeprecationWarning)
    from milepost.escrow import Escrow

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "operations"
ABI = load_artifact("MilestoneEscrow").abi
VIEWS = {"pure", "view"}
ACTS = [i["name"] for i in ABI if i["type"] == "function" and i["stateMutability"] not in VIEWS]
ERRORS = {item["name"] for item in ABI if item["type"] == "error"}
EVENTS = {i["name"]: [v["name"] for v in i["inputs"]] for i in ABI if i["type"] == "event"}
SECTIONS = ["Requirements", "Effects", "Events", "Use", "Errors"]

# Errors that standard tokens raise themselves (ERC-6093).
OF_TOKENS = {"ERC20InsufficientAllowance", "ERC20InsufficientBalance"}

# What the functions and modifiers of OpenZeppelin raise.
OF_LIBRARIES = {
    "nonReentrant": {"ReentrancyGuardReentrantCall"},
    "safeTransfer": {"SafeERC20FailedOperation"},
    "safeTransferFrom": {"SafeERC20FailedOperation"},
    "sendValue": {"FailedCall", "InsufficientBalance"},
    "functionDelegateCall": {"FailedCall"},
}

# Reachable by the calls, but not with the values that they bring.
NEVER = {
    "release": {"ClockOverflow"},  # units up to the whole
}
# No requirement of one act: what holds for all, and what should not be.
UNSTATED = {"ClockOverflow", "GasTooLow", "InsufficientBalance", "ReentrancyGuardReentrantCall"}

# What an act raises beyond its own code: the acts of a batch.
OF_OTHERS = {"multicall": {"ValueMismatch"}}


def file_of(act):
    return PAGES / f"{re.sub('([A-Z])', lambda m: '-' + m[1].lower(), act)}.md"


def page(act):
    return file_of(act).read_text("utf-8")


def section(text, name):
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"no section {name}"
    return found[1]


def errors_named(text):
    """The names in code of the first column of the table of errors."""
    rows = re.findall(r"^\|([^|]*)\|", section(text, "Errors"), re.M)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def events_named(text):
    return dict(re.findall(r"`(\w+)\((.*?)\)`", section(text, "Events")))


@cache
def source():
    """Heads and bodies of the contract's functions by name; same names are joined."""
    functions = {}
    files = [
        *(ROOT / "contracts").glob("*.sol"),
        *(ROOT / "contracts" / "libraries").glob("*.sol"),
        ROOT / "node_modules" / "@openzeppelin" / "contracts" / "utils" / "Multicall.sol",
    ]
    for file in files:
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read_text("utf-8"), flags=re.S)
        for found in re.finditer(r"\bfunction (\w+)\(([^{;]*)\{", text):
            end, depth = found.end(), 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            name, body = found[1], text[found.start(2) : end]
            functions[name] = functions.get(name, "") + body
    return functions


def reached(act):
    """The code of an act and of every function of the contract that it calls."""
    seen, left = {}, [act]
    while left:
        name = left.pop()
        seen[name] = source()[name]
        called = set(re.findall(r"\b(\w+)\(", seen[name])) & source().keys()
        left += [c for c in called if c not in seen and c not in ACTS]
    return "\n".join(seen.values())


def test_comments_do_not_hide_code():
    assert {*ACTS, "_push", "_pull", "validate", "withClock"} <= source().keys()
    assert "GasTooLow" in reached("release")
    assert "GasTooLow" not in reached("fund")


def test_every_act_has_a_page_and_every_page_an_act():
    assert {p.name for p in PAGES.glob("*.md")} == {"README.md"} | {file_of(a).name for a in ACTS}


@pytest.mark.parametrize("act", ACTS)
def test_a_page_is_whole(act):
    text = page(act)
    inputs = next(i["inputs"] for i in ABI if i["type"] == "function" and i["name"] == act)
    signature = f"`{act}({', '.join(i['name'] for i in inputs)})`"
    assert text.startswith(f"# {file_of(act).stem}\n\n{signature}")
    assert "**Who:**" in text
    assert re.findall(r"^## (.*)", text, re.M) == SECTIONS


@pytest.mark.parametrize("act", ACTS)
def test_the_table_names_every_error_of_the_act_and_no_other(act):
    named = errors_named(page(act))
    assert len(named) == len(set(named))
    code = reached(act)
    raised = set(re.findall(r"\brevert (?:\w+\.)?(\w+)\(", code))
    for name, errors in OF_LIBRARIES.items():
        if re.search(rf"\b{name}\b", code):
            raised |= errors
    expected = (raised | OF_OTHERS.get(act, set())) - NEVER.get(act, set())
    assert set(named) - OF_TOKENS == expected
    assert expected <= ERRORS


@pytest.mark.parametrize("act", [a for a in ACTS if a != "multicall"])
def test_every_refusal_of_the_act_is_among_its_requirements(act):
    requirements = section(page(act), "Requirements")
    refusals = set(errors_named(page(act))) - OF_TOKENS - UNSTATED
    if "rules-of-the-terms" in requirements:
        refusals -= set(rules())
    assert refusals <= set(re.findall(r"`(\w+)`", requirements))


@pytest.mark.parametrize("act", ACTS)
def test_the_page_names_every_event_of_the_act_with_its_fields(act):
    emitted = set(re.findall(r"\bemit (\w+)\(", reached(act)))
    named = events_named(page(act))
    assert named.keys() == emitted
    for name, fields in named.items():
        assert fields.split(", ") == EVENTS[name], name


def rules():
    return errors_named(
        (PAGES / "README.md").read_text("utf-8").replace("## Rules of the terms", "## Errors")
    )


def test_the_rules_of_the_terms_are_those_of_the_contract_in_its_order():
    code = source()["validate"] + source()["_validateAmounts"]
    raised = re.findall(r"\brevert IMilestoneEscrow\.(\w+)\(", code)
    assert set(rules()) == set(raised)
    direct = [n for n in dict.fromkeys(raised) if n not in source()["_validateAmounts"]]
    assert [n for n in rules() if n in direct] == direct


def test_every_error_and_event_of_the_abi_is_on_a_page():
    everything = "".join(p.read_text("utf-8") for p in PAGES.glob("*.md"))
    in_code = set(re.findall(r"`(\w+)[`(]", everything))
    assert sorted((ERRORS | EVENTS.keys()) - in_code) == []


@pytest.mark.parametrize("act", ACTS)
def test_the_index_leads_to_every_page(act):
    name = file_of(act).stem
    rows = re.findall(
        rf"^\| `{act}` \| (.*?) \| .* \| \[{name}\]\({name}\.md\) \|$",
        (PAGES / "README.md").read_text("utf-8"),
        re.M,
    )
    assert len(rows) == 1
    methods = re.findall(r"`(\w+)`", rows[0])
    assert methods
    assert all(hasattr(Escrow, m) for m in methods)


def python_blocks():
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        pytest.param(block, id=f"{file.relative_to(ROOT)}:{n}")
        for file in files
        for n, block in enumerate(
            re.findall(r"^```python\n(.*?)^```", file.read_text("utf-8"), re.M | re.S)
        )
    ]


@pytest.mark.parametrize("block", python_blocks())
def test_calls_of_the_sdk_bind(block):
    for node in ast.walk(ast.parse(block)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "escrow":
            method = inspect.signature(getattr(Escrow, node.func.attr))
            method.bind("self", *node.args, **{k.arg: k.value for k in node.keywords})
