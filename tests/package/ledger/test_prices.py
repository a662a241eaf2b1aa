"""Files of prices, and what amounts are worth at them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import pytest

from milepost.agreement import Token
from milepost.errors import PriceFileError
from milepost.ledger.statements.prices import day_of, parse_prices, read_prices, sum_of, value_of
from milepost.types import ZERO_ADDRESS

USDC = Token("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", 6)
ETH = Token(ZERO_ADDRESS, "ETH", 18)
FAKE = Token("0x" + "99" * 20, "USDC", 6)
DAY = date(2026, 3, 2)
HEADER = "date,token,currency,price\n"


def parse(text):
    return parse_prices((HEADER + text).encode(), "prices.csv")


def test_a_price_is_of_its_token_and_day_only():
    prices = parse("2026-03-02,USDC,EUR,0.9187\n2026-03-03,ETH,EUR,2000\n")
    found = prices.find(USDC, DAY, [USDC])
    assert (found.price, found.currency, found.day) == (Decimal("0.9187"), "EUR", DAY)
    assert (found.source, found.line) == ("prices.csv", 2)
    assert prices.currency == "EUR"
    assert prices.find(USDC, date(2026, 3, 3), [USDC]) is None
    assert prices.find(ETH, DAY) is None


def test_an_address_names_a_token_in_any_case_and_goes_first():
    text = f"2026-03-02,USDC,EUR,1\n2026-03-02,{USDC.address.upper().replace('X', 'x')},EUR,2\n"
    prices = parse(text)
    assert prices.find(USDC, DAY).price == 2
    assert prices.find(FAKE, DAY, [FAKE]).price == 1


def test_a_symbol_names_the_coin_and_what_is_known_by_name():
    prices = parse("2026-03-02,USDC,EUR,1\n2026-03-02,ETH,EUR,2\n")
    assert prices.find(ETH, DAY).price == 2
    assert prices.find(USDC, DAY) is None
    assert prices.find(replace(USDC, address=USDC.address.lower()), DAY, [ETH, USDC]).price == 1
    assert prices.find(FAKE, DAY, [USDC]) is None
    assert prices.has_symbol(FAKE, DAY)
    assert not prices.has_symbol(FAKE, date(2026, 3, 3))


def test_a_symbol_that_several_known_tokens_have_names_none():
    prices = parse(f"2026-03-02,USDC,EUR,1\n2026-03-02,{USDC.address},EUR,2\n")
    known = [USDC, FAKE]
    assert prices.find(USDC, DAY, known).price == 2
    with pytest.raises(PriceFileError, match=r"prices.csv:2: several tokens .* called USDC") as e:
        prices.find(FAKE, DAY, known)
    assert f"{FAKE.address}, {USDC.address}. Write" in str(e.value)


def test_sums_are_exact_and_have_no_negative_zero():
    digits = "1" * 40
    with localcontext() as context:
        context.prec = 3
        assert f"{sum_of([Decimal(digits + '.10'), Decimal('.01')]):f}" == digits + ".11"
        assert f"{sum_of([Decimal('-1.00'), Decimal('1.00')]):f}" == "0.00"
        assert f"{sum_of([]):f}" == "0.00"


def test_a_token_that_calls_itself_an_address_gets_no_price_by_it():
    prices = parse(f"2026-03-02,{USDC.address},EUR,1\n")
    for symbol in (USDC.address.lower(), USDC.address):
        fake = replace(FAKE, symbol=symbol)
        assert prices.find(fake, DAY, [fake]) is None


def test_what_spreadsheets_write_is_read(tmp_path):
    path = tmp_path / "mine.csv"
    content = HEADER + '\n2026-03-02, "USDC" ,EUR, 1\n2026-03-03,"A, B",EUR,2\n,,,\n'
    content = content.replace(' "USDC" ', " USDC ")
    path.write_bytes(b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode())
    prices = read_prices(path)
    comma = Token(FAKE.address, "A, B", 6)
    assert prices.find(USDC, DAY, [USDC]).line == 3
    assert prices.find(comma, date(2026, 3, 3), [comma]).price == 2


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("2026-3-2,USDC,EUR,1", 2, "'2026-3-2' is not a day"),
        ("2026-02-30,USDC,EUR,1", 2, "'2026-02-30' is not a day"),
        ("20260302,USDC,EUR,1", 2, "is not a day"),
        ("2026-03-02,,EUR,1", 2, "symbol or address is missing"),
        ("2026-03-02,USDC,euro,1", 2, "three letters"),
        ("2026-03-02,USDC,EUR,-1", 2, "'-1' is not a price"),
        ("2026-03-02,USDC,EUR,1e3", 2, "is not a price"),
        ("2026-03-02,USDC,EUR,NaN", 2, "is not a price"),
        ('2026-03-02,USDC,EUR,"1,5"', 2, "is not a price"),
        ("2026-03-02,USDC,EUR,٣", 2, "is not a price"),
        ("2026-03-02,USDC,EUR,", 2, "is not a price"),
        ("2026-03-02,USDC,EUR", 2, "3 values stand here, and 4"),
        ("2026-03-02,USDC,EUR,1,2", 2, "5 values"),
        ("2026-03-01,USDC,EUR,1\n2026-03-02,USDC,USD,1", 3, "in USD, and line 2 in EUR"),
        ("2026-03-02,USDC,EUR,1\n\n2026-03-02,USDC,EUR,1", 4, "already, in line 2"),
        (f"2026-03-02,{USDC.address},EUR,1\n2026-03-02,{USDC.address.lower()},EUR,1", 3, "already"),
        ('2026-03-02,"US"DC,EUR,1', 2, "is not CSV"),
        ("", 0, "has no prices"),
    ],
)
def test_a_file_with_a_fault_is_refused_whole(text, line, problem):
    with pytest.raises(PriceFileError) as caught:
        parse(text)
    assert caught.value.line == line
    assert problem in str(caught.value)
    assert str(caught.value).startswith("prices.csv")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"token,date,currency,price\n", b"date;token;currency;price\n", b"\xff\xfe,\n", b"\n"],
)
def test_a_file_of_another_kind_is_refused(content):
    with pytest.raises(PriceFileError):
        parse_prices(content, "prices.csv")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(PriceFileError, match=r"none.csv: cannot be read: No such file"):
        read_prices(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("amount", "price", "worth"),
    [
        (1_500_000_000, "0.92", "1380.00"),
        (1_000_000, "0.005", "0.00"),
        (1_000_000, "0.015", "0.02"),
        (1_000_000, "0.025", "0.02"),
        (1_000_000, "0.0250000000000000000001", "0.03"),
        (-1_000_000, "0.015", "-0.02"),
        (1, "1", "0.00"),
        (-1, "1", "0.00"),
        (0, "7", "0.00"),
    ],
)
def test_values_are_rounded_once_half_to_even(amount, price, worth):
    found = parse(f"2026-03-02,USDC,EUR,{price}").find(USDC, DAY, [USDC])
    value = value_of(amount, USDC, found)
    assert f"{value.amount:f}" == worth
    assert value.price is found


def test_the_largest_amount_is_exact_whatever_the_context():
    digits = "9" * 30
    price = parse(f"2026-03-02,ETH,EUR,{digits}.{digits}").find(ETH, DAY)
    with localcontext() as context:
        context.prec = 3
        value = value_of(2**256 - 1, ETH, price).amount
    exact = (2**256 - 1) * int(digits * 2)  # 10^-48
    cents, rest = divmod(exact, 10**46)
    expected = cents + (rest * 2 > 10**46)
    assert f"{value:f}" == f"{expected // 100}.{expected % 100:02}"


def test_the_day_of_a_price_is_the_day_in_utc():
    for moment, day in (
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2027, 1, 1, tzinfo=UTC), date(2027, 1, 1)),
    ):
        assert day_of(int(moment.timestamp())) == day
