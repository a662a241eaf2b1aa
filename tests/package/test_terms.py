from dataclasses import replace

import pytest

from milepost import contract_errors as refused
from milepost.presets import Parties, fixed_price, hourly, retainer
from milepost.terms import agreement_id, terms_data, validate
from milepost.types import ZERO_ADDRESS
from milepost.units import DAY

A, B, C, ESCROW = ("0x" + digit * 40 for digit in "123e")
FIXED = fixed_price(Parties(A, B, arbiter=C), [1, 2])
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


@pytest.mark.node
def test_validate_agrees_with_the_contract(escrow, people):
    good = fixed_price(people.parties(), [1, 2])
    for change in (
        {"arbiter": good.client},
        {"amounts": (1, 0)},
        {"amounts": (1,) * 65},
        {"payee": escrow.address},
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
