"""Agreement files: what they become, and what each fault says."""

from datetime import date
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from milepost.agreement import COIN, Token, load
from milepost.errors import AgreementFileError
from milepost.types import ZERO_ADDRESS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CLIENT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TOKENS = {
    "USDP": Token("0x5FbDB2315678afecb367f032d93F642f64180aa3", "USDP", 6),
    COIN: Token(ZERO_ADDRESS, "ETH", 18),
}


def test_a_fixed_price_is_read_whole() -> None:
    path = EXAMPLES / "website.yaml"
    found = load(path, TOKENS)
    assert found.title == "Website for a bakery"
    assert found.terms.amounts == (1_500_000_000, 2_500_000_000, 2_000_500_000)
    assert [i.due for i in found.items] == [
        date(2027, 1, 15),
        date(2027, 2, 12),
        date(2027, 3, 5),
    ]
    assert found.terms.scope == keccak(path.read_bytes())
    assert (found.terms.arbiter_fee_bps, found.terms.default_bps) == (500, 5_000)


def test_hours_become_weeks_of_ten_minute_units() -> None:
    terms = load(EXAMPLES / "hourly.yaml", TOKENS).terms
    assert terms.amounts == (40 * 60_000_000,)
    assert (terms.units, terms.period) == (240, 7 * 86_400)
    assert terms.start == 1_795_996_800


def test_a_retainer_repeats_one_amount() -> None:
    terms = load(EXAMPLES / "retainer.yaml", TOKENS).terms
    assert terms.amounts == (800_000_000,)
    assert terms.review_period == 7 * 86_400


def test_the_coin_has_eighteen_decimals() -> None:
    terms = load(EXAMPLES / "ten-milestones.yaml", TOKENS).terms
    assert terms.amounts == (10**17,) * 10
    assert terms.token == ZERO_ADDRESS


FAULTS = [
    ("title: Website for a bakery\n", "", 2, "title", "is missing"),
    ("title: Website", "titel: Website", 2, "titel", "is not a field here"),
    ("kind: fixed price", "kind: barter", 3, "kind", "'barter' is none of"),
    ("0x70997970C51812dc", "0x70997970c51812dc", 5, "client", "right checksum"),
    ("token: USDP", "token: GOLD", 9, "token", "not known on this chain"),
    ("review period: 14 days", "review period: 14", 10, "review period", ""),
    ("arbiter fee: 5 %", "arbiter fee: five", 13, "arbiter fee", ""),
    ("amount: 2000.50 USDP", "amount: 2000.1234567 USDP", 28, "amount", "6 decimals"),
    ("amount: 2500 USDP", "amount: 2500 EUR", 23, "amount", "is not in USDP"),
    ("due: 2027-02-12", "due: soon", 24, "due", "not a day"),
    ("    due: 2027-02-12", "    due: 2027-02-12\n    price: 3", 25, "price", "not a field"),
    ("kind: fixed price", "kind: fixed price\nkind: hourly", 4, "kind", "stands twice"),
    ("chain: 31337", "chain: Nowhere", 4, "chain", "neither the number of a chain nor a name"),
    (
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        CLIENT,
        6,
        "freelancer",
        "must be three different",
    ),
    ("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65", CLIENT, 8, "arbiter", "must be three different"),
    ("0x90F79bf6EB2c4f870365E785982E1f101E93b906", ZERO_ADDRESS, 7, "payee", ""),
    ("review period: 14 days", "review period: 59 minutes", 10, "review period", "1 hour to 365"),
    ("response period: 7 days", "response period: 366 days", 11, "response period", "365 days"),
    ("ruling period: 30 days", "ruling period: 1 second", 12, "ruling period", "1 hour"),
    ("arbiter fee: 5 %", "arbiter fee: 10.01 %", 13, "arbiter fee", "10 %"),
    ("amount: 2500 USDP", "amount: 0 USDP", 23, "amount", "0.000001 USDP to"),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "problem"), FAULTS)
def test_a_fault_names_its_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, problem: str
) -> None:
    text = (EXAMPLES / "website.yaml").read_text()
    assert old in text
    path = tmp_path / "broken.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(AgreementFileError) as caught:
        load(path, TOKENS)
    error = caught.value
    assert (error.path, error.line, error.field) == ("broken.yaml", line, field)
    assert problem in error.problem


def test_what_is_not_yaml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("title: a\nkind: [\n")
    with pytest.raises(AgreementFileError, match=r"broken\.yaml:3: not YAML"):
        load(path, TOKENS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgreementFileError, match=r"nowhere\.yaml: cannot be read"):
        load(tmp_path / "nowhere.yaml", TOKENS)


def test_weeks_begin_on_a_monday(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    text = (EXAMPLES / "hourly.yaml").read_text()
    path.write_text(text.replace("2026-11-30", "2026-12-01"))
    with pytest.raises(AgreementFileError, match="weeks begin on a Monday"):
        load(path, TOKENS)


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"\xff\xfe", b"a: \x00", b"[" * 5000, b"just words"]
)
def test_what_is_no_agreement_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(AgreementFileError, match=r"broken\.yaml"):
        load(path, TOKENS)


def test_a_file_may_name_its_chain(tmp_path: Path) -> None:
    path = tmp_path / "deal.yaml"
    text = (EXAMPLES / "website.yaml").read_text()
    for written, chain_id in (("8453", 8453), ("base", 8453), ("OP Mainnet", 10)):
        path.write_text(text.replace("chain: 31337", f"chain: {written}"))
        assert load(path, TOKENS).chain_id == chain_id
    path.write_text(text.replace("chain: 31337\n", ""))
    assert load(path, TOKENS).chain_id is None
