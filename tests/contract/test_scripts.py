"""The scripts as `brownie run` runs them: jobs played to their ends, and what is refused."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import brownie
import eth_account
import pytest
from helpers import COIN, DAY, ROLES, Status

import milepost.agreement
import milepost.chain.local
import milepost.escrow

ROOT = Path(__file__).resolve().parents[2]
WEBSITE, HOURLY, COINS = (
    str(ROOT / f"examples/{name}.yaml") for name in ("website", "hourly", "ten-milestones")
)
USDP = 10**6
# What each role has before a job: deploy.py gives it.
PRACTICE = 100_000 * USDP


class Play:
    """Runs scripts in this process, and reads from the chain what they did."""

    def __init__(self, folder, accounts, contracts):
        self.folder = folder
        self.accounts = dict(zip(ROLES, accounts, strict=False))
        self.run("deploy")
        self.run("deploy", function="practice_token")
        self.deployed = json.loads((folder / "31337.json").read_text())
        saved = json.loads((folder / "31337.tokens.json").read_text())
        self.token = contracts["PracticeToken"].at(saved["USDP"]["address"])
        self.escrow = contracts["MilestoneEscrow"].at(self.deployed["address"])

    def run(self, name, *args, function="main"):
        brownie.run(name, function, args)

    def refused(self, code, name, *args, function="main"):
        """Expects the exit code, and that nothing was sent."""
        block = brownie.web3.eth.block_number
        with pytest.raises(SystemExit) as ended:
            self.run(name, *args, function=function)
        assert ended.value.code == code
        assert brownie.web3.eth.block_number == block

    def statuses(self, file):
        usdp = milepost.agreement.Token(self.token.address, "USDP", 6)
        coin = milepost.agreement.Token(COIN, "ETH", 18)
        terms = milepost.agreement.load(Path(file), {"USDP": usdp, "coin": coin}).terms
        escrow = milepost.escrow.Escrow(
            milepost.chain.rpc.connect(brownie.web3.provider.endpoint_uri), self.escrow.address
        )
        word = int(self.escrow.statusesOf("0x" + escrow.agreement_id(terms).hex()))
        return {i + 1: Status(word >> 4 * i & 0xF) for i in range(64) if word >> 4 * i & 0xF}

    def has(self, **amounts):
        """Expects exactly these balances of token."""
        found = {
            role: self.token.balanceOf(self.escrow if role == "escrow" else self.accounts[role])
            for role in amounts
        }
        assert found == amounts

    def pass_time(self, seconds):
        brownie.chain.sleep(seconds)
        brownie.chain.mine()


@pytest.fixture
def shared(monkeypatch):
    """The module that the scripts share, under the name that Brownie imports it by."""
    monkeypatch.setattr(sys, "path", [ROOT.root, *sys.path])
    return importlib.import_module(".".join((*ROOT.parts[1:], "scripts", "_job")))


@pytest.fixture
def play(shared, monkeypatch, tmp_path, accounts, MilestoneEscrow, PracticeToken):
    folder = tmp_path / "deployments"
    monkeypatch.setattr(shared, "DEPLOYMENTS", folder)
    contracts = {"MilestoneEscrow": MilestoneEscrow, "PracticeToken": PracticeToken}
    return Play(folder, accounts, contracts)


@pytest.fixture
def active(play):
    """Design (1500) and Orders (2000.50) are funded and accepted."""
    play.run("fund", WEBSITE, "1,3")
    play.run("accept", WEBSITE, "1,3")
    return play


def test_deployment_is_written(play):
    play.has(client=PRACTICE, freelancer=PRACTICE, stranger=PRACTICE, escrow=0)
    assert play.deployed["chain_id"] == 31337
    assert brownie.web3.eth.get_code(play.escrow.address) != b""
    play.run("deploy")  # once more: the same escrow
    assert json.loads((play.folder / "31337.json").read_text())["address"] == play.escrow.address


def test_a_job_that_goes_well(play, capsys):
    play.run("fund", WEBSITE, "1,3")
    assert play.statuses(WEBSITE) == {1: Status.OFFERED, 3: Status.OFFERED}
    play.has(client=PRACTICE - 3_500_500_000, escrow=3_500_500_000)
    assert play.token.allowance(play.accounts["client"], play.escrow) == 0

    play.run("accept", WEBSITE, "1")
    assert play.statuses(WEBSITE) == {1: Status.ACTIVE, 3: Status.OFFERED}
    play.run("submit", WEBSITE, "1")
    assert play.statuses(WEBSITE)[1] == Status.SUBMITTED
    play.run("approve", WEBSITE, "1")
    assert play.statuses(WEBSITE)[1] == Status.APPROVED

    capsys.readouterr()
    play.run("status", WEBSITE)
    shown = capsys.readouterr().out
    assert "approved" in shown
    assert "offered" in shown
    assert "1,500.00 USDP" in shown

    play.run("release", WEBSITE, "1")
    assert "1,500.00 USDP to the freelancer" in capsys.readouterr().out
    play.run("refund", WEBSITE, "3")  # nobody accepted it
    assert play.statuses(WEBSITE) == {1: Status.PAID, 3: Status.REFUNDED}
    play.has(client=PRACTICE - 1500 * USDP, payee=PRACTICE + 1500 * USDP, escrow=0)


def test_changes_and_a_smaller_claim(active, tmp_path):
    reason = tmp_path / "reason.txt"
    reason.write_text("The order form is missing.")
    active.run("submit", WEBSITE, "3", "all", "freelancer", str(reason))
    active.run("approve", WEBSITE, "3", "client", str(reason), function="changes")
    assert active.statuses(WEBSITE)[3] == Status.ACTIVE
    active.run("submit", WEBSITE, "3", "80 %")
    active.run("approve", WEBSITE, "3")
    assert active.statuses(WEBSITE)[3] == Status.PARTLY_APPROVED
    active.run("release", WEBSITE, "3", "5")
    assert active.statuses(WEBSITE)[3] == Status.SPLIT
    active.has(payee=PRACTICE + 1_600_400_000, client=PRACTICE - 3_100_400_000, escrow=1500 * USDP)


def test_silence_of_either_side(active):
    active.run("submit", WEBSITE, "1")
    active.run("refund", WEBSITE, "3", function="request")
    active.refused(5, "release", WEBSITE, "1")
    active.refused(5, "refund", WEBSITE, "3")
    active.pass_time(7 * DAY)
    active.run("refund", WEBSITE, "3", "5")
    active.pass_time(7 * DAY)
    active.run("release", WEBSITE, "1", "5")
    assert active.statuses(WEBSITE) == {1: Status.PAID, 3: Status.REFUNDED}
    active.has(payee=PRACTICE + 1500 * USDP, client=PRACTICE - 1500 * USDP, escrow=0)


def test_a_dispute_that_is_ruled(active):
    active.run("submit", WEBSITE, "1")
    active.run("dispute", WEBSITE, "1", "30 %")
    active.has(payee=PRACTICE + 1050 * USDP, escrow=2_450_500_000)
    active.run("rule", WEBSITE, "1", "200 USDP")
    assert active.statuses(WEBSITE)[1] == Status.SPLIT
    # Of 450 in dispute the arbiter keeps 5 %, and the client gets the rest.
    active.has(payee=PRACTICE + 1250 * USDP, arbiter=PRACTICE + 22_500_000)
    active.has(client=PRACTICE - 3_500_500_000 + 227_500_000, escrow=2_000_500_000)


def test_a_dispute_that_nobody_rules_on(active):
    active.run("dispute", WEBSITE, "3", "all", "freelancer")
    active.refused(5, "lapse", WEBSITE, "3")
    active.pass_time(30 * DAY)
    active.run("lapse", WEBSITE, "3")
    assert active.statuses(WEBSITE)[3] == Status.SPLIT
    active.has(payee=PRACTICE + 1_000_250_000, client=PRACTICE - 3_500_500_000 + 1_000_250_000)


def test_settlements_offered_by_either_side(active, tmp_path):
    offers = [str(tmp_path / f"{name}.json") for name in ("design", "orders")]
    active.run("settle", WEBSITE, "1", "700 USDP", "2 days", offers[0], function="offer")
    active.run("settle", WEBSITE, "3", "0.50", "1 hour", offers[1], "freelancer", function="offer")
    active.run("settle", WEBSITE, offers[0])
    active.run("settle", WEBSITE, offers[1], "client")
    assert active.statuses(WEBSITE) == {1: Status.SPLIT, 3: Status.SPLIT}
    active.has(payee=PRACTICE + 700_500_000, client=PRACTICE - 700_500_000, escrow=0)
    active.refused(5, "settle", WEBSITE, offers[0])


def test_a_credit_is_withdrawn(active):
    payee, stranger = active.accounts["payee"], active.accounts["stranger"]
    active.token.setDenied(payee, True, {"from": stranger})
    active.run("approve", WEBSITE, "1")
    active.run("release", WEBSITE, "1")
    active.has(payee=PRACTICE, escrow=3_500_500_000)
    active.refused(5, "withdraw", WEBSITE, "client")
    active.run("withdraw", WEBSITE, "payee", str(stranger))
    active.has(payee=PRACTICE, stranger=PRACTICE + 1500 * USDP, escrow=2_000_500_000)


def test_hours_of_a_week(play):
    play.run("fund", HOURLY, "1")
    play.run("accept", HOURLY, "1")
    week_end = 1_795_996_800 + 7 * DAY
    play.pass_time(max(0, week_end - brownie.chain[-1].timestamp))
    play.run("submit", HOURLY, "1", "31 hours")
    play.run("approve", HOURLY, "1")
    play.run("release", HOURLY, "1")
    assert play.statuses(HOURLY) == {1: Status.SPLIT}
    play.has(payee=PRACTICE + 1860 * USDP, client=PRACTICE - 1860 * USDP, escrow=0)


def test_the_chains_coin(play):
    before = play.accounts["payee"].balance()
    play.run("fund", COINS)
    assert play.escrow.balance() == 10**18
    play.run("accept", COINS)
    play.run("approve", COINS, "1,4-6")
    play.run("release", COINS, "1,4-6")
    assert play.accounts["payee"].balance() == before + 4 * 10**17
    assert play.escrow.balance() == 6 * 10**17


def test_a_keystore_signs(active, tmp_path, monkeypatch, capsys):
    carrier = eth_account.Account.create()
    active.accounts["stranger"].transfer(carrier.address, 10**18)
    keystore = tmp_path / "carrier.json"
    encrypted = eth_account.Account.encrypt(carrier.key, "right", kdf="pbkdf2", iterations=1)
    keystore.write_text(json.dumps(encrypted))
    active.run("approve", WEBSITE, "1")

    monkeypatch.setattr("brownie.network.account.getpass", lambda prompt: "wrong")
    active.refused(3, "release", WEBSITE, "1", str(keystore))
    assert "The password does not open" in capsys.readouterr().err
    monkeypatch.setattr("brownie.network.account.getpass", lambda prompt: "right")
    active.run("release", WEBSITE, "1", str(keystore))
    brownie.accounts.remove(carrier.address)
    assert active.statuses(WEBSITE)[1] == Status.PAID
    assert brownie.web3.eth.get_transaction_count(carrier.address) == 1


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        (2, ("fund", WEBSITE, "9"), "there are only 3 milestones"),
        (2, ("submit", WEBSITE, "first"), '"first" is not the number of a milestone'),
        (2, ("submit", WEBSITE, "1", "101 %"), "is not a share from 0 % to 100 %"),
        (2, ("rule", WEBSITE, "1", "much"), '"much" is not an amount'),
        (2, ("approve", "missing.yaml", "1"), "missing.yaml: cannot be read"),
        (2, ("release", WEBSITE, "1", "nobody"), "Brownie has no account for 'nobody'"),
        (2, ("release", WEBSITE, "1", "10"), "one of the 10 accounts of the network"),
        (2, ("submit",), "brownie run submit main FILE MILESTONE"),
        (2, ("status", WEBSITE, "more"), "brownie run status main FILE"),
        (5, ("fund", WEBSITE, "1"), "Milestone 1 is active, which does not allow this"),
        (5, ("rule", WEBSITE, "1", "200"), "Milestone 1 is active, which does not allow this"),
        (5, ("approve", WEBSITE, "1", "freelancer"), "client"),
        (5, ("fund", WEBSITE, "2", "freelancer"), "client"),
        (5, ("submit", WEBSITE, "2"), "Milestone 2 is not funded"),
    ],
    ids=lambda value: " ".join(Path(v).name for v in value) if isinstance(value, tuple) else None,
)
def test_what_is_wrong_is_said_and_nothing_sent(active, capsys, code, line, message):
    capsys.readouterr()
    active.refused(code, *line)
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_deployments_that_are_missing(play, capsys):
    file = play.folder / "31337.json"
    file.write_text(file.read_text().replace(play.escrow.address, "0x" + "11" * 20))
    play.refused(2, "fund", WEBSITE)
    said = capsys.readouterr().err
    assert "Nothing stands at 0x1111111111111111111111111111111111111111" in said
    assert "Run `brownie run deploy --network development`." in said
    file.unlink()
    play.refused(2, "fund", WEBSITE)
    assert "there is no deployments/31337.json" in capsys.readouterr().err


def test_no_to_the_question_sends_nothing(play, shared, monkeypatch, tmp_path, capsys):
    answers = tmp_path / "answers"
    answers.write_text("n\n")
    monkeypatch.setattr(shared, "LOCAL_CHAIN_IDS", frozenset())
    for line in (("deploy",), ("fund", COINS, "1")):
        with answers.open() as said:
            monkeypatch.setattr(sys, "stdin", said)
            play.refused(1, *line)
        assert "Nothing was sent." in capsys.readouterr().err


def test_every_line_of_the_scripts_is_in_the_guide():
    guide = (ROOT / "docs/brownie.md").read_text("utf-8")
    scripts = sorted((ROOT / "scripts").glob("[!_]*.py"))
    found = [
        line.strip().removeprefix("brownie run ").removesuffix(" --network NETWORK")
        for path in scripts
        for line in path.read_text("utf-8").splitlines()
        if line.strip().startswith("brownie run ")
    ]
    assert {line.split()[0] for line in found} == {path.stem for path in scripts} - {"demo"}
    assert [line for line in found if f"| `{line}` |" not in guide] == []


def test_the_command_on_a_node_that_keeps_running(tmp_path, PracticeToken):
    """A copy of the project: deployments of a test do not belong among the user's."""
    project = tmp_path / "project"
    for name in ("scripts", "contracts", "interfaces", "examples"):
        shutil.copytree(ROOT / name, project / name)
    for name in ("contracts", "interfaces"):
        shutil.copytree(ROOT / "build" / name, project / "build" / name)
    shutil.copy(ROOT / "brownie-config.yaml", project)
    (project / "node_modules").symlink_to(ROOT / "node_modules")
    environment = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "120"}

    def command(*words, code=0):
        program = Path(sys.executable).with_name("brownie")
        done = subprocess.run(
            [program, *words], cwd=project, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    with milepost.chain.local.start(ROOT / "node_modules/.bin/anvil") as node:
        place = (f"host={node.url}", "chainid=31337")
        command("networks", "add", "Milepost", "kept", *place)
        on = ("--network", "kept")
        missing = command("run", "fund", "main", "examples/website.yaml", *on, code=2)
        assert missing.stderr.count("Error: ") == 1
        assert "Run `brownie run deploy --network kept`." in missing.stderr
        assert node.connect().block().number == 0
        command("run", "deploy", *on)
        command("run", "deploy", "practice_token", *on)
        command("run", "fund", "main", "examples/website.yaml", "1,3", *on)
        shown = command("run", "status", "main", "examples/website.yaml", *on).stdout
        assert "Design" in shown
        assert "1,500.00 USDP" in shown
        saved = json.loads((project / "deployments/31337.json").read_text())
        tokens = json.loads((project / "deployments/31337.tokens.json").read_text())
        token = node.connect().w3.eth.contract(tokens["USDP"]["address"], abi=PracticeToken.abi)
        assert token.functions.balanceOf(saved["address"]).call() == 3_500_500_000
