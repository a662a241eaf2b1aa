"""`milepost diary prove` and `verify`."""

import json
import subprocess

import pytest

from milepost.chain.local import find_program
from milepost.cli.diary import book
from milepost.diary.diary import Diary
from tests.package.cli.diary.conftest import ESCROW, moment


@pytest.fixture
def sealed(sealable, tmp_path):
    sealable.ok("seal", 1, "--out", tmp_path / "week-1.json")
    return sealable


def starts(content):
    return [int(s["value"][0]) for s in json.loads(content)["segments"]]


def test_an_entry_a_day_and_single_segments(sealed, tmp_path):
    entries = sealed.ok("log", "--week", "1", "--json").json["entries"]
    out = sealed.ok("prove", 1, "--entry", entries[1]["id"][:6]).out
    assert starts(out) == list(range(moment("2026-12-02 14:00"), moment("2026-12-02 15:30"), 600))
    assert "Order endpoint" not in out
    assert starts(sealed.ok("prove", 1, "--day", "2026-12-01").out) == list(
        range(moment("2026-12-01 09:00"), moment("2026-12-01 11:00"), 600)
    )
    path = tmp_path / "proof.json"
    given = ("--segment", "2026-12-01 09:14", "--segment", "2026-12-02 14:00", "--out", path)
    outcome = sealed.ok("prove", 1, *given)
    assert outcome.out == f"Saved 2 segments with their proofs to {path}.\n"
    assert starts(path.read_text()) == [moment("2026-12-01 09:10"), moment("2026-12-02 14:00")]
    found = sealed.ok("prove", 1, *given, "--json").json
    assert (found["segments"], found["file"]) == (2, str(path))
    assert found["root"] == json.loads(path.read_text())["root"]


@pytest.mark.parametrize(
    ("code", "words", "given"),
    [
        (2, "Give one of --entry, --day and --segment", (1,)),
        (2, "Give one of", (1, "--day", "2026-12-01", "--entry", "ab")),
        (2, "is not a day such as", (1, "--day", "Tuesday")),
        (2, "is not a day such as", (1, "--day", "9999-12-31")),
        (2, "is no time", (1, "--segment", "soon")),
        (9, "no segment begins at 2026-12-01 20:00:00 UTC", (1, "--segment", "2026-12-01 21:04")),
        (9, "no segment begins", (1, "--segment", "2026-12-01 09:00", "--segment", "21:04")),
        (9, "nothing of it was chosen", (1, "--day", "2026-12-05")),
        (9, "No entry zzz", (1, "--entry", "zzz")),
        (9, "Week 2: it is not sealed, so nothing proves it yet", (2, "--day", "2026-12-08")),
        (2, "cannot be written", (1, "--day", "2026-12-01", "--out", "missing/proof.json")),
    ],
)
def test_what_cannot_be_proved(sealed, code, words, given):
    sealed.refuses(code, words, "prove", *given)


def test_the_own_diary_without_a_claim(sealed):
    outcome = sealed.ok("verify")
    assert outcome.out == (
        "5 records in 1 log, every one whole; 2 entries, and none overlaps another.\n"
        "Week 1: 3 h 30 min, the records lead to its root, which is not billed.\n"
    )
    found = sealed.ok("verify", "--json").json
    assert (found["records"], found["torn"]) == (5, [])
    assert [(w["week"], w["units"], w["on_chain"]) for w in found["weeks"]] == [(1, 21, None)]


def test_what_a_crash_left_and_what_somebody_changed(sealed):
    [log] = [p for p in sealed.logs() if p.suffix == ".log"]
    whole = log.read_bytes()
    log.write_bytes(whole + b'0123 {"n"')
    assert "A crash left in" in sealed.ok("verify").out
    log.write_bytes(whole.replace(b"Call about", b"Talk about"))
    sealed.refuses(9, "Line 4 of the diary's log", "verify")


def test_what_came_after_the_seal(sealed, tmp_path, monkeypatch):
    """Another machine worked in the week, and was merged when it was sealed."""
    log = tmp_path / "laptop.log"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "laptop"))
    sealed.at("2026-12-03 12:00").ok("add", "10:00", "11:00", "On the laptop")
    sealed.ok("export", "--to", "log", "--out", log)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    sealed.ok("merge", log)
    assert "; 1 h came after the seal and are not in it.\n" in sealed.ok("verify").out


@pytest.mark.parametrize("option", ["--answer", "--save-answer", "--capture"])
def test_options_that_go_with_evidence(sealed, tmp_path, option):
    words = "--answer, --save-answer and --capture go with a week or a proof"
    sealed.refuses(2, words, "verify", option, tmp_path / "x.json")
    log = tmp_path / "own.log"
    sealed.ok("export", "--to", "log", "--out", log)
    sealed.refuses(2, words, "verify", log, option, tmp_path / "x.json")


def test_what_is_no_evidence(sealed, tmp_path):
    sealed.refuses(2, "cannot be read", "verify", tmp_path / "missing.json")
    words = "it is no week, proof or log of a diary"
    sealed.refuses(9, words, "verify", sealed.file)
    for content in (b"", b"{}", b'{"kind": "milepost approval"}', b"\xff\n", b"[" * 100_000):
        (tmp_path / "odd.json").write_bytes(content)
        sealed.refuses(9, words, "verify", tmp_path / "odd.json")


def test_nobody_answers(sealed, tmp_path):
    week = tmp_path / "week-1.json"
    sealed.refuses(4, "No answer from http://127.0.0.1:1", "verify", week)
    sealed.refuses(2, "cannot be read", "verify", week, "--answer", tmp_path / "missing.json")
    (tmp_path / "odd.json").write_text("[1]")
    words = "odd.json is no answer of a node"
    sealed.refuses(2, words, "verify", week, "--answer", tmp_path / "odd.json")
    (tmp_path / "odd.json").write_text("[]")
    words = "Week 1: no submission of it is in odd.json, for this escrow and agreement"
    sealed.refuses(9, words, "verify", week, "--answer", tmp_path / "odd.json")


def test_evidence_for_another_escrow(sealed, tmp_path):
    week, other = tmp_path / "week-1.json", "0x" + "22" * 20
    outcome = sealed.refuses(9, "week-1.json does not hold: it is for agreement 0x", "verify", week,
                             "--escrow", other)  # fmt: skip
    assert f"at {ESCROW} on chain 31337, and this is agreement 0x" in outcome.err
    assert f"at {other} on chain 31337" in outcome.err


@pytest.fixture
def offline(chain, billed, tmp_path, monkeypatch):
    """The week of `billed` and what the node said of it; then the node is gone."""
    file, _ = billed
    saved = tmp_path / "saved.json"
    outcome = chain.ok("verify", file, "--save-answer", saved)
    assert outcome.out.startswith("week-3.json holds: 6 h of week 3, under the root that was")
    transaction = json.loads(saved.read_text())[0]["transactionHash"]
    url = chain.options[-1]
    chain.options = (*chain.options[:2], "--rpc-url", "http://127.0.0.1:1")
    return chain, file, saved, transaction, url


@pytest.mark.node
def test_an_answer_that_was_saved(offline, tmp_path):
    chain, file, saved, transaction, _ = offline
    outcome = chain.ok("verify", file, "--answer", saved)
    assert outcome.out.startswith("week-3.json holds: 6 h of week 3, under the root that was")
    found = chain.ok("verify", file, "--answer", saved, "--json").json
    assert (found["transaction"], found["claimed_units"], found["holds"]) == (transaction, 36, True)
    proof = tmp_path / "proof.json"
    day = book.local_day(chain.now - 6 * 86_400, book.zone_of("UTC"))
    chain.ok("prove", 3, "--day", day, "--out", proof)
    text = chain.ok("verify", proof, "--answer", saved).out
    assert text.startswith("proof.json holds: 3 h of week 3, under the root that was submitted in")
    assert text.splitlines()[0].endswith(", as saved.json says.")
    assert text.endswith(f"  {day} 14:00-17:00  manual  hand  Meeting with the bank\n")
    words = "Give --answer or --save-answer, not both"
    chain.refuses(2, words, "verify", file, "--answer", saved, "--save-answer", saved)


@pytest.mark.node
def test_answers_as_other_programs_write_them(offline, tmp_path):
    chain, file, saved, transaction, url = offline
    cast = find_program("cast")
    receipt = tmp_path / "receipt.json"
    words = [cast, "receipt", "--json", "--rpc-url", url, transaction]
    receipt.write_bytes(subprocess.run(words, capture_output=True, check=True).stdout)
    found = chain.ok("verify", file, "--answer", receipt, "--json").json
    assert found["transaction"] == transaction
    envelope = tmp_path / "envelope.json"
    for result in (json.loads(saved.read_text()), json.loads(receipt.read_text())):
        envelope.write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))
        assert chain.ok("verify", file, "--answer", envelope, "--json").json == found


@pytest.mark.node
def test_answers_that_do_not_prove_it(offline, tmp_path):
    chain, file, saved, _, _ = offline
    [log] = json.loads(saved.read_text())
    changed = tmp_path / "changed.json"

    def put(**fields):
        changed.write_text(json.dumps([{**log, **fields}]))

    put(data=log["data"][:-1] + ("0" if log["data"][-1] != "0" else "1"))
    chain.refuses(9, "its root is 0x", "verify", file, "--answer", changed)
    put(data="0x" + (35).to_bytes(32, "big").hex() + log["data"][66:])
    chain.refuses(9, "it has 36 segments, and 35 were claimed", "verify", file, "--answer", changed)
    put(data=log["data"][:-2])
    assert chain("verify", file, "--answer", changed).code == 4
    nothing = "no submission of it is in changed.json"
    put(address="0x" + "22" * 20)
    chain.refuses(9, nothing, "verify", file, "--answer", changed)
    put(topics=[log["topics"][0], "0x" + "33" * 32, log["topics"][2]])
    chain.refuses(9, nothing, "verify", file, "--answer", changed)
    put(topics=[log["topics"][0], log["topics"][1], "0x" + "00" * 32])
    chain.refuses(9, nothing, "verify", file, "--answer", changed)
    put(blockNumber=None)
    chain.refuses(2, "is no answer of a node", "verify", file, "--answer", changed)
    changed.write_text('{"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}}')
    chain.refuses(2, "is no answer of a node", "verify", file, "--answer", changed)


@pytest.mark.node
def test_the_own_diary_beside_the_chain(chain, billed):
    found = chain.ok("verify", "--json").json["weeks"]
    assert found[0]["on_chain"] > 0
    submitted = f"which was submitted in block {found[0]['on_chain']}.\n"
    text = f"Week 3: 6 h, the records lead to its root, {submitted}"
    assert text in chain.ok("verify").out
    chain.refuses(4, "No answer from", "verify", "--rpc-url", "http://127.0.0.1:1")


@pytest.mark.node
def test_a_claim_whose_transaction_the_node_does_not_know(chain, fund, worked, people, monkeypatch):
    """As after a reorganisation, which put the claim into the chain by another one."""
    fund("3")
    worked(3)
    chain.ok("seal", 3)
    note = Diary.bill
    with monkeypatch.context() as patch:
        patch.setattr(Diary, "bill", lambda diary, now, seal, _: note(diary, now, seal, bytes(32)))
        chain.ok("bill", 3, by=people.freelancer)
    assert "which was submitted in block" in chain.ok("verify").out
