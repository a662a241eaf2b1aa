"""`milepost diary seal`, `reopen` and `bill`."""

import io
import json

import pytest

from milepost.chain.submissions import submissions
from milepost.cli import tokens
from milepost.diary.diary import Diary
from milepost.units import DAY, HOUR, WEEK
from tests.package.cli.diary.conftest import ESCROW, written


def statuses(milepost, file):
    found = milepost("status", file, "--json").json["milestones"]
    return {m["number"]: m["status"] for m in found}


def test_a_week_is_sealed_without_a_node(sealable, tmp_path):
    outcome = sealable.ok("seal", 1)
    sealed, contestable, hint = outcome.out.splitlines()
    assert sealed.startswith("Week 1 is sealed: 3 h 30 min under 0x")
    assert contestable == (
        "The client may contest: 1 h 30 min manual: written by hand, or lengthened, and seen by no "
        "timer."
    )
    assert f"`milepost diary seal {sealable.file} 1 --out week-1.json`" in hint
    # Again, it is the same week, in a file.
    file, before = tmp_path / "week-1.json", sealable.logs()
    found = sealable.ok("seal", 1, "--out", file, "--json").json
    assert found["root"] in sealed
    assert (found["week"], found["units"], found["file"]) == (1, 21, str(file))
    assert found["units_above_limit"] == 0
    assert len(found["doubts"]) == 1
    content = json.loads(file.read_text())
    assert (content["week"], content["chain_id"], content["escrow"]) == (1, 31337, ESCROW)
    assert len(content["values"]) == 21
    assert sealable.logs() == before
    assert "give it to the client only" in sealable.ok("seal", 1, "--out", file).out


@pytest.mark.parametrize(
    ("code", "words", "given"),
    [
        (9, "it ends at 2026-12-14 00:00:00 UTC, and can be sealed then", (2,)),
        (9, "it ends at 2028-02-21", (64,)),
        (2, "1<=x<=64", (0,)),
        (2, "1<=x<=64", (65,)),
        (2, "is not an address", (1, "--escrow", "0x12")),
    ],
)
def test_a_week_that_cannot_be_sealed(sealable, code, words, given):
    sealable.refuses(code, words, "seal", *given)


def test_a_week_without_work_or_with_a_timer(sealable):
    sealable.at("2026-12-15 08:00").refuses(9, "Week 2: nothing was worked in it", "seal", 2)
    sealable.ok("start", "Form")
    sealable.at("2026-12-21 08:00")
    sealable.ok("seal", 1)
    sealable.refuses(9, "a timer runs that began in it", "seal", 3)


def test_nothing_is_sealed_where_no_escrow_is_known(sealable):
    sealable.options = ()
    sealable.refuses(4, "No escrow is known on chain 31337", "seal", 1)


def test_a_week_file_that_cannot_be_written(sealable, tmp_path):
    outcome = sealable("seal", 1, "--out", tmp_path / "missing" / "week.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Week 1 is sealed. Name another file" in outcome.err


@pytest.fixture
def too_much(sealable):
    """44 h and 50 min of 40 h."""
    for day in range(3, 7):
        sealable.at(f"2026-12-0{day} 23:00").ok("add", "10:00", "20:15", "Long day")
    return sealable.at("2026-12-08 08:00")


def test_more_than_the_limit(too_much):
    outcome = too_much.refuses(9, "44 h 50 min are in the diary and the limit is 40 h", "seal", 1)
    assert "What was worked from 2026-12-06 14:30:00 UTC on is not protected" in outcome.err
    outcome = too_much.ok("seal", 1, "--up-to-limit")
    assert outcome.out.startswith("Week 1 is sealed: 40 h under")
    assert "Above the limit: 4 h 50 min worth 290.00 USDP, left out" in outcome.out
    assert too_much.ok("seal", 1, "--up-to-limit", "--json").json["units_above_limit"] == 29


def test_up_to_a_limit_that_is_not_reached(sealable):
    root = sealable.ok("seal", 1, "--up-to-limit", "--json").json["root"]
    again = sealable.ok("seal", 1, "--up-to-limit", "--json").json
    assert (again["root"], again["units_above_limit"]) == (root, 0)


def test_a_week_is_opened_again(sealable):
    sealable.refuses(9, "Week 1: it is not sealed", "reopen", 1, "--reason", "Typo")
    root = sealable.ok("seal", 1, "--json").json["root"]
    sealable.refuses(2, "A reason needs words", "reopen", 1, "--reason", " ")
    sealable.options = (*sealable.options, "--rpc-url", "http://127.0.0.1:1")
    outcome = sealable.ok("reopen", 1, "--reason", "Typo")
    assert outcome.out == "Week 1 is open. Seal it again before you bill it.\n"
    assert "it was not asked whether the week is claimed" in outcome.err
    assert sealable.ok("seal", 1, "--json").json["root"] != root
    assert sealable.ok("reopen", 1, "--reason", "Typo", "--json").json == {"reopened": 1}


@pytest.mark.node
def test_a_week_is_billed_once(chain, fund, worked, people, node, token):
    fund("3")
    worked(3)
    simulated = chain("bill", 3, "--dry-run", by=people.freelancer)
    assert (simulated.code, simulated.out) == (2, "")
    assert f"A dry run seals nothing, and week 3 is open: `milepost diary seal {chain.file} 3`" in (
        simulated.err
    )
    chain.ok("seal", 3)
    before = chain.logs(), node.block().number
    simulated = chain.ok("bill", 3, "--dry-run", "--json", by=people.freelancer)
    assert simulated.json["simulated"] is True
    assert (chain.logs(), node.block().number) == before
    outcome = chain.ok("bill", 3, "--json", by=people.freelancer)
    assert (outcome.json["week"], outcome.json["units"]) == (3, 36)
    assert len(outcome.json["doubts"]) == 1
    assert "The client may contest: 3 h manual" in outcome.err
    assert "none moves; 360.00 USDP is claimed" in outcome.err
    assert "--out week-3.json` writes it" in outcome.err
    name = outcome.json["transaction"]
    chain.refuses(9, f"on chain already, submitted, by transaction {name}", "bill", 3,
                  by=people.freelancer)  # fmt: skip
    chain.refuses(9, "is submitted on chain, where a claim cannot change", "reopen", 3,
                  "--reason", "Typo")  # fmt: skip
    assert chain.ok("status", "--json").json["to_bill"] == []


@pytest.mark.node
def test_a_no_submits_nothing(chain, fund, worked, people, node, monkeypatch):
    fund("3")
    worked(3)
    before = node.block().number
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert chain("bill", 3, by=people.freelancer, yes=False).code == 1
    assert node.block().number == before
    found = chain.ok("status", "--json").json
    assert (found["to_seal"], found["to_bill"]) == ([], [3])


@pytest.mark.node
def test_weeks_that_nobody_pays(chain, fund, worked, people, milepost):
    worked(3)
    chain.ok("add", written(chain.now - 1800), written(chain.now), "Form")
    # Whether it is funded by its end is not known yet.
    chain.refuses(9, "and can be sealed then", "bill", 4, by=people.freelancer)
    outcome = chain.refuses(9, "Week 3: it is not funded on chain", "bill", 3, by=people.freelancer)
    assert "6 h worth 360.00 USDP are not protected" in outcome.err
    assert f"`milepost fund {chain.file} --weeks 3`" in outcome.err
    fund("3")
    assert milepost("refund", chain.file, 3, by=people.freelancer).code == 0
    outcome = chain.refuses(9, "it is refunded on chain, so 6 h worth 360.00 USDP are not", "bill",
                            3, by=people.freelancer)  # fmt: skip
    assert "its money went back to the client" in outcome.err


@pytest.mark.node
def test_an_offer_is_accepted_by_the_bill(chain, fund, worked, people, milepost):
    fund("3", is_accepted=False)
    worked(3)
    outcome = chain.ok("bill", 3, by=people.freelancer)
    assert "and accept the client's offer of it by that" in outcome.err
    assert statuses(milepost, chain.file)[3] == "submitted"


@pytest.mark.node
def test_a_bill_answers_a_request_for_the_money(chain, fund, worked, people, milepost):
    fund("3")
    worked(3)
    assert milepost("request-refund", chain.file, 3, by=people.client).code == 0
    outcome = chain.ok("bill", 3, by=people.freelancer)
    assert "which answers the client's request to have its money back" in outcome.err


@pytest.mark.node
def test_weeks_that_cannot_be_billed(chain, fund, worked, people, monday):
    fund("2-4")
    worked(3)
    chain.refuses(9, "Week 2: nothing was worked in it", "bill", 2, by=people.freelancer)
    chain.refuses(9, "and can be sealed then", "bill", 4, by=people.freelancer)
    chain.refuses(2, "Say who acts", "bill", 3)
    chain.refuses(2, "Only the freelancer, 0x", "bill", 3, by=people.client)
    chain.now = monday + HOUR
    chain.refuses(4, "No answer from", "bill", 3, "--rpc-url", "http://127.0.0.1:1",
                  by=people.freelancer)  # fmt: skip


@pytest.mark.node
def test_more_than_the_limit_is_not_billed(chain, fund, people, monday):
    fund("3")
    for day in range(5):
        first = monday - WEEK + day * DAY + 8 * HOUR
        chain.now = first + 12 * HOUR
        chain.ok("add", written(first), written(first + 9 * HOUR), "Long day")
    chain.now = monday + HOUR
    chain.refuses(9, "45 h are in the diary and the limit is 40 h", "bill", 3, by=people.freelancer)
    outcome = chain.ok("bill", 3, "--up-to-limit", "--json", by=people.freelancer)
    assert outcome.json["units"] == 240
    assert "Above the limit: 5 h worth 300.00 USDP, left out and not protected" in outcome.err


@pytest.mark.node
def test_a_crash_between_sending_and_noting(chain, fund, worked, people, monkeypatch):
    fund("3")
    worked(3)
    chain.ok("seal", 3)

    def crash(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Diary, "bill", crash)
        outcome = chain("bill", 3, by=people.freelancer)
    assert outcome.code == 130
    assert chain.ok("status", "--json").json["to_bill"] == [3]
    # What is claimed cannot be changed, although the diary does not know of it.
    chain.refuses(9, "is submitted on chain", "reopen", 3, "--reason", "Typo")
    outcome = chain("bill", 3, by=people.freelancer)
    assert (outcome.code, outcome.out) == (9, "")
    assert "The diary did not know yet that week 3 was billed; now it does." in outcome.err
    assert "it is on chain already, submitted, by transaction 0x" in outcome.err
    assert chain.ok("status", "--json").json["to_bill"] == []
    assert "which was submitted in block" in chain.ok("verify").out


@pytest.mark.node
def test_a_claim_without_the_diary(chain, fund, worked, people, milepost):
    fund("3")
    worked(3)
    file = chain.file
    assert milepost("submit", file, 3, "--hours", "5", by=people.freelancer).code == 0
    chain.refuses(9, "5 h of it were claimed in block", "bill", 3)
    chain.ok("seal", 3)
    outcome = chain.refuses(9, "5 h of it were claimed in block", "bill", 3, by=people.freelancer)
    assert "under another root, 0x0000" in outcome.err
    assert f"The client may send it back: `milepost changes {file} 3`" in outcome.err
    assert milepost("changes", file, 3, by=people.client).code == 0
    chain.ok("bill", 3, by=people.freelancer)


@pytest.mark.node
def test_a_week_that_ended_without_a_claim(chain, fund, worked, people, milepost, tmp_path):
    fund("3")
    worked(3)
    offer = tmp_path / "offer.json"
    given = ("--to-freelancer", "100", "--expires", "2 days", "--out", offer)
    assert milepost("offer", chain.file, 3, *given, by=people.client).code == 0
    assert milepost("settle", chain.file, "--offer", offer, by=people.freelancer).code == 0
    chain.ok("seal", 3)
    words = "Week 3: it is split on chain and was never claimed"
    chain.refuses(9, words, "bill", 3, by=people.freelancer)


@pytest.mark.node
def test_changes_are_asked_for(chain, billed, people, milepost, tmp_path, escrow, node):
    old, _ = billed
    chain.ok("review", old, by=people.client)
    assert milepost("changes", chain.file, 3, by=people.client).code == 0
    text = chain.ok("verify", old).out
    assert "Week 3 is active on chain" in text
    chain.refuses(9, "it is active on chain, not submitted", "review", old, "--approve",
                  by=people.client)  # fmt: skip
    meeting = chain.ok("log", "--week", "3", "--json").json["entries"][1]["id"]
    chain.ok("reopen", 3, "--reason", "The client asked for changes")
    chain.ok("edit", meeting, "--memo", "Meeting with the bank, minutes", "--reason", "Too brief")
    new = tmp_path / "new.json"
    root = chain.ok("seal", 3, "--out", new, "--json").json["root"]
    # Sealed anew and not billed yet, nothing of it is on chain.
    assert "which is not billed" in chain.ok("verify").out
    chain.ok("bill", 3, by=people.freelancer)
    assert chain.ok("verify", new, "--json").json["root"] == root
    assert "submitted in block" in chain.ok("verify").out
    for command in ("verify", "review"):
        chain.refuses(9, "week-3.json does not hold: its root is", command, old)
    identity = escrow.agreement_id(chain_terms(chain, milepost))
    found = submissions(node, escrow.address, identity, 2)
    assert [("0x" + e["deliverable"].hex() == root, e["units"]) for e in found] == [
        (False, 36), (True, 36),
    ]  # fmt: skip


def chain_terms(chain, milepost):
    from milepost.agreement import load
    from milepost.cli.tokens import TokenBook

    return load(chain.file, TokenBook(None, 31337)).terms


@pytest.mark.node
def test_a_token_that_is_known_by_its_address_only(chain, fund, worked, people, token):
    text = chain.file.read_text().replace("token: USDP", f'token: "{token.address}"')
    chain.file.write_text(text.replace("rate: 60 USDP", "rate: 60"))
    (tokens.data_directory() / "31337.tokens.json").unlink()
    worked(3)
    fund("3")
    chain.ok("bill", 3, by=people.freelancer)
    # A symbol is what only the token knows; asked once, it is remembered.
    (tokens.data_directory() / "31337.tokens.json").unlink()
    chain.file.write_text(text)
    nowhere = ("--rpc-url", "http://127.0.0.1:1")
    chain.refuses(4, "No answer from", "status", *nowhere)
    chain.ok("status", "--rpc-url", chain.options[-1])
    chain.ok("status", *nowhere)


@pytest.mark.node
def test_an_agreement_that_names_no_chain(chain, fund, worked, people, tmp_path):
    lines = chain.file.read_text().splitlines(keepends=True)
    chain.file.write_text("".join(line for line in lines if not line.startswith("chain:")))
    fund("3")
    worked(3)
    file = tmp_path / "week-3.json"
    chain.ok("seal", 3, "--out", file)
    chain.ok("bill", 3, by=people.freelancer)
    assert "holds: 6 h of week 3" in chain.ok("verify", file).out
    chain.refuses(4, "No answer from", "verify", file, "--rpc-url", "http://127.0.0.1:1")


@pytest.mark.node
def test_start_says_whether_the_week_is_funded(chain, fund, run, monday, milepost, people):
    chain.now = monday + HOUR
    assert run("ledger", "sync", *chain.options).code == 0
    assert "Week 4 is not funded: what you work in it" in chain.ok("start", "Form").out
    chain.ok("stop", "--discard")
    fund("3")
    assert run("ledger", "sync", *chain.options).code == 0
    outcome = chain.ok("start", "Form")
    assert (
        "Week 4 is not funded: what you work in it is not protected (the ledger at" in outcome.out
    )
    chain.ok("stop", "--discard")
    fund("4", is_accepted=False)
    assert run("ledger", "sync", *chain.options).code == 0
    outcome = chain.ok("start", "Form")
    assert f"`milepost accept {chain.file} --weeks 4` makes it yours to claim" in outcome.out
    chain.ok("stop", "--discard")
    assert milepost("accept", chain.file, "--weeks", "4", by=people.freelancer).code == 0
    assert run("ledger", "sync", *chain.options).code == 0
    outcome = chain.ok("start", "Form", "--json")
    assert outcome.json["week"]["funding"] == "active"


@pytest.mark.node
def test_a_claim_that_came_when_the_week_was_open_again(
    chain, fund, worked, people, escrow, milepost, tmp_path
):
    """It waited for a block, and the diary, which heard nothing of it, was opened and sealed."""
    fund("3")
    span = worked(3)
    file, terms = tmp_path / "week-3.json", chain_terms(chain, milepost)
    root = chain.ok("seal", 3, "--json").json["root"]
    chain.ok("reopen", 3, "--reason", "Typo")
    chain.ok("remove", span, "--reason", "Not of this job")
    chain.ok("seal", 3, "--out", file)
    escrow.submit(terms, 2, 36, bytes.fromhex(root[2:])).send(people.freelancer)
    outcome = chain("bill", 3, by=people.freelancer)
    assert (outcome.code, outcome.out) == (9, "")
    assert "The diary did not know yet that week 3 was billed; now it does." in outcome.err
    assert "it is on chain already, submitted" in outcome.err
    assert chain.ok("seal", 3, "--out", file, "--json").json["root"] == root
    assert "Total 6 h of 40 h" in chain.ok("review", file).out
    assert "which was submitted in block" in chain.ok("verify").out


@pytest.mark.node
def test_a_clock_that_is_ahead_seals_nothing(chain, fund, worked, people, monday):
    fund("4")
    worked(4)
    chain.now = monday + WEEK + HOUR
    words = f"Week 4: it ends at {written(monday + WEEK)}:00 UTC, and on chain it is "
    outcome = chain.refuses(9, words, "bill", 4, by=people.freelancer)
    assert "Is this machine's clock right?" in outcome.err
