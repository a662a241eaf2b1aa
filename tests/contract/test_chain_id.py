"""A chain that splits in two, or changes its id, keeps its agreements within reach."""

import brownie
import pytest
from helpers import NOT_SIGNED, Status, hash_of, reverts_with

OTHER_CHAIN = 424_242


@pytest.fixture
def renumber():
    """Gives the chain another id until the test is over."""
    ask = brownie.web3.provider.make_request
    before = brownie.web3.eth.chain_id

    def change(chain_id: int) -> None:
        # Anvil's own keys sign for the chain it was started as.
        ask("anvil_autoImpersonateAccount", [chain_id != before])
        ask("anvil_setChainId", [chain_id])
        assert brownie.web3.eth.chain_id == chain_id

    yield change
    change(before)


def test_what_was_funded_stays_within_reach(either, renumber):
    either.fund(3)
    submitted = either.id
    renumber(OTHER_CHAIN)
    assert either.escrow.agreementId(either.terms) == submitted
    either.submit(0)
    either.escrow.approve(either.terms, 1, [], {"from": either.client})
    with either.moves(payee=1000, escrow=-1000):
        either.escrow.release(either.terms, 1, [], {"from": either.stranger})
    with either.moves(client=2001, escrow=-2001):
        either.escrow.refund(either.terms, 2, {"from": either.freelancer})


def test_signatures_count_on_the_chain_they_name(fixed, renumber):
    fixed.fund(1)
    acceptance, approval = fixed.acceptance(), fixed.approval(1)
    renumber(OTHER_CHAIN)
    client, stranger = {"from": fixed.client}, {"from": fixed.stranger}
    digest = fixed.acceptance_digest()
    assert digest != fixed.id
    with reverts_with("SignatureInvalid", fixed.freelancer, digest):
        fixed.escrow.fund(fixed.terms, 2, acceptance, client)
    fixed.escrow.fund(fixed.terms, 4, NOT_SIGNED, client)
    with reverts_with("SignatureInvalid", fixed.freelancer, digest):
        fixed.escrow.accept(fixed.terms, 4, acceptance, stranger)
    with reverts_with("SignatureInvalid", fixed.client, fixed.approval_digest(1)):
        fixed.escrow.release(fixed.terms, 1, [approval], stranger)
    fixed.fund(2)
    fixed.escrow.accept(fixed.terms, 4, fixed.acceptance(), stranger)
    fixed.escrow.release(fixed.terms, 1, [fixed.approval(1)], stranger)
    assert [fixed.status(i) for i in range(3)] == [Status.PAID, Status.ACTIVE, Status.ACTIVE]
    assert fixed.id != hash_of("")
