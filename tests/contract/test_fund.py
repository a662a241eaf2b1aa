import pytest
from helpers import (
    COIN,
    DAY,
    HOUR,
    NARROW_FIELDS,
    NO_HASH,
    NOT_SIGNED,
    Status,
    events_of,
    hash_of,
    reverts_outside,
    reverts_with,
    set_of,
    with_high_bits,
)


def funded_event(deal, milestones, is_accepted):
    return (
        "MilestonesFunded",
        {
            "agreement": deal.id,
            "client": deal.values["client"],
            "freelancer": deal.values["freelancer"],
            "milestones": milestones,
            "amount": deal.amount(milestones),
            "isAccepted": is_accepted,
            "terms": (*deal.terms[:-1], tuple(deal.terms[-1])),
        },
    )


def test_it_holds_the_exact_sum_as_an_offer(either):
    with either.moves(client=-4003, escrow=4003):
        tx = either.fund(set_of(0, 2), signed=False)
    assert [either.status(i) for i in range(3)] == [Status.OFFERED, Status.NONE, Status.OFFERED]
    assert events_of(tx, either.escrow) == [funded_event(either, set_of(0, 2), False)]


def test_it_is_active_with_the_freelancers_signature(either):
    tx = either.fund(set_of(0, 1, 2))
    assert [either.status(i) for i in range(3)] == [Status.ACTIVE] * 3
    assert events_of(tx, either.escrow) == [funded_event(either, set_of(0, 1, 2), True)]


def test_it_adds_milestones_later(fixed):
    fixed.fund(set_of(0))
    fixed.fund(set_of(2), signed=False)
    assert [fixed.status(i) for i in range(3)] == [Status.ACTIVE, Status.NONE, Status.OFFERED]


def test_it_counts_the_signature_of_a_contract_wallet(deal, accounts, HostileWallet):
    wallet = HostileWallet.deploy({"from": accounts[2]})
    agreed = deal(freelancer=wallet)
    agreed.fund(set_of(0))
    assert agreed.status() == Status.ACTIVE


def test_it_refuses_what_the_contract_wallet_does_not_call_its_own(deal, accounts, HostileWallet):
    agreed = deal(freelancer=HostileWallet.deploy({"from": accounts[2]}))
    with reverts_with("SignatureInvalid", agreed.values["freelancer"], agreed.id):
        agreed.escrow.fund(agreed.terms, 1, agreed.acceptance("stranger"), {"from": agreed.client})


@pytest.mark.parametrize("caller", ["freelancer", "payee", "arbiter", "stranger"])
def test_it_refuses_everybody_but_the_client(fixed, caller):
    who = getattr(fixed, caller)
    with reverts_with("NotClient", who, fixed.client):
        fixed.escrow.fund(fixed.terms, 1, NOT_SIGNED, {"from": who})


@pytest.mark.parametrize("signer", ["client", "payee", "arbiter", "stranger"])
def test_it_refuses_the_signature_of_anybody_but_the_freelancer(fixed, signer):
    with reverts_with("SignatureInvalid", fixed.freelancer, fixed.id):
        fixed.escrow.fund(fixed.terms, 1, fixed.acceptance(signer), {"from": fixed.client})


@pytest.mark.parametrize("length", [1, 64, 66, 130])
def test_it_refuses_a_signature_of_another_length(fixed, length):
    signature = (fixed.acceptance() * 2).replace("0x", "")[: 2 * length]
    with reverts_with("SignatureInvalid", fixed.freelancer, fixed.id):
        fixed.escrow.fund(fixed.terms, 1, "0x" + signature, {"from": fixed.client})


def test_it_refuses_the_mirrored_signature(fixed):
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = bytes.fromhex(fixed.acceptance()[2:])
    mirrored = raw[:32] + (order - int.from_bytes(raw[32:64])).to_bytes(32) + bytes([55 - raw[64]])
    with reverts_with("SignatureInvalid", fixed.freelancer, fixed.id):
        fixed.escrow.fund(fixed.terms, 1, mirrored.hex(), {"from": fixed.client})


def test_it_refuses_the_signature_of_other_terms(fixed, deal):
    other = deal(salt=hash_of("other"))
    with reverts_with("SignatureInvalid", fixed.freelancer, fixed.id):
        fixed.escrow.fund(fixed.terms, 1, other.acceptance(), {"from": fixed.client})


def test_it_refuses_an_empty_set(fixed):
    with reverts_with("NoMilestones"):
        fixed.escrow.fund(fixed.terms, 0, NOT_SIGNED, {"from": fixed.client})


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        fixed.escrow.fund(fixed.terms, set_of(3), NOT_SIGNED, {"from": fixed.client})


def test_of_several_beyond_the_terms_it_names_the_highest(fixed):
    with reverts_with("MilestoneOutOfRange", fixed.id, 63, 3):
        fixed.escrow.fund(fixed.terms, set_of(0, 3, 63), NOT_SIGNED, {"from": fixed.client})


def test_it_names_a_milestone_that_was_funded_before_one_beyond_the_terms(fixed):
    fixed.fund(set_of(1, 2))
    with reverts_with("WrongStatus", fixed.id, 1, Status.ACTIVE):
        fixed.escrow.fund(fixed.terms, set_of(0, 1, 2, 3), NOT_SIGNED, {"from": fixed.client})


@pytest.mark.parametrize("status", [s for s in Status if s != Status.NONE])
def test_it_refuses_a_milestone_that_was_funded(fixed, status):
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        fixed.escrow.fund(fixed.terms, set_of(0, 1), NOT_SIGNED, {"from": fixed.client})


@pytest.mark.parametrize("difference", [-1, 1])
def test_it_refuses_any_other_sum_of_the_coin(coin_deal, difference):
    with reverts_with("ValueMismatch", 1000 + difference, 1000):
        coin_deal.escrow.fund(
            coin_deal.terms, 1, NOT_SIGNED, {"from": coin_deal.client, "value": 1000 + difference}
        )


def test_it_refuses_coin_beside_a_token(fixed):
    with reverts_with("ValueMismatch", 1, 0):
        fixed.escrow.fund(fixed.terms, 1, NOT_SIGNED, {"from": fixed.client, "value": 1})


def test_it_refuses_without_allowance(fixed):
    fixed.token.approve(fixed.escrow, 999, {"from": fixed.client})
    with reverts_outside("ERC20InsufficientAllowance"):
        fixed.fund(1)
    assert fixed.status() == Status.NONE


def test_it_refuses_a_token_that_takes_a_fee(deal, FeeToken, escrow, accounts):
    token = FeeToken.deploy({"from": accounts[0]})
    token.mint(accounts[1], 1000, {"from": accounts[0]})
    token.approve(escrow, 1000, {"from": accounts[1]})
    with reverts_with("TransferNotExact", token, 0, 990, 1000):
        deal(token=token).fund(1)


def test_it_takes_a_token_that_returns_nothing(deal, SilentToken, escrow, accounts):
    token = SilentToken.deploy({"from": accounts[0]})
    token.mint(accounts[1], 1000, {"from": accounts[0]})
    token.approve(escrow, 1000, {"from": accounts[1]})
    agreed = deal(token=token)
    agreed.fund(1)
    agreed.escrow.refund(agreed.terms, 1, {"from": agreed.freelancer})
    assert token.balanceOf(agreed.client) == 1000


def test_it_refuses_plain_coin(escrow, accounts):
    with reverts_outside():
        accounts[1].transfer(escrow, 1)


ROLES_ALIKE = [("client", "freelancer"), ("client", "arbiter"), ("freelancer", "arbiter")]


@pytest.mark.parametrize(("one", "other"), ROLES_ALIKE)
def test_it_refuses_one_address_in_two_roles(fixed, deal, one, other):
    broken = deal(**{other: fixed.values[one]})
    v = broken.values
    with reverts_with("RolesNotDistinct", v["client"], v["freelancer"], v["arbiter"]):
        broken.escrow.fund(broken.terms, 1, NOT_SIGNED, {"from": v["client"]})


def test_it_refuses_a_missing_freelancer(deal):
    broken = deal(freelancer=COIN)
    with reverts_with("PartyMissing", broken.client, COIN):
        broken.fund(1, signed=False)


@pytest.mark.parametrize("payee", ["nobody", "escrow", "token", "arbiter"])
def test_it_refuses_a_payee_that_cannot_have_the_money(deal, payee):
    good = deal()
    address = {
        "nobody": COIN,
        "escrow": good.escrow.address,
        "token": good.token.address,
        "arbiter": good.arbiter,
    }[payee]
    broken = deal(payee=address)
    with reverts_with("RecipientInvalid", address):
        broken.fund(1, signed=False)


def test_it_refuses_a_token_without_code(deal, accounts):
    broken = deal(token=accounts[9])
    with reverts_with("TokenMissing", accounts[9]):
        broken.fund(1, signed=False)


BROKEN_TERMS = [
    ({"amounts": []}, "MilestoneCountOutOfRange", (0, 64)),
    ({"amounts": [1] * 65}, "MilestoneCountOutOfRange", (65, 64)),
    ({"amounts": [1, 0]}, "AmountOutOfRange", (1, 0, 2**128 - 1)),
    ({"amounts": [1, 2**128]}, "AmountOutOfRange", (1, 2**128, 2**128 - 1)),
    ({"arbiterFeeBps": 1001}, "ArbiterFeeTooHigh", (1001, 1000)),
    ({"defaultBps": 10_001}, "DefaultShareTooHigh", (10_001, 10_000)),
    ({"start": 1}, "MeteringInvalid", (1, 0, 3)),
    ({"units": 1}, "MeteringInvalid", (0, 1, 3)),
    ({"period": DAY, "start": 0, "units": 6, "amounts": [1]}, "MeteringInvalid", (0, 6, 1)),
    ({"period": DAY, "start": 1, "units": 0, "amounts": [1]}, "MeteringInvalid", (1, 0, 1)),
    (
        {"period": DAY, "start": 1, "units": 32_768, "amounts": [1]},
        "MeteringInvalid",
        (1, 32_768, 1),
    ),
    ({"period": DAY, "start": 1, "units": 6, "amounts": [1, 1]}, "MeteringInvalid", (1, 6, 2)),
] + [
    ({name: seconds}, error, (seconds, HOUR, 365 * DAY))
    for name, error in (
        ("reviewPeriod", "ReviewPeriodOutOfRange"),
        ("responsePeriod", "ResponsePeriodOutOfRange"),
        ("rulingPeriod", "RulingPeriodOutOfRange"),
        ("period", "MeteringPeriodOutOfRange"),
    )
    for seconds in (HOUR - 1, 365 * DAY + 1)
]


@pytest.mark.parametrize(("overrides", "error", "values"), BROKEN_TERMS)
def test_it_refuses_terms_that_break_a_rule(deal, overrides, error, values):
    with reverts_with(error, *values):
        deal(**overrides).fund(1, signed=False)


@pytest.mark.parametrize("seconds", [HOUR, 365 * DAY])
def test_it_takes_the_shortest_and_longest_periods(deal, seconds):
    names = ("reviewPeriod", "responsePeriod", "rulingPeriod", "period")
    agreed = deal(**dict.fromkeys(names, seconds), start=1, units=32_767, amounts=[7])
    agreed.fund(set_of(0, 63))
    assert agreed.status(63) == Status.ACTIVE


def test_it_takes_sixty_four_milestones_without_disturbing_one(deal):
    agreed = deal(amounts=[1] * 64)
    agreed.fund(2**64 - 1)
    agreed.escrow.refund(agreed.terms, set_of(0, 31, 63), {"from": agreed.freelancer})
    ended = {0, 31, 63}
    for i in range(64):
        assert agreed.status(i) == (Status.REFUNDED if i in ended else Status.ACTIVE)


@pytest.mark.parametrize("name", NARROW_FIELDS)
def test_it_refuses_wrong_high_bits(either, name):
    value = 1000 if either.is_coin else 0
    data = either.escrow.fund.encode_input(either.terms, 1, NOT_SIGNED)
    with either.moves(), reverts_outside():
        either.client.transfer(either.escrow, value, data=with_high_bits(data, name).hex())


def test_a_zero_arbiter_is_none(deal):
    agreed = deal(arbiter=COIN)
    agreed.fund(1)
    assert agreed.status() == Status.ACTIVE


def test_the_hash_of_nothing_is_not_an_agreement(fixed):
    assert fixed.escrow.statusesOf(NO_HASH) == 0
