"""Weeks by their numbers, and how far ahead hourly work is funded, through the command."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milepost.units import DAY, WEEK, format_time

pytestmark = pytest.mark.node

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def days(timestamp):
    return datetime.fromtimestamp(timestamp, UTC).strftime("%A %Y-%m-%d")


def example(name, start, people, path):
    """An example with this chain's people, which begins at `start`."""
    roles = (people.client, people.freelancer, people.freelancer, people.arbiter)
    addresses = iter([r.address for r in roles])
    text = (EXAMPLES / name).read_text()
    text = re.sub(r'"0x[0-9a-fA-F]{40}"', lambda m: f'"{next(addresses)}"', text)
    day = datetime.fromtimestamp(start, UTC).date()
    path.write_text(re.sub(r"(?m)^start: .*$", f"start: {day}", text))
    return path


@pytest.fixture
def monday(node):
    """The Monday of this week, in the chain's time."""
    now = node.block().timestamp
    return now - (now - 4 * DAY) % WEEK


@pytest.fixture
def hours(people, milepost, monday, tmp_path):
    """An hourly agreement in its third week."""
    return example("hourly.yaml", monday - 2 * WEEK, people, tmp_path / "hourly.yaml")


@pytest.fixture
def retainer(people, milepost, node, tmp_path):
    now = node.block().timestamp
    return example("retainer.yaml", now - now % DAY, people, tmp_path / "retainer.yaml")


@pytest.fixture
def sync(run, local_node, escrow):
    """Brings the ledger up to the chain."""

    def call():
        node = ("--rpc-url", local_node.url, "--escrow", escrow.address)
        assert run("ledger", "sync", *node).code == 0

    return call


def runway(milepost, file):
    return milepost("status", file, "--json").json["runway"]


def test_weeks_are_milestones_with_their_days(milepost, hours, people, monday, token, escrow):
    simulated = milepost("fund", hours, "--weeks", "4-5,7", "--dry-run", by=people.client)
    assert (simulated.code, token.balance(escrow.address)) == (0, 0)
    assert "fund weeks 4-5,7, Monday " in simulated.err
    outcome = milepost("fund", hours, "--weeks", "4-5,7", by=people.client)
    assert outcome.code == 0, outcome.err
    first, last = days(monday + WEEK), days(monday + 3 * WEEK - 1)
    other = f"{days(monday + 4 * WEEK)} to {days(monday + 5 * WEEK - 1)}"
    assert first.startswith("Monday")
    assert last.startswith("Sunday")
    assert f"fund weeks 4-5,7, {first} to {last} and {other} UTC, as an offer" in outcome.err
    assert "pays 7,200.00 USDP into the escrow" in outcome.err
    assert "Warning: week" not in outcome.err
    assert token.balance(escrow.address) == 7_200_000_000
    accepted = milepost("accept", hours, "--weeks", "4-5", by=people.freelancer)
    assert f"accept weeks 4-5, {first} to {last} UTC" in accepted.err
    found = milepost("status", hours, "--json").json
    assert {m["number"]: m["status"] for m in found["milestones"]} == {
        4: "active", 5: "active", 7: "offered",
    }  # fmt: skip


def test_weeks_that_have_begun_or_are_over(milepost, hours, people):
    outcome = milepost("fund", hours, "--weeks", "1-4", by=people.client)
    assert outcome.code == 0, outcome.err
    assert "Warning: weeks 1-2 are over already, at " in outcome.err
    assert "Warning: week 3 has begun already, at " in outcome.err
    assert outcome.err.count("before it was funded can be claimed, too") == 2
    # By its other name, and again: the contract says what it will not take.
    again = milepost("fund", hours, "--milestones", "2", by=people.client)
    assert again.code == 5
    assert "Warning: week 2 is over already" in again.err


def test_a_signature_of_weeks(milepost, hours, people, monday, tmp_path):
    path = tmp_path / "authorization.json"
    given = ("--weeks", "3-4", "--sign", "--out", path)
    signed = milepost("fund", hours, *given, by=people.client)
    assert signed.code == 0, signed.err
    assert f"fund weeks 3-4, {days(monday)} to {days(monday + 2 * WEEK - 1)} UTC" in signed.err
    assert "Warning: week 3 has begun" in signed.err
    for option in (("--weeks", "3-4"), ("--milestones", "3-4")):
        carried = milepost("fund", hours, "--authorization", path, *option, by=people.stranger)
        assert carried.code == 2
        assert "The authorisation says which milestones" in carried.err
    carried = milepost("fund", hours, "--authorization", path, by=people.stranger)
    assert carried.code == 0, carried.err
    assert runway(milepost, hours)["offered"] == [3, 4]


@pytest.mark.parametrize("command", ["fund", "accept"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--weeks", "3", "--milestones", "3"), "Give --weeks or --milestones, not both."),
        (("--weeks", "3", "--milestones", "all"), "not both"),
        (("--weeks", "all"), 'Name the weeks, like "3-6": there are 64.'),
        (("--weeks", "0"), '"0"'),
        (("--weeks", "6-3"), "upwards"),
        (("--weeks", "65"), "only 64"),
        (("--weeks", ""), "like 1,3-5"),
        (("--weeks", "\x1b[2J"), "like 1,3-5"),
    ],
)
def test_what_weeks_refuse(milepost, hours, people, node, command, given, message):
    before = node.block().number
    outcome = milepost(command, hours, *given, by=people.client)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert "\x1b" not in outcome.err
    assert node.block().number == before


@pytest.mark.parametrize("command", ["fund", "accept"])
def test_weeks_are_of_hourly_work(milepost, website, retainer, people, command):
    fixed = milepost(command, website, "--weeks", "1", by=people.client)
    assert (fixed.code, fixed.out) == (2, "")
    assert "this is fixed price: it has milestones only. Use --milestones." in fixed.err
    monthly = milepost(command, retainer, "--weeks", "1", by=people.client)
    assert (monthly.code, monthly.out) == (2, "")
    assert "this is retainer: its periods are of 30 days. Use --milestones." in monthly.err


def test_a_retainer_by_its_milestones(milepost, retainer, people):
    outcome = milepost("fund", retainer, "--milestones", "1-2", by=people.client)
    assert outcome.code == 0, outcome.err
    assert re.search(r"fund milestones 1-2, \w+day [\d-]+ to \w+day [\d-]+ UTC, as", outcome.err)
    assert "Warning: milestone 1 has begun already" in outcome.err
    shown = milepost("status", retainer).out
    assert "Funded ahead: milestones 1-2, until " in shown
    assert "Nobody protects work after that." in shown
    assert "milepost accept FILE --milestones 1-2\n" in shown
    assert "milepost fund FILE --milestones 3 (800.00 USDP)" in shown


def test_status_says_how_far_ahead(milepost, run, hours, people, monday, sync, website):
    shown = milepost("status", hours).out
    assert "Funded ahead: nothing. Nobody protects hours in week 3, which began at " in shown
    assert "To fund more, as the client: milepost fund FILE --weeks 3-6 (9,600.00 USDP)" in shown
    assert milepost("fund", hours, "--weeks", "3-5,8", by=people.client).code == 0
    assert milepost("accept", hours, "--weeks", "3-4,8", by=people.freelancer).code == 0
    sync()
    until, safe = monday + 3 * WEEK, monday + 2 * WEEK
    for outcome in (milepost("status", hours), run("job", hours)):
        text = outcome.out
        assert re.search(
            rf"Funded ahead: weeks 3-5, until {format_time(until)} \([^)]+\)\. "
            r"Nobody protects hours after that\.",
            text,
        )
        assert "Only offered: week 5. Until the freelancer accepts, nobody protects hours" in text
        assert f"Protected without a hole: weeks 3-4, until {format_time(safe)}." in text
        assert "Funded again behind that hole: week 8." in text
        assert "To accept, as the freelancer: milepost accept FILE --weeks 5\n" in text
        assert "To fund more, as the client: milepost fund FILE --weeks 6-7 (4,800.00" in text
    expected = {
        "current": 3,
        "funded": [3, 4, 5],
        "until": until,
        "offered": [5],
        "asked_back": [],
        "claimed": [],
        "protected": [3, 4],
        "protected_until": safe,
        "missing": 6,
        "funded_later": [8],
        "fundable": [6, 7],
        "amount_per_period": "2400000000",
        "commands": ["milepost accept FILE --weeks 5", "milepost fund FILE --weeks 6-7"],
    }
    assert runway(milepost, hours) == expected
    assert run("job", hours, "--json").json["runway"] == expected
    assert runway(milepost, website) is None
    assert "Funded ahead" not in milepost("status", website).out


def test_a_week_that_was_given_back(milepost, hours, people):
    assert milepost("fund", hours, "--weeks", "3-5", by=people.client).code == 0
    assert milepost("accept", hours, "--weeks", "3-5", by=people.freelancer).code == 0
    assert milepost("refund", hours, "4", by=people.freelancer).code == 0
    assert milepost("request-refund", hours, "3", by=people.client).code == 0
    shown = milepost("status", hours).out
    assert "Funded ahead: week 3, until " in shown
    assert "Asked back by the client: week 3. Without an answer in time" in shown
    assert "Week 4 is refunded: nothing more of it can be claimed, and it cannot be fun" in shown
    assert "Funded again behind that hole: week 5." in shown
    assert "milepost fund FILE --weeks 6-9" in shown
    # What it proposes, the contract takes; what it calls closed, the contract refuses.
    assert milepost("fund", hours, "--weeks", "6-9", by=people.client).code == 0
    assert milepost("fund", hours, "--weeks", "4", by=people.client).code == 5


def test_a_week_that_is_asked_back_or_claimed_protects_no_more_hours(
    milepost, run, hours, people, monday, sync, pass_time
):
    assert milepost("fund", hours, "--weeks", "3-5", by=people.client).code == 0
    assert milepost("accept", hours, "--weeks", "3-5", by=people.freelancer).code == 0
    assert milepost("request-refund", hours, "4", by=people.client).code == 0
    found = runway(milepost, hours)
    assert (found["funded"], found["protected"]) == ([3, 4, 5], [3])
    assert (found["asked_back"], found["protected_until"]) == ([4], monday + WEEK)
    sync()
    (told,) = run("due", "--json").json["protection_ends"]
    assert (told["at"], told["is_over"]) == (monday + WEEK, False)
    mine = run("due", "--party", people.client.address).out
    assert ", week 4 asked back, week 3 is the last one protected before a hole\n" in mine
    # An answer claims what there is of the week, and no more of it can be claimed.
    answered = milepost("submit", hours, "4", "--hours", "1", by=people.freelancer)
    assert answered.code == 0, answered.err
    found = runway(milepost, hours)
    assert (found["claimed"], found["protected"]) == ([4], [3])
    shown = milepost("status", hours).out
    assert "Claimed before the end: week 4. Nobody protects hours there beyond the claim." in shown
    assert f"Protected without a hole: week 3, until {format_time(monday + WEEK)}." in shown
    # A request that nobody answered in time: the current week can be refunded by anybody.
    assert milepost("request-refund", hours, "3", by=people.client).code == 0
    pass_time(8 * DAY)
    assert milepost("submit", hours, "3", "--hours", "1", by=people.freelancer).code == 5
    assert runway(milepost, hours)["protected"] == []


def test_all_of_metered_work_is_the_first_period(milepost, hours, people, token, escrow):
    for given in ("all", "ALL", " All "):
        outcome = milepost("fund", hours, "--milestones", given, "--dry-run", by=people.client)
        assert "fund week 1, Monday " in outcome.err


def test_due_says_where_protection_ends(
    milepost, run, hours, people, monday, sync, pass_time, node, tmp_path
):
    client, freelancer = people.client.address, people.freelancer.address
    assert milepost("fund", hours, "--weeks", "3-4", by=people.client).code == 0
    sync()
    assert "funded" not in run("due").out  # an offer alone is no running job
    assert milepost("accept", hours, "--weeks", "3-4", by=people.freelancer).code == 0
    sync()
    end = monday + 2 * WEEK
    mine, yours = run("due", "--party", client).out, run("due", "--party", freelancer).out
    assert mine.startswith(format_time(end))
    assert ", fund more, week 4 is the last one funded\n" in mine
    assert "  No clock of the contract runs out and no money moves, but nobody protects" in mine
    assert "  To fund more, as the client: milepost fund FILE --weeks 5-8 (9,600.00 U" in mine
    assert ", do not work unprotected, week 4 is the last one funded\n" in yours
    assert run("due", "--party", people.arbiter.address).out == ""
    assert ", week 4 is the last one funded\n" in run("due").out
    (found,) = run("due", "--json").json["protection_ends"]
    assert (found["at"], found["is_over"]) == (end, False)
    assert found["runway"]["protected"] == [3, 4]
    assert (found["token"]["symbol"], found["token"]["decimals"]) == ("USDP", 6)
    assert run("due", "--ics", tmp_path / "due.ics", "--json").json["entries"] == 3
    # Once more is offered, it is the freelancer's turn.
    assert milepost("fund", hours, "--weeks", "5", by=people.client).code == 0
    sync()
    assert ", accept week 5, week 4 is the last one" in run("due", "--party", freelancer).out
    assert ", week 5 not accepted yet, week 4 is the" in run("due", "--party", client).out
    pass_time(end - node.block().timestamp)
    sync()
    over = run("due", "--party", client).out
    assert ", over\n" in over
    assert "week 4 was the last one accepted" in over
    (found,) = run("due", "--json").json["protection_ends"]
    assert (found["at"], found["is_over"], found["runway"]["current"]) == (end, True, 5)
    pass_time(WEEK)
    sync()
    assert "the last one" not in run("due", "--party", client).out


def test_a_replaced_agreement_reminds_of_nothing(
    milepost, run, hours, website, people, sync, tmp_path
):
    assert milepost("fund", hours, "--weeks", "3-4", by=people.client).code == 0
    assert milepost("accept", hours, "--weeks", "3-4", by=people.freelancer).code == 0
    signed = tmp_path / "amendment.json"
    given = ("--end", "4", "--fund", "1", "--sign", "--out", signed)
    outcome = milepost("amend", hours, website, *given, by=people.freelancer)
    assert outcome.code == 0, outcome.err
    outcome = milepost("amend", hours, website, "--amendment", signed, by=people.client)
    assert outcome.code == 0, outcome.err
    sync()
    assert run("due", "--json").json["protection_ends"] == []
    for outcome in (run("job", hours), milepost("status", hours)):
        assert "Funded ahead: week 3, until " in outcome.out
        assert "To fund more" not in outcome.out
    for found in (run("job", hours, "--json"), milepost("status", hours, "--json")):
        assert found.json["runway"]["protected"] == [3]
        assert found.json["runway"]["commands"] == []


def test_an_old_answer_of_the_ledger_says_so(milepost, run, hours, people, sync, node, monkeypatch):
    assert milepost("fund", hours, "--weeks", "3", by=people.client).code == 0
    sync()
    now = node.block().timestamp
    assert "Warning: the ledger is" not in run("job", hours).err
    monkeypatch.setattr(time, "time", lambda: now + 9 * DAY)
    away = ("--rpc-url", "http://127.0.0.1:9")
    for outcome in (run("job", hours), run("job", hours, "--json"), run("status", hours, *away)):
        assert outcome.code == 0, outcome.err
        assert "Warning: the ledger is 9 days old." in outcome.err


def test_hours_of_a_month(milepost, run, hours, people, node, sync, tmp_path):
    assert milepost("fund", hours, "--weeks", "1-2", by=people.client).code == 0
    assert milepost("accept", hours, "--weeks", "1-2", by=people.freelancer).code == 0
    for week, worked in ((1, "31.5"), (2, "8")):
        submitted = milepost("submit", hours, week, "--hours", worked, by=people.freelancer)
        assert submitted.code == 0, submitted.err
        assert milepost("approve", hours, week, by=people.client).code == 0
        assert milepost("claim", hours, week, by=people.stranger).code == 0
    sync()
    month = format_time(node.block().timestamp)[:7]
    of = ("statement", "--party", people.freelancer.address, "--zone", "UTC")
    shown = run(*of, "--month", month)
    assert shown.code == 0, shown.err
    header, first, second, _, names, total = shown.out.splitlines()
    assert header.split()[-2:] == ["hours", "rate"]
    assert first.split()[-4:] == ["1,890.00", "USDP", "31:30", "60.00"]
    assert second.split()[-4:] == ["480.00", "USDP", "8:00", "60.00"]
    assert names.endswith("hours  for hours")
    assert total.split()[-2:] == ["39:30", "2,370.00"]
    record = run(*of, "--month", month, "--json").json
    assert [(r["minutes"], r["rate"]) for r in record["rows"]] == [
        (1890, "60000000"),
        (480, "60000000"),
    ]
    assert record["totals"][0]["for_hours"] == "2370000000"
    assert run(*of, "--month", "1999-01", "--json").json["rows"] == []
    client = run("statement", "--party", people.client.address, "--month", month).out
    assert "hours" not in client


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--month", "2026-13"), "is no month such as 2026-12"),
        (("--month", "December"), "is no month such as 2026-12"),
        (("--month", "2026-12", "--year", "2026"), "Give a month, a year, or the days"),
        (("--month", "2026-12", "--since", "2026-12-02"), "Give a month, a year, or the days"),
        (("--month", "2026-12", "--until", "2026-12-02"), "Give a month, a year, or the days"),
    ],
)
def test_months_that_are_none(run, milepost, people, sync, given, message):
    sync()
    outcome = run("statement", "--party", people.client.address, *given)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
