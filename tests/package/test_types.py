import re
from dataclasses import fields
from pathlib import Path

import pytest

from milepost import types
from milepost.errors import AddressError, HashError, SelectionError
from milepost.presets import Parties, fixed_price, hourly
from milepost.types import (
    Status,
    Terms,
    format_selection,
    from_set,
    parse_selection,
    statuses_from,
    to_set,
)

CLIENT, FREELANCER = "0x" + "11" * 20, "0x" + "22" * 20
PARTIES = Parties(CLIENT, FREELANCER)
SOURCE = Path(__file__).parents[2] / "contracts" / "types" / "EscrowTypes.sol"


def solidity(kind, name):
    body = re.search(rf"^{kind} {name} {{(.*?)^}}", SOURCE.read_text(), re.M | re.S)[1]
    lines = [line.strip() for line in body.splitlines()]
    return [line for line in lines if line and not line.startswith("//")]


def snake(name):
    return re.sub(r"(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize(
    "name",
    ["Terms", "Approval", "Division", "Amendment", "Authorization", "Clock", "MilestoneView"],
)
def test_dataclass_mirrors_the_struct(name):
    members = [snake(line.rstrip(";").split()[-1]) for line in solidity("struct", name)]
    assert [f.name for f in fields(getattr(types, name))] == members


def test_status_has_the_contracts_numbers():
    names = [snake(line.rstrip(",")).lstrip("_").upper() for line in solidity("enum", "Status")]
    assert [s.name for s in Status] == names
    assert [int(s) for s in Status] == list(range(len(names)))
    assert [s for s in Status if s.is_final] == [Status.PAID, Status.REFUNDED, Status.SPLIT]
    assert Status.REFUND_REQUESTED.label == "refund requested"
    assert Status.PARTLY_APPROVED.label == "partly approved"


def test_the_word_of_statuses():
    word = 2 | 5 << 4 | 10 << 4 * 63
    found = statuses_from(word)
    assert (found[0], found[1], found[63]) == (Status.ACTIVE, Status.PARTLY_APPROVED, Status.SPLIT)
    assert set(found[2:63]) == {Status.NONE}


def test_fixed_price_terms():
    terms = fixed_price(PARTIES, [5, 7])
    assert (terms.is_metered, terms.count, terms.whole) == (False, 2, 10_000)
    assert (terms.amount_of(1), terms.sum_of([0, 1])) == (7, 12)
    assert terms.period_end(3) == 0
    with pytest.raises(IndexError):
        terms.amount_of(2)


def test_metered_terms():
    terms = hourly(PARTIES, rate=10, hours_per_week=40, start=1_780_000_000)
    assert (terms.is_metered, terms.count, terms.whole) == (True, 64, 240)
    assert terms.amount_of(63) == 400
    assert terms.period_end(1) == terms.start + 2 * 7 * 24 * 3600


@pytest.mark.parametrize("bad", ["", "0x1", "11" * 21, "0x" + "gg" * 20])
def test_terms_refuse_a_bad_address(bad):
    with pytest.raises(AddressError) as caught:
        fixed_price(Parties(bad, FREELANCER), [1])
    assert caught.value.field == "client"


def test_terms_refuse_a_short_hash():
    with pytest.raises(HashError):
        fixed_price(PARTIES, [1], scope=b"\x01")
    assert isinstance(fixed_price(PARTIES, [1]), Terms)


def test_sets():
    assert to_set([0, 2, 63]) == 1 | 4 | 1 << 63
    assert from_set(1 | 4 | 1 << 63) == (0, 2, 63)
    assert from_set(0) == ()
    for bad in (-1, 64):
        with pytest.raises(SelectionError):
            to_set([bad])


@pytest.mark.parametrize(
    ("text", "indexes"),
    [("1", (0,)), ("1,3-5", (0, 2, 3, 4)), (" 2 - 3 , 1 ", (0, 1, 2)), ("all", (0, 1, 2, 3, 4))],
)
def test_selection(text, indexes):
    assert parse_selection(text, 5) == indexes
    assert parse_selection(format_selection(indexes), 5) == indexes


@pytest.mark.parametrize("text", ["", "0", "6", "3-2", "1,,2", "a", "1-", "-1", "1.5"])
def test_selection_refuses(text):
    with pytest.raises(SelectionError) as caught:
        parse_selection(text, 5)
    assert caught.value.text == text


def test_format_selection():
    assert format_selection([4, 0, 2, 3]) == "1,3-5"
    assert format_selection([]) == ""
