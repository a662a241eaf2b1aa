"""`milepost due`: clocks, what to do, and a calendar of them."""

import re
import shlex
import time
from types import SimpleNamespace

import pytest
import typer
from icalendar import Calendar
from typer.main import get_command

from milepost.cli import app, due
from milepost.ledger import outlook
from milepost.presets import Parties, fixed_price, hourly
from milepost.types import ZERO_ADDRESS, Status
from milepost.units import DAY, HOUR
from tests.package.ledger import test_words as made

WORK = "1,500.00 USDP"


@pytest.fixture
def read(run, local_node, escrow):
    """Brings the ledger up to the chain."""

    def call():
        node = ("--rpc-url", local_node.url, "--escrow", escrow.address)
        assert run("ledger", "sync", *node).code == 0

    return call


@pytest.fixture
def submitted(funded, milepost, people, read):
    """The example, with its first milestone submitted and the refund of the second requested."""
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    assert milepost("request-refund", funded, 2, by=people.client).code == 0
    read()
    return funded


@pytest.mark.node
def test_every_clock_with_what_comes(run, submitted, people, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        outcome = run("due", "--party", people.client.address)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert outcome.code == 0, outcome.err
    refund, review, *_ = outcome.out.split("\n\n")
    assert " UTC (" in review
    assert re.search(r" JST\), (13 days 23 hours 5\d minutes|14 days) left", review)
    assert refund.splitlines()[0].endswith(" left")
    assert ", milestone 1, submitted: waits for the client, you" in review
    assert f"waits for the freelancer, {people.freelancer.address}" in refund
    assert f"anybody can claim {WORK} for the freelancer" in review
    assert "if nobody acts: from " in refund
    assert "anybody can refund 2,500.00 USDP to the client" in refund
    assert outcome.err.startswith("2 clocks at block ")
    assert "Warning" not in outcome.err


@pytest.mark.node
def test_what_the_party_has_to_do(run, submitted, people):
    client = run("due", "--party", people.client.address).out.partition("For you to do now")[2]
    assert ", milestone 1, submitted, until 2" in client
    assert "  milepost approve FILE 1\n  milepost changes FILE 1" in client
    assert "milestone 2" not in client
    freelancer = run("due", "--party", people.freelancer.address).out
    freelancer = freelancer.partition("For you to do now")[2]
    assert "milestone 2, refund requested, until" in freelancer
    assert ", milestone 3, active\n  milepost submit FILE 3" in freelancer
    assert "For you" not in run("due", "--party", people.arbiter.address).out
    assert "For you" not in run("due").out
    assert run("due", "--party", people.stranger.address).out == ""


@pytest.mark.node
def test_an_offer_of_metered_work_can_be_accepted_at_once(
    run, escrow, people, token, node, read, tmp_path
):
    start = node.block().timestamp
    weeks = hourly(people.parties(token.address), rate=1_000_000, hours_per_week=9, start=start)
    escrow.fund(weeks, [0]).send(people.client)
    read()
    outcome = run("due", "--party", people.freelancer.address)
    needed = outcome.out.partition("For you to do now")[2]
    assert ", milestone 1, offered\n  milepost accept FILE --milestones 1" in needed
    # When it could be claimed is nothing to plan with before it is accepted.
    saved = run("due", "--ics", tmp_path / "due.ics", "--json").json
    assert saved["entries"] == 0
    escrow.accept(weeks, [0]).send(people.freelancer)
    read()
    found = run("due", "--party", people.freelancer.address).out
    assert "do not work unprotected, week 1 is the last one funded" in found
    assert "For you to do now" not in found
    # When it can be claimed, and when what is protected ends.
    assert run("due", "--ics", tmp_path / "due.ics", "--json").json["entries"] == 2


@pytest.mark.node
def test_a_dispute_without_an_arbiter_is_for_the_two(run, escrow, people, token, read, pass_time):
    parties = Parties(people.client.address, people.freelancer.address, token.address)
    terms = fixed_price(parties, [5_000_000])
    escrow.fund(terms, [0], escrow.sign_terms(people.freelancer, terms)).send(people.client)
    escrow.submit(terms, 0).send(people.freelancer)
    escrow.dispute(terms, 0, 10_000).send(people.client)
    read()
    for who in (people.client, people.freelancer):
        outcome = run("due", "--party", who.address)
        found, needed = outcome.out.split("For you to do now")
        other = people.freelancer if who is people.client else people.client
        assert ", you" in found
        assert other.address in found
        assert ", milestone 1, disputed, until 2" in needed
        assert "  milepost offer FILE 1 --to-freelancer AMOUNT" in needed
        record = run("due", "--party", who.address, "--json").json
        assert [d["awaited"] for d in record["due"] + record["needs"]] == [None, None]
        assert record["due"][0]["address"] is None
    nobody = run("due", "--party", ZERO_ADDRESS, "--json").json
    assert nobody["due"] == nobody["needs"] == []
    pass_time(60 * DAY)
    read()
    needed = run("due", "--party", people.client.address).out.partition("For you to do now")[2]
    assert ", milestone 1, disputed\n  milepost lapse FILE 1" in needed


@pytest.mark.node
def test_what_passed_can_be_collected(run, submitted, people, pass_time, read):
    pass_time(15 * DAY)
    read()
    outcome = run("due", "--party", people.freelancer.address)
    assert ", over\n" in outcome.out
    assert "waits for anybody" in outcome.out
    needed = outcome.out.partition("For you to do now")[2]
    assert "milepost claim FILE 1" in needed
    assert "milepost refund FILE 2" not in needed


@pytest.mark.node
def test_json(run, submitted, people, node):
    outcome = run("due", "--json", "--party", people.client.address)
    found = outcome.json
    assert found["block"] == node.block().number
    assert found["timestamp"] == node.block().timestamp
    assert found["seconds_old"] < HOUR
    assert [d["milestone"] for d in found["due"]] == [2, 1]
    review = found["due"][1]
    assert (review["status"], review["awaited"]) == ("submitted", "client")
    assert review["address"] == people.client.address
    assert 13 * DAY < review["seconds_left"] <= 14 * DAY
    assert review["if_nobody_acts"]["to_freelancer"] == "1500000000"
    assert review["if_nobody_acts"]["command"] == "milepost claim FILE 1"
    assert [d["milestone"] for d in found["needs"]] == [1]
    assert "needs" not in run("due", "--json").json


@pytest.mark.node
def test_an_old_ledger_says_so(run, submitted, monkeypatch, node):
    def at(seconds):
        clock = SimpleNamespace(time=lambda: node.block().timestamp + seconds)
        monkeypatch.setattr(due, "time", clock)
        return run("due")

    assert "Warning" not in at(HOUR).err
    assert "Warning: the ledger is 1 hour old." in at(HOUR + 1).err
    outcome = at(14 * DAY - 90 * 60)
    assert "Warning: the ledger is 13 days 22 hours 30 minutes old" in outcome.err
    # What is left is left by the machine's clock, and only a block says that nothing is.
    refund, review = outcome.out.strip().split("\n\n")
    assert ", over\n" in refund
    assert "waits for the freelancer" in refund
    assert review.splitlines()[0].endswith(" minutes left")
    assert at(14 * DAY).out.count(", over\n") == 2


@pytest.mark.node
def test_no_clock(run, funded, read):
    read()
    outcome = run("due")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("0 clocks at block ")


def test_without_a_ledger(run):
    assert run("due").code == 8
    assert run("due", "--party", "0x12").code == 2


@pytest.mark.node
def test_a_calendar(run, submitted, people, tmp_path, capsys):
    path = tmp_path / "due.ics"
    outcome = run("due", "--party", people.client.address, "--ics", path)
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"Saved 2 entries to {path}.\n"
    found = Calendar.from_ical(path.read_bytes())
    summaries = [str(e["summary"]) for e in found.walk("VEVENT")]
    assert summaries == [
        "Milepost: freelancer must answer milestone 2 or 2,500.00 USDP is refunded",
        "Milepost: client must answer milestone 1 or 1,500.00 USDP is paid",
    ]
    printed = run("due", "--party", people.client.address, "--ics", "-")
    assert printed.out.replace("\r\n", "\n").encode() == path.read_bytes().replace(b"\r\n", b"\n")
    assert [p.name for p in tmp_path.glob("*due*")] == ["due.ics"]
    path.chmod(0o640)
    saved = run("due", "--ics", path, "--json").json
    assert saved == {"file": str(path), "entries": 2}
    assert path.stat().st_mode & 0o777 == 0o640
    assert run("due", "--ics", "-", "--json").code == 2
    nowhere = run("due", "--ics", tmp_path / "no" / "due.ics")
    assert nowhere.code == 2
    assert "cannot be written: No such file" in nowhere.err
    assert run("due", "--ics", "/dev/null").code == 0


def parsed(line):
    """What a command line gives its command."""
    group, (_, name, *words) = get_command(app.app), shlex.split(line)
    command = group.get_command(typer.Context(group), name)
    with command.make_context(name, words) as context:
        return context.params


@pytest.mark.parametrize("status", [s for s in Status if s and not s.is_final])
def test_the_commands_that_are_told_are_commands(status):
    for is_late in (False, True):
        found = made.due(status, is_late=is_late)
        commands = [*outlook.answers(found), outlook.execution(found)]
        assert any(commands)
        for line in filter(None, commands):
            assert parsed(line)


def test_the_commands_that_protect_for_longer_are_commands():
    found = [outlook.steps(made.run_of(t)) for t in ("aoo", "a", "a.a")]
    for line in (command for commands in found for command in commands.values()):
        assert parsed(line)["weeks"]
