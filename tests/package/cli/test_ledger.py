"""The ledger's commands and those that ask it, on a local chain."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from milepost.chain.local import _free_port
from milepost.cli.tokens import data_directory
from milepost.ledger.store import Store
from milepost.types import Status

pytestmark = pytest.mark.node


@pytest.fixture
def ledger(run, local_node, escrow):
    """Runs a command that works with the ledger and the node."""

    def call(command, *args):
        words = command.split()
        if words[0] == "ledger" and words[1] != "info":
            args = (*args, "--rpc-url", local_node.url, "--escrow", escrow.address)
        return run(*words, *args)

    return call


@pytest.fixture
def begun(funded, milepost, people):
    """The example, of which the first milestone is submitted."""
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    return funded


def test_sync_reads_what_is_there_and_jobs_lists_it(ledger, begun, people, escrow, node):
    synced = ledger("ledger sync", "--json")
    assert synced.code == 0, synced.err
    assert synced.json["block"] == node.block().number
    assert (synced.json["agreements"], synced.json["events"]) == (1, 2)
    assert synced.json["escrow"] == escrow.address
    (job,) = ledger("jobs", "--json").json["jobs"]
    assert job["open"] == "6000500000"
    assert job["milestones"] == {"1": "submitted", "2": "active", "3": "active"}
    assert job["token"]["symbol"] == "USDP"
    listed = ledger("jobs", "--party", people.client.address)
    assert "you" in listed.out
    assert "1 submitted, 2 active" in listed.out
    assert "6,000.50 USDP" in listed.out
    assert ledger("jobs", "--party", people.stranger.address, "--json").json["jobs"] == []


def test_jobs_of_a_role(ledger, begun, people):
    ledger("ledger sync")
    of = ("--party", people.client.address, "--role")
    assert len(ledger("jobs", *of, "client", "--json").json["jobs"]) == 1
    assert ledger("jobs", *of, "arbiter", "--json").json["jobs"] == []
    assert ledger("jobs", *of, "boss").code == 2
    assert ledger("jobs", "--role", "client").code == 2


def test_jobs_that_are_over_are_left_out(ledger, milepost, begun, people):
    assert milepost("refund", begun, "all", by=people.freelancer).code == 0
    ledger("ledger sync")
    hidden = ledger("jobs")
    assert hidden.out == ""
    assert "--all shows them" in hidden.err
    assert "3 refunded" in ledger("jobs", "--all").out


def test_a_job_by_its_file_its_id_and_the_beginning_of_it(ledger, begun):
    ledger("ledger sync")
    by_file = ledger("job", begun, "--json").json
    assert by_file["title"] == "Website for a bakery"
    assert [m["title"] for m in by_file["milestones"]] == ["Design", "Pages", "Orders"]
    for text in (by_file["agreement"], by_file["agreement"][:8], by_file["agreement"][2:9]):
        by_id = ledger("job", text, "--json").json
        assert by_id["agreement"] == by_file["agreement"]
        assert by_id["history"] == by_file["history"]
    assert [e["event"] for e in by_file["history"]] == ["MilestonesFunded", "MilestoneSubmitted"]
    assert by_file["history"][1]["milestone"] == 1
    assert by_file["history"][0]["amount"] == "6000500000"
    shown = ledger("job", by_file["agreement"]).out
    assert "What happened" in shown
    assert "not final yet" in shown


@pytest.mark.parametrize("text", ["0xzz", "0x", "x" * 70, "0x" + "ab" * 32])
def test_an_unknown_job(ledger, begun, text):
    ledger("ledger sync")
    outcome = ledger("job", text)
    assert outcome.code == 8
    assert "up to block" in outcome.err


def test_without_a_ledger(ledger, run, begun):
    for command in ("jobs", "job 0x12", "ledger info"):
        outcome = ledger(command)
        assert (outcome.code, outcome.out) == (8, "")
        assert "milepost ledger sync" in outcome.err


def test_status_asks_a_ledger_that_is_up_to_date(ledger, milepost, begun, people, tmp_path):
    by_node = milepost("status", begun, "--json").json
    place = tmp_path / "other.db"
    assert ledger("ledger sync", "--ledger", place).code == 0
    by_ledger = milepost("status", begun, "--json", "--ledger", place)
    assert by_ledger.json == by_node
    # With what the chain does not say, to see who answered.
    with Store(place) as store:
        store.write(lambda c, _: c.exec_driver_sql("UPDATE milestones SET status = 9"))
    told = milepost("status", begun, "--json", "--ledger", place).json
    assert {m["status"] for m in told["milestones"]} == {Status.REFUNDED.label}
    # It is behind: the node answers.
    assert milepost("approve", begun, 1, by=people.client).code == 0
    fresh = milepost("status", begun, "--json", "--ledger", place).json
    assert fresh["milestones"][0]["status"] == "approved"


def test_status_asks_the_ledger_where_there_is_no_node(ledger, run, begun):
    ledger("ledger sync")
    outcome = run("status", begun, "--rpc-url", "http://127.0.0.1:1")
    assert outcome.code == 0, outcome.err
    assert "1,500.00 USDP" in outcome.out
    assert "The ledger answers, as of block" in outcome.err


def test_verify_finds_no_difference_and_then_the_one_that_is_made(ledger, begun, tmp_path):
    place = tmp_path / "ledger.db"
    right = ledger("ledger verify", "--ledger", place, "--json")
    assert right.code == 0, right.err
    assert right.json["differences"] == []
    assert right.json["agreements"] == 1
    with Store(place) as store:
        change = "UPDATE milestones SET claimed = 9999 WHERE milestone = 0"
        store.write(lambda c, _: c.exec_driver_sql(change))
    wrong = ledger("ledger verify", "--ledger", place)
    assert wrong.code == 8
    assert "milestone 1, clock" in wrong.out
    assert "milepost ledger rebuild" in wrong.err
    assert ledger("ledger rebuild", "--ledger", place).code == 0
    assert ledger("ledger verify", "--ledger", place).code == 0


def test_verify_says_what_the_contract_holds_beyond(ledger, begun, token, escrow, people):
    token.call("mint", escrow.address, 5).send(people.stranger)
    outcome = ledger("ledger verify")
    assert outcome.code == 0
    assert "5 base units" in outcome.out


def test_rebuild_refuses_another_ledger_and_a_file_of_something_else(ledger, begun, tmp_path):
    other = tmp_path / "other.db"
    with Store(other) as store:
        store.create(31337, b"\x01" * 20, 0)
    before = other.read_bytes()
    outcome = ledger("ledger rebuild", "--ledger", other)
    assert outcome.code == 8
    assert "0x0101" in outcome.err
    assert other.read_bytes() == before
    text = tmp_path / "text.db"
    text.write_text("mine")
    assert ledger("ledger rebuild", "--ledger", text).code == 8
    assert text.read_text() == "mine"


@pytest.mark.parametrize("place", ["mysql://a:secret@b/c", "postgres:/nothing", "://"])
def test_a_place_that_is_none(ledger, run, place):
    outcome = run("ledger", "info", "--ledger", place)
    assert outcome.code in (2, 8)
    assert "secret" not in outcome.err


def test_several_ledgers_are_named(ledger, run, begun, tmp_path):
    ledger("ledger sync")
    place = ledger("ledger info", "--json").json["place"]
    second = place.replace("31337-", "1-")
    with Store(second) as store:
        store.create(1, b"\x02" * 20, 0)
    outcome = run("jobs")
    assert outcome.code == 2
    assert place in outcome.err
    assert second in outcome.err
    assert run("jobs", "--ledger", place).code == 0


@pytest.fixture
def following(local_node, escrow, tmp_path):
    """A `milepost ledger follow` of its own process; `line` waits for what it prints."""
    process = None

    def start(*args, url=local_node.url):
        nonlocal process
        words = ["ledger", "follow", "--rpc-url", url, "--escrow", escrow.address, "--json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "milepost.cli.app", *words, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")},
        )
        for line in process.stderr:
            if "Following" in line:
                return process
        raise AssertionError("it ended")

    yield start
    if process is not None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_follow_tells_events_and_what_is_taken_back(following, milepost, begun, people, node):
    process = following()
    assert milepost("approve", begun, 1, by=people.client).code == 0
    event = json.loads(process.stdout.readline())
    assert (event["event"], event["milestones"], event["is_final"]) == (
        "MilestonesApproved",
        [1],
        False,
    )
    node.w3.provider.make_request("anvil_reorg", [1, []])
    back = json.loads(process.stdout.readline())
    assert back["taken_back"]["transaction"] == event["transaction"]


def test_follow_by_looking_where_the_node_tells_nothing(following, milepost, begun, people):
    process = following("--ws-url", f"ws://127.0.0.1:{_free_port()}")
    assert milepost("approve", begun, 1, by=people.client).code == 0
    began = time.monotonic()
    assert json.loads(process.stdout.readline())["event"] == "MilestonesApproved"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("text", ["x" * 300, "a/" * 3000, "\0"])
def test_a_job_by_what_no_file_can_be_called(ledger, begun, text):
    ledger("ledger sync")
    outcome = ledger("job", text)
    assert (outcome.code, outcome.out) == (8, "")
    assert "up to block" in outcome.err


def test_jobs_are_readable_in_a_narrow_terminal(ledger, begun, people, monkeypatch):
    ledger("ledger sync")
    header, row = ledger("jobs").out.splitlines()
    assert header.split()[:2] == ["job", "since"]
    assert row.endswith(" UTC")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = ledger("jobs").out
    first, *others = narrow.splitlines()
    assert max(map(len, (first, *others))) <= 80
    client, freelancer = (
        f"{a[:6]}…{a[-4:]}" for a in (people.client.address, people.freelancer.address)
    )
    assert f"  client {client}  freelancer {freelancer}" in first
    assert first.split()[0] == row.split()[0]
    assert all(line.startswith("    ") for line in others)
    assert "in the escrow 6,000.50 USDP  milestones 1 submitted, 2 active" in narrow
    assert f"next clock {row[-23:]}" in narrow


def test_a_token_that_nobody_named_stands_with_its_address(ledger, begun, token):
    ledger("ledger sync")
    (job,) = ledger("jobs", "--json").json["jobs"]
    fake = f"USDP ({token.address[:6]}…{token.address[-4:]})"
    for command in (("jobs",), ("job", job["agreement"])):
        shown = ledger(*command).out
        assert "6,000.50 USDP" in shown
        assert fake not in shown
    (data_directory() / "31337.tokens.json").unlink()
    assert f"6,000.50 {fake}" in ledger("jobs").out
    shown = ledger("job", job["agreement"]).out
    assert f"1,500.00 {fake}" in shown
    assert f"6,000.50 {fake} in the escrow" in shown
    assert ledger("jobs", "--json").json["jobs"] == [job]


def test_what_is_not_funded_is_called_so_in_words_and_in_json(ledger, milepost, website, people):
    assert milepost("fund", website, "--milestones", "1", by=people.client).code == 0
    ledger("ledger sync")
    for by_json in (milepost("status", website, "--json"), ledger("job", website, "--json")):
        assert [m["status"] for m in by_json.json["milestones"]][1:] == ["not funded"] * 2
    assert ledger("job", website).out.count(" not funded ") >= 2


def test_a_terminal_of_few_letters_gets_the_rest_as_question_marks(ledger, begun, people, tmp_path):
    ledger("ledger sync")
    ended = subprocess.run(
        [sys.executable, "-m", "milepost.cli.app", "jobs"],
        capture_output=True,
        env={
            **os.environ,
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "PYTHONIOENCODING": "latin-1",
        },
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"6,000.50 USDP" in ended.stdout
    assert people.client.address[:6].encode() + b"?" in ended.stdout
