from dataclasses import replace

import pytest

from milepost import contract_errors as refused
from milepost.errors import InputError, NumberError
from milepost.presets import Parties, fixed_price, hourly, retainer
from milepost.terms import (
    agreement_id,
    amendment_data,
    approval_data,
    settlement_data,
    terms_data,
    validate,
)
from milepost.types import ZERO_ADDRESS, Amendment, Approval, Division
from milepost.units import DAY

A, B, C, D, ESCROW = ("0x" + digit * 40 for digit in "1234e")
FIXED = fixed_price(Parties(A, B, arbiter=C), [1, 2])
ID = bytes(32)
METERED = hourly(Parties(A, B, arbiter=C), rate=10, hours_per_week=40, start=1_780_000_000)


def test_presets_are_valid():
    for terms in (FIXED, METERED, retainer(Parties(A, B), amount=9, start=1_780_000_000)):
        validate(terms, ESCROW)


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        (replace(FIXED, client=ZERO_ADDRESS), refused.PartyMissing(ZERO_ADDRESS, B)),
        (replace(FIXED, freelancer=A), refused.RolesNotDistinct(A, A, C)),
        (replace(FIXED, arbiter=B), refused.RolesNotDistinct(A, B, B)),
        (replace(FIXED, payee=ZERO_ADDRESS), refused.RecipientInvalid(ZERO_ADDRESS)),
        (replace(FIXED, payee=ESCROW.upper().replace("X", "x")), None),
        (replace(FIXED, payee=C), refused.RecipientInvalid(C)),
        (replace(FIXED, token=D, payee=D), refused.RecipientInvalid(D)),
        (replace(FIXED, amounts=()), refused.MilestoneCountOutOfRange(0, 64)),
        (replace(FIXED, amounts=(1,) * 65), refused.MilestoneCountOutOfRange(65, 64)),
        (replace(FIXED, amounts=(1, 0)), refused.AmountOutOfRange(1, 0, 2**128 - 1)),
        (replace(FIXED, arbiter_fee_bps=1001), refused.ArbiterFeeTooHigh(1001, 1000)),
        (replace(FIXED, default_bps=10_001), refused.DefaultShareTooHigh(10_001, 10_000)),
        (
            replace(FIXED, review_period=3599),
            refused.ReviewPeriodOutOfRange(3599, 3600, 365 * DAY),
        ),
        (
            replace(FIXED, response_period=0),
            refused.ResponsePeriodOutOfRange(0, 3600, 365 * DAY),
        ),
        (
            replace(FIXED, ruling_period=366 * DAY),
            refused.RulingPeriodOutOfRange(366 * DAY, 3600, 365 * DAY),
        ),
        (replace(METERED, period=1), refused.MeteringPeriodOutOfRange(1, 3600, 365 * DAY)),
        (
            replace(METERED, units=32_768),
            refused.MeteringInvalid(METERED.start, 32_768, 1),
        ),
        (replace(FIXED, units=5), refused.MeteringInvalid(0, 5, 2)),
    ],
)
def test_validate_raises_the_contracts_error(terms, error):
    with pytest.raises(refused.ContractError) as caught:
        validate(terms, ESCROW)
    if error is not None:
        assert type(caught.value) is type(error)
        assert caught.value.args == error.args


WIDTHS = {
    "review_period": 32,
    "response_period": 32,
    "ruling_period": 32,
    "arbiter_fee_bps": 16,
    "default_bps": 16,
    "start": 40,
    "period": 32,
    "units": 16,
    "amounts": 256,
}


def with_number(name, value):
    return replace(METERED, **{name: (value,) if name == "amounts" else value})


@pytest.mark.parametrize("bad", [-1, True, False, 1.0, "1", None])
@pytest.mark.parametrize("name", WIDTHS)
def test_validate_refuses_what_is_no_number(name, bad):
    with pytest.raises(NumberError) as caught:
        validate(with_number(name, bad))
    assert (caught.value.field, caught.value.value) == (name.replace("_", " "), repr(bad))


@pytest.mark.parametrize(("name", "bits"), WIDTHS.items())
def test_validate_refuses_what_the_contract_has_no_room_for(name, bits):
    with pytest.raises((NumberError, refused.ContractError)) as caught:
        validate(with_number(name, 2**bits))
    # Where the contract has a rule of its own, its error says more.
    assert isinstance(caught.value, NumberError) == (name == "start")
    if name == "start":
        validate(with_number(name, 2**bits - 1))


@pytest.mark.parametrize(("name", "bits"), WIDTHS.items())
def test_terms_that_do_not_fit_have_no_digest(name, bits):
    for bad in (-1, True, 2**bits):
        with pytest.raises(NumberError) as caught:
            agreement_id(with_number(name, bad), 1, ESCROW)
        assert caught.value.bits == bits
    assert len(agreement_id(with_number(name, 2**bits - 1), 1, ESCROW)) == 32


@pytest.mark.parametrize(
    "build",
    [
        lambda: approval_data(Approval(1, (2**16,)), ID, 1, ESCROW),
        lambda: settlement_data(Division(256, 1, 1), 1, ID, 1, ESCROW),
        lambda: settlement_data(Division(0, 2**256, 1), 1, ID, 1, ESCROW),
        lambda: settlement_data(Division(0, 1, -1), 1, ID, 1, ESCROW),
        lambda: settlement_data(Division(0, 1, 1), 2**40, ID, 1, ESCROW),
        lambda: amendment_data(Amendment((), 1, 2**40), ID, FIXED, 1, ESCROW),
        lambda: amendment_data(Amendment((Division(0, -1, 1),), 1, 1), ID, FIXED, 1, ESCROW),
        lambda: amendment_data(Amendment((), 1, 1), ID, replace(FIXED, units=2**16), 1, ESCROW),
    ],
)
def test_consents_that_do_not_fit_are_not_built(build):
    with pytest.raises(NumberError):
        build()


@pytest.mark.node
def test_acts_that_do_not_fit_are_not_encoded(escrow, people):
    terms = fixed_price(people.parties(), [1, 2])
    for build in (
        lambda: escrow.fund(replace(terms, start=2**40), [0]),
        lambda: escrow.contract.fund(terms, 2**64, b""),
        lambda: escrow.submit(terms, -1),
        lambda: escrow.submit(terms, 0, 2**16),
        lambda: escrow.submit(terms, 0, True),
        lambda: escrow.submit(terms, 0, deliverable=b"short"),
        lambda: escrow.approve(terms, [0], [2**16]),
        lambda: escrow.rule(terms, 0, -1),
        lambda: escrow.settle(terms, Division(0, 1, -1), 1, b""),
        lambda: escrow.milestone_at(terms, 256),
        lambda: escrow.withdraw("0x12", terms.client),
    ):
        with pytest.raises(InputError):
            build()


@pytest.mark.node
def test_validate_agrees_with_the_contract(escrow, people):
    good = fixed_price(people.parties(), [1, 2])
    for change in (
        {"arbiter": good.client},
        {"amounts": (1, 0)},
        {"amounts": (1,) * 65},
        {"payee": escrow.address},
        {"payee": good.arbiter},
        {"arbiter_fee_bps": 1001},
        {"default_bps": 10_001},
        {"review_period": 1},
        {"period": 1},
        {"period": 7 * DAY},
        {"start": 1},
    ):
        bad = replace(good, **change)
        with pytest.raises(refused.ContractError) as here:
            validate(bad, escrow.address)
        with pytest.raises(type(here.value)) as there:
            escrow.fund(bad, [0]).simulate(people.client.address)
        assert there.value.args == here.value.args


def test_agreement_id_covers_chain_contract_and_terms():
    ids = {
        agreement_id(FIXED, 1, ESCROW),
        agreement_id(FIXED, 2, ESCROW),
        agreement_id(FIXED, 1, A),
        agreement_id(replace(FIXED, default_bps=1), 1, ESCROW),
    }
    assert len(ids) == 4


def test_typed_data_is_what_a_wallet_takes():
    data = terms_data(FIXED, 1, ESCROW)
    assert data["primaryType"] == "Terms"
    assert [m["name"] for m in data["types"]["Terms"]] == list(data["message"])
