"""Writing an agreement file by answering questions."""

import io

import pytest

from milepost.agreement import Token, load
from milepost.types import ZERO_ADDRESS

# They look for a node, and most find none.
pytestmark = pytest.mark.node

CLIENT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
FREELANCER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
ARBITER = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
TOKENS = {"coin": Token(ZERO_ADDRESS, "ETH", 18)}

PARTIES = [CLIENT, FREELANCER, "", ARBITER]
# Token, three periods, fee and share: as they are offered.
USUAL = [""] * 6


@pytest.fixture
def answer(run, monkeypatch, tmp_path):
    """Runs `milepost new` where no node answers, with these lines typed."""
    path = tmp_path / "deal.yaml"

    def type_(*lines, file=path):
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
        return run("new", file, "--rpc-url", "http://127.0.0.1:1")

    type_.path = path
    return type_


def test_a_fixed_price(answer):
    milestones = ["Design", "1.5", "2027-01-15", "y", "Pages", "2 ETH", "", "n"]
    outcome = answer(
        "8453", "A website", "", *PARTIES, *USUAL, *milestones, "Six pages: one in each colour"
    )
    assert outcome.code == 0, outcome.err
    assert "Base, chain id 8453" in outcome.err
    found = load(answer.path, TOKENS)
    assert (found.title, found.kind, found.chain_id) == ("A website", "fixed price", 8453)
    assert found.terms.amounts == (15 * 10**17, 2 * 10**18)
    assert found.terms.payee == FREELANCER
    assert found.terms.arbiter == ARBITER
    assert (found.terms.review_period, found.terms.arbiter_fee_bps) == (14 * 86_400, 500)
    assert found.scope_text == "Six pages: one in each colour"
    assert found.terms.salt != bytes(32)


def test_by_the_hour(answer):
    outcome = answer(
        "10", "Backend", "hourly", *PARTIES, *USUAL, "0.02", "40 hours", "2026-11-30", "Work"
    )
    assert outcome.code == 0, outcome.err
    terms = load(answer.path, TOKENS).terms
    assert (terms.amounts, terms.units) == ((8 * 10**17,), 240)


def test_a_retainer_without_an_arbiter(answer):
    usual = [*USUAL[:4], "70 %"]
    outcome = answer(
        "10", "Care", "retainer", CLIENT, FREELANCER, "", "none", *usual, "1", "2027-01-01", "Care"
    )
    assert outcome.code == 0, outcome.err
    terms = load(answer.path, TOKENS).terms
    assert (terms.arbiter, terms.arbiter_fee_bps, terms.default_bps) == (ZERO_ADDRESS, 0, 7000)


def test_a_bad_answer_is_asked_again(answer):
    bad = [
        "base", "8453", "", "A website", "barter", "fixed price",
        CLIENT.lower(), CLIENT, CLIENT, FREELANCER, "", CLIENT, "none",
        "GOLD", "coin", "59 minutes", "1 hour", "366 days", "7 days", "30", "30 days",
        "101 %", "50 %",
        "", "Design", "0", "-1", "1.0000000000000000001", "1", "soon", "", "n", "", "Work",
    ]  # fmt: skip
    outcome = answer(*bad)
    assert outcome.code == 0, outcome.err
    for problem in (
        "number of the chain", "Choose one of", "EIP-55", "must be different", "no token known",
        "1 hour to 365 days", "is not a duration", "is not a share", "more than nothing",
        "18 decimals", "is not a day",
    ):  # fmt: skip
        assert problem in outcome.err
    assert load(answer.path, TOKENS).terms.amounts == (10**18,)


def test_nothing_is_overwritten(answer):
    answer.path.write_text("mine")
    outcome = answer("8453")
    assert outcome.code == 2
    assert answer.path.read_text() == "mine"


def test_an_answer_that_ends_leaves_no_file(answer):
    outcome = answer("8453", "A website")
    assert outcome.code == 1
    assert not answer.path.exists()


def test_a_folder_that_is_not_there(answer, tmp_path):
    lines = ("8453", "A", "", *PARTIES, *USUAL, "Design", "1", "", "n", "Work")
    assert answer(*lines, file=tmp_path / "no" / "deal.yaml").code == 2


def test_with_a_node_the_chain_and_its_tokens_are_known(milepost, monkeypatch, tmp_path, token):
    path = tmp_path / "deal.yaml"
    usual = ["USDP", *USUAL[1:]]
    lines = ("A website", "", *PARTIES, *usual, "Design", "1500", "", "n", "Work")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    outcome = milepost("new", path)
    assert outcome.code == 0, outcome.err
    assert "chain: 31337" in path.read_text()
    assert milepost("check", path).code == 0
