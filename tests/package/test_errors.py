import pickle

import pytest

from milepost import contract_errors, errors
from milepost.artifacts import load_artifact
from milepost.chain.events import snake
from milepost.contract_errors import ERRORS
from milepost.diary import errors as diary_errors
from milepost.types import Status

ABI_ERRORS = [e for e in load_artifact("MilestoneEscrow").abi if e["type"] == "error"]
SAMPLES = {"address": "0x" + "11" * 20, "bytes32": b"\x02" * 32, "string": "text", "uint8": 3}


def all_errors(root=errors.MilepostError):
    for child in root.__subclasses__():
        yield child
        yield from all_errors(child)


def python_name(name):
    return "str_" if name == "str" else snake(name)


@pytest.mark.parametrize("item", ABI_ERRORS, ids=lambda item: item["name"])
def test_every_abi_error_has_its_class(item):
    cls = ERRORS[item["name"]]
    assert list(cls.FIELDS) == [python_name(i["name"]) for i in item["inputs"]]
    error = cls(*(SAMPLES.get(i["type"], 7200) for i in item["inputs"]))
    assert error.exit_code == 5
    assert str(error).endswith(".")
    assert str(error)[0].isupper() or str(error).startswith(("0x", '"')) or str(error)[0].isdigit()
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)


def test_no_class_without_an_abi_error():
    assert set(ERRORS) == {item["name"] for item in ABI_ERRORS}


def test_messages_say_times_and_count_from_one():
    error = contract_errors.DeadlineNotReached(b"\x01" * 32, 2, 1_780_003_600, 1_780_000_000)
    assert str(error) == (
        "This is possible for milestone 3 from 2026-05-28 21:26:40 UTC on; "
        "it is 2026-05-28 20:26:40 UTC. Wait 1 hour."
    )
    assert "not funded" in str(contract_errors.WrongStatus(b"\x01" * 32, 0, Status.NONE))


def test_tree():
    drawn = errors.__doc__
    for cls in all_errors():
        if cls.__module__ == "milepost.errors":
            assert cls.__name__ in drawn
    codes = {
        errors.MilepostError: 1,
        errors.InputError: 2,
        errors.SigningError: 3,
        errors.ChainError: 4,
        errors.ContractError: 5,
        errors.FundsError: 6,
        errors.TransactionError: 7,
        errors.LedgerError: 8,
        errors.DiaryError: 9,
    }
    for cls in all_errors():
        nearest = next(root for root in cls.__mro__ if root in codes)
        assert cls.exit_code == codes[nearest]


def test_amounts_are_written_as_the_caller_wants():
    error = errors.BalanceTooLow("0x" + "11" * 20, "0x" + "22" * 20, 5, 12)
    assert "5 base units" in str(error)
    assert "7.00 more" in str(error.in_units(lambda value: f"{value}.00"))


def test_every_error_has_a_message():
    for cls in all_errors():
        if cls.FIELDS and cls.__module__ in (errors.__name__, diary_errors.__name__):
            kinds = {"str": "0x" + "00" * 20, "int": 3, "bytes": b"\x01", "tuple[str, ...]": ("a",)}
            kinds["tuple[tuple[str, str], ...]"] = (("a", "b"),)
            types = {
                k: v for c in cls.__mro__ for k, v in getattr(c, "__annotations__", {}).items()
            }
            error = cls(*(kinds[types[name]] for name in cls.FIELDS))
            assert str(error)


def test_agreement_file_error_names_the_place():
    error = errors.AgreementFileError("deal.yaml", 7, "token", "is missing")
    assert str(error) == "deal.yaml:7: token: is missing"


def test_fields_are_given_by_position_or_name_and_no_others():
    by_name = errors.AddressError(field="client", value="0x", problem="short")
    assert by_name.args == ("client", "0x", "short")
    assert errors.AddressError("client", "0x").problem == "write 0x and 40 hexadecimal digits"
    assert pickle.loads(pickle.dumps(by_name)).__dict__ == by_name.__dict__
    for values, named in [(("a", "b", "c", "d"), {}), (("a",), {"field": "b"}), ((), {"x": 1})]:
        with pytest.raises(TypeError, match="takes field, value, problem"):
            errors.AddressError(*values, **named)
    with pytest.raises(AttributeError):
        errors.AddressError("client")
