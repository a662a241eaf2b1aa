"""Statements: rows, days, values and totals, on a chain and with payments made up at any time."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import zoneinfo
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from milepost import zones
from milepost.agreement import Token
from milepost.chain.erc20 import Erc20
from milepost.errors import InputError, PriceFileError
from milepost.ledger.statements.exports import COLUMNS, to_csv, to_record
from milepost.ledger.statements.journal import to_journal
from milepost.ledger.statements.prices import parse_prices
from milepost.ledger.statements.statement import month_of, period_of, statement
from milepost.presets import Parties, hourly
from milepost.types import ZERO_ADDRESS
from milepost.zones import zone_of
from tests.package.ledger.accounts import (
    ARBITER,
    CLIENT,
    FREELANCER,
    PAYEE,
    USDC,
    WALLET,
    MadeUp,
    ledger_of,
    payment,
    play_everything,
    terms_of,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def of(ledger, party=FREELANCER, **options):
    return statement(ledger, party, **{"zone": UTC_ZONE, "known": [USDC], **options})


def prices(text):
    return parse_prices(("date,token,currency,price\n" + text).encode(), "prices.csv")


def cells(made):
    return list(csv.DictReader(io.StringIO(to_csv(made))))


def amounts(made):
    return [row.amount for row in made.rows]


# Days and years


@pytest.mark.parametrize(
    ("moment", "zone", "day", "year"),
    [
        ("2026-12-31T23:30:00", "UTC", "2026-12-31", 2026),
        ("2026-12-31T22:59:59", "Europe/Berlin", "2026-12-31", 2026),
        ("2026-12-31T23:00:00", "Europe/Berlin", "2027-01-01", 2027),
        ("2027-01-01T04:59:59", "America/New_York", "2026-12-31", 2026),
        ("2027-01-01T05:00:00", "America/New_York", "2027-01-01", 2027),
        ("2026-12-31T09:59:59", "Pacific/Kiritimati", "2026-12-31", 2026),
        ("2026-12-31T10:00:00", "Pacific/Kiritimati", "2027-01-01", 2027),
    ],
)
def test_years_are_those_of_the_zone(moment, zone, day, year):
    ledger = MadeUp(payment("release", 5, at(moment)))
    (row,) = of(ledger, year=year, zone=ZoneInfo(zone)).rows
    assert str(row.local.date()) == day
    assert row.utc.isoformat() == moment + "+00:00"
    other = 2026 + 2027 - year
    assert of(ledger, year=other, zone=ZoneInfo(zone)).rows == ()


def test_clocks_that_are_put_forward_and_back():
    """The day of a change has 23 or 25 hours, and each of its hours belongs to it."""
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        first = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
        moments = [first + timedelta(minutes=30 * k - 30) for k in range(2 * hours + 2)]
        ledger = MadeUp(*(payment("release", 1, m.timestamp()) for m in moments))
        made = of(ledger, since=day, until=day, zone=BERLIN)
        assert len(made.rows) == 2 * hours
        assert made.totals[0].received == 2 * hours
    shown = [c["date_local"] for c in cells(of(ledger, zone=BERLIN))]
    assert shown.count("2026-10-25T02:30:00+02:00") == 1
    assert shown.count("2026-10-25T02:30:00+01:00") == 1


def test_a_period_includes_both_its_days():
    days = ("2026-01-14T23:59:59", "2026-01-15T00:00:00", "2026-01-16T23:59:59", "2026-01-17")
    ledger = MadeUp(*(payment("release", 10**k, at(t)) for k, t in enumerate(days)))
    first, last = date(2026, 1, 15), date(2026, 1, 16)
    assert amounts(of(ledger, since=first, until=last)) == [10, 100]
    assert amounts(of(ledger, since=first)) == [10, 100, 1000]
    assert amounts(of(ledger, until=last)) == [1, 10, 100]
    assert amounts(of(ledger)) == [1, 10, 100, 1000]


def test_periods_that_are_none():
    assert period_of(2024) == (date(2024, 1, 1), date(2024, 12, 31))
    assert period_of(None) == (None, None)
    with pytest.raises(InputError, match="a year, or the days"):
        period_of(2026, since=date(2026, 1, 1))
    with pytest.raises(InputError, match="2026-01-02 is after 2026-01-01"):
        period_of(None, date(2026, 1, 2), date(2026, 1, 1))
    for year in (0, 1969, 9999, 10**9):
        with pytest.raises(InputError, match="no year"):
            period_of(year)


@pytest.mark.parametrize("name", ["", "Berlin", "../../etc/passwd", "/etc/passwd", "Europe", "\0"])
def test_zones_that_are_none(name):
    with pytest.raises(InputError, match="no time zone known"):
        zone_of(name)


def test_the_systems_zone(monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert str(zone_of(None)) == "Asia/Tokyo"
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert str(zone_of(None)) == "Europe/Berlin"
    for name in ("CET-1CEST", "/none", "/", f":{__file__}"):
        monkeypatch.setenv("TZ", name)
        with pytest.raises(InputError, match="time zone"):
            zone_of(None)
    monkeypatch.delenv("TZ")
    place = tmp_path / "zoneinfo" / "Asia" / "Kathmandu"
    place.parent.mkdir(parents=True)
    place.write_bytes(zone_file("Asia/Kathmandu"))
    link = tmp_path / "localtime"
    link.symlink_to(place)
    monkeypatch.setattr(zones, "_LOCAL", link)
    assert str(zone_of(None)) == "Asia/Kathmandu"
    assert zone_of(None).utcoffset(datetime(2026, 1, 1)) == timedelta(hours=5, minutes=45)
    for name in (str(link), f":{link}", str(place)):
        monkeypatch.setenv("TZ", name)
        assert str(zone_of(None)) == "Asia/Kathmandu"
    monkeypatch.delenv("TZ")
    link.unlink()
    link.write_bytes(place.read_bytes())
    assert str(zone_of(None)) == "local time"
    monkeypatch.setattr(zones, "_LOCAL", tmp_path / "none")
    monkeypatch.setattr(zones.time, "timezone", 0)
    monkeypatch.setattr(zones.time, "daylight", 0)
    assert str(zone_of(None)) == "UTC"
    monkeypatch.setattr(zones.time, "timezone", -3600)
    with pytest.raises(InputError, match="--zone"):
        zone_of(None)


def zone_file(name):
    """The system's data of a zone, else that of the package tzdata."""
    found = [p for p in (Path(root) / name for root in zoneinfo.TZPATH) if p.is_file()]
    return (found or [files("tzdata") / "zoneinfo" / name])[0].read_bytes()


# Who, with whom, and what


def test_roles_and_those_on_the_other_side():
    payee = terms_of(payee=PAYEE)
    ledger = MadeUp(
        payment("fund", 9, 1, address=CLIENT),
        payment("refund", 1, 2, address=CLIENT),
        payment("ruling", 5, 3, address=FREELANCER, fee=2),
        payment("ruling", 1, 3, address=CLIENT, fee=2),
        payment("fee", 2, 3, address=ARBITER),
        payment("release", 7, 4, address=PAYEE, terms=payee),
    )

    def seen(party):
        rows = of(ledger, party).rows
        return [(r.kind, r.direction, r.role, r.counterparties, r.amount, r.fee) for r in rows]

    assert seen(CLIENT) == [
        ("fund", "out", "client", (FREELANCER,), -9, 0),
        ("refund", "in", "client", (FREELANCER,), 1, 0),
        ("ruling", "in", "client", (FREELANCER,), 1, 2),
    ]
    assert seen(ARBITER) == [("fee", "in", "arbiter", (CLIENT, FREELANCER), 2, 0)]
    assert seen(FREELANCER) == [
        ("ruling", "in", "freelancer", (CLIENT,), 5, 2),
        ("release", "in", "freelancer", (CLIENT,), 7, 0),
    ]
    assert seen(PAYEE) == [("release", "in", "payee", (CLIENT,), 7, 0)]
    assert [r.address for r in of(ledger).rows] == [FREELANCER, PAYEE]
    assert amounts(of(ledger, wallet_only=True)) == [5]


def test_a_payee_of_several_freelancers():
    """Each sees what was paid for their work, also of a withdrawal that brought it all at once."""
    other = "0x" + "77" * 20
    mine = terms_of(payee=PAYEE, salt=b"\1" * 32)
    theirs = terms_of(payee=PAYEE, freelancer=other, salt=b"\2" * 32)
    own = terms_of(client=PAYEE, payee=FREELANCER, salt=b"\3" * 32)
    ledger = MadeUp(
        payment("release", 100, 1, address=PAYEE, terms=mine, block=1),
        payment("credit", 100, 1, address=PAYEE, terms=mine, block=1),
        payment("release", 30, 2, address=PAYEE, terms=theirs, block=2),
        payment("credit", 30, 2, address=PAYEE, terms=theirs, block=2),
        payment("fund", 8, 3, address=PAYEE, terms=own, block=3),
        payment("withdrawal", 130, 4, address=PAYEE, to=WALLET, block=4),
        payment("release", 5, 5, address=PAYEE, terms=mine, block=5),
        payment("release", 6, 6, address=PAYEE, terms=theirs, block=6),
        payment("credit", 6, 6, address=PAYEE, terms=theirs, block=6),
        payment("withdrawal", 6, 7, address=PAYEE, block=7),
    )
    seen = [(r.kind, r.amount, r.waiting, r.agreement) for r in of(ledger).rows]
    agreement = mine.salt
    assert seen == [
        ("release", 0, 100, agreement),
        ("withdrawal", 100, -100, agreement),
        ("release", 5, 0, agreement),
    ]
    assert of(ledger).rows[1].address == WALLET
    assert amounts(of(ledger, other)) == [0, 30, 0, 6]
    whole = of(ledger, PAYEE)
    assert [(t.paid, t.received, t.waiting) for t in whole.totals] == [(8, 141, 0)]
    withdrawn = whole.rows[3]
    assert (withdrawn.kind, withdrawn.agreement, withdrawn.role) == ("withdrawal", None, "payee")
    assert withdrawn.counterparties == (CLIENT,)


def test_a_payee_that_is_the_client_is_no_income():
    back = terms_of(payee=CLIENT)
    ledger = MadeUp(payment("release", 7, 1, address=CLIENT, terms=back))
    assert of(ledger).rows == ()
    assert [r.role for r in of(ledger, CLIENT).rows] == ["client"]


def test_a_credit_takes_back_what_its_own_transaction_brought():
    terms = terms_of()
    ledger = MadeUp(
        payment("release", 40, 1, block=1),
        payment("release", 10, 1, block=2),
        payment("release", 20, 1, block=2),
        payment("credit", 25, 1, terms=terms, block=2),
        payment("credit", 3, 2, terms=terms, block=3),
    )
    seen = [(r.kind, r.amount, r.waiting) for r in of(ledger).rows]
    assert seen == [("release", 40, 0), ("release", 5, 5), ("release", 0, 20), ("credit", -3, 3)]
    (total,) = of(ledger).totals
    assert (total.received, total.waiting) == (42, 28)


def test_what_waits_is_what_waits_at_the_end_of_the_period():
    days = ("2026-12-30", "2027-01-02")
    ledger = MadeUp(
        payment("release", 40, at(days[0]), block=1),
        payment("credit", 40, at(days[0]), block=1),
        payment("withdrawal", 40, at(days[1]), block=2),
    )

    def total(**options):
        return [(t.paid, t.received, t.waiting) for t in of(ledger, **options).totals]

    assert total(year=2026) == [(0, 0, 40)]
    assert total(year=2027) == [(0, 40, 0)]
    assert total(since=date(2026, 12, 31), until=date(2027, 1, 1)) == [(0, 0, 40)]
    assert total(year=2025) == total(year=2028) == []


# Values


def test_values_are_of_the_day_in_utc_even_where_the_row_is_of_another_day():
    ledger = MadeUp(payment("release", 1_500_000, at("2026-12-31T23:30:00")))
    found = prices("2026-12-31,USDC,EUR,0.92\n2027-01-01,USDC,EUR,7\n")
    (row,) = of(ledger, year=2027, zone=BERLIN, prices=found).rows
    assert (row.value.amount, row.value.price.day) == (Decimal("1.38"), date(2026, 12, 31))


def test_a_day_without_price_is_named_and_nothing_is_guessed():
    ledger = MadeUp(
        payment("release", 10**6, at("2026-03-02")),
        payment("release", 10**6, at("2026-03-03")),
        payment("release", 10**6, at("2026-03-03T05:00")),
    )
    made = of(ledger, prices=prices("2026-03-02,USDC,EUR,0.92\n2026-03-04,USDC,EUR,1\n"))
    assert [r.value and r.value.amount for r in made.rows] == [Decimal("0.92"), None, None]
    assert made.missing == ((date(2026, 3, 3), USDC),)
    assert made.worth("in") is None
    assert of(ledger).missing == ()
    assert of(ledger).worth("in") is None


def test_income_is_worth_something_when_it_is_earned_and_nothing_when_it_is_withdrawn():
    ledger = MadeUp(
        payment("release", 10**6, at("2026-03-02"), block=1),
        payment("credit", 10**6, at("2026-03-02"), block=1),
        payment("withdrawal", 10**6, at("2026-03-03"), block=2),
    )
    made = of(ledger, prices=prices("2026-03-02,USDC,EUR,0.92\n2026-03-03,USDC,EUR,1\n"))
    assert [r.value and r.value.amount for r in made.rows] == [Decimal("0.92"), None]
    assert made.worth("in") == Decimal("0.92")
    assert made.missing == ()


def test_worth_is_the_sum_of_the_rounded_rows():
    moments = [at("2026-03-02")] * 3
    ledger = MadeUp(
        *(payment("release", 1_005_000, t) for t in moments),
        payment(
            "fund", 2_000_000, moments[0], address=FREELANCER, terms=terms_of(client=FREELANCER)
        ),
    )
    made = of(ledger, prices=prices("2026-03-02,USDC,EUR,1\n"))
    assert [str(r.value.amount) for r in made.rows] == ["1.00", "1.00", "1.00", "-2.00"]
    assert (made.worth("in"), made.worth("out")) == (Decimal("3.00"), Decimal("2.00"))


def test_money_of_ones_own_that_comes_back_is_not_earned():
    mine = terms_of(client=FREELANCER, freelancer=PAYEE)
    ledger = MadeUp(
        payment("release", 3_000_000, at("2026-03-02")),
        payment("fund", 5_000_000, at("2026-03-02"), terms=mine),
        payment("refund", 2_000_000, at("2026-03-02"), terms=mine),
    )
    made = of(ledger, prices=prices("2026-03-02,USDC,EUR,1\n"))
    worth = [made.worth(way) for way in ("in", "back", "out")]
    assert worth == [Decimal("3.00"), Decimal("2.00"), Decimal("5.00")]
    record = to_record(made)
    assert [record[f"value_{way}"] for way in ("in", "back", "out")] == ["3.00", "2.00", "5.00"]


def test_large_values_are_exact_everywhere():
    amounts = [123_456_789_012_345, 1]
    ledger = MadeUp(
        *(payment("release", n, at("2026-03-02")) for n in amounts),
        payment("fund", amounts[0], at("2026-03-02"), terms=terms_of(client=FREELANCER)),
    )
    found = prices(f"2026-03-02,USDC,EUR,{'1' * 30}\n")
    cents = [n * int("1" * 30) for n in amounts]  # 10^-6
    with localcontext(prec=6):
        made = of(ledger, prices=found)
        assert [f"{r.value.amount:f}" for r in made.rows[:2]] == [two(c) for c in cents]
        total = sum(int(two(c).replace(".", "")) for c in cents)
        assert f"{made.worth('in'):f}" == two(total * 10**4) == to_record(made)["value_in"]
        assert f"{made.worth('out'):f}" == two(cents[0]) == to_record(made)["value_out"]
        text = to_journal(made)
    assert text == to_journal(made)
    assert text.count(two(cents[0])) == 4
    require_journal(made, {USDC: 1})


def two(micros):
    """A millionth part to two decimals, rounded half to even."""
    cents, rest = divmod(micros, 10**4)
    cents += rest * 2 > 10**4 or (rest * 2 == 10**4 and cents % 2)
    return f"{cents // 100}.{cents % 100:02}"


def test_two_known_tokens_of_one_symbol_get_no_price_by_it():
    fake = replace(USDC, address="0x" + "99" * 20)
    ledger = MadeUp(
        payment("release", 10**6, at("2026-03-02")),
        payment("release", 10**6, at("2026-03-02"), token=fake),
    )
    by_symbol = prices("2026-03-02,USDC,EUR,1\n")
    with pytest.raises(PriceFileError, match="several tokens"):
        of(ledger, prices=by_symbol, known=[USDC, fake])
    made = of(ledger, prices=by_symbol)
    assert [r.value is not None for r in made.rows] == [True, False]
    assert made.missing == ((date(2026, 3, 2), fake),)
    assert made.strange == (fake,)
    assert fake.address in to_journal(made).partition("No price of ")[2].splitlines()[0]
    assert [t["address"] for t in to_record(made)["unknown_tokens"]] == [fake.address]
    assert of(ledger, known=[]).strange == (USDC, fake)
    made = of(ledger, prices=prices(f"2026-03-02,{USDC.address},EUR,1\n"))
    assert [r.value is not None for r in made.rows] == [True, False]
    assert made.missing == ((date(2026, 3, 2), fake),)


# Formats

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    '=HYPERLINK("http://x","y")',
    'a",=1',
    "a;=1",
    'US"D',
    "US\x1b[31mD",
    "a\nb",
    "1000",
    "",
    " ",
    "a  b:c ; d",
    "€\u20ae",
    "\\",
    "{}",
    "@@",
    "USD-C",
]


@pytest.mark.parametrize("symbol", HOSTILE)
def test_symbols_are_texts_that_nobody_runs(symbol):
    """A token's symbol is whatever its author wrote."""
    token = replace(USDC, symbol=symbol)
    ledger = MadeUp(
        payment("release", 1_500_000, at("2026-03-02"), token=token),
        payment("fund", 500_000, at("2026-03-03"), token=token, terms=terms_of(client=FREELANCER)),
    )
    made = of(ledger, prices=prices(f"2026-03-02,{USDC.address},EUR,1\n"))
    found = cells(made)
    assert list(found[0]) == list(COLUMNS)
    for row in found:
        for name, cell in row.items():
            if name not in ("amount", "amount_base_units", "value"):
                assert not cell.startswith(tuple("=+-@\t\r\n\uff1d")), name
            assert "\x1b" not in cell
    assert [r["amount"] for r in found] == ["1.50", "-0.50"]
    assert [r["amount_base_units"] for r in found] == ["1500000", "-500000"]
    assert json.loads(json.dumps(to_record(made)))["rows"][0]["token"]["symbol"] == symbol
    require_journal(made, {token: 1_000_000})


def test_a_row_of_the_csv():
    ledger = MadeUp(
        payment("ruling", 1_500_000, at("2026-03-02T23:30:00"), fee=75_000, block=901),
    )
    (row,) = cells(of(ledger, zone=BERLIN, prices=prices("2026-03-02,USDC,EUR,0.92\n")))
    assert row == {
        "date_utc": "2026-03-02T23:30:00+00:00",
        "date_local": "2026-03-03T00:30:00+01:00",
        "kind": "ruling",
        "direction": "in",
        "role": "freelancer",
        "address": FREELANCER,
        "counterparty": CLIENT,
        "agreement": row["agreement"],
        "milestones": "1",
        "token": "USDC",
        "token_address": USDC.address,
        "amount": "1.50",
        "amount_base_units": "1500000",
        "waiting": "0.00",
        "waiting_base_units": "0",
        "fee": "0.075",
        "fee_base_units": "75000",
        "hours": "",
        "minutes": "",
        "rate": "",
        "rate_base_units": "",
        "transaction": "0x" + (901).to_bytes(32).hex(),
        "block": "901",
        "is_final": "false",
        "value": "1.38",
        "currency": "EUR",
        "price": "0.92",
        "price_date": "2026-03-02",
        "price_source": "prices.csv:2",
    }
    assert re.fullmatch("0x[0-9a-f]{64}", row["agreement"])


HOURS = replace(
    hourly(Parties(CLIENT, FREELANCER, USDC.address), rate=50_000_000, hours_per_week=40, start=1),
    salt=b"\xcd" * 32,
)


def test_rows_that_pay_hours():
    def paid(kind, units, **fields):
        return payment(kind, HOURS.amounts[0] * units // HOURS.units, 1, terms=HOURS, **fields)

    ledger = MadeUp(
        paid("release", 189),
        paid("dispute", 1),
        paid("ruling", 6),
        paid("settlement", 6),
        paid("lapse", 6),
        payment("release", 7, 1, terms=HOURS),
        payment("release", 25_000_000, 1),
    )
    made = of(ledger)
    found = [(c["hours"], c["minutes"], c["rate"], c["rate_base_units"]) for c in cells(made)]
    rate = ("50.00", "50000000")
    assert found == [("31:30", "1890", *rate), ("0:10", "10", *rate), *5 * [("", "", "", "")]]
    (total,) = made.totals
    assert (total.units, total.for_hours) == (190, 1_575_000_000 + 8_333_333)
    record = to_record(made)
    assert [(r["minutes"], r["rate"]) for r in record["rows"][1:3]] == [
        (10, "50000000"),
        (None, None),
    ]
    assert (record["totals"][0]["minutes"], record["totals"][0]["for_hours"]) == (
        1900,
        "1583333333",
    )
    text = to_journal(made)
    assert "    ; hours: 31:30 at 50.00 an hour\n" in text
    assert ", 31:40 hours for 1583.333333\n" in text
    assert text.count("; hours:") == 2
    require_journal(made, {USDC: sum(amounts(made))})


def test_hours_that_wait_are_hours_and_what_comes_back_is_none():
    part = 100_000_000
    ledger = MadeUp(
        payment("release", part, 1, terms=HOURS, block=5),
        payment("credit", part, 1, terms=HOURS, block=5),
        payment("withdrawal", part, 2),
        payment("release", part, 1, terms=HOURS, address=CLIENT),
        payment("fund", HOURS.amounts[0], 1, terms=HOURS, address=CLIENT),
    )
    assert [(r.kind, r.units) for r in of(ledger).rows] == [("release", 12), ("withdrawal", 0)]
    (total,) = of(ledger, until=date(1970, 1, 1)).totals
    assert (total.units, total.for_hours) == (12, part)
    assert [r.units for r in of(ledger, CLIENT).rows] == [0, 0]
    # Of a rate that is no whole number of base units nothing is rounded.
    odd = replace(HOURS, amounts=(HOURS.amounts[0] + 1,))
    (row,) = cells(of(MadeUp(payment("release", odd.amounts[0] // 40, 1, terms=odd))))
    assert (row["hours"], row["rate"]) == ("1:00", "")


def test_hours_of_others_are_in_no_total():
    """Anybody can name anybody as the payee of as many hours as they like, for next to nothing."""
    paid = 2 * HOURS.units
    cheap = replace(HOURS, payee=PAYEE, amounts=(paid,))
    made = of(MadeUp(payment("release", paid, 1, terms=cheap, address=PAYEE)), PAYEE)
    assert [(row.role, row.units) for row in made.rows] == [("payee", HOURS.units)]
    assert [(t.units, t.for_hours, t.received) for t in made.totals] == [(0, 0, paid)]


def test_hours_of_what_a_dispute_left_are_counted():
    """Both parts of a claim of 12 units are rounded down, so what is left can be one more."""
    whole, conceded = 100_000_000, 58_333_333
    made = of(
        MadeUp(
            payment("dispute", conceded, 1, terms=HOURS),
            payment("release", whole - conceded, 1, terms=HOURS),
        )
    )
    assert [row.units for row in made.rows] == [7, 5]
    (total,) = made.totals
    assert (total.units, total.for_hours) == (12, whole)


def test_months():
    assert month_of("2026-12") == (date(2026, 12, 1), date(2026, 12, 31))
    assert month_of("2028-02") == (date(2028, 2, 1), date(2028, 2, 29))
    wrong = ("2026-13", "2026-00", "2026", "2026-1", "26-01", "1969-12", "9999-01", "\u0662026-01")
    for text in (*wrong, ""):
        with pytest.raises(InputError, match="is no month such as"):
            month_of(text)


def test_every_column_is_described():
    page = Path(__file__).parents[3] / "docs" / "ledger" / "statements.md"
    section = page.read_text("utf-8").partition("## CSV")[2].partition("\n## ")[0]
    described = re.findall(r"^\| (`.*?`) \|", section, re.M)
    assert re.findall(r"`(\w+)`", " ".join(described)) == list(COLUMNS)


def test_milestones_in_the_csv_are_no_dates():
    first = payment("fund", 1, 1, address=CLIENT)
    ledger = MadeUp(replace(first, milestones=(0, 1, 2)))
    assert cells(of(ledger, CLIENT))[0]["milestones"] == "1 2 3"


def test_the_name_of_a_price_file_is_a_text_too():
    found = parse_prices(b"date,token,currency,price\n2026-03-02,USDC,EUR,1\n", "=cmd.csv")
    made = of(MadeUp(payment("release", 1, at("2026-03-02"))), prices=found)
    assert cells(made)[0]["price_source"] == "'=cmd.csv:2"


def test_only_the_tokens_that_are_asked_for():
    fake = replace(USDC, address="0x" + "99" * 20)
    ledger = MadeUp(
        payment("release", 5, 1, block=1),
        payment("release", 7, 2, token=fake, block=2),
        payment("credit", 7, 2, token=fake, block=2),
    )
    made = of(ledger, tokens=[USDC.address.lower()])
    assert [r.token for r in made.rows] == [t.token for t in made.totals] == [USDC]
    assert amounts(of(ledger, tokens=[fake.address, USDC.address])) == [5, 0]
    assert amounts(of(ledger, tokens=[])) == []


def test_a_fee_counts_once_where_the_payee_is_the_client():
    terms = terms_of(payee=CLIENT)
    first = payment("ruling", 5, 1, address=CLIENT, terms=terms, fee=2, block=7)
    ledger = MadeUp(first, replace(first, amount=3))
    assert [(r.amount, r.fee) for r in of(ledger, CLIENT).rows] == [(5, 2), (3, 0)]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_a_symbol_ends_no_cell_whatever_the_separator(separator):
    symbol = f"{separator}=cmd|'/C calc'!A0{separator}"
    ledger = MadeUp(payment("release", 5, 1, token=replace(USDC, symbol=symbol)))
    text = to_csv(of(ledger))
    for row in list(csv.reader(io.StringIO(text), delimiter=separator))[1:]:
        assert not any(cell.lstrip().startswith("=") for cell in row)
    (row,) = cells(of(MadeUp(payment("release", 5, 1, token=replace(USDC, symbol=" =1")))))
    assert row["token"] == "' =1"


NAMES = [
    ("USDC", True, "USDC"),
    ("USDC", False, "USDC {address}"),
    ("EUR", True, "EUR {address}"),
    ("USD", False, "USD {address}"),
    ("$", False, "$ {address}"),
    ("$", True, "$ {address}"),
    ("US$T", True, "US$T {address}"),
    ("", True, "{address}"),
    (" ", True, "_ {address}"),
]


@pytest.mark.parametrize(("symbol", "is_known", "name"), NAMES)
def test_a_commodity_is_named_by_its_token_alone(symbol, is_known, name):
    token = replace(USDC, symbol=symbol)
    fake = replace(token, address="0x" + "99" * 20)
    known = [token] if is_known else []
    ledger = MadeUp(
        payment("release", 5, at("2026-03-02"), token=token),
        payment("release", 6, at("2027-03-02"), token=token),
        payment("release", 7, at("2027-03-02"), token=fake),
    )
    wanted = name.format(address=token.address)
    for year, others in ((2026, []), (2027, [f"{symbol or ''} {fake.address}".strip()])):
        text = to_journal(of(ledger, year=year, known=known))
        found = set(re.findall('"([^"]*)"', text))
        assert wanted in found
        assert len(found) == 1 + len(others)
        assert sum(fake.address in n for n in found) == len(others)
        accounts = set(re.findall(r"Assets:Crypto:(\S+)", text))
        assert len(accounts) == len(found)


def test_known_tokens_of_one_symbol_and_the_currency_of_the_prices_keep_apart():
    twin = replace(USDC, address="0x" + "99" * 20)
    ledger = MadeUp(payment("release", 5, at("2026-03-02")))
    assert f'"USDC {USDC.address}"' in to_journal(of(ledger, known=[USDC, twin]))
    coin = Token(ZERO_ADDRESS, "ETH", 18)
    paid = MadeUp(payment("release", 5, at("2026-03-02"), token=coin))
    assert '"ETH"' in to_journal(of(paid))
    assert '"ETH"' in to_journal(of(paid, known=[replace(USDC, symbol="ETH")]))
    in_eth = prices("2026-03-02,USDC,ETH,1\n")
    assert f'"ETH {ZERO_ADDRESS}"' in to_journal(of(paid, prices=in_eth))


def test_more_decimals_than_programs_read_are_base_units():
    token = replace(USDC, symbol="FINE", decimals=255)
    ledger = MadeUp(payment("release", 2**127, at("2026-03-02"), token=token))
    text = to_journal(of(ledger))
    assert f'{2**127} "FINE {token.address} base units"' in text
    require_journal(of(ledger), {replace(token, decimals=0): 2**127})


def test_tokens_of_one_symbol_are_two_commodities():
    fake = replace(USDC, address="0x" + "99" * 20)
    twins = MadeUp(payment("release", 5, 1), payment("release", 7, 2, token=fake))
    text = to_journal(of(twins))
    assert '"USDC"' in text
    assert f'"USDC {fake.address}"' in text
    require_journal(of(twins), {USDC: 5, fake: 7})


def test_a_statement_of_nothing():
    made = of(MadeUp())
    assert cells(made) == []
    assert to_csv(made) == ",".join(COLUMNS) + "\n"
    assert (to_record(made)["rows"], to_record(made)["totals"]) == ([], [])
    require_journal(made, {})


def test_a_journal():
    terms = terms_of(salt=bytes.fromhex("ab12cd34") + b"\1" * 28)
    judged = terms_of(arbiter=FREELANCER, freelancer=PAYEE)
    hired = terms_of(client=FREELANCER, freelancer=PAYEE)
    ledger = MadeUp(
        payment("release", 1_500_000, at("2026-03-02"), terms=terms, block=17),
        payment("release", 2_000_000, at("2026-03-03"), terms=terms, block=18),
        payment("credit", 2_000_000, at("2026-03-03"), terms=terms, block=18),
        payment("withdrawal", 2_000_000, at("2026-03-04"), block=901),
        payment("fee", 1, at("2026-03-05"), terms=judged, block=902),
        payment("fund", 3_000_000, at("2026-03-06"), terms=hired, block=903),
    )
    made = of(ledger, prices=prices("2026-03-02,USDC,EUR,0.92\n2026-03-06,USDC,EUR,0.5\n"))
    text = to_journal(made)
    assert "2026-03-02 * (ab12cd34-1) release" in text
    assert "2026-03-04 ! (ab12cd34) withdrawal" in text
    postings = [
        " ".join(line.split())
        for line in text.splitlines()
        if line.startswith("    ") and not line.strip().startswith(";")
    ]
    assert postings == [
        'Assets:Crypto:USDC 1.50 "USDC" @@ 1.38 EUR',
        f"Income:Freelance:{CLIENT} -1.38 EUR",
        'Assets:Waiting:USDC 2.00 "USDC"',
        f'Income:Freelance:{CLIENT} -2.00 "USDC"',
        'Assets:Crypto:USDC 2.00 "USDC"',
        'Assets:Waiting:USDC -2.00 "USDC"',
        'Assets:Crypto:USDC 0.000001 "USDC"',
        'Income:Arbitration -0.000001 "USDC"',
        'Assets:Crypto:USDC -3.00 "USDC" @@ 1.50 EUR',
        f"Expenses:Freelance:{PAYEE} 1.50 EUR",
    ]
    assert "; No price of USDC on 2026-03-03" in text
    require_journal(made, {USDC: 500_001})


def require_journal(made, wallets):
    with localcontext(prec=400):  # to add what is written, and not a rounding of it
        _require_journal(made, wallets)


def _require_journal(made, wallets):
    """The journal balances, and `ledger` and `hledger`, where they are, read from it what the
    statement says is in the wallets.
    """
    text = to_journal(made)
    sums = defaultdict(Decimal)
    for transaction in re.split(r"\n\n", text)[1:]:
        balance = Counter()
        for line in transaction.splitlines()[1:]:
            if line.strip().startswith(";"):
                continue
            account, amount = re.split(r" {2,}", line.strip())
            number, commodity, cost, currency = re.fullmatch(
                r'(-?[\d.]+) ("[^"]*"|[A-Z]{3})(?: @@ ([\d.]+) ([A-Z]{3}))?', amount
            ).groups()
            sums[account.rpartition(":")[0], commodity] += Decimal(number)
            if cost is None:
                balance[commodity] += Decimal(number)
            else:
                balance[currency] += Decimal(cost).copy_sign(Decimal(number))
        assert not any(balance.values()), transaction
    found = [v for (account, _), v in sums.items() if account == "Assets:Crypto"]
    expected = [Decimal(a).scaleb(-t.decimals) for t, a in wallets.items()]
    assert sorted(v for v in found if v) == sorted(v for v in expected if v)
    for program in ("ledger", "hledger"):
        if shutil.which(program):
            read = ask(program, text, "bal", "Assets:Crypto", "--flat")
            for amount in expected:
                if amount:
                    assert re.search(rf"(?<![\d.-]){amount.normalize():f}(?!\d)", read), read
    if shutil.which("hledger"):
        ask("hledger", text, "check")


def ask(program, journal, *args):
    """What a program for plain-text accounting answers, without trailing zeros."""
    command = [program, "-f", "-", *args]
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, input=journal, capture_output=True, text=True, timeout=60, check=False, env=env
    )
    assert done.returncode == 0, (journal, done.stderr)
    return re.sub(r"(\.\d*?)0+(?!\d)", lambda m: m[1].rstrip("."), done.stdout)


# On a chain


@pytest.fixture
def books(node, escrow, people, token, pass_time, tmp_path):
    """A ledger of every kind of movement, with what the wallets had before."""
    everybody = [*(getattr(people, n).address for n in ("client", "freelancer", "arbiter")), WALLET]
    before = {who: (token.balance(who), node.balance(who)) for who in everybody}
    played = play_everything(escrow, people, token, pass_time)
    return ledger_of(node, escrow, tmp_path / "ledger.db"), before, played


def totals_of(made, address):
    found = {t.token.address: t for t in made.totals}.get(address)
    return (found.paid, found.received, found.waiting) if found else (0, 0, 0)


@pytest.mark.node
def test_totals_are_what_the_wallets_balances_changed_by(books, node, escrow, people, token):
    ledger, before, _ = books
    kinds = Counter()
    for who, (tokens, _) in before.items():
        made = of(ledger, who, wallet_only=True)
        kinds.update(row.kind for row in made.rows)
        paid, received, waiting = totals_of(made, token.address)
        assert received - paid == token.balance(who) - tokens
        assert waiting == escrow.credits(token.address, who)
        assert {t.token: (t.paid, t.received, t.waiting) for t in made.totals} == {
            m.token: (m.paid, m.received, m.credits)
            for m in ledger.money(who)
            if m.paid or m.received or m.credits
        }
        for column, total in (
            ("amount_base_units", received - paid),
            ("waiting_base_units", waiting),
        ):
            mine = [int(c[column]) for c in cells(made) if c["token_address"] == token.address]
            assert sum(mine) == total
    assert kinds == {
        "fund": 4, "release": 10, "refund": 2, "dispute": 2, "ruling": 2, "fee": 1, "lapse": 2,
        "settlement": 4, "withdrawal": 1,
    }  # fmt: skip
    paid, received, _ = totals_of(of(ledger, WALLET), ZERO_ADDRESS)
    assert received == 10**18 + 1 == node.balance(WALLET) - before[WALLET][1]


@pytest.mark.node
def test_a_freelancer_sees_what_their_payee_got(books, people, token, escrow):
    ledger, before, played = books
    me = people.freelancer.address
    made = of(ledger, me)
    paid, received, waiting = totals_of(made, token.address)
    arrived = sum(token.balance(who) - before[who][0] for who in (me, WALLET))
    assert (paid, received) == (0, arrived)
    assert waiting == escrow.credits(token.address, me) > 0
    assert {row.address for row in made.rows} == {me, WALLET}
    assert all(row.role == "freelancer" for row in made.rows)
    assert all(row.counterparties == (people.client.address,) for row in made.rows)
    withdrawn = next(row for row in made.rows if row.kind == "withdrawal")
    assert (withdrawn.address, withdrawn.amount) == (WALLET, 110_000_000)
    assert withdrawn.agreement == escrow.agreement_id(played.cold)
    kept = [row for row in made.rows if row.address == WALLET and row.waiting > 0]
    assert [(row.milestones, row.waiting) for row in kept] == [((1,), 10**8), ((2,), 10**7)]
    assert totals_of(of(ledger, WALLET), token.address) == (0, 1_110_000_000, 0)
    ledger_totals = totals_of(of(ledger, me, wallet_only=True), token.address)
    assert ledger_totals[1] == received - 1_110_000_000


@pytest.mark.node
def test_a_ruling_shows_its_fee_and_an_amendment_its_difference(books, people, token):
    ledger, _, played = books
    rulings = [r for r in of(ledger, people.client.address).rows if r.kind == "ruling"]
    (mine,) = [r for r in of(ledger, people.freelancer.address).rows if r.kind == "ruling"]
    (fee,) = of(ledger, people.arbiter.address).rows
    (theirs,) = rulings
    disputed = mine.amount + theirs.amount + fee.amount
    assert mine.fee == theirs.fee == fee.amount == disputed * 500 // 10_000
    assert mine.amount == 7
    freed = played.fixed.amount_of(8) - 100
    settled = [
        r
        for r in of(ledger, people.client.address).rows
        if r.kind == "settlement" and r.milestones == (8,)
    ]
    assert [r.amount for r in settled] == [freed - 1_000_000_000]
    funded = [r.amount for r in of(ledger, people.client.address).rows if r.kind == "fund"]
    assert funded[:2] == [-sum(played.fixed.amounts), -900_000_000]


@pytest.mark.node
def test_journals_of_everybody_say_what_is_in_the_wallets(books, people, token, node):
    ledger, before, _ = books
    coin = next(t for t in ledger.tokens() if t.address == ZERO_ADDRESS)
    usdp = next(t for t in ledger.tokens() if t.address == token.address)
    days = {r.utc.date() for who in before for r in of(ledger, who).rows}
    lines = [f"{day},{s},EUR,{p}" for day in days for s, p in (("USDP", "0.9187"), ("ETH", 1999))]
    for who in before:
        for found in (None, prices("\n".join(lines))):
            made = of(ledger, who, wallet_only=True, prices=found, known=[usdp])
            nets = {t.token: t.received - t.paid for t in made.totals}
            assert set(nets) <= {coin, usdp}
            require_journal(made, nets)


@pytest.mark.node
def test_a_year_ends_when_it_does_in_the_zone(node, escrow, people, token, tmp_path):
    """A release in the last hour of 2026 in UTC is of 2027 in Berlin."""
    from milepost.presets import fixed_price

    terms = fixed_price(people.parties(token.address), [1_500_000_000, 7])
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1], acceptance).send(people.client)
    for i, moment in ((0, "2026-12-31T23:30:00"), (1, "2027-03-28T01:00:00")):
        approval = escrow.sign_approval(people.client, terms, [i])
        node.w3.provider.make_request("evm_setNextBlockTimestamp", [int(at(moment))])
        escrow.release(terms, [i], [approval]).send(people.stranger)
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db")
    me = people.freelancer.address
    found = prices("2026-12-31,USDP,EUR,0.92\n2027-03-28,USDP,EUR,0.91\n")
    assert amounts(of(ledger, me, year=2026)) == [1_500_000_000]
    assert of(ledger, me, year=2026, zone=BERLIN).rows == ()
    known = [Token(token.address, "USDP", 6)]
    made = of(ledger, me, year=2027, zone=BERLIN, prices=found, known=known)
    assert [c["date_local"] for c in cells(made)] == [
        "2027-01-01T00:30:00+01:00",
        "2027-03-28T03:00:00+02:00",
    ]
    assert [str(r.value.amount) for r in made.rows] == ["1380.00", "0.00"]
    require_journal(made, {made.rows[0].token: 1_500_000_007})


@pytest.mark.node
def test_a_symbol_of_the_chain_that_is_a_formula(node, escrow, people, token, pass_time, tmp_path):
    play_everything(escrow, people, token, pass_time)
    symbol = "=cmd|' /C calc'!A0"
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db", symbol)
    found = cells(of(ledger, people.client.address))
    assert {c["token"] for c in found} == {"'" + symbol.replace("|", "\ufffd"), "ETH"}
    assert {c["token_address"] for c in found} == {token.address, ZERO_ADDRESS}


@pytest.mark.node
def test_random_lives_end_in_the_right_books(chain, book):
    """Batches, reorganised orders and denials included: every statement is what the chain moved."""
    book.sync()
    ledger, node = book.ledger, chain.node
    erc20 = Erc20(node, chain.token.address)
    people = [
        getattr(chain.people, n).address for n in ("client", "freelancer", "arbiter", "stranger")
    ]
    elsewhere = Counter()  # withdrawn to another address
    changes = {}
    for who in people:
        made = of(ledger, who, wallet_only=True)
        money = {m.token: (m.paid, m.received, m.credits) for m in ledger.money(who)}
        for total in made.totals:
            assert money[total.token] == (total.paid, total.received, total.waiting)
        paid, received, _ = totals_of(made, chain.token.address)
        changes[who] = received - paid
        for row in made.rows:
            if row.kind == "withdrawal" and row.address != who:
                elsewhere[who] -= row.amount
                elsewhere[row.address] += row.amount
        require_journal(made, {t.token: t.received - t.paid for t in made.totals})
    first = chain.first + 2  # the client was given tokens in the block after the deployment
    for who in people:
        moved = erc20.balance(who) - erc20.balance(who, first)
        assert changes[who] + elsewhere[who] == moved
