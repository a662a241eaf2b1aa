"""Ways of paying in and out: permits, carried funding, older tokens, hours, credits."""

import json
from pathlib import Path

import pytest

from milepost.agreement import Token as Known
from milepost.chain.erc20 import Erc20
from milepost.chain.transactions import Call
from milepost.cli import tokens
from milepost.units import DAY, WEEK

ROOT = Path(__file__).resolve().parents[3]


def statuses(milepost, file):
    return [m["status"] for m in milepost("status", file, "--json").json["milestones"]]


@pytest.mark.node
def test_a_permit_saves_the_allowance(milepost, website, people, token, escrow, node):
    token.call("approve", escrow.address, 0).send(people.client)
    before = node.block().number
    outcome = milepost("fund", website, "--permit", by=people.client)
    assert outcome.code == 0, outcome.err
    assert node.block().number == before + 1
    assert "sign a permit: the escrow may take 6,000.50 USDP until" in outcome.err
    assert statuses(milepost, website) == ["offered"] * 3


@pytest.mark.node
def test_funding_that_somebody_else_carries(milepost, website, people, token, escrow, tmp_path):
    token.call("approve", escrow.address, 0).send(people.client)
    file = tmp_path / "authorization.json"
    given = ("--milestones", "1,3", "--sign", "--expires", "2 days", "--out", file)
    signed = milepost("fund", website, *given, by=people.client)
    assert signed.code == 0, signed.err
    before = token.balance(people.client.address)
    outcome = milepost("fund", website, "--authorization", file, by=people.stranger)
    assert outcome.code == 0, outcome.err
    assert before - token.balance(people.client.address) == 3_500_500_000
    assert statuses(milepost, website) == ["offered", "not funded", "offered"]
    again = milepost("fund", website, "--authorization", file, by=people.stranger)
    assert again.code == 5


@pytest.mark.node
def test_only_the_client_authorises(milepost, website, people):
    outcome = milepost("fund", website, "--sign", by=people.freelancer)
    assert (outcome.code, outcome.out) == (2, "")
    both = milepost("fund", website, "--sign", "--permit", by=people.client)
    assert (both.code, both.out) == (2, "")
    assert milepost("fund", website, "--out", "x", by=people.client).code == 2


@pytest.mark.node
def test_the_coin(milepost, website, people, node):
    text = website.read_text().replace("token: USDP", "token: coin").replace(" USDP", " ETH")
    website.write_text(text)
    before = node.balance(people.client.address)
    outcome = milepost("fund", website, "--milestones", 1, "--json", by=people.client)
    assert outcome.code == 0, outcome.err
    paid = before - node.balance(people.client.address)
    assert paid - int(outcome.json["fee"]) == 1500 * 10**18
    assert "1,500.00 ETH" in outcome.err
    assert milepost("fund", website, "--milestones", 2, "--permit", by=people.client).code == 2
    short = milepost("fund", website, "--milestones", "2-3", "--dry-run", by=people.stranger)
    assert short.code == 5


@pytest.fixture
def older_token(node, people, escrow):
    """A token that returns nothing and changes an allowance only from or to zero."""
    artifact = json.loads((ROOT / "build/forge/SilentToken.sol/SilentToken.json").read_text())
    code = bytes.fromhex(artifact["bytecode"]["object"][2:])
    address = Call(node, "create", None, code).send(people.stranger).contract
    contract = node.w3.eth.contract(address, abi=artifact["abi"])
    data = contract.encode_abi("mint", args=[people.client.address, 9_000_000_000])
    Call(node, "mint", address, bytes.fromhex(data[2:])).send(people.stranger)
    return Erc20(node, address)


@pytest.mark.node
def test_an_allowance_that_must_be_zero_first(milepost, website, people, escrow, older_token):
    tokens.save_token(31337, "SIL", Known(older_token.address, "SIL", 6))
    website.write_text(website.read_text().replace("USDP", "SIL"))
    older_token.approve(escrow.address, 5).send(people.client)
    outcome = milepost("fund", website, by=people.client)
    assert outcome.code == 0, outcome.err
    assert older_token.allowance(people.client.address, escrow.address) == 0
    assert older_token.balance(escrow.address) == 6_000_500_000


@pytest.fixture
def hours(website, node, people, tmp_path):
    """The example by the hour, with this chain's people, begun two weeks ago."""
    text = (ROOT / "examples/hourly.yaml").read_text()
    parties = [line for line in website.read_text().splitlines() if '"0x' in line]
    head = [line for line in text.splitlines() if '"0x' not in line]
    from datetime import UTC, datetime

    now = node.block().timestamp
    monday = datetime.fromtimestamp(now - (now - 4 * DAY) % WEEK - 2 * WEEK, UTC).date()
    path = tmp_path / "hourly.yaml"
    lines = [f"start: {monday}" if line.startswith("start:") else line for line in head]
    path.write_text("\n".join([*lines[:4], *parties, *lines[4:]]) + "\n")
    return path


@pytest.mark.node
def test_a_week_of_hours(milepost, hours, people, token, tmp_path):
    acceptance = tmp_path / "acceptance.json"
    assert milepost("sign", hours, "--out", acceptance, by=people.freelancer).code == 0
    given = ("--milestones", "1-2", "--acceptance", f"@{acceptance}")
    outcome = milepost("fund", hours, *given, by=people.client)
    assert outcome.code == 0, outcome.err
    submitted = milepost("submit", hours, 1, "--hours", "31", by=people.freelancer)
    assert submitted.code == 0, submitted.err
    assert "1,860.00 USDP is claimed" in submitted.err
    assert milepost("approve", hours, 1, by=people.client).code == 0
    before = token.balance(people.client.address), token.balance(people.freelancer.address)
    outcome = milepost("claim", hours, 1, by=people.stranger)
    assert outcome.code == 0, outcome.err
    after = token.balance(people.client.address), token.balance(people.freelancer.address)
    assert (after[0] - before[0], after[1] - before[1]) == (540_000_000, 1_860_000_000)


@pytest.mark.node
@pytest.mark.parametrize(
    "given",
    [
        ("--hours", "31", "--units", "3"),
        ("--hours", "31.1"),
        ("--hours", "40.5"),
        ("--hours", "0"),
        ("--units", "241"),
        ("--units", "x"),
        ("--percent", "0.01 %"),
        ("--percent", "101 %"),
        ("--units", "1,2"),
    ],
)
def test_shares_that_do_not_fit(milepost, hours, people, given):
    outcome = milepost("submit", hours, 1, *given, by=people.freelancer)
    assert (outcome.code, outcome.out) == (2, "")


@pytest.mark.node
def test_hours_are_for_hourly_work(milepost, website, people):
    outcome = milepost("submit", website, 1, "--hours", "3", by=people.freelancer)
    assert outcome.code == 2
    assert "fixed price" in outcome.err


@pytest.mark.node
def test_one_approval_of_a_share_for_each(milepost, funded, people, token, tmp_path):
    file = tmp_path / "approval.json"
    given = ("--sign", "--percent", "50 %,100 %", "--out", file)
    signed = milepost("approve", funded, "1-2", *given, by=people.client)
    assert signed.code == 0, signed.err
    assert json.loads(file.read_text())["units"] == [5000, 10_000]
    uneven = milepost("approve", funded, "1-3", *given, by=people.client)
    assert (uneven.code, "2 values for 3 milestones" in uneven.err) == (2, True)
    before = token.balance(people.freelancer.address)
    claimed = milepost("claim", funded, "1-2", "--approval", file, by=people.freelancer)
    assert claimed.code == 0, claimed.err
    assert token.balance(people.freelancer.address) - before == 750_000_000 + 2_500_000_000


@pytest.mark.node
def test_a_payee_whom_the_token_refuses_withdraws_elsewhere(milepost, funded, people, token):
    payee, other = people.freelancer.address, "0x5a5A5a5a5A5a5a5a5a5A5a5A5A5a5a5A5A5A5A5A"
    assert milepost("approve", funded, 1, by=people.client).code == 0
    token.call("setDenied", payee, True).send(people.stranger)
    outcome = milepost("claim", funded, 1, by=people.stranger)
    assert outcome.code == 0, outcome.err
    assert f"1,500.00 USDP waits for {payee}" in outcome.out
    given = ("--token", "USDP", "--to", other)
    stolen = milepost("withdraw", *given, "--owner", payee, by=people.stranger)
    assert stolen.code == 5
    mistyped = other.replace("A5A5A5A5A", "a5a5a5a5a")
    wrong = milepost("withdraw", "--token", "USDP", "--to", mistyped, by=people.freelancer)
    assert (wrong.code, "checksum" in wrong.err) == (2, True)
    outcome = milepost("withdraw", *given, by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert f"1,500.00 USDP was paid out to {other}" in outcome.out
    assert token.balance(other) == 1_500_000_000
