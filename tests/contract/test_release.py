import pytest
from eth_utils import keccak
from helpers import (
    DAY,
    NO_HASH,
    WHOLE,
    Status,
    events_of,
    hash_of,
    mine_at,
    reverts_with,
    set_of,
)

WEEK_AMOUNT = 2_400_000_000


def release(deal, milestones, *approvals, by="freelancer"):
    return deal.escrow.release(deal.terms, milestones, approvals, {"from": getattr(deal, by)})


def worth(units):
    return WEEK_AMOUNT * units // 240


@pytest.mark.parametrize("carrier", ["freelancer", "client", "stranger"])
def test_one_signed_approval_pays_many(either, carrier):
    either.fund(7)
    with either.moves(payee=6004, escrow=-6004):
        tx = release(either, 7, either.approval(7), by=carrier)
    assert [either.status(i) for i in range(3)] == [Status.PAID] * 3
    assert events_of(tx, either.escrow) == [
        (
            "MilestonesReleased",
            {"agreement": either.id, "milestones": 7, "toFreelancer": 6004, "toClient": 0},
        )
    ]


def test_approvals_made_one_by_one_are_paid_together(fixed):
    fixed.fund(7)
    with fixed.moves(payee=6004, escrow=-6004):
        release(fixed, 7, *(fixed.approval(set_of(i)) for i in range(3)))


def test_some_of_an_approval_may_be_released(fixed):
    fixed.fund(7)
    with fixed.moves(payee=2001, escrow=-2001):
        release(fixed, set_of(1), fixed.approval(7))
    assert [fixed.status(i) for i in range(3)] == [Status.ACTIVE, Status.PAID, Status.ACTIVE]


def test_the_client_approves_and_pays_in_one_act(fixed):
    fixed.fund(1)
    with fixed.moves(payee=1000, escrow=-1000):
        release(fixed, 1, (1, [], b""), by="client")


def test_a_promise_outlives_a_request_for_changes(fixed):
    fixed.fund(1)
    approval = fixed.approval(1)
    fixed.submit()
    fixed.escrow.requestChanges(fixed.terms, 0, NO_HASH, {"from": fixed.client})
    with fixed.moves(payee=1000, escrow=-1000):
        release(fixed, 1, approval)


@pytest.mark.parametrize("by", ["stranger", "freelancer", "client"])
def test_what_is_approved_is_paid_by_anybody(either, by):
    either.fund(3)
    either.submit()
    either.escrow.approve(either.terms, 3, [], {"from": either.client})
    with either.moves(payee=3001, escrow=-3001):
        tx = release(either, 3, by=by)
    assert [either.status(i) for i in range(3)] == [Status.PAID, Status.PAID, Status.NONE]
    assert events_of(tx, either.escrow) == [
        (
            "MilestonesReleased",
            {"agreement": either.id, "milestones": 3, "toFreelancer": 3001, "toClient": 0},
        )
    ]


@pytest.mark.parametrize("by", ["stranger", "freelancer", "client"])
def test_what_is_partly_approved_pays_the_claim_and_returns_the_rest(either, by):
    either.reach(Status.PARTLY_APPROVED)
    with either.moves(payee=250, client=750, escrow=-1000):
        tx = release(either, 1, by=by)
    assert either.status() == Status.SPLIT
    assert events_of(tx, either.escrow) == [
        (
            "MilestonesReleased",
            {"agreement": either.id, "milestones": 1, "toFreelancer": 250, "toClient": 750},
        )
    ]


@pytest.mark.parametrize(
    ("claimed", "disputed", "end"), [(WHOLE, 4000, Status.PAID), (8000, 4000, Status.SPLIT)]
)
def test_a_dispute_partly_approved_pays_what_is_open(fixed, claimed, disputed, end):
    fixed.fund(1)
    fixed.submit(units=claimed)
    fixed.dispute(units=disputed)
    fixed.escrow.approve(fixed.terms, 1, [], {"from": fixed.client})
    with fixed.moves(payee=400, escrow=-400):
        release(fixed, 1, by="stranger")
    assert fixed.status() == end


def test_a_part_worth_nothing_is_refunded(deal):
    tiny = deal(amounts=[5])
    tiny.fund(1)
    tiny.submit(units=1)
    tiny.escrow.approve(tiny.terms, 1, [], {"from": tiny.client})
    assert tiny.status() == Status.PARTLY_APPROVED
    with tiny.moves(client=5, escrow=-5):
        release(tiny, 1, by="stranger")
    assert tiny.status() == Status.REFUNDED


def test_whatever_is_due_is_paid_together(deal, chain):
    agreed = deal(amounts=[1000] * 6)
    agreed.fund(63)
    agreed.submit(0, units=2500)
    agreed.submit(1)
    agreed.submit(2, units=5000)
    agreed.dispute(5, units=4000)
    agreed.escrow.approve(agreed.terms, set_of(0, 1, 3, 5), [], {"from": agreed.client})
    chain.sleep(15 * DAY)
    with agreed.moves(payee=250 + 1000 + 500 + 1000 + 1000 + 400, client=750 + 500, escrow=-5400):
        release(agreed, 63, agreed.approval(set_of(4)), by="stranger")
    assert [agreed.status(i) for i in range(6)] == [
        Status.SPLIT,
        Status.PAID,
        Status.SPLIT,
        Status.PAID,
        Status.PAID,
        Status.PAID,
    ]


@pytest.mark.parametrize("units", [None, (10_000, 2500, 4000)])
def test_one_approval_pays_milestones_of_several_kinds(fixed, units):
    fixed.fund(7)
    fixed.submit(1, units=2500)
    fixed.dispute(2, units=4000, by="freelancer")
    value = 1000 + 500 + 1201
    with fixed.moves(payee=value, client=1501, escrow=-value - 1501):
        release(fixed, 7, fixed.approval(7, units or ()), by="stranger")
    assert [fixed.status(i) for i in range(3)] == [Status.PAID, Status.SPLIT, Status.SPLIT]


@pytest.mark.parametrize("status", [Status.APPROVED, Status.PARTLY_APPROVED])
def test_what_is_approved_asks_for_no_approval(fixed, status):
    fixed.reach(status)
    paid = 1000 if status == Status.APPROVED else 250
    with fixed.moves(payee=paid, client=1000 - paid, escrow=-1000):
        release(fixed, 1, fixed.approval(1, (1,)), by="stranger")


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_silence_pays_the_claim_and_returns_the_rest(either, late):
    either.fund(1)
    deadline = either.submit(units=3333) + 14 * DAY
    mine_at(deadline + late)
    if late < 0:
        with reverts_with("DeadlineNotReached", either.id, 0, deadline, deadline + late):
            release(either, 1, by="stranger")
    else:
        with either.moves(payee=333, client=667, escrow=-1000):
            release(either, 1, by="stranger")
        assert either.status() == Status.SPLIT


def test_nothing_is_paid_twice(fixed):
    fixed.fund(7)
    release(fixed, 1, fixed.approval(1))
    with reverts_with("WrongStatus", fixed.id, 0, Status.PAID):
        release(fixed, 1, fixed.approval(1))
    with fixed.moves(payee=2001, escrow=-2001):
        release(fixed, 2, fixed.approval(3), fixed.approval(2))


def test_a_claim_below_the_approval_is_what_is_paid(metered):
    metered.fund(1)
    metered.submit(units=186)
    paid = worth(186)
    with metered.moves(payee=paid, client=WEEK_AMOUNT - paid, escrow=-WEEK_AMOUNT):
        release(metered, 1, metered.approval(1, (200,)), by="stranger")


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED])
def test_an_approval_counts_after_every_deadline(fixed, status, chain):
    fixed.reach(status)
    chain.sleep(400 * DAY)
    with fixed.moves(payee=1000, escrow=-1000):
        release(fixed, 1, fixed.approval(1), by="stranger")


def test_silence_pays_the_claim_beside_a_lower_approval(metered, chain):
    metered.fund(1)
    metered.submit(units=186)
    chain.sleep(15 * DAY)
    paid = worth(186)
    with metered.moves(payee=paid, client=WEEK_AMOUNT - paid, escrow=-WEEK_AMOUNT):
        release(metered, 1, metered.approval(1, (1,)), by="stranger")


def test_a_milestone_approved_twice_uses_the_first(metered):
    metered.fund(1)
    metered.submit(units=186)
    low, high = metered.approval(1, (185,)), metered.approval(1, (186,))
    with reverts_with("ApprovalBelowClaim", metered.id, 0, 185, 186):
        release(metered, 1, low, high)
    release(metered, 1, high, low)
    assert metered.status() == Status.SPLIT


def test_units_belong_to_the_milestones_lowest_first(metered):
    metered.fund(set_of(0, 2))
    metered.submit(0, units=10)
    metered.submit(2, units=20)
    with reverts_with("ApprovalBelowClaim", metered.id, 2, 10, 20):
        release(metered, set_of(2), metered.approval(set_of(0, 2), (20, 10)))
    release(metered, set_of(2), metered.approval(set_of(0, 2), (10, 20)))
    assert [metered.status(i) for i in (0, 2)] == [Status.SUBMITTED, Status.SPLIT]


def test_it_counts_the_signature_of_a_contract_wallet(deal, accounts, HostileWallet):
    wallet = HostileWallet.deploy({"from": accounts[1]})
    agreed = deal(client=wallet)
    agreed.token.mint(wallet, 1000, {"from": agreed.stranger})
    allow = agreed.token.approve.encode_input(agreed.escrow, 1000)
    fund = agreed.escrow.fund.encode_input(agreed.terms, 1, agreed.acceptance())
    for target, data in ((agreed.token, allow), (agreed.escrow, fund)):
        wallet.execute(target, 0, data, {"from": accounts[1]})
    with reverts_with("SignatureInvalid", wallet, digest_of(agreed, 1)):
        release(agreed, 1, agreed.approval(1, role="stranger"))
    with agreed.moves(payee=1000, escrow=-1000):
        release(agreed, 1, agreed.approval(1))


def test_an_approval_below_the_claim_pays_nothing(metered):
    metered.fund(1)
    metered.submit(units=186)
    with reverts_with("ApprovalBelowClaim", metered.id, 0, 185, 186):
        release(metered, 1, metered.approval(1, (185,)))


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.REFUND_REQUESTED])
def test_the_freelancer_makes_an_approved_part_their_claim(metered, status):
    metered.reach(status)
    paid = worth(186)
    with metered.moves(payee=paid, client=WEEK_AMOUNT - paid, escrow=-WEEK_AMOUNT):
        tx = release(metered, 1, metered.approval(1, (186,)))
    assert metered.status() == Status.SPLIT
    submitted = {"agreement": metered.id, "milestone": 0, "units": 186, "deliverable": NO_HASH}
    released = {
        "agreement": metered.id,
        "milestones": 1,
        "toFreelancer": paid,
        "toClient": WEEK_AMOUNT - paid,
    }
    assert events_of(tx, metered.escrow) == [
        ("MilestoneSubmitted", submitted),
        ("MilestonesReleased", released),
    ]


def test_the_freelancer_claims_an_approved_part_of_a_fixed_price(either):
    either.fund(1)
    with either.moves(payee=333, client=667, escrow=-1000):
        release(either, 1, either.approval(1, (3333,)))
    assert either.status() == Status.SPLIT


@pytest.mark.parametrize("carrier", ["client", "stranger", "payee"])
def test_nobody_else_ends_a_milestone_for_an_approved_part(metered, carrier):
    metered.fund(1)
    with reverts_with("NotFreelancer", getattr(metered, carrier), metered.freelancer):
        release(metered, 1, metered.approval(1, (1,)), by=carrier)


def test_anybody_carries_an_approval_of_the_whole(metered):
    metered.fund(1)
    with metered.moves(payee=WEEK_AMOUNT, escrow=-WEEK_AMOUNT):
        release(metered, 1, metered.approval(1, (240,)), by="stranger")


def test_an_approval_of_the_claim_concedes_a_dispute(metered):
    metered.fund(1)
    metered.submit(units=186)
    metered.dispute(units=60)
    open_amount = worth(60)
    with metered.moves(payee=open_amount, escrow=-open_amount):
        release(metered, 1, metered.approval(1, (186,)), by="stranger")


def test_an_approval_of_what_was_conceded_does_not_pay_the_dispute(metered):
    metered.fund(1)
    metered.submit(units=186)
    metered.dispute(units=86)
    with reverts_with("ApprovalBelowClaim", metered.id, 0, 100, 186):
        release(metered, 1, metered.approval(1, (100,)))


def digest_of(deal, milestones, units=()):
    """The EIP-712 digest of an approval, put together by hand."""

    def word(value):
        return int(value).to_bytes(32)

    indexes = b"".join(word(i) for i in range(64) if milestones >> i & 1)
    type_hash = keccak(text="Approval(bytes32 agreement,uint8[] milestones,uint16[] units)")
    struct = keccak(
        type_hash
        + bytes.fromhex(deal.id[2:])
        + keccak(indexes)
        + keccak(b"".join(map(word, units)))
    )
    domain = keccak(
        keccak(
            text="EIP712Domain(string name,string version,"
            "uint256 chainId,address verifyingContract)"
        )
        + keccak(text="Milepost")
        + keccak(text="1")
        + word(deal.domain["chainId"])
        + bytes.fromhex(deal.escrow.address[2:]).rjust(32, b"\0")
    )
    return "0x" + keccak(b"\x19\x01" + domain + struct).hex()


@pytest.mark.parametrize("signer", ["freelancer", "payee", "arbiter", "stranger"])
def test_it_refuses_the_signature_of_anybody_but_the_client(fixed, signer):
    fixed.fund(1)
    with reverts_with("SignatureInvalid", fixed.client, digest_of(fixed, 1)):
        release(fixed, 1, fixed.approval(1, role=signer))


def test_it_refuses_an_approval_of_other_milestones(fixed):
    fixed.fund(3)
    _, _, signature = fixed.approval(1)
    with reverts_with("SignatureInvalid", fixed.client, digest_of(fixed, 2)):
        release(fixed, 2, (2, [], signature))


def test_it_refuses_an_approval_of_another_agreement(fixed, deal):
    other = deal(salt=hash_of("other"))
    fixed.fund(1)
    with reverts_with("SignatureInvalid", fixed.client, digest_of(fixed, 1)):
        release(fixed, 1, other.approval(1))


@pytest.mark.parametrize("units", [0, 241])
def test_it_refuses_units_beyond_the_whole(metered, units):
    metered.fund(1)
    with reverts_with("UnitsOutOfRange", metered.id, 0, units, 240):
        release(metered, 1, metered.approval(1, (units,)))


def test_it_refuses_a_metered_approval_without_units(metered):
    metered.fund(1)
    with reverts_with("UnitsCountMismatch", metered.id, 0, 1):
        release(metered, 1, metered.approval(1))


def test_it_refuses_an_agreement_that_was_never_funded(fixed):
    with reverts_with("AgreementNotFunded", fixed.id):
        release(fixed, 1)


def test_it_refuses_an_empty_set(fixed):
    fixed.fund(1)
    with reverts_with("NoMilestones"):
        release(fixed, 0)


def test_it_refuses_a_milestone_beyond_the_terms(fixed):
    fixed.fund(1)
    with reverts_with("MilestoneOutOfRange", fixed.id, 3, 3):
        release(fixed, 8, fixed.approval(8))


PAYABLE = (Status.SUBMITTED, Status.APPROVED, Status.PARTLY_APPROVED)
UNPAYABLE = [s for s in Status if s not in PAYABLE]


@pytest.mark.parametrize("status", UNPAYABLE)
def test_without_approval_it_refuses_every_other_status(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        release(fixed, 1)


@pytest.mark.parametrize(
    "status", [Status.NONE, Status.OFFERED, Status.PAID, Status.REFUNDED, Status.SPLIT]
)
def test_with_approval_it_refuses_what_is_not_open(fixed, status):
    fixed.fund(2)
    fixed.reach(status)
    with reverts_with("WrongStatus", fixed.id, 0, status):
        release(fixed, 1, fixed.approval(1))


def test_ten_milestones_are_two_transactions(deal):
    agreed = deal(amounts=[100] * 10)
    agreed.fund(1023)
    with agreed.moves(payee=1000, escrow=-1000):
        release(agreed, 1023, agreed.approval(1023))
    assert agreed.whole == WHOLE
