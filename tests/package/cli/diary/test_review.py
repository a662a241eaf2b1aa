"""`milepost diary review`: what the client sees, approves and contests, on a chain."""

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from milepost.agreement import load
from milepost.chain.submissions import disputes
from milepost.cli.tokens import TokenBook
from milepost.diary import evidence, weeks
from milepost.diary.entries import Kind
from milepost.diary.rules import Rules
from milepost.signing import keccak256
from milepost.units import DAY

pytestmark = pytest.mark.node


def agreement_of(chain):
    return load(chain.file, TokenBook(None, 31337))


def terms_of(chain):
    return agreement_of(chain).terms


def balances(token, chain):
    terms = terms_of(chain)
    return token.balance(terms.payee), token.balance(terms.client)


def status(milepost, chain, week=3):
    found = milepost("status", chain.file, "--json").json["milestones"]
    return next(m for m in found if m["number"] == week)


def test_the_client_sees_what_is_claimed_and_what_silence_means(chain, billed, node):
    file, _ = billed
    outcome = chain.ok("review", file)
    assert "Total 6 h of 40 h" in outcome.out
    assert "Meeting with the bank" in outcome.out
    lines = outcome.out.split("\nRoot")[1].splitlines()[1:]
    rows = {line[:12].strip(): line[12:] for line in lines}
    assert rows["To look at"] == "3 h manual: written by hand, or lengthened, and seen by no timer"
    assert rows["Answer by"].endswith(" from now")
    assert rows["If silent"] == (
        "360.00 USDP can be paid to the freelancer then, 2,040.00 USDP to the client"
    )
    assert f"`milepost diary review {chain.file} {file}` with --approve or --contest" in rows["Or"]
    assert f"`milepost changes {chain.file} 3`" in rows["Or"]
    assert outcome.err == ""


def test_a_review_as_json(chain, billed, milepost):
    file, _ = billed
    found = chain.ok("review", file, "--json").json
    assert found["holds"] is True
    assert (found["week"], found["segments"], found["claimed_units"]) == (3, 36, 36)
    assert found["status"] == "submitted"
    assert found["deadline"] == status(milepost, chain)["deadline"]
    assert found["doubts"] == ["3 h manual: written by hand, or lengthened, and seen by no timer"]


def test_a_review_is_drawn(chain, billed, tmp_path):
    file, span = billed
    page, svg = tmp_path / "week.html", tmp_path / "week.svg"
    outcome = chain.ok("review", file, "--draw", page)
    assert outcome.err == f"Drawn: {page}\n"
    assert "Meeting with the bank" in page.read_text()
    chain.ok("review", file, "--draw", svg, "--contest", span, "--reason", "No", "--out",
             tmp_path / "c.json", "--dry-run", "--account", terms_of(chain).client)  # fmt: skip
    assert "contested" in ET.tostring(ET.parse(svg).getroot(), "unicode")
    chain.refuses(2, "weeks are drawn as an .svg or an .html", "review", file, "--draw", file)


def test_an_approval_by_a_transaction(chain, billed, people, milepost, token):
    file, _ = billed
    simulated = chain.ok("review", file, "--approve", "--dry-run", "--json", by=people.client)
    assert simulated.json["simulated"] is True
    assert status(milepost, chain)["status"] == "submitted"
    outcome = chain.ok("review", file, "--approve", by=people.client)
    assert "approve week 3: 6 h" in outcome.err
    assert "none moves yet; 360.00 USDP can be claimed for 0x" in outcome.err
    assert status(milepost, chain)["status"] == "partly approved"
    before = balances(token, chain)
    assert milepost("claim", chain.file, 3, by=people.freelancer).code == 0
    after = balances(token, chain)
    assert (after[0] - before[0], after[1] - before[1]) == (360_000_000, 2_040_000_000)
    assert "Week 3 is over on chain: split." in chain.ok("review", file).out
    chain.refuses(9, "it is split on chain, not submitted", "review", file, "--approve",
                  by=people.client)  # fmt: skip


def test_an_approval_by_a_free_signature(chain, billed, people, milepost, token, tmp_path, node):
    file, _ = billed
    before, number = balances(token, chain), node.block().number
    approval = tmp_path / "approval.json"
    outcome = chain.ok("review", file, "--approve", "--sign", "--out", approval, by=people.client)
    assert "You cannot take it back" in outcome.err
    assert json.loads(approval.read_text())["units"] == [36]
    printed = chain.ok("review", file, "--approve", "--sign", "--json", by=people.client).json
    assert printed == json.loads(approval.read_text())
    assert node.block().number == number
    given = ("--approval", approval)
    assert milepost("claim", chain.file, 3, *given, by=people.freelancer).code == 0
    after = balances(token, chain)
    assert (after[0] - before[0], after[1] - before[1]) == (360_000_000, 2_040_000_000)


def test_one_afternoon_is_contested(
    chain, billed, people, milepost, token, escrow, node, tmp_path, run
):
    file, span = billed
    contested = tmp_path / "contested.json"
    before = balances(token, chain)
    given = ("--contest", span, "--reason", "Not of this job", "--out", contested)
    outcome = chain.ok("review", file, *given, by=people.client)
    assert "X contested 3 h" in outcome.out
    assert "Contested   3 h, 180.00 USDP" in outcome.out
    assert "contest 3 h of week 3: dispute 18 of 240 units of milestone 3" in outcome.err
    assert f"The contested segments are in {contested}. Keep it" in outcome.err
    # What is not contested is paid at once: 3 h to the freelancer, and what was not claimed back.
    after = balances(token, chain)
    assert (after[0] - before[0], after[1] - before[1]) == (180_000_000, 2_040_000_000)
    [event] = disputes(node, escrow.address, escrow.agreement_id(terms_of(chain)), 2)
    assert (event["units"], event["by"]) == (18, people.client.address)
    assert event["evidence"] == keccak256(contested.read_bytes())
    found = json.loads(contested.read_text())
    assert (len(found["segments"]), found["reason"]) == (18, "Not of this job")

    # The arbiter, who was handed the agreement and this file, and has no diary.
    chain.folder = tmp_path / "arbiter"
    shown = chain.ok("verify", contested)
    first, claimed, stretch, reason, evidence, ruling, standing = shown.out.splitlines()
    assert first.startswith(
        "contested.json holds: 3 h of week 3, under the root that was submitted"
    )
    assert claimed == "Claimed: 6 h, 360.00 USDP."
    assert stretch == f"  {span}  manual  hand  Meeting with the bank"
    assert reason == "Contested, because: Not of this job"
    found = f"It is the evidence of the dispute in block {event.block}, which is about"
    assert evidence == f"{found} 3 h, 180.00 USDP."
    how = f"`milepost rule {chain.file} 3 --to-freelancer AMOUNT`"
    assert ruling == f"The arbiter divides that: {how}."
    assert standing.startswith("Week 3 is disputed on chain since ")
    assert "90.00 USDP to the freelancer, 90.00 USDP to the client" in standing
    facts = chain.ok("verify", contested, "--json").json
    assert (facts["is_evidence"], facts["disputed_units"], facts["status"]) == (
        True,
        18,
        "disputed",
    )

    # Other words, or other segments, are not that evidence.
    other = tmp_path / "other.json"
    other.write_text(contested.read_text().replace("Not of this job", "Not of this week"))
    assert "It is not the evidence of the dispute" in chain.ok("verify", other).out
    assert chain.ok("verify", other, "--json").json["is_evidence"] is False
    other.write_text(contested.read_text().replace("Meeting", "Dinner"))
    chain.refuses(9, "does not lead to its root", "verify", other)

    before = balances(token, chain)
    ruled = milepost("rule", chain.file, 3, "--to-freelancer", "60", by=people.arbiter)
    assert ruled.code == 0, ruled.err
    after = balances(token, chain)
    assert (after[0] - before[0], after[1] - before[1]) == (60_000_000, 111_000_000)
    assert chain.ok("verify", contested).out.endswith("Week 3 is over on chain: split.\n")


def test_two_spans_that_touch_segments(chain, billed, people, tmp_path, monday):
    file, span = billed
    day = span[:10]
    spans = ("--contest", f"{day} 14:05-14:10", "--contest", f"{day} 16:55 - 19:00")
    given = (*spans, "--reason", "No", "--out", tmp_path / "c.json")
    outcome = chain.ok("review", file, *given, by=people.client)
    assert "Contested   20 min, 20.00 USDP" in outcome.out


def test_a_silent_client(chain, billed, people, milepost, token, pass_time):
    file, span = billed
    pass_time(14 * DAY)
    outcome = chain.ok("review", file)
    assert "If nobody acts: now anybody can claim 360.00 USDP for the freelancer" in outcome.out
    late = "the time to answer ended at"
    chain.refuses(9, late, "review", file, "--approve", by=people.client)
    chain.refuses(9, late, "review", file, "--contest", span, "--reason", "No", "--out", "c.json",
                  by=people.client)  # fmt: skip
    before = balances(token, chain)
    assert milepost("claim", chain.file, 3, by=people.stranger).code == 0
    assert balances(token, chain)[0] - before[0] == 360_000_000


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("--approve or --contest, not both", ("--approve", "--contest", "SPAN")),
        ("--sign goes with --approve", ("--sign",)),
        ("Say with --out where the approval goes", ("--approve", "--sign")),
        ("--reason with --contest", ("--approve", "--reason", "No")),
        ("--out goes with --sign or --contest", ("--approve", "--out", "c.json")),
        ("--out goes with --sign or --contest", ("--out", "c.json")),
        ("Say why, with --reason", ("--contest", "SPAN", "--out", "c.json")),
        ("Say with --out where", ("--contest", "SPAN", "--reason", "No")),
        ("is no span", ("--contest", "afternoon", "--reason", "No", "--out", "c.json")),
        ("ends before it", ("--contest", "17:00-14:00", "--reason", "No", "--out", "c.json")),
        ("Say who acts", ("--approve",)),
        ("Say who acts", ("--contest", "SPAN", "--reason", "No", "--out", "c.json")),
        ("A reason has at most 500", ("--contest", "SPAN", "--reason", "x" * 501, "--out", "c.json",
                                      "--account", "client")),
    ],
)  # fmt: skip
def test_an_answer_that_is_refused(
    chain, billed, node, tmp_path, monkeypatch, words, given, people
):
    file, span = billed
    monkeypatch.chdir(tmp_path)
    number = node.block().number
    words_of = {"SPAN": span, "client": people.client.address}
    chain.refuses(2, words, "review", file, *(words_of.get(g, g) for g in given))
    assert node.block().number == number
    assert not (tmp_path / "c.json").exists()


def test_only_the_client_answers(chain, billed, people, node, tmp_path):
    file, span = billed
    number, out = node.block().number, tmp_path / "c.json"
    for by in (people.freelancer, people.stranger):
        chain.refuses(2, "Only the client", "review", file, "--approve", by=by)
        chain.refuses(2, "Only the client", "review", file, "--approve", "--sign", "--json", by=by)
        chain.refuses(2, "Only the client", "review", file, "--contest", span, "--reason", "No",
                      "--out", out, by=by)  # fmt: skip
    assert (node.block().number, out.exists()) == (number, False)


def test_what_nobody_worked_cannot_be_contested(chain, billed, people, tmp_path):
    file, span = billed
    given = ("--reason", "No", "--out", tmp_path / "c.json")
    empty = f"{span[:10]} 20:00-21:00"
    outcome = chain.refuses(2, "Nothing is claimed in", "review", file, "--contest", empty, *given,
                            by=people.client)  # fmt: skip
    assert "20:00-21:00, UTC. Nothing was sent." in outcome.err


def test_evidence_that_was_sent_is_never_overwritten(chain, billed, people, tmp_path, monkeypatch):
    file, span = billed
    out = tmp_path / "contested.json"
    given = ("--contest", span, "--reason", "No", "--out", out)
    simulated = chain.ok("review", file, *given, "--dry-run", by=people.client)
    assert "Simulated: it would succeed" in simulated.out
    assert not out.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert chain("review", file, *given, by=people.client, yes=False).code == 1
    assert not out.exists()
    out.write_text("evidence of another dispute")
    chain.refuses(2, "is there already, and may be the evidence of another dispute", "review", file,
                  *given, by=people.client)  # fmt: skip
    assert out.read_text() == "evidence of another dispute"
    out.unlink()
    chain.refuses(2, "cannot be written", "review", file, *given[:4], "--out", tmp_path,
                  by=people.client)  # fmt: skip
    found = chain.ok("review", file, *given, "--json", by=people.client).json
    assert (found["week"], found["contested_units"], found["file"]) == (3, 18, str(out))
    sent = out.read_bytes()
    chain.refuses(9, "it is disputed on chain", "review", file, *given[:2], "--reason", "Other",
                  "--out", out, by=people.client)  # fmt: skip
    assert out.read_bytes() == sent


def test_the_file_of_a_dispute_that_may_have_been_sent_is_kept(
    chain, billed, people, tmp_path, monkeypatch
):
    from milepost.chain.transactions import Call

    file, span = billed
    out = tmp_path / "contested.json"
    given = ("--contest", span, "--reason", "No", "--out", out)

    def crash(*args):
        assert out.exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Call, "submit", crash)
        assert chain("review", file, *given, by=people.client).code == 130
    sent = out.read_bytes()
    chain.ok("review", file, *given, by=people.client)
    assert out.read_bytes() == sent


def change(path, find, new, to):
    to.write_text(path.read_text().replace(find, new, 1))
    return to


@pytest.mark.parametrize(
    ("find", "new", "words"),
    [
        ("Meeting with the bank", "Meeting with a bank", "its leaves do not make its tree"),
        ('"manual"', '"tracked"', "its leaves do not make its tree"),
        ('"week": 3', '"week": 2', "is no segment of week 2"),
        ('"limit": 240', '"limit": 300', "its limit is not"),
        ('"chain_id": 31337', '"chain_id": 1', "on chain 1, and this is agreement 0x"),
        ('"escrow": "0x', '"escrow": "0x1', "which escrow it is for"),
        ('"agreement": "0x', '"agreement": "0xZ', "not a whole file of its kind"),
        ('"milepost week"', '"milepost proof"', "not a whole file of its kind"),
        ("standard-v1", "standard-v2", "its format"),
    ],
)
def test_a_file_that_was_changed(chain, billed, people, tmp_path, node, find, new, words):
    file, _ = billed
    changed = change(file, find, new, tmp_path / "changed.json")
    assert changed.read_bytes() != file.read_bytes()
    number = node.block().number
    for given in ((), ("--approve",), ("--approve", "--sign", "--json")):
        chain.refuses(9, words, "review", changed, *given, by=people.client)
    chain.refuses(9, words, "verify", changed)
    assert node.block().number == number


def test_a_file_of_another_agreement_or_none(chain, billed, people, tmp_path):
    file, _ = billed
    chain.refuses(2, "cannot be read", "review", tmp_path / "missing.json")
    chain.refuses(9, "it is not JSON", "review", chain.file)
    proof = tmp_path / "proof.json"
    day = chain.ok("prove", 3, "--entry", chain.ok("log", "--week", "3", "--json").json["entries"]
                   [0]["id"], "--out", proof)  # fmt: skip
    assert "Saved 18 segments with their proofs" in day.out
    chain.refuses(2, "is a proof of some segments. Ask for the whole week.", "review", proof)
    text = chain.file.read_text()
    chain.file.write_text(text.replace("Backend", "Frontend"))
    chain.refuses(9, "it is for agreement 0x", "review", file, "--approve", by=people.client)


def test_a_week_that_is_not_claimed(chain, fund, worked, people, tmp_path):
    fund("3")
    worked(3)
    file = tmp_path / "week-3.json"
    chain.ok("seal", 3, "--out", file)
    for given in ((), ("--approve",), ("--approve", "--sign", "--json")):
        chain.refuses(9, "Week 3: no submission of it is on chain", "review", file, *given,
                      by=people.client)  # fmt: skip


def test_a_claim_of_other_hours_under_the_same_root(chain, fund, worked, people, escrow, tmp_path):
    fund("3")
    worked(3)
    file = tmp_path / "week-3.json"
    root = chain.ok("seal", 3, "--out", file, "--json").json["root"]
    escrow.submit(terms_of(chain), 2, 40, bytes.fromhex(root[2:])).send(people.freelancer)
    words = "it has 36 segments, and 40 were claimed"
    for given in ((), ("--approve",), ("--approve", "--sign", "--json")):
        chain.refuses(9, words, "review", file, *given, by=people.client)


def test_another_file_says_what_the_client_can_do(chain, billed, people, milepost, tmp_path):
    file, _ = billed
    assert milepost("changes", chain.file, 3, by=people.client).code == 0
    chain.ok("reopen", 3, "--reason", "The client asked for changes")
    chain.ok("bill", 3, by=people.freelancer)
    outcome = chain.refuses(9, "its root is 0x", "review", file)
    assert "Ask the freelancer for the file of what is claimed; " in outcome.err
    assert f"`milepost changes {chain.file} 3` sends the claim back." in outcome.err
    assert "Week 3 is submitted on chain since" in outcome.err


@pytest.mark.parametrize(("by", "units"), [("client", 30), ("freelancer", 6), ("freelancer", 18)])
def test_a_dispute_that_the_command_did_not_make(
    chain, billed, people, escrow, tmp_path, by, units
):
    """Its evidence is the file, and it is about more or less than that shows, or by another."""
    file, _ = billed
    contested = tmp_path / "contested.json"
    week = evidence.read_week(file.read_bytes(), "it", Rules.of(agreement_of(chain)))
    shown = [s.start for s in week.segments if s.kind is Kind.MANUAL]
    proof = replace(weeks.prove(week, shown), reason=f"No{' ' * 90}Claimed: 1 h.")
    contested.write_bytes(evidence.proof_file(proof))
    evidence_hash = keccak256(contested.read_bytes())
    escrow.dispute(terms_of(chain), 2, units, evidence_hash).send(getattr(people, by))
    out = chain.ok("verify", contested).out
    assert "It is the evidence of the dispute in block" in out
    assert "\nContested, because: No Claimed: 1 h.\n" in out
    differs = "But it shows 3 h, which is not what is disputed."
    assert (differs in out) == (units != 18)
    theirs = "The freelancer opened that dispute, so the reason is theirs."
    assert (theirs in out) == (by == "freelancer")
