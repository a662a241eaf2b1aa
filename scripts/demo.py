"""Plays the agreements of examples/ to their ends, on a local chain of its own.

Every scenario runs on a 6-decimal token and on the chain's coin; the clock of the chain is moved,
not waited for. At the end every base unit is accounted for and the contract is empty, or the exit
code is 1.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import _month
from eth_utils.crypto import keccak
from rich.console import Console
from rich.progress import track
from rich.table import Table

from milepost.agreement import COIN, Agreement, Token, load
from milepost.artifacts import load_artifact
from milepost.chain import local
from milepost.chain.deploy import deploy_escrow, deploy_practice_token
from milepost.chain.events import from_address
from milepost.chain.logs import LogReader
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.ledger.reads import Ledger
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.ledger.verify import Verification, verify
from milepost.signing import UnlockedSigner
from milepost.types import ZERO_ADDRESS, Division, Status, Terms
from milepost.units import DAY, WEEK, format_amount

ROOT = Path(__file__).resolve().parent.parent
# A week before the month by the hour begins.
START = _month.START - WEEK
# The coin's amounts are the token's, of 6 decimals, times this: 1500 dollars become 1.5 coins.
COIN_SCALE = 10**9


@dataclass
class Stage:
    """The chain, the cast, and what was played."""

    node: Node
    escrow: Escrow
    token: Any
    tokens: dict[str, Token]
    signers: dict[str, UnlockedSigner]
    acts: list[dict[str, Any]] = field(default_factory=list)
    # What the chain charged for these acts, in base units of the coin.
    fees: int = 0

    def play(self, who: str, name: str, call: Call) -> None:
        receipt = call.send(self.signers[who])
        self.fees += receipt.gas_used * receipt.gas_price
        self.acts.append({"act": f"{who}: {name}", "gas": receipt.gas_used})

    def pass_time(self, seconds: int) -> None:
        self.node.w3.provider.make_request("evm_increaseTime", [seconds])
        self.node.w3.provider.make_request("evm_mine", [])

    def now(self) -> int:
        return self.node.block().timestamp

    def balances(self, token: str) -> dict[str, int]:
        holders = {who: signer.address for who, signer in self.signers.items()}
        holders["escrow"] = self.escrow.address
        if token == ZERO_ADDRESS:
            return {who: self.node.balance(address) for who, address in holders.items()}
        return {who: self.token.functions.balanceOf(a).call() for who, a in holders.items()}

    def transact(self, function: Any, who: str) -> None:
        self.node.w3.eth.wait_for_transaction_receipt(
            function.transact({"from": self.signers[who].address})
        )


def two_transactions(stage: Stage, terms: Terms) -> None:
    """Sign and fund; approve by signature and claim: everything in two transactions."""
    everything = range(terms.count)
    acceptance = stage.escrow.sign_terms(stage.signers["freelancer"], terms)
    stage.play("client", "fund", stage.escrow.fund(terms, everything, acceptance))
    approvals = [
        stage.escrow.sign_approval(stage.signers["client"], terms, [i]) for i in everything
    ]
    stage.play("freelancer", "release", stage.escrow.release(terms, everything, approvals))


def silent_client(stage: Stage, terms: Terms) -> None:
    """The work is submitted, the client says nothing, the review period pays it."""
    fund(stage, terms, [0])
    stage.play("freelancer", "submit", stage.escrow.submit(terms, 0))
    stage.pass_time(terms.review_period)
    stage.play("stranger", "release", stage.escrow.release(terms, [0]))


def silent_freelancer(stage: Stage, terms: Terms) -> None:
    """Nothing is ever delivered; the client asks for the money back and nobody answers."""
    fund(stage, terms, [0])
    stage.play("client", "requestRefund", stage.escrow.request_refund(terms, 0))
    stage.pass_time(terms.response_period)
    stage.play("client", "refund", stage.escrow.refund(terms, [0]))


def partial_dispute(stage: Stage, terms: Terms) -> None:
    """The client disputes three tenths; the rest is paid at once, and the arbiter divides."""
    fund(stage, terms, [0])
    stage.play("freelancer", "submit", stage.escrow.submit(terms, 0))
    stage.play("client", "dispute", stage.escrow.dispute(terms, 0, 3_000))
    at_stake = stage.escrow.milestone_at(terms, 0).open
    stage.play("arbiter", "rule", stage.escrow.rule(terms, 0, at_stake * 6 // 10))


def silent_arbiter(stage: Stage, terms: Terms) -> None:
    """A dispute that nobody rules on ends by the share that both signed."""
    fund(stage, terms, [0])
    stage.play("freelancer", "dispute", stage.escrow.dispute(terms, 0))
    stage.pass_time(terms.ruling_period)
    stage.play("stranger", "lapse", stage.escrow.lapse(terms, 0))


def settlement(stage: Stage, terms: Terms) -> None:
    """The two settle a dispute by themselves: one signs an offer, the other carries it."""
    fund(stage, terms, [0])
    stage.play("freelancer", "submit", stage.escrow.submit(terms, 0))
    stage.play("client", "dispute", stage.escrow.dispute(terms, 0))
    amount = terms.amount_of(0)
    division = Division(0, amount * 7 // 10, amount - amount * 7 // 10)
    expires_at = stage.now() + 2 * DAY
    offer = stage.escrow.sign_settlement(stage.signers["client"], terms, division, expires_at)
    stage.play("freelancer", "settle", stage.escrow.settle(terms, division, expires_at, offer))


def refused_payee(stage: Stage, terms: Terms) -> None:
    """The token refuses the payee, who is credited and withdraws to another address."""
    payee, elsewhere = stage.signers["payee"].address, stage.signers["stranger"].address
    fund(stage, terms, [0])
    stage.transact(stage.token.functions.setDenied(payee, True), "stranger")
    approval = stage.escrow.sign_approval(stage.signers["client"], terms, [0])
    stage.play("freelancer", "release", stage.escrow.release(terms, [0], [approval]))
    stage.play("payee", "withdraw", stage.escrow.withdraw(terms.token, payee, elsewhere))
    stage.transact(stage.token.functions.setDenied(payee, False), "stranger")


def silent_month(stage: Stage, terms: Terms) -> None:
    """A month's retainer is claimed when the month is over; silence pays it."""
    fund(stage, terms, [0])
    stage.pass_time(max(0, terms.period_end(0) - stage.now()))
    stage.play("freelancer", "submit", stage.escrow.submit(terms, 0))
    stage.pass_time(terms.review_period)
    stage.play("stranger", "release", stage.escrow.release(terms, [0]))


def hourly_week(stage: Stage, terms: Terms) -> None:
    """A week of 40 hours is funded, 31 are claimed and approved, 9 go back."""
    fund(stage, terms, [0])
    stage.pass_time(max(0, terms.start + WEEK - stage.now()))
    units = 31 * 6
    stage.play("freelancer", "submit", stage.escrow.submit(terms, 0, units))
    stage.play("client", "approve", stage.escrow.approve(terms, [0], [units]))
    stage.play("freelancer", "release", stage.escrow.release(terms, [0]))


def fund(stage: Stage, terms: Terms, milestones: list[int]) -> None:
    acceptance = stage.escrow.sign_terms(stage.signers["freelancer"], terms)
    stage.play("client", "fund", stage.escrow.fund(terms, milestones, acceptance))


@dataclass
class Scenario:
    name: str
    file: str
    play: Callable[[Stage, Terms], None]
    ends: tuple[Status, ...]
    token_only: bool = False
    start: int | None = None  # of metered work, if not the file's


SCENARIOS = (
    # First, because its weeks are those of the calendar and the chain's clock only goes on.
    Scenario(
        "a month by the hour",
        "hourly",
        _month.month,
        (Status.SPLIT,) * 4,
        token_only=True,
        start=_month.START,
    ),
    Scenario("two transactions", "website", two_transactions, (Status.PAID,) * 3),
    Scenario("ten milestones", "ten-milestones", two_transactions, (Status.PAID,) * 10),
    Scenario("silent client", "website", silent_client, (Status.PAID,)),
    Scenario("silent freelancer", "website", silent_freelancer, (Status.REFUNDED,)),
    Scenario("partial dispute", "website", partial_dispute, (Status.SPLIT,)),
    Scenario("silent arbiter", "website", silent_arbiter, (Status.SPLIT,)),
    Scenario("settlement", "website", settlement, (Status.SPLIT,)),
    Scenario("refused payee", "website", refused_payee, (Status.PAID,), token_only=True),
    Scenario("retainer, silent client", "retainer", silent_month, (Status.PAID,)),
    Scenario("hourly week, 31 of 40 hours", "hourly", hourly_week, (Status.SPLIT,)),
)


def in_asset(agreement: Agreement, asset: Token, name: str) -> Terms:
    """The example's terms in `asset`, distinct for each scenario."""
    terms = replace(agreement.terms, salt=keccak(text=f"{name}, {asset.symbol}"))
    if terms.token == asset.address:
        return terms
    to_coin = asset.address == ZERO_ADDRESS
    scaled = (a * COIN_SCALE if to_coin else a // COIN_SCALE for a in terms.amounts)
    return replace(terms, token=asset.address, amounts=tuple(scaled))


def prepare(node: Node) -> Stage:
    accounts = node.w3.eth.accounts
    cast = ("deployer", "client", "freelancer", "payee", "arbiter", "stranger")
    signers = {who: UnlockedSigner(node.w3, a) for who, a in zip(cast, accounts, strict=False)}
    escrow = Escrow(node, deploy_escrow(node, signers["deployer"]).address)
    address = deploy_practice_token(node, signers["deployer"])
    token = node.w3.eth.contract(address=address, abi=load_artifact("PracticeToken").abi)
    tokens = {"USDP": Token(address, "USDP", 6), COIN: Token(ZERO_ADDRESS, "ETH", 18)}
    stage = Stage(node, escrow, token, tokens, signers)
    client = signers["client"].address
    stage.transact(token.functions.mint(client, 10**12), "deployer")
    stage.transact(token.functions.approve(escrow.address, 2**256 - 1), "client")
    return stage


def run(stage: Stage, scenario: Scenario, asset: Token) -> tuple[dict[str, Any], list[str]]:
    """Plays one scenario. Returns its record and what did not come out as it must."""
    agreement = load(ROOT / f"examples/{scenario.file}.yaml", stage.tokens)
    name = f"{scenario.name}, {asset.symbol}"
    terms = in_asset(agreement, asset, scenario.name)
    if scenario.start is not None:
        terms = replace(terms, start=scenario.start)
    before = stage.balances(asset.address)
    stage.acts, stage.fees = [], 0
    scenario.play(stage, terms)
    after = stage.balances(asset.address)

    faults = []
    ends = tuple(stage.escrow.statuses(terms).values())
    if ends != scenario.ends:
        faults.append(f"{name}: ends {ends}, and should end {scenario.ends}")
    fees = stage.fees if asset.address == ZERO_ADDRESS else 0
    if sum(before.values()) != sum(after.values()) + fees:
        faults.append(f"{name}: {before} before, {after} after, {fees} in fees")
    if after["escrow"]:
        faults.append(f"{name}: {after['escrow']} left in the contract")
    balances = {who: {"before": before[who], "after": after[who]} for who in before}
    return {"name": name, "acts": stage.acts, "balances": balances}, faults


def show(console: Console, record: dict[str, Any], asset: Token) -> None:
    table = Table(title=record["name"], title_justify="left", title_style="bold")
    for column in ("who", "had", "has", "change"):
        table.add_column(column, justify="left" if column == "who" else "right")
    for who, held in record["balances"].items():
        amounts = (held["before"], held["after"], held["after"] - held["before"])
        if amounts[2] or who == "escrow":
            table.add_row(who, *(format_amount(a, asset.decimals, asset.symbol) for a in amounts))
    console.print(table)
    console.print(", ".join(f"{a['act']} {a['gas']:,} gas" for a in record["acts"]) + "\n")


def read_back(stage: Stage) -> tuple[int, Verification]:
    """Read all that was played from the logs alone, and compare it with the contract's views."""
    facts = {t.address: (t.symbol, t.decimals) for t in stage.tokens.values()}
    escrow = stage.escrow
    with TemporaryDirectory() as folder, Store(Path(folder) / "ledger.db") as store:
        store.create(escrow.node.chain_id, from_address(escrow.address), 0)
        reader = LogReader(escrow.node, escrow.address)
        Syncer(store, reader, lambda token: facts[token]).sync()
        return Ledger(store).info().events, verify(store, escrow.contract)


def main() -> None:
    console = Console()
    records, faults = [], []
    with local.start(options=("--timestamp", str(START))) as chain:
        stage = prepare(chain.connect())
        plays = [
            (scenario, asset)
            for asset in stage.tokens.values()
            for scenario in SCENARIOS
            if asset.address != ZERO_ADDRESS or not scenario.token_only
        ]
        for scenario, asset in track(plays, "Playing", console=console, transient=True):
            record, wrong = run(stage, scenario, asset)
            records.append((record, asset))
            faults += wrong
        events, ledger = read_back(stage)
        faults += [
            f"{d.what}: {d.ledger} in the ledger, {d.contract} on chain" for d in ledger.differences
        ]
        left = {t.symbol: stage.balances(t.address)["escrow"] for t in stage.tokens.values()}
    for record, asset in records:
        show(console, record, asset)
    target = ROOT / "build/demo.json"
    target.parent.mkdir(exist_ok=True)
    played = {"scenarios": [r for r, _ in records], "contract_balance_after": left}
    target.write_text(json.dumps(played, indent=1) + "\n")
    for fault in faults:
        console.print(f"[red]{fault}")
    if faults:
        sys.exit(1)
    console.print(
        f"A ledger, read from {events} events alone, shows the same {ledger.agreements} agreements."
    )
    console.print(
        f"{len(records)} scenarios; every base unit accounted for; the contract is empty."
    )


if __name__ == "__main__":
    main()
