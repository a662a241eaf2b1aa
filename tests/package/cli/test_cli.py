"""The command line against a local chain, from the argument to the exit code."""

import io
import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_command, get_group

from milepost.agreement import Token
from milepost.cli import app, diary, tokens
from milepost.types import Status
from tests.commands import every, inside

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/website.yaml"


def test_help_needs_no_web3():
    code = "import sys, milepost.cli.app as a; bad = 'web3' in sys.modules; sys.exit(bad)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_names_every_command(run):
    outcome = run("--help")
    assert outcome.code == 0
    for name in ("check", "sign", "fund", "accept", "submit", "approve", "claim", "status"):
        assert name in outcome.out


@pytest.mark.parametrize(("places", "group"), [(app.COMMANDS, ""), (diary.COMMANDS, "diary")])
def test_every_command_is_where_its_group_looks_for_it(places, group):
    registered = {}
    for place in dict.fromkeys(places.values()):
        made = typer.Typer(rich_markup_mode=None)
        import_module(f"milepost.cli.{place}").register(made)
        registered |= dict.fromkeys(inside(get_group(made)), place)
    assert registered == dict(places)
    whole = inside(get_command(app.app))
    assert list(whole if not group else inside(whole[group])) == list(places)


@pytest.mark.parametrize("words", [("fnd",), ("diary", "nothing"), ("ledger", "nothing")])
def test_words_that_are_no_command(run, words):
    outcome = run(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"No such command '{words[-1]}'" in outcome.err


def test_no_option_takes_a_secret():
    names = {
        option
        for _, command in every(get_command(app.app))
        for parameter in command.params
        for option in parameter.opts
    }
    assert "--password-file" in names
    assert not names & {"--password", "--private-key", "--key", "--mnemonic"}


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(*found, id=" ".join(found[0])) for found in every(get_command(app.app))],
)
def test_every_command_shows_an_example_that_parses(path, command):
    _, found, example = command.help.partition("Example: milepost ")
    assert found
    words = shlex.split(example)
    assert tuple(words[: len(path)]) == path
    with command.make_context(path[-1], words[len(path) :]) as context:
        assert context.params


@pytest.mark.node
def test_check_says_the_deal_in_words(milepost):
    outcome = milepost("check", EXAMPLE)
    assert outcome.code == 0, outcome.err
    assert "Website for a bakery" in outcome.out
    assert "1. Design: 1,500.00 USDP, due 2027-01-15" in outcome.out
    assert "Together: 6,000.50 USDP" in outcome.out
    assert "says nothing for 14 days" in outcome.out


@pytest.mark.node
def test_check_warns(milepost, website, people, escrow):
    outcome = milepost("check", website)
    assert "Warning: USDP: its issuer can refuse single addresses" in outcome.out
    assert "Warning: There is no arbiter" not in outcome.out
    website.write_text(website.read_text().replace(f'"{people.arbiter.address}"', "none"))
    assert "Warning: There is no arbiter" in milepost("check", website).out
    funded = milepost("fund", website, by=people.client)
    assert funded.code == 0
    assert "Warning: USDP: its issuer can refuse" in funded.err


@pytest.mark.node
def test_two_transactions(milepost, funded, people, token, tmp_path):
    approval = tmp_path / "approval.json"
    signed = milepost("approve", funded, "all", "--sign", "--out", approval, by=people.client)
    assert signed.code == 0, signed.err
    before = token.balance(people.freelancer.address)
    outcome = milepost("claim", funded, "all", "--approval", approval, by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert "6,000.50 USDP" in outcome.err
    assert "6,000.50 USDP to the freelancer" in outcome.out
    assert token.balance(people.freelancer.address) - before == 6_000_500_000
    found = milepost("status", funded, "--json").json
    assert [m["status"] for m in found["milestones"]] == ["paid"] * 3


@pytest.mark.node
def test_submit_starts_the_clock(milepost, funded, people, tmp_path):
    work = tmp_path / "work.zip"
    work.write_bytes(b"pages")
    outcome = milepost("submit", funded, 1, "--deliverable", work, "--json", by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert "14 days" in outcome.err
    assert outcome.json["transaction"].startswith("0x")
    picture = milepost("status", funded)
    assert "submitted" in picture.out
    assert "anybody can claim" in picture.out
    first = milepost("status", funded, "--json").json["milestones"][0]
    assert first["if_nobody_acts"]["to_freelancer"] == "1500000000"
    assert milepost("approve", funded, 1, by=people.client).code == 0
    assert milepost("claim", funded, 1, by=people.arbiter).code == 0


@pytest.mark.node
def test_an_approved_part(milepost, funded, people, token):
    outcome = milepost("submit", funded, 1, "--percent", "40 %", by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert milepost("approve", funded, 1, by=people.client).code == 0
    picture = milepost("status", funded)
    assert "partly approved" in picture.out
    due = "now anybody can claim 600.00 USDP for the freelancer, 900.00 USDP to the client"
    assert due in picture.out
    first = milepost("status", funded, "--json").json["milestones"][0]
    assert (first["status"], first["claimed_units"]) == ("partly approved", 4000)
    outcome = milepost("dispute", funded, 1, by=people.client)
    assert outcome.code == 5
    assert "Milestone 1 is partly approved" in outcome.err
    outcome = milepost("claim", funded, 1, by=people.arbiter)
    assert outcome.code == 0, outcome.err
    assert "600.00 USDP to the freelancer" in outcome.out
    assert "900.00 USDP to the client" in outcome.out


@pytest.mark.node
def test_refused_by_the_contract(milepost, funded, people):
    outcome = milepost("submit", funded, 1, by=people.client)
    assert outcome.code == 5
    assert outcome.out == ""
    assert "Error: " in outcome.err


@pytest.mark.node
def test_dry_run_sends_nothing(milepost, website, people, node, token):
    before = node.block().number, token.balance(people.client.address)
    outcome = milepost("fund", website, "--dry-run", "--json", by=people.client)
    assert outcome.code == 0, outcome.err
    assert outcome.json["simulated"] is True
    assert (node.block().number, token.balance(people.client.address)) == before


@pytest.mark.node
def test_a_no_sends_nothing(milepost, website, people, node, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    before = node.block().number
    assert milepost("fund", website, by=people.client, yes=False).code == 1
    assert node.block().number == before


@pytest.mark.node
def test_fund_allows_the_exact_sum_first(milepost, website, people, token, escrow):
    token.call("approve", escrow.address, 0).send(people.client)
    assert milepost("fund", website, "--dry-run", by=people.client).code == 6
    outcome = milepost("fund", website, "--milestones", "1-2", "--json", by=people.client)
    assert outcome.code == 0, outcome.err
    assert outcome.json["effects"]
    assert "4,000.00 USDP" in outcome.err
    left = token.contract().functions.allowance(people.client.address, escrow.address).call()
    assert left == 0
    assert milepost("accept", website, "--milestones", "1-2", by=people.freelancer).code == 0


@pytest.mark.node
def test_balance_too_low(milepost, website, people, token):
    rest = token.balance(people.client.address)
    token.call("transfer", people.arbiter.address, rest).send(people.client)
    assert milepost("fund", website, by=people.client).code == 6


@pytest.mark.node
def test_input_errors(milepost, website, people, tmp_path):
    assert milepost("status", tmp_path / "missing.yaml").code == 2
    assert milepost("claim", website, "0", by=people.client).code == 2
    assert milepost("submit", website, 1).code == 2
    bad = tmp_path / "bad.json"
    bad.write_text('{"kind": "milepost offer"}')
    assert milepost("claim", website, 1, "--approval", bad, by=people.client).code == 2


@pytest.mark.node
def test_unknown_keystore(milepost, website):
    outcome = milepost("submit", website, 1, "--account", "nobody-has-this-name")
    assert outcome.code == 3


def test_every_status_has_words():
    from milepost.cli.render import silence
    from milepost.presets import Parties, fixed_price
    from milepost.types import Clock, MilestoneView

    terms = fixed_price(Parties("0x" + "01" * 20, "0x" + "02" * 20), [1])
    for status in Status:
        view = MilestoneView(status, Clock(0, 0, 0), 9, False, 1, 1, 0)
        assert silence(view, terms, Token("0x" + "03" * 20, "T", 0))


@pytest.mark.node
def test_dispute_offer_and_settle(milepost, funded, people, tmp_path):
    outcome = milepost("dispute", funded, 1, "--percent", "50 %", by=people.freelancer)
    assert outcome.code == 0, outcome.err
    offer = tmp_path / "offer.json"
    given = ("--to-freelancer", "500", "--expires", "2 days", "--out", offer)
    outcome = milepost("offer", funded, 1, *given, by=people.client)
    assert outcome.code == 0, outcome.err
    outcome = milepost("settle", funded, "--offer", offer, by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert "500.00 USDP to the freelancer" in outcome.out


@pytest.mark.node
def test_rule_and_lapse(milepost, funded, people, pass_time):
    assert milepost("dispute", funded, 1, by=people.client).code == 5
    for number in (1, 2):
        assert milepost("submit", funded, number, by=people.freelancer).code == 0
        assert milepost("dispute", funded, number, by=people.client).code == 0
    outcome = milepost("rule", funded, 1, "--to-freelancer", "900 USDP", by=people.arbiter)
    assert outcome.code == 0, outcome.err
    assert "75.00 USDP to the arbiter" in outcome.out
    assert milepost("lapse", funded, 2, by=people.client).code == 5
    pass_time(30 * 86_400)
    assert milepost("lapse", funded, 2, by=people.client).code == 0
    found = milepost("status", funded, "--json").json
    assert [m["status"] for m in found["milestones"]] == ["split", "split", "active"]


@pytest.mark.node
def test_changes_and_refund(milepost, funded, people, pass_time):
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    assert milepost("changes", funded, 1, by=people.client).code == 0
    assert milepost("request-refund", funded, 1, by=people.client).code == 0
    assert milepost("refund", funded, 1, by=people.client).code == 5
    pass_time(7 * 86_400)
    outcome = milepost("refund", funded, 1, by=people.client)
    assert outcome.code == 0, outcome.err
    assert "1,500.00 USDP to the client" in outcome.out


@pytest.mark.node
def test_deploy_is_remembered(milepost, run, website, people, local_node):
    outcome = milepost("deploy", "--practice-token", "--json", by=people.stranger)
    assert outcome.code == 0, outcome.err
    assert outcome.json["practice_token"].startswith("0x")
    found = run("status", website, "--json", "--rpc-url", local_node.url).json
    assert found["escrow"] == outcome.json["escrow"]
    listed = milepost("accounts", "--json").json
    assert people.client.address in [a["name"] for a in listed]


@pytest.mark.node
def test_nothing_to_withdraw(milepost, people):
    assert milepost("withdraw", by=people.client).code == 5
    assert milepost("withdraw", "--token", "NONE", by=people.client).code == 2


@pytest.mark.node
def test_check_needs_no_node(run, tmp_path):
    nowhere = ("--rpc-url", "http://127.0.0.1:1")
    path = tmp_path / "deal.yaml"
    text = EXAMPLE.read_text()
    assert run("check", EXAMPLE, *nowhere).code == 2
    path.write_text(text.replace("USDP", "ETH").replace("token: ETH", "token: coin"))
    outcome = run("check", path, *nowhere)
    assert outcome.code == 0, outcome.err
    assert "1. Design: 1,500.00 ETH" in outcome.out
    tokens.save_token(31337, "USDP", Token("0x" + "11" * 20, "USDP", 6))
    outcome = run("check", EXAMPLE, *nowhere)
    assert outcome.code == 0, outcome.err
    assert "Together: 6,000.50 USDP" in outcome.out


def test_completion_for_the_shell():
    command = Path(sys.executable).with_name("milepost")
    asked = {"_MILEPOST_COMPLETE": "complete_bash", "COMP_WORDS": "milepost req", "COMP_CWORD": "1"}
    found = subprocess.run(
        [command], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["request-refund"]
