"""Calendars of deadlines, as another program reads them."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from milepost.chain.logs import LogReader
from milepost.errors import ExtraMissing
from milepost.ledger.deadlines.calendar import calendar
from milepost.ledger.reads import Ledger, Moment
from milepost.ledger.store import Store
from milepost.ledger.sync import Syncer
from milepost.presets import fixed_price, hourly
from milepost.types import Clock, Status
from milepost.units import DAY, HOUR, WEEK
from tests.package.ledger.test_words import (
    CLIENT,
    FREELANCER,
    HOSTILE,
    MONDAY,
    NOW,
    PARTIES,
    due,
    end_of,
)

MOMENT = Moment(block=7, timestamp=NOW + 60, final_block=3)


def parsed(content):
    """The entries of a calendar, after what holds for every calendar was looked at."""
    assert content.endswith(b"END:VCALENDAR\r\n")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode("utf-8")  # no letter is cut in two
    found = Calendar.from_ical(content)
    assert not found.errors
    assert found["version"] == "2.0"
    assert found["prodid"]
    assert found.subcomponents
    entries = found.walk("VEVENT")
    for entry in entries:
        assert not entry.errors
        assert {"uid", "dtstamp", "dtstart", "summary"} <= {name.lower() for name in entry}
        assert entry["dtstart"].dt.tzinfo is not None
    uids = [str(entry["uid"]) for entry in entries]
    assert len(set(uids)) == len(uids)
    return entries


def at(timestamp):
    return datetime.fromtimestamp(timestamp, UTC)


def alarms(entry):
    return [alarm["trigger"].dt for alarm in entry.walk("VALARM")]


def test_a_clock_is_an_entry():
    (entry,) = parsed(calendar([due(Status.SUBMITTED)], MOMENT, CLIENT))
    assert entry["uid"] == f"{'ab' * 32}-2-submitted-{NOW}@milepost"
    assert entry["dtstamp"].dt == at(NOW + 60)
    assert entry["dtstart"].dt == at(NOW + 14 * DAY)
    headline = "Milepost: client must answer milestone 2 or 600.00 USDC is paid"
    assert entry["summary"] == headline
    assert str(entry["description"]).splitlines() == [
        "If nobody acts: from 2026-10-05 14:13:20 UTC anybody can claim 600.00 USDC for the "
        "freelancer, 900.00 USDC to the client.",
        "Awaited until then: the client, you.",
        "To act:",
        "  milepost approve FILE 2",
        "  milepost changes FILE 2",
        "  milepost dispute FILE 2",
        "From then on anybody may carry it out:",
        "  milepost claim FILE 2",
        f"Job 0x{'ab' * 32}, in which you are the client.",
        "As of block 7, 2026-09-21 14:14:20 UTC.",
    ]
    assert alarms(entry) == [-timedelta(days=3), -timedelta(days=1)]
    for alarm in entry.walk("VALARM"):
        assert (alarm["action"], alarm["description"]) == ("DISPLAY", headline)


def test_the_same_ledger_gives_the_same_bytes():
    dues = [due(Status.SUBMITTED), due(Status.DISPUTED)]
    assert calendar(dues, MOMENT) == calendar(dues, MOMENT)
    later = parsed(calendar(dues, replace(MOMENT, block=9, timestamp=NOW + 600), FREELANCER))
    assert [e["uid"] for e in parsed(calendar(dues, MOMENT))] == [e["uid"] for e in later]


def test_what_passed_says_so():
    (entry,) = parsed(calendar([due(Status.REFUND_REQUESTED, is_late=True)], MOMENT))
    assert entry["summary"] == (
        "Milepost: anybody can refund milestone 2: 900.00 USDC to the client"
    )
    assert "Now anybody may carry it out:\n  milepost refund FILE 2" in entry["description"]
    assert "Awaited" not in entry["description"]


def test_a_short_clock_rings_no_sooner_than_it_starts():
    found = due(Status.SUBMITTED)
    for period, expected in ((HOUR, []), (2 * DAY, [1]), (3 * DAY, [1]), (3 * DAY + 1, [3, 1])):
        short = replace(found, view=replace(found.view, deadline=NOW + period))
        (entry,) = parsed(calendar([short], MOMENT))
        assert alarms(entry) == [-timedelta(days=n) for n in expected]
    (entry,) = parsed(calendar([found], MOMENT, alarms=[HOUR]))
    assert alarms(entry) == [-timedelta(hours=1)]


def test_metered_work_that_opens():
    weeks = hourly(PARTIES, rate=60_000_000, hours_per_week=10, start=NOW)
    (entry,) = parsed(calendar([due(Status.ACTIVE, terms=weeks)], MOMENT))
    assert entry["dtstart"].dt == at(weeks.period_end(1))
    assert entry["summary"] == (
        "Milepost: milestone 2 can be claimed from 2026-10-12 00:00:00 UTC, up to 1,500.00 USDC"
    )
    assert alarms(entry) == []
    assert entry["uid"] == f"{'ab' * 32}-2-active-0@milepost"


def test_where_protection_ends():
    moment = replace(MOMENT, timestamp=MONDAY)
    (entry,) = parsed(calendar([], moment, CLIENT, endings=[end_of("aa")]))
    assert entry["uid"] == f"{'ab' * 32}-funded@milepost"
    assert entry["dtstart"].dt == at(MONDAY + 2 * WEEK)
    headline = "Milepost: fund more, week 2 is the last one funded"
    assert entry["summary"] == headline
    assert str(entry["description"]).splitlines() == [
        "No clock of the contract runs out and no money moves, but nobody protects hours after it.",
        "To fund more, as the client: milepost fund FILE --weeks 3-6 (2,400.00 USDC)",
        f"Job 0x{'ab' * 32}, in which you are the client.",
        "As of block 7, 2026-09-28 00:00:00 UTC.",
    ]
    assert alarms(entry) == [-timedelta(days=3), -timedelta(days=1)]
    (later,) = parsed(calendar([], moment, CLIENT, endings=[end_of("aaa")]))
    assert later["uid"] == entry["uid"]
    assert later["dtstart"].dt == at(MONDAY + 3 * WEEK)
    (entry,) = parsed(calendar([], moment, endings=[end_of("aa")], alarms=[WEEK, HOUR]))
    assert alarms(entry) == [-timedelta(hours=1)]


def test_the_end_of_protection_in_a_token_of_somebody():
    found = end_of("aa")
    found = replace(found, job=replace(found.job, token=HOSTILE))
    (entry,) = parsed(calendar([], MOMENT, endings=[found]))
    assert "(2,400.00 token 0x4444…4444)" in entry["description"]
    far = replace(found, job=replace(found.job, terms=replace(found.job.terms, start=2**40)))
    assert parsed(calendar([], MOMENT, endings=[far])) == []


def test_what_has_no_time_is_left_out():
    far = hourly(PARTIES, rate=1_000_000, hours_per_week=1, start=2**63)
    weeks = hourly(PARTIES, rate=60_000_000, hours_per_week=10, start=NOW)
    dues = [due(Status.ACTIVE), due(Status.APPROVED), due(Status.ACTIVE, terms=far)]
    dues += [due(Status.OFFERED, terms=weeks)]
    assert parsed(calendar(dues, MOMENT)) == []
    assert parsed(calendar([], MOMENT)) == []


def test_texts_of_others_break_nothing():
    token = replace(HOSTILE, symbol='a,b;c\\d"e\r\nEND:VEVENT\r\nBEGIN:VEVENT€' + "€" * 60)
    (entry,) = parsed(calendar([due(Status.SUBMITTED, token=token)], MOMENT))
    shown = "token 0x4444…4444"
    assert entry["summary"] == (
        f"Milepost: client must answer milestone 2 or 600.00 {shown} is paid"
    )
    weeks = hourly(PARTIES, rate=60_000_000, hours_per_week=10, start=NOW)
    (opening,) = parsed(calendar([due(Status.ACTIVE, terms=weeks, token=token)], MOMENT))
    assert opening["summary"].endswith(f"up to 1,500.00 {shown}")
    assert len(str(entry["description"]).splitlines()) == 10


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ExtraMissing, match=r"milepost\[reports\]"):
        calendar([], MOMENT)


@pytest.mark.node
def test_of_a_real_ledger(escrow, node, people, token, pass_time, tmp_path):
    deal = fixed_price(people.parties(token.address), [1_500_000_000, 5_000_000, 7_000_000])
    start = node.block().timestamp
    weeks = hourly(people.parties(token.address), rate=1_000_000, hours_per_week=9, start=start)
    for terms in (deal, weeks):
        acceptance = escrow.sign_terms(people.freelancer, terms)
        escrow.fund(terms, [0, 1], acceptance).send(people.client)
    escrow.fund(deal, [2]).send(people.client)
    escrow.submit(deal, 0).send(people.freelancer)
    pass_time(DAY)
    escrow.request_refund(deal, 1).send(people.client)
    with Store(tmp_path / "ledger.db") as store:
        store.create(node.chain_id, bytes.fromhex(escrow.address[2:]), 0)
        reader = LogReader(node, escrow.address)
        Syncer(store, reader, lambda token: ("USDP", 6)).sync()
        ledger = Ledger(store)
        for party in (people.client.address, people.arbiter.address, None):
            dues = [*ledger.due(party), *ledger.openings(party)]
            entries = parsed(calendar(dues, ledger.moment(), party))
            times = [int(entry["dtstart"].dt.timestamp()) for entry in entries]
            views = [escrow.milestone_at(deal, i) for i in (1, 0)]
            assert times[:2] == [view.deadline for view in views]
            assert times[2:] == [weeks.period_end(0), weeks.period_end(0) + WEEK]
        assert ledger.due(people.stranger.address) == []
        assert ledger.openings(people.stranger.address) == []
        # A clock runs on: its entry stays the same one.
        before = [e["uid"] for e in entries]
        pass_time(9 * DAY)
        Syncer(store, reader, lambda token: ("USDP", 6)).sync()
        again = parsed(calendar([*ledger.due(), *ledger.openings()], ledger.moment()))
        assert [e["uid"] for e in again] == before
        assert again[0]["summary"].startswith("Milepost: anybody can refund milestone 2")
        # Sent back and submitted again, it is another.
        escrow.request_changes(deal, 0).send(people.client)
        escrow.submit(deal, 0).send(people.freelancer)
        Syncer(store, reader, lambda token: ("USDP", 6)).sync()
        (_, other) = ledger.due()
        assert other.view.clock != Clock(0, 0, 0)
        uids = [e["uid"] for e in parsed(calendar(ledger.due(), ledger.moment()))]
        assert uids[0] == before[0]
        assert uids[1] not in before
