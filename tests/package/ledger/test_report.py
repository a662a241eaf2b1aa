"""The report is one whole page: it says what the ledger says, loads nothing and obeys nobody."""

import re
import sys
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import replace

import pytest

from milepost.agreement import Token
from milepost.chain.logs import LogReader
from milepost.errors import ExtraMissing
from milepost.ledger.pictures import canvas, report
from milepost.ledger.pictures.labels import short
from milepost.ledger.pictures.report import report as page_of
from milepost.ledger.reads import Happening, Ledger, Money, Payment
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.ledger.words import amount
from milepost.presets import fixed_price, hourly
from milepost.types import ZERO_ADDRESS
from milepost.units import DAY, HOUR
from tests.package.ledger.made import BEGIN, CLIENT, PARTIES, USDP, Life, prices

pytestmark = pytest.mark.long

ODD = "<script>alert('1')</script>\"&amp;$x\x00\u202e"


class MadeUp:
    """A ledger of histories that never were."""

    chain_id, escrow = 8453, "0x" + "ee" * 20

    def __init__(self, *histories, payments=()):
        self._histories, self._payments = histories, list(payments)

    @contextmanager
    def at_one_moment(self):
        yield self

    def moment(self):
        return max((h.moment for h in self._histories), key=lambda m: m.timestamp)

    def histories(self, party=None):
        return list(self._histories)

    def payments(self, party=None):
        return self._payments

    def money(self, party=None):
        return [Money(h.job.token, 9 * 10**6, 10**6, 5, h.job.open) for h in self._histories]


def read(page):
    """The page as a tree. It must be well-formed, and have nothing that a page can load or run."""
    root = ET.fromstring(page)
    assert "://" not in re.sub(r'xmlns(:\w+)?="http://www\.w3\.org/[^"]*"', "", page)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        assert name not in {"script", "link", "img", "iframe", "object", "image", "foreignObject"}
        for key, value in element.attrib.items():
            assert not key.startswith("on")
            if key.rpartition("}")[2] in ("href", "src"):
                assert value.startswith("#")
                assert root.find(f".//*[@id='{value[1:]}']") is not None
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    known = set(re.findall(r"--(\w+):", page))
    assert set(re.findall(r"var\(--(\w+)\)", page)) <= known == canvas.LIGHT.keys()
    return root


def rows(root, label):
    """The cells of a table, as text."""
    body = root.find(f".//div[@aria-label='{label}']/table/tbody")
    return [["".join(cell.itertext()) for cell in row] for row in body]


def submitted(life, *milestones):
    for i in milestones:
        life.then("MilestoneSubmitted", HOUR, milestone=i, units=10_000)
    return life


def test_jobs_are_listed_with_what_is_next_and_when():
    late = submitted(Life(prices(10**6, 10**6), number=1).fund(), 0).history(20 * DAY)
    running = submitted(Life(prices(2 * 10**6), number=2).fund(later=HOUR), 0).history(HOUR)
    approved = Life(prices(3), number=3).fund().then("MilestonesApproved", 1, milestones=1)
    weeks = hourly(PARTIES, rate=60 * 10**6, hours_per_week=10, start=BEGIN)
    hours = Life(weeks, number=4).fund(0, 1).history()
    offer = Life(prices(4), number=5).fund(is_accepted=False).history()
    over = submitted(Life(prices(5), number=6).fund(), 0)
    over.then("MilestonesReleased", DAY, milestones=1, to_freelancer=5, to_client=0)
    made = (over.history(), offer, hours, approved.history(), running, late)
    found = rows(read(page_of(MadeUp(*made))), "Jobs")
    assert [cells[0] for cells in found] == [
        "0x01010101", "0x02020202", "0x03030303", "0x05050505", "0x04040404", "0x06060606",
    ]  # fmt: skip
    address = f" {short(USDP.address)}"
    assert {cells[3][-len(address) :] for cells in found} == {address}
    assert [[cells[3].removesuffix(address), *cells[4:]] for cells in found] == [
        ["2.00 USDP", "1 active, 1 submitted",
         "anybody can claim milestone 1: 1.00 USDP to the freelancer; 1 more after it", "now"],
        ["2.00 USDP", "1 submitted",
         "client must answer milestone 1 or 2.00 USDP is paid", "by 2026-10-12 02:00:00 UTC"],
        ["0.000003 USDP", "1 approved",
         "anybody can claim milestone 1: 0.000003 USDP to the freelancer", "now"],
        ["0.000004 USDP", "1 offered",
         "freelancer may accept milestone 1, 0.000004 USDP", "no deadline"],
        ["1,200.00 USDP", "2 active",
         "freelancer may submit milestone 1, 600.00 USDP; 1 more after it",
         "from 2026-10-05 00:00:00 UTC"],
        ["0.00 USDP", "1 paid", "nothing, it is over", ""],
    ]  # fmt: skip


def test_a_party_sees_its_part_and_its_money():
    history = Life(prices(10**6)).fund().history()
    page = page_of(MadeUp(history), CLIENT)
    root = read(page)
    ((_, part, *_),) = rows(root, "Jobs")
    assert part == "client"
    assert rows(root, "Money by token") == [
        [
            f"USDP {short(USDP.address)}",
            "9.00 USDP", "1.00 USDP", "1.00 USDP", "0.000005 USDP",
        ]
    ]  # fmt: skip
    assert CLIENT in page
    assert "USDP in jobs of 0x1111…1111" in page


def test_a_strangers_symbol_is_only_text():
    token = replace(USDP, symbol=ODD)
    history = submitted(Life(prices(10**6), token).fund(), 0).history()
    credited = Payment("credit", CLIENT, token, 5, None, None, (), history.happenings[0])
    page = page_of(MadeUp(history, payments=[credited]))
    root = read(page)
    ((symbol, paid, *_),) = rows(root, "Money by token")
    assert symbol == f"<script>alert('… {short(USDP.address)}"
    assert paid == "9.00 <script>alert('…"
    assert "<script" not in page
    assert "\x00" not in page


def test_tokens_of_one_symbol_are_told_apart_on_paper():
    tokens = (USDP, replace(USDP, address="0x" + "9" * 40), replace(USDP, address=ZERO_ADDRESS))
    made = [
        Life(prices(n), token, number=n).fund().history() for n, token in enumerate(tokens, start=1)
    ]
    root = read(page_of(MadeUp(*made)))
    names = [f"{short(USDP.address)}", "0x9999…9999", "the chain's coin"]
    assert [cells[0] for cells in rows(root, "Money by token")] == [f"USDP {n}" for n in names]
    jobs = [cells[3] for cells in rows(root, "Jobs")]
    assert jobs == [f"0.00000{n} USDP {name}" for n, name in enumerate(names, start=1)]
    captions = ["".join(c.itertext()) for c in root.findall(".//figcaption")]
    assert captions[:3] == [USDP.address, "0x" + "9" * 40, "the chain's coin"]


def test_a_strangers_token_leaves_room_for_the_others():
    long = Token("0x" + "9" * 40, "W" * 64, 255)
    tiny = Life(prices(1), long).fund().history()
    root = read(page_of(MadeUp(tiny)))
    ((symbol, *amounts),) = rows(root, "Money by token")
    assert symbol == "W" * 15 + "… 0x9999…9999"
    assert amounts[:2] == [f"≈{n}·10⁻²⁴⁹ {'W' * 15}…" for n in ("9.000", "1.000")]
    assert rows(root, "Jobs")[0][3].startswith("≈1.000·10⁻²⁵⁵ W")


def test_usual_amounts_are_exact_in_tables():
    coin = replace(USDP, symbol="ETH", decimals=18)
    history = Life(prices(10**24 + 1), coin).fund().history()
    ((_, *amounts),) = rows(read(page_of(MadeUp(history))), "Money by token")
    assert "1,000,000.000000000000000001 ETH" in amounts


def test_it_says_what_is_not_final():
    history = submitted(Life(prices(1)).fund(), 0).history()
    first, second = history.happenings
    for happenings, final_block, said in (
        ((first, second), 3, "all of it"),
        ((first, Happening(second.event, second.timestamp, False)), 1,
         "what is up to block 1; the chain may still take 1 event back"),
        ((Happening(first.event, 1, False), Happening(second.event, 1, False)), -1,
         "nothing yet; the chain may still take 2 events back"),
    ):  # fmt: skip
        moment = replace(history.moment, final_block=final_block)
        made = replace(history, happenings=happenings, moment=moment)
        terms = read(page_of(MadeUp(made))).findall(".//dl/*")
        facts = ["".join(t.itertext()) for t in terms]
        assert facts[facts.index("final") + 1] == said
        assert facts[facts.index("chain") + 1] == "Base, chain id 8453"
        assert facts[facts.index("true at") + 1] == "block 3, 2026-09-28 01:00:00 UTC"


def test_what_is_too_much_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr(report, "MOST_ROWS", 3)
    monkeypatch.setattr(report, "MOST_PICTURES", 2)
    made = [
        Life(prices(1), replace(USDP, address=f"0x{n:040x}"), number=n).fund().history()
        for n in range(1, 6)
    ]
    root = read(page_of(MadeUp(*made)))
    assert len(rows(root, "Jobs")) == 3
    assert len(root.findall(".//article")) == 4
    said = [p.text for p in root.findall(".//p[@class='muted']") if "left out" in (p.text or "")]
    assert said == [
        "3 more tokens are left out here.",
        "2 more jobs are left out here.",
        "3 more jobs are left out here.",
    ]


def test_an_empty_ledger_has_a_page(tmp_path):
    with Store(tmp_path / "ledger.db") as store:
        store.create(1, bytes(20), 5)
        page = page_of(Ledger(store))
    root = read(page)
    assert [h.text for h in root.findall(".//h2")] == [
        "Money", "Jobs", "How long answers take", "Jobs over time",
    ]  # fmt: skip
    assert page.count("There are none yet.") == 2
    assert "block 4, 1970-01-01 00:00:00 UTC" in page


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraMissing, match=r"milepost\[reports\]"):
        page_of(MadeUp(Life(prices(1)).fund().history()))


@pytest.mark.node
def test_a_chain_makes_the_same_page_twice(chain, book):
    book.sync()
    ledger = book.ledger
    page = page_of(ledger)
    is_same = page_of(Ledger(book.store)) == page
    assert is_same  # the difference of long texts takes minutes to show
    root = read(page)
    assert len(rows(root, "Jobs")) == len(ledger.jobs())
    places = {ZERO_ADDRESS: "the chain's coin"}
    places |= {t.address: short(t.address) for t in ledger.tokens() if t.address != ZERO_ADDRESS}
    for party in (None, chain.people.freelancer.address):
        found = rows(read(page_of(ledger, party)), "Money by token")
        assert found == [
            [
                f"{m.token.symbol} {places[m.token.address]}",
                *(amount(n, m.token) for n in (m.paid, m.received, m.held, m.credits)),
            ]
            for m in ledger.money(party)
        ]
    for money in ledger.money():
        assert money.paid - money.received == money.held + money.credits


@pytest.mark.node
def test_every_kind_of_database_makes_the_same_page(chain, book, ledger_of, place):
    book.sync()
    other = ledger_of(**chain.settings(place))
    other.sync()
    party = chain.people.client.address
    is_same = page_of(other.ledger, party) == page_of(book.ledger, party)
    assert is_same
    (first, *_) = book.ledger.histories()
    assert other.ledger.job("0x" + first.job.agreement.hex()) == first


@pytest.mark.node
def test_all_of_a_page_is_of_one_moment(escrow, node, people, token, tmp_path):
    with Store(tmp_path / "ledger.db") as store, Store(tmp_path / "ledger.db") as other:
        store.create(node.chain_id, bytes.fromhex(escrow.address[2:]), 0)
        reader = LogReader(node, escrow.address)
        Syncer(store, reader, lambda _: ("USDP", 6)).sync()
        ledger = Ledger(store)
        with ledger.at_one_moment() as asked:
            before = asked.moment()
            terms = fixed_price(people.parties(token.address), [1_000])
            escrow.fund(terms, [0]).send(people.client)
            Syncer(other, reader, lambda _: ("USDP", 6)).sync()
            assert (asked.moment(), asked.jobs(), asked.payments()) == (before, [], [])
        assert ledger.moment().block > before.block
        assert [m.token for m in ledger.money()] == [Token(token.address, "USDP", 6)]
        assert len(ledger.histories()) == 1
