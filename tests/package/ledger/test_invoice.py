"""Invoices: whose they are, what is on them, and the document itself."""

import io
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pypdf
import pytest

from milepost.agreement import Token, parse
from milepost.errors import ExtraMissing, InputError, JobUnknown, ProfileError
from milepost.ledger.statements import paper
from milepost.ledger.statements.invoice import Invoice, _beginning, invoice, invoices
from milepost.ledger.statements.invoice_pdf import to_pdf
from milepost.ledger.statements.prices import parse_prices
from milepost.ledger.statements.profile import Profile, parse_profile, read_profile
from milepost.ledger.statements.statement import statement
from milepost.units import DAY
from tests.package.ledger.accounts import (
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
EXAMPLES = Path(__file__).parents[3] / "examples"
ME = Profile(
    "Łucja Żółć", ("Große Straße 12", "04103 Leipzig"), "DE 123", "l@example.org", "No VAT is due."
)
THEM = Profile("Αρτοποιείο Ήλιος", ("Оδός Ερμού 5", "Київ"))
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def text_of(document):
    pages = pypdf.PdfReader(io.BytesIO(document)).pages
    return "\n".join(page.extract_text() for page in pages)


def made_up(*payments, **changes):
    """An invoice of payments to PAYEE for milestone 1 of agreed 1500 USDC."""
    terms = terms_of(payee=PAYEE, amounts=(1_500_000_000, 7), salt=b"\xab" * 32)
    prices = changes.pop("prices", None)
    found = [payment(k, n, t, address=PAYEE, terms=terms) for k, n, t in payments]
    rows = statement(MadeUp(*found), PAYEE, zone=UTC_ZONE, prices=prices, known=[USDC]).rows
    facts = {
        "number": "abababab-1", "chain_id": 8453, "escrow": MadeUp.escrow,
        "agreement": b"\xab" * 32, "milestone": 0, "terms": terms, "token": USDC,
        "title": "Website for a bakery", "description": "Design\n- Drafts", "rows": rows,
        "zone": "UTC",
    }  # fmt: skip
    return Invoice(**{**facts, **changes})


@pytest.fixture
def paid():
    return made_up(("release", 1_500_000_000, AT.timestamp()))


# The document


def test_what_stands_on_it(paid):
    text = text_of(to_pdf(paid, ME, THEM))
    for part in (
        "Invoice", "PAID", "abababab-1", "2026-03-02 (UTC)", *ME.address, "Łucja Żółć",
        "l@example.org",
        "Tax id DE 123", "No VAT is due.", THEM.name, *THEM.address, paid.terms.client,
        paid.terms.freelancer, PAYEE, "Website for a bakery", "Design", "- Drafts", "1,500.00 USDC",
        "Base, chain id 8453", paid.escrow, "0x" + "ab" * 32, "2026-03-02 09:00:00 UTC",
        "0x" + paid.rows[0].happening.event.transaction.hex(), USDC.address,
        "Anybody can check this",
        "0x" + paid.terms.scope.hex(),
    ):  # fmt: skip
        assert part in text, part
    for part in ("Worth", "agreed for the milestone", "could not take", "not final"):
        assert part not in text


def test_without_profiles_the_addresses_say_who(paid):
    text = text_of(to_pdf(replace(paid, title="", description="Milestone 1")))
    for part in ("Freelancer", "Client", "Milestone 1", paid.terms.client, paid.terms.freelancer):
        assert part in text
    assert "Agreement file" not in text


def test_several_payments_and_their_worth():
    found = parse_prices(
        b"date,token,currency,price\n2026-03-02,USDC,EUR,0.9187\n2026-03-03,USDC,EUR,0.92\n",
        "p.csv",
    )
    first, last = AT.timestamp(), AT.timestamp() + DAY
    both = made_up(("dispute", 800_000_000, first), ("ruling", 200_250_000, last), prices=found)
    assert (both.amount, both.worth, both.day) == (
        1_000_250_000,
        Decimal("919.19"),
        date(2026, 3, 3),
    )
    text = text_of(to_pdf(both))
    for part in (
        "800.00 USDC", "Part that was not disputed, 2026-03-02", "200.25 USDC",
        "Ruled by the arbiter, 2026-03-03", "1,000.25 USDC", "919.19 EUR",
        "1 USDC = 0.9187 EUR on 2026-03-02 (UTC)", "1 USDC = 0.92 EUR on 2026-03-03 (UTC)",
        "Of 1,500.00 USDC agreed for the milestone",
    ):  # fmt: skip
        assert part in text, part
    last_unpriced = made_up(("release", 1, first), ("ruling", 1, last + DAY), prices=found)
    assert last_unpriced.worth is None
    assert "Worth" not in text_of(to_pdf(last_unpriced))


def test_what_waits_or_is_not_final_is_said(paid):
    (row,) = paid.rows
    kept = replace(paid, rows=(replace(row, amount=0, waiting=row.amount),))
    assert "could not take 1,500.00 USDC" in " ".join(text_of(to_pdf(kept)).split())
    young = replace(paid, rows=(replace(row, happening=replace(row.happening, is_final=False)),))
    assert "was not final" in text_of(to_pdf(young))


def test_paid_stands_only_where_it_was_delivered_and_is_final(paid):
    (row,) = paid.rows
    young = replace(row, happening=replace(row.happening, is_final=False))
    half = replace(row, amount=1, waiting=row.amount - 1)
    for found, state in (
        (row, "PAID"),
        (young, "PAID, NOT FINAL"),
        (replace(row, amount=0, waiting=row.amount), "NOT DELIVERED"),
        (half, "PARTLY DELIVERED"),
        (replace(half, happening=young.happening), "PARTLY DELIVERED, NOT FINAL"),
    ):
        text = text_of(to_pdf(replace(paid, rows=(found,))))
        assert f"Invoice {state}" in text.splitlines()
        assert ("Total paid" in text) == (not found.waiting)


def test_the_same_payment_gives_the_same_bytes(paid, monkeypatch):
    first = to_pdf(paid, ME, THEM)
    import time

    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert to_pdf(paid, ME, THEM) == first
    finally:
        monkeypatch.undo()
        time.tzset()
    facts = pypdf.PdfReader(io.BytesIO(first)).metadata
    assert facts.creation_date == AT
    assert (facts.title, facts.author) == ("Invoice abababab-1", "Łucja Żółć")


def test_letters_that_no_font_has_are_named(paid):
    with pytest.raises(InputError, match=r"The font has no 山 田\. .* --font"):
        to_pdf(paid, replace(ME, name="山田"))


# What reads fonts leaves the file of a broken one open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_another_font_helps_out(paid, tmp_path):
    fonts = Path(find_spec("matplotlib").submodule_search_locations[0]) / "mpl-data/fonts/ttf"
    letter = "\u1d8a"  # an s with a hook, which DejaVu lacks
    me = replace(ME, name=f"Ada {letter}")
    assert me.name in text_of(to_pdf(paid, me, font=fonts / "STIXGeneral.ttf"))
    with pytest.raises(InputError, match=letter):
        to_pdf(paid, me)
    broken = tmp_path / "broken.ttf"
    for content in (b"no font", b"", b"\0\1\0\0"):
        broken.write_bytes(content)
        with pytest.raises(InputError, match="no font that can be used"):
            to_pdf(paid, font=broken)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        to_pdf(paid, font=tmp_path / "none.ttf")


def test_letters_of_a_symbol_that_no_font_has_are_replaced(paid):
    token = replace(paid.token, symbol="\U0001f4b0金X")
    assert "1,500.00 \ufffd\ufffdX" in text_of(to_pdf(replace(paid, token=token)))


def test_a_letter_without_a_bold_one_is_printed_plain(paid):
    name = "Ada \U0001d5a0"  # which only the plain face of DejaVu has
    assert name in text_of(to_pdf(paid, replace(ME, name=name)))


def test_texts_that_steer_are_shown(paid):
    text = text_of(to_pdf(replace(paid, title="a\x1b[31m\tb", description="c\x07\nd")))
    assert "a\ufffd[31m\ufffdb" in text
    assert "c\ufffd" in text


def test_long_texts_go_on_another_page(paid):
    lines = "\n".join(f"- deliverable {k}, {'very ' * 30}long" for k in range(60))
    document = to_pdf(replace(paid, description="Design\n" + lines), ME, THEM)
    reader = pypdf.PdfReader(io.BytesIO(document))
    assert len(reader.pages) > 1
    text = text_of(document)
    assert "deliverable 59" in text
    last = reader.pages[-1].extract_text()
    assert "Total paid" in last
    assert "0x" + paid.rows[0].happening.event.transaction.hex() in last


@pytest.mark.parametrize("module", ["fpdf", "matplotlib"])
def test_without_the_extra(paid, monkeypatch, module):
    if module == "fpdf":
        monkeypatch.setitem(sys.modules, "fpdf", None)
    else:
        monkeypatch.setattr(paper, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"milepost\[reports\]"):
        to_pdf(paid)


# Profiles


def test_a_profile(tmp_path):
    path = tmp_path / "me.yaml"
    text = 'name: Ada\naddress: |\n  Street 1\n\n  Town\ntax id: 0123\nemail: "a@b"\nnote: x\n'
    path.write_text(text)
    profile = read_profile(path)
    assert profile == Profile("Ada", ("Street 1", "Town"), "0123", "a@b", "x")
    assert profile.lines == ("Street 1", "Town", "Tax id 0123", "a@b")
    assert parse_profile(b"name: Ada\naddress: [a, b]", "x") == Profile("Ada", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "me.yaml:1: write fields"),
        ("- a", "me.yaml:1: write fields"),
        ("address: [a]", "me.yaml:1: name: is missing"),
        ("name: Ada\nphone: 1", "me.yaml:2: phone: is not a field here"),
        ("name: Ada\nname: Bob", "me.yaml:2: name: stands twice"),
        ("name: Ada\naddress: a\naddress: b", "me.yaml:3: address: stands twice"),
        ("name: ''", "me.yaml:1: name: needs a text"),
        ("name: [a]", "me.yaml:1: name: needs a text"),
        ("name: Ada\naddress: {a: b}", "me.yaml:2: address: needs 1 to 10 lines"),
        ("name: Ada\naddress: [a, [b]]", "me.yaml:2: address: needs a text"),
        (f"name: Ada\naddress: [{'a, ' * 11}]", "me.yaml:2: address: needs 1 to 10 lines"),
        ("name: 'a", "me.yaml:1: not YAML"),
        ("name: \udcff", "me.yaml: not a YAML text"),
    ],
)
def test_a_profile_with_a_fault_is_refused(text, place):
    with pytest.raises(ProfileError) as caught:
        parse_profile(text.encode(errors="surrogateescape"), "me.yaml")
    assert str(caught.value).startswith(place)


def test_a_profile_that_cannot_be_read(tmp_path):
    with pytest.raises(ProfileError, match="cannot be read"):
        read_profile(tmp_path / "none.yaml")


# On a chain


@pytest.fixture
def books(node, escrow, people, token, pass_time, tmp_path):
    played = play_everything(escrow, people, token, pass_time)
    return ledger_of(node, escrow, tmp_path / "ledger.db"), played


def id_of(escrow, terms):
    return "0x" + escrow.agreement_id(terms).hex()


@pytest.mark.node
def test_an_invoice_of_every_way_to_be_paid(books, escrow, people, node, token):
    ledger, played = books
    fixed = id_of(escrow, played.fixed)
    seen = {}
    for i in range(9):
        if i != 2:
            found = invoice(ledger, fixed, i, zone=UTC_ZONE)
            assert found.number == f"{fixed[2:10]}-{i + 1}"
            seen[i] = [row.kind for row in found.rows]
    assert seen == {
        0: ["release"], 1: ["release"], 3: ["dispute", "ruling"], 4: ["release"], 5: ["lapse"],
        6: ["settlement"], 7: ["release"], 8: ["settlement"],
    }  # fmt: skip
    partly = invoice(ledger, fixed, 7, zone=UTC_ZONE)
    assert partly.amount == played.fixed.amount_of(7) * 3333 // 10_000
    assert invoice(ledger, fixed, 8, zone=UTC_ZONE).amount == 100
    cold = invoice(ledger, id_of(escrow, played.cold), 1, zone=UTC_ZONE)
    assert (cold.amount, cold.waiting) == (10**8, 10**8)
    assert WALLET in text_of(to_pdf(cold))
    coin = invoice(ledger, id_of(escrow, played.coin), 0, zone=UTC_ZONE)
    text = text_of(to_pdf(coin))
    assert "1.000000000000000001 ETH" in text
    assert "Token" not in text
    assert "local chain, chain id 31337" in text
    block = node.w3.eth.get_block(coin.rows[0].happening.event.block)
    assert coin.paid_at == datetime.fromtimestamp(block.timestamp, UTC)


@pytest.mark.node
def test_what_has_no_invoice(books, escrow, people):
    ledger, played = books
    for terms, i, problem in (
        (played.fixed, 2, "Milestone 3 .* is refunded: nothing was paid"),
        (played.fixed, 9, "Milestone 10 .* was never funded"),
        (played.replacement, 1, "Milestone 2 .* is active and not over"),
    ):
        with pytest.raises(InputError, match=problem):
            invoice(ledger, id_of(escrow, terms), i)
    with pytest.raises(JobUnknown):
        invoice(ledger, "0x1234567890", 0)


@pytest.mark.node
def test_all_invoices_of_a_party(books, escrow, people):
    ledger, played = books
    of_client = invoices(ledger, people.client.address, zone=UTC_ZONE)
    of_me = invoices(ledger, people.freelancer.address, zone=UTC_ZONE)
    assert of_client == of_me
    assert len(of_me) == 8 + 1 + 3 + 1
    assert [i.paid_at for i in of_me] == sorted(i.paid_at for i in of_me)
    assert invoices(ledger, people.arbiter.address, zone=UTC_ZONE) == []
    mine = statement(ledger, people.freelancer.address, zone=UTC_ZONE)
    earned = {}
    for row in mine.rows:
        earned[row.token] = earned.get(row.token, 0) + row.gain
    for one in of_me:
        earned[one.token] -= one.amount
    assert not any(earned.values())
    assert invoices(ledger, WALLET, zone=UTC_ZONE) == []  # anybody can name anybody as payee
    me, coin = people.freelancer.address, played.coin.token
    assert invoices(ledger, me, side="freelancer", zone=UTC_ZONE) == of_me
    assert invoices(ledger, me, side="client", zone=UTC_ZONE) == []
    in_coin = invoices(ledger, me, tokens=[coin], zone=UTC_ZONE)
    assert in_coin == [i for i in of_me if i.token.address == coin]
    assert len(in_coin) == 1
    year = of_me[0].day.year
    years = [invoices(ledger, me, year=y, zone=UTC_ZONE) for y in (year - 1, year, year + 1)]
    assert [i for found in years for i in found] == of_me


class Alike:
    """A ledger of jobs with these ids, oldest first."""

    def __init__(self, *names):
        self._jobs = [SimpleNamespace(agreement=bytes.fromhex(n)) for n in names]

    def jobs(self):
        return self._jobs

    def job(self, text):
        same = sum(j.agreement.hex().startswith(text) for j in self._jobs)
        if same != 1:
            raise JobUnknown(text, same, 1)


def test_ids_that_begin_alike_have_numbers_that_do_not():
    first, second, third = ("ab" * 4 + end for end in ("0" * 56, "01" + "0" * 54, "1" * 56))
    ledger = Alike(first, second, third)
    found = [_beginning(ledger, bytes.fromhex(n)) for n in (first, second, third)]
    assert found == ["abababab", "abababab01", "abababab1"]
    assert _beginning(Alike(second, first), bytes.fromhex(first)) == "abababab00"


@pytest.fixture
def bakery(people, token):
    """The example's file and what it says, with this chain's people."""
    text = (EXAMPLES / "website.yaml").read_text()
    roles = (people.client, people.freelancer, people.freelancer, people.arbiter)
    addresses = iter([r.address for r in roles])
    content = re.sub(r'"0x[0-9a-fA-F]{40}"', lambda m: f'"{next(addresses)}"', text).encode()
    return parse(content, "website.yaml").agreement({"USDP": Token(token.address, "USDP", 6)})


@pytest.mark.node
def test_the_file_names_the_work(node, escrow, people, bakery, tmp_path):
    terms = bakery.terms
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2], acceptance).send(people.client)
    approval = escrow.sign_approval(people.client, terms, [0, 2])
    escrow.release(terms, [0, 2], [approval]).send(people.stranger)
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db")
    made = invoice(ledger, id_of(escrow, terms), 0, file=bakery, zone=UTC_ZONE)
    assert (made.title, made.amount) == ("Website for a bakery", 1_500_000_000)
    assert made.description.splitlines() == [
        "Design",
        "- Drafts of the home, menu and order pages",
        "- Colours and type as a style sheet",
    ]
    assert "0x" + terms.scope.hex() in text_of(to_pdf(made))
    other = replace(bakery, terms=replace(terms, scope=b"\1" * 32))
    with pytest.raises(InputError, match="is of another agreement: its hash is 0x0101"):
        invoice(ledger, id_of(escrow, terms), 0, file=other)
    other = replace(bakery, terms=replace(terms, amounts=(1, 2, 3)))
    with pytest.raises(InputError, match="other amounts"):
        invoice(ledger, id_of(escrow, terms), 0, file=other)
    with pytest.raises(InputError, match="of none of these"):
        invoices(ledger, people.client.address, files=[other], zone=UTC_ZONE)
    both = invoices(ledger, people.client.address, files=[bakery], zone=UTC_ZONE)
    assert [i.description.splitlines()[0] for i in both] == ["Design", "Orders"]
    with pytest.raises(InputError, match="of none of these"):
        invoices(ledger, people.client.address, files=[bakery], year=1999, zone=UTC_ZONE)


@pytest.mark.node
def test_a_hash_in_terms_of_a_strangers_own_stops_no_batch(node, escrow, people, bakery, tmp_path):
    terms = bakery.terms
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2], acceptance).send(people.client)
    copied = replace(terms, amounts=(1, 2), salt=b"\7" * 32)
    escrow.fund(copied, [0], escrow.sign_terms(people.freelancer, copied)).send(people.client)
    for some in (copied, terms):
        approval = escrow.sign_approval(people.client, some, [0])
        escrow.release(some, [0], [approval]).send(people.stranger)
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db")
    both = invoices(ledger, people.freelancer.address, files=[bakery], zone=UTC_ZONE)
    titles = {i.agreement: i.title for i in both}
    assert titles == {
        escrow.agreement_id(copied): "",
        escrow.agreement_id(terms): "Website for a bakery",
    }


@pytest.fixture
def weekly(node, people, token):
    """The hourly example, whose weeks begin now, with this chain's people."""
    start = (node.block().timestamp // DAY // 7) * 7 * DAY + 4 * DAY
    day = datetime.fromtimestamp(start, UTC).date()
    roles = (people.client, people.freelancer, people.freelancer, people.arbiter)
    addresses = iter([r.address for r in roles])
    text = (EXAMPLES / "hourly.yaml").read_text()
    text = re.sub(r'"0x[0-9a-fA-F]{40}"', lambda m: f'"{next(addresses)}"', text)
    # A unit of ten minutes costs no whole number of base units.
    text = re.sub("2026-11-30", str(day), re.sub(r"(?m)^( *rate:).*$", r"\1 50 USDP", text))
    tokens = {"USDP": Token(token.address, "USDP", 6)}
    return parse(text.encode(), "hourly.yaml").agreement(tokens)


@pytest.mark.node
def test_hours_are_those_that_were_claimed(node, escrow, people, weekly, pass_time, tmp_path):
    terms = weekly.terms
    acceptance = escrow.sign_terms(people.freelancer, terms)
    escrow.fund(terms, [0, 1, 2, 3], acceptance).send(people.client)
    pass_time(terms.period_end(3) - node.block().timestamp)
    for i, units in ((0, 187), (1, 180), (2, 60), (3, 60)):
        escrow.submit(terms, i, units).send(people.freelancer)
    escrow.approve(terms, [0], [187]).send(people.client)
    escrow.release(terms, [0]).send(people.freelancer)
    escrow.dispute(terms, 1, 180).send(people.client)
    escrow.rule(terms, 1, 1_000_000_000).send(people.arbiter)
    escrow.request_changes(terms, 2).send(people.client)
    approval = escrow.sign_approval(people.client, terms, [2], [terms.whole])
    escrow.release(terms, [2], [approval]).send(people.freelancer)
    escrow.approve(terms, [3], [60]).send(people.client)
    escrow.release(terms, [3]).send(people.freelancer)
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db")
    made = [
        invoice(ledger, id_of(escrow, terms), i, file=weekly, zone=UTC_ZONE).description
        for i in range(4)
    ]
    whole = terms.whole // 6
    assert [m.partition("\n")[2] for m in made] == [
        "31 hours 10 minutes", "", f"{whole} hours 0 minutes", "10 hours 0 minutes",
    ]  # fmt: skip


@pytest.mark.node
def test_a_week_of_hours(node, escrow, people, token, pass_time, tmp_path):
    start = (node.block().timestamp // DAY // 7) * 7 * DAY + 4 * DAY
    day = datetime.fromtimestamp(start, UTC).date()
    roles = (people.client, people.freelancer, people.freelancer, people.arbiter)
    addresses = iter([r.address for r in roles])
    text = (EXAMPLES / "hourly.yaml").read_text()
    text = re.sub(r'"0x[0-9a-fA-F]{40}"', lambda m: f'"{next(addresses)}"', text)
    text = text.replace("2026-11-30", str(day))
    tokens = {"USDP": Token(token.address, "USDP", 6)}
    file = parse(text.encode(), "hourly.yaml").agreement(tokens)
    acceptance = escrow.sign_terms(people.freelancer, file.terms)
    escrow.fund(file.terms, [0], acceptance).send(people.client)
    pass_time(file.terms.period_end(0) - node.block().timestamp)
    approval = escrow.sign_approval(people.client, file.terms, [0], [189])
    escrow.release(file.terms, [0], [approval]).send(people.freelancer)
    ledger = ledger_of(node, escrow, tmp_path / "ledger.db")
    made = invoice(ledger, id_of(escrow, file.terms), 0, file=file, zone=UTC_ZONE)
    last = date.fromordinal(day.toordinal() + 6)
    assert made.description == f"Work from {day} to {last}\n31 hours 30 minutes"
    assert made.amount == 1_890_000_000
    plain = invoice(ledger, id_of(escrow, file.terms), 0, zone=UTC_ZONE)
    assert plain.description == made.description
