"""Draws docs/ledger/job.svg: an autumn of seven jobs, played on a local chain and read by a ledger.

Every block has a fixed time, so the picture is the same whenever it is drawn. The whole report is
build/ledger-report.html, and the ledger build/ledger.db.
"""

from dataclasses import replace
from pathlib import Path

from eth_utils.crypto import keccak

from milepost.artifacts import load_artifact
from milepost.chain import local
from milepost.chain.deploy import deploy_escrow, deploy_practice_token
from milepost.chain.logs import LogReader
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.ledger.pictures.charts import save_job
from milepost.ledger.pictures.report import report
from milepost.ledger.reads import Ledger
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.presets import Parties, fixed_price, hourly, retainer
from milepost.signing import UnlockedSigner
from milepost.types import ZERO_ADDRESS, Division, Terms
from milepost.units import DAY, HOUR

ROOT = Path(__file__).resolve().parent.parent
START = 1_790_553_600  # Monday, 28 September 2026
USDP, COIN = 10**6, 10**18
CAST = ("deployer", "client", "freelancer", "payee", "arbiter", "second_client", "stranger")


class Stage:
    """The chain and the cast. Acts happen at days from the start, at nine in the morning."""

    def __init__(self, chain: local.LocalNode) -> None:
        self.node = node = chain.connect()
        accounts = zip(CAST, node.w3.eth.accounts, strict=False)
        self.cast = {who: UnlockedSigner(node.w3, a) for who, a in accounts}
        self.escrow = Escrow(node, deploy_escrow(node, self.cast["deployer"]).address)
        self.token = deploy_practice_token(node, self.cast["deployer"])
        for who in ("client", "second_client"):
            self.token_act("mint", "deployer", self.cast[who].address, 50_000 * USDP)
            self.token_act("approve", who, self.escrow.address, 2**256 - 1)

    def parties(self, client: str = "client", token: str | None = None) -> Parties:
        who = {n: s.address for n, s in self.cast.items()}
        token = self.token if token is None else token
        return Parties(who[client], who["freelancer"], token, who["arbiter"], who["payee"])

    def at(self, day: float) -> None:
        """The next block is of that day. An act is simulated in the one before, so that is too."""
        when, ask = START + int(day * DAY) + 9 * HOUR, self.node.w3.provider.make_request
        ask("evm_setNextBlockTimestamp", [when])
        ask("evm_mine", [])
        ask("evm_setNextBlockTimestamp", [when + 1])

    def play(self, day: float, who: str, act: str, *args: object) -> None:
        self.at(day)
        getattr(self.escrow, act)(*args).send(self.cast[who])

    def token_act(self, name: str, who: str, *args: object) -> None:
        token = self.node.w3.eth.contract(self.token, abi=load_artifact("PracticeToken").abi)
        data = bytes.fromhex(token.encode_abi(name, args=list(args))[2:])
        Call(self.node, name, self.token, data).send(self.cast[who])


def play(stage: Stage) -> Terms:
    """Seven jobs side by side. Returns the terms of the one whose picture is shown."""
    escrow, cast = stage.escrow, stage.cast
    parties, in_coin = stage.parties(), stage.parties(token=ZERO_ADDRESS)
    other = stage.parties("second_client")
    prices = (1_500 * USDP, 2_500 * USDP, 2_000_500_000, 800 * USDP, 600 * USDP, 450 * USDP)
    site = _salted("site", fixed_price(parties, prices))
    weeks = _salted("weeks", hourly(parties, rate=60 * USDP, hours_per_week=40, start=START))
    care = _salted("care", retainer(other, amount=800 * USDP, start=START))
    articles = _salted("articles", fixed_price(in_coin, [COIN // 10] * 10))
    logo = _salted("logo", fixed_price(other, [900 * USDP]))
    films = _salted("films", fixed_price(other, [3_000 * USDP, 3_000 * USDP]))
    talk = _salted("talk", fixed_price(in_coin, [COIN // 2]))

    def signed(terms: Terms) -> bytes:
        return escrow.sign_terms(cast["freelancer"], terms)

    play = stage.play
    play(0, "client", "fund", site, [0, 1, 2], signed(site))
    play(0.1, "client", "fund", weeks, [0, 1, 2, 3], signed(weeks))
    play(0.2, "second_client", "fund", care, [0, 1], signed(care))
    play(4, "client", "fund", articles, range(10), signed(articles))
    play(6, "freelancer", "submit", site, 0)
    play(7.3, "freelancer", "submit", weeks, 0, 31 * 6)
    play(8, "client", "request_changes", site, 0)
    play(8.4, "client", "approve", weeks, [0], [31 * 6])
    play(8.5, "stranger", "release", weeks, [0])
    play(11, "freelancer", "submit", site, 0)
    play(12.5, "client", "approve", site, [0])
    play(13, "freelancer", "release", site, [0])
    play(14.2, "freelancer", "submit", weeks, 1, 40 * 6)
    play(15, "client", "approve", weeks, [1], [40 * 6])
    play(15.1, "stranger", "release", weeks, [1])
    approval = escrow.sign_approval(cast["client"], articles, range(4))
    play(16, "freelancer", "release", articles, range(4), [approval])
    play(18, "second_client", "fund", logo, [0], signed(logo))
    play(20, "freelancer", "submit", site, 1)
    play(21.2, "freelancer", "submit", weeks, 2, 33 * 6 + 3)
    play(24, "freelancer", "submit", logo, 0)
    play(26, "client", "dispute", site, 1, 4_000)
    play(27, "client", "approve", weeks, [2], [33 * 6 + 3])
    play(27.1, "stranger", "release", weeks, [2])
    play(28, "client", "fund", weeks, [4, 5, 6])
    play(28.2, "client", "fund", site, [3, 4], signed(site))
    play(28.4, "freelancer", "submit", weeks, 3, 38 * 6)
    play(30.5, "freelancer", "submit", care, 0)
    play(33, "arbiter", "rule", site, 1, 600 * USDP)
    stage.token_act("setDenied", "deployer", cast["payee"].address, True)
    play(36, "second_client", "approve", care, [0], [10_000])
    play(36.1, "stranger", "release", care, [0])
    play(38.2, "stranger", "release", logo, [0])
    stage.token_act("setDenied", "deployer", cast["payee"].address, False)
    play(39, "freelancer", "submit", weeks, 4, 12 * 6)
    play(40, "payee", "withdraw", stage.token, cast["payee"].address, cast["freelancer"].address)
    play(41, "client", "approve", weeks, [4], [12 * 6])
    play(42, "freelancer", "submit", weeks, 5, 36 * 6)
    play(43, "stranger", "release", weeks, [3, 4])
    play(44, "freelancer", "submit", site, 2)
    play(45, "client", "request_refund", site, 3)
    expires_at = START + 60 * DAY
    division = Division(4, 200 * USDP, 400 * USDP)
    offer = escrow.sign_settlement(cast["client"], site, division, expires_at)
    play(46, "freelancer", "settle", site, division, expires_at, offer)
    play(47, "second_client", "fund", films, [0, 1])
    play(48, "client", "fund", talk, [0], signed(talk))
    play(49, "freelancer", "submit", articles, 4)
    play(50, "client", "fund", site, [5], signed(site))
    return site


def _salted(name: str, terms: Terms) -> Terms:
    return replace(terms, salt=keccak(text=name))


def main(build: Path = ROOT / "build", docs: Path = ROOT / "docs/ledger") -> None:
    build.mkdir(exist_ok=True)
    database = build / "ledger.db"
    for old in build.glob("ledger.db*"):
        old.unlink()
    with local.start(options=("--timestamp", str(START))) as chain:
        stage = Stage(chain)
        site = play(stage)
        escrow = stage.escrow
        with Store(database) as store:
            store.create(stage.node.chain_id, bytes.fromhex(escrow.address[2:]), 0)
            reader = LogReader(stage.node, escrow.address)
            Syncer(store, reader, lambda t: ("USDP", 6) if int(t, 16) else ("ETH", 18)).sync()
            ledger = Ledger(store)
            save_job(ledger.job(escrow.agreement_id(site).hex()), docs / "job.svg")
            (build / "ledger-report.html").write_text(report(ledger), "utf-8")


if __name__ == "__main__":
    main()
