"""The commands for the books, on a local chain: statement and invoice."""

import csv
import io

import pypdf
import pytest

from milepost.agreement import Token
from milepost.cli.invoice import _require_one
from milepost.cli.statement import remark_on
from milepost.errors import InputError
from milepost.units import format_time

pytestmark = pytest.mark.node

PERSON = "name: Łucja Żółć\naddress: |\n  Große Straße 12\n  04103 Leipzig\n"


@pytest.fixture
def paid(funded, milepost, run, people, local_node, escrow, tmp_path):
    """The example, of which the first milestone is paid, in a ledger."""
    approval = tmp_path / "approval.json"
    approve = milepost("approve", funded, 1, "--sign", "--out", approval, by=people.client)
    assert approve.code == 0, approve.err
    claim = milepost("claim", funded, 1, "--approval", approval, by=people.freelancer)
    assert claim.code == 0, claim.err
    synced = run("ledger", "sync", "--rpc-url", local_node.url, "--escrow", escrow.address)
    assert synced.code == 0, synced.err
    return funded


@pytest.fixture
def day(node):
    return format_time(node.block().timestamp)[:10]


@pytest.fixture
def priced(tmp_path, day, token):
    path = tmp_path / "prices.csv"
    path.write_text(f"date,token,currency,price\n{day},{token.address},EUR,0.92\n")
    return path


def agreement_of(run):
    return run("jobs", "--all", "--json").json["jobs"][0]["agreement"]


def test_a_table(run, paid, people, priced, day):
    shown = run(
        "statement", "--party", people.freelancer.address, "--zone", "UTC", "--prices", priced
    )
    assert shown.code == 0, shown.err
    row, total = (line for line in shown.out.splitlines() if "1,500.00" in line)
    client = people.client.address
    for part in (
        day,
        "release",
        f"{agreement_of(run)[:10]} 1 ",
        f"{client[:6]}…{client[-4:]}",
        "1,500.00 USDP",
    ):
        assert part in row
    assert "1,380.00 EUR" in row
    assert total.split() == ["USDP", total.split()[1], "0.00", "1,500.00", "0.00"]
    assert "waiting at the end" in shown.out
    assert "1 row of the whole time, days of UTC, at block" in shown.err
    assert "Worth: in 1,380.00 EUR, back 0.00 EUR, out 0.00 EUR." in shown.err
    assert "can still be taken back" in shown.err


def test_the_same_in_every_format(run, paid, people, day, tmp_path):
    of = ("statement", "--party", people.client.address, "--year", day[:4], "--zone", "UTC")
    as_json = run(*of, "--json")
    assert as_json.json == run(*of, "--format", "json").json
    (row,) = as_json.json["rows"]
    assert (row["kind"], row["direction"], row["amount"]) == ("fund", "out", "-6000500000")
    assert row["milestones"] == [1, 2, 3]
    assert as_json.json["totals"][0]["paid"] == "6000500000"
    as_csv = run(*of, "--format", "csv")
    (cells,) = csv.DictReader(io.StringIO(as_csv.out))
    assert (cells["amount"], cells["milestones"]) == ("-6000.50", "1 2 3")
    journal = run(*of, "--format", "ledger")
    assert "Assets:Crypto:USDP" in journal.out
    assert '-6000.50 "USDP"' in journal.out
    for form, printed in (("csv", as_csv), ("ledger", journal), ("json", as_json)):
        path = tmp_path / f"2026.{form}"
        saved = run(*of, "--format", form, "--out", path)
        assert (saved.code, saved.out) == (0, "")
        assert "Saved to" in saved.err
        assert path.read_text("utf-8") == printed.out
    assert not list(tmp_path.glob(".*"))


def test_other_years_are_empty(run, paid, people):
    of = ("statement", "--party", people.client.address, "--zone", "UTC")
    assert run(*of, "--year", "1999", "--json").json["rows"] == []
    assert run(*of, "--until", "1999-12-31").out == ""
    assert len(run(*of, "--since", "2026-01-01", "--json").json["rows"]) == 1


def test_a_missing_price_is_named(run, paid, people, priced, day, token):
    priced.write_text("date,token,currency,price\n1999-01-01,USDP,EUR,1\n")
    shown = run("statement", "--party", people.client.address, "--zone", "UTC", "--prices", priced)
    assert f"No price of USDP ({token.address}) on {day}." in shown.err
    assert "Worth" not in shown.err
    assert "EUR" not in shown.out


REFUSED = [
    ([], "Say whose statement"),
    (["--party", "0x12"], "--party"),
    (["--year", "26"], "no year"),
    (["--since", "yesterday"], '--since: "yesterday" is not a day'),
    (["--year", "2026", "--until", "2026-02-01"], "a year, or the days"),
    (["--zone", "Berlin"], "no time zone"),
    (["--prices", "none.csv"], "none.csv: cannot be read"),
    (["--format", "csv", "--json"], "not both"),
    (["--out", "x.txt"], "A table is for the terminal"),
    (["--format", "csv", "--out", "no/such/x.csv"], "cannot be written: No such file"),
    (["--format", "csv", "--out", "."], "cannot be written"),
]


def test_what_a_statement_refuses(run, paid, people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    for args, problem in REFUSED:
        party = [] if not args or "--party" in args else ["--party", people.client.address]
        refused = run("statement", *party, *args)
        assert (refused.code, refused.out) == (2, ""), args
        assert problem in refused.err
        assert sorted(tmp_path.iterdir()) == before


def test_a_bad_price_file_is_named_with_its_line(run, paid, people, priced, tmp_path):
    priced.write_text(priced.read_text() + "2026-01-01,USDP,EUR,abc\n")
    out = tmp_path / "x.csv"
    of = ("--party", people.client.address, "--format", "csv", "--out", out, "--prices", priced)
    refused = run("statement", *of)
    assert refused.code == 2
    assert "prices.csv:3: 'abc' is not a price" in refused.err
    assert not out.exists()


def test_no_ledger(run, people):
    assert run("statement", "--party", people.client.address).code == 8
    assert run("invoice", "0x12", "1", "--out", "x.pdf").code == 8


def test_tokens_that_are_not_known_by_name(run, paid, people, priced, token, day, tmp_path):
    """Their symbol names no price, and a reader is told."""
    of = ("statement", "--party", people.client.address, "--zone", "UTC", "--prices", priced)
    known = run(*of)
    assert "Not known by name" not in known.err
    (book,) = (tmp_path / "data").rglob("*.tokens.json")
    content = book.read_text()
    priced.write_text(f"date,token,currency,price\n{day},USDP,EUR,0.92\n")
    assert "5,520.46 EUR" in run(*of).out
    book.write_text("{}")
    strange = run(*of)
    assert f"No price of USDP ({token.address}) on {day}." in strange.err
    assert "Write the address of any other." in strange.err
    assert f"Not known by name: USDP ({token.address})." in strange.err
    assert f'"USDP {token.address}"' in run(*of, "--format", "ledger").out
    assert len(run(*of, "--token", token.address.lower(), "--json").json["rows"]) == 1
    for name in ("coin", "ETH"):
        assert run(*of, "--token", name, "--json").json["rows"] == []
    assert "no token known by name" in run(*of, "--token", "USDP").err
    assert "--token" in run(*of, "--token", "0x12").err
    book.write_text(content)
    assert len(run(*of, "--token", "coin", "--token", "USDP", "--json").json["rows"]) == 1


def test_few_of_many_tokens_are_named(capsys):
    remark_on([])
    assert capsys.readouterr().err == ""
    tokens = [Token(f"0x{k:040x}", f"T{k}", 6) for k in range(13)]
    remark_on(tokens)
    shown = " ".join(capsys.readouterr().err.split())
    assert f"T9 ({tokens[9].address}) and 3 more. Anybody" in shown


# Invoices


def text_of(path):
    return "\n".join(p.extract_text() for p in pypdf.PdfReader(path).pages)


def test_an_invoice(run, paid, people, priced, day, token, tmp_path):
    me = tmp_path / "me.yaml"
    me.write_text(PERSON, "utf-8")
    agreement, out = agreement_of(run), tmp_path / "invoice.pdf"
    of = ("--file", paid, "--from", me, "--prices", priced, "--zone", "UTC", "--out", out)
    made = run("invoice", agreement[:12], "1", *of)
    assert made.code == 0, made.err
    number = f"{agreement[2:10]}-1"
    assert f"{number}  {day}  1,500.00 USDP" in made.out
    text = text_of(out)
    for part in (number, "Łucja Żółć", "Design", "1,380.00 EUR", agreement, "PAID", day):
        assert part in text
    content = out.read_bytes()
    again = run("invoice", agreement, "1", *of, "--json")
    assert out.read_bytes() == content
    (record,) = again.json["invoices"]
    assert (record["number"], record["amount"]) == (number, "1500000000")
    assert (record["value"], record["file"]) == ("1380.00", str(out))
    assert record["token"] == {"address": token.address, "symbol": "USDP", "decimals": 6}
    assert (record["currency"], record["waiting"]) == ("EUR", "0")
    unpriced = run("invoice", agreement, "1", "--out", out, "--json").json["invoices"][0]
    assert (unpriced["value"], unpriced["currency"]) == (None, None)


def test_the_file_is_enough_to_name_the_agreement(run, paid, tmp_path):
    out = tmp_path / "invoice.pdf"
    made = run("invoice", paid, "1", "--zone", "UTC", "--out", out, "--number", "2026-007")
    assert made.code == 0, made.err
    text = text_of(out)
    assert "2026-007" in text
    assert "Website for a bakery" in text


def test_all_invoices_of_a_year(run, paid, people, day, tmp_path):
    out = tmp_path / "invoices"
    of = ("--year", day[:4], "--zone", "UTC", "--file", paid, "--out", out)
    for who in (people.freelancer, people.client):
        made = run("invoice", "--party", who.address, *of)
        assert made.code == 0, made.err
        (path,) = out.iterdir()
        assert path.name == f"{agreement_of(run)[2:10]}-1.pdf"
        assert "Design" in text_of(path)
    me = tmp_path / "me.yaml"
    me.write_text(PERSON, "utf-8")
    for who, option, other in (
        (people.freelancer, "--from", "--to"),
        (people.client, "--to", "--from"),
    ):
        for given, count in (([option], 1), ([other], 0), ([option, other], 1)):
            profiles = [x for o in given for x in (o, me)]
            made = run("invoice", "--party", who.address, *profiles, "--out", out, "--json")
            assert len(made.json["invoices"]) == count, made.err
    elsewhere = tmp_path / "none"
    none = run("invoice", "--party", people.client.address, "--year", "1999", "--out", elsewhere)
    assert none.code == 0
    assert "No milestone was paid" in none.out


def test_the_party_comes_from_the_environment(run, paid, people, monkeypatch, tmp_path):
    monkeypatch.setenv("MILEPOST_PARTY", people.freelancer.address)
    out = tmp_path / "invoices"
    assert len(run("invoice", "--out", out, "--json").json["invoices"]) == 1
    assert run("invoice", "--out", out, "--token", "coin", "--json").json["invoices"] == []
    one = tmp_path / "invoice.pdf"
    assert run("invoice", agreement_of(run), "1", "--out", one).code == 0
    assert one.is_file()


NO_INVOICE = [
    (["ID"], "an agreement and a milestone"),
    ([], "an agreement and a milestone"),
    (["ID", "1", "--party", "CLIENT"], "not both"),
    (["ID", "1", "--year", "2026"], "go with --party"),
    (["ID", "1", "--token", "coin"], "goes with --party"),
    (["x" * 300, "1"], "No agreement xxx"),
    (["CLIENT/", "1"], "No agreement"),
    (["ID", "2"], "is active and not over"),
    (["ID", "4"], "was never funded"),
    (["ID", "1", "--file", "other.yaml"], "is of another agreement"),
    (["ID", "1", "--from", "none.yaml"], "none.yaml: cannot be read"),
    (["ID", "1", "--from", "strange.yaml"], "The font has no 山"),
    (["ID", "1", "--font", "other.yaml"], "no font"),
    (["FILE", "1", "--file", "other.yaml"], "Give one file"),
    (["--party", "CLIENT", "--number", "7"], "for one invoice"),
    (["--party", "CLIENT", "--file", "other.yaml"], "of none of these"),
    (["--party", "CLIENT", "--out", "other.yaml"], "cannot be made"),
]


def test_what_an_invoice_refuses(run, paid, people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = paid.read_text().replace("Website for a bakery", "Another")
    (tmp_path / "other.yaml").write_text(text)
    (tmp_path / "strange.yaml").write_text("name: 山田", "utf-8")
    before = sorted(tmp_path.iterdir())
    names = {"ID": agreement_of(run), "CLIENT": people.client.address, "FILE": str(paid)}
    for args, problem in NO_INVOICE:
        out = [] if "--out" in args else ["--out", "x.pdf"]
        refused = run("invoice", *(names.get(a, a) for a in args), *out)
        assert refused.code == (8 if problem.startswith("No agreement") else 2), args
        assert refused.out == ""
        assert problem in refused.err
        assert sorted(tmp_path.iterdir()) == before


def test_a_profile_is_of_one():
    _require_one({"0xa"}, "--to", "clients")
    with pytest.raises(InputError, match="of 2 clients"):
        _require_one({"0xa", "0xb"}, "--to", "clients")
