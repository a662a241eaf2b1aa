"""Tokens by name: what ships with the package, and what a chain says of them."""

from types import SimpleNamespace

import pytest

from milepost.agreement import Token
from milepost.cli import tokens
from milepost.cli.tokens import TokenBook
from milepost.networks import NETWORKS
from milepost.signing import is_checksum_address
from milepost.types import ZERO_ADDRESS


@pytest.mark.parametrize("chain_id", NETWORKS)
def test_what_ships_is_well_formed(chain_id, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    book = TokenBook(None, chain_id)
    for name in book:
        token = book[name]
        assert is_checksum_address(token.address)
        assert (token.symbol == name) == (name != "coin")
        assert token.decimals in (6, 18)
    assert book["coin"] == Token(ZERO_ADDRESS, NETWORKS[chain_id].coin, 18)


def test_a_name_may_be_any_the_chain_knows(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert "USDC" in TokenBook(None, 8453)
    assert "USDC" not in TokenBook(None, 31337)
    # An address says nothing without a node.
    assert "0x" + "11" * 20 not in TokenBook(None, 8453)


def test_a_symbol_is_one_line(monkeypatch):
    contract = SimpleNamespace(symbol=lambda: "US\nDC\x1b", decimals=lambda: 6)
    monkeypatch.setattr(tokens, "contract_of", lambda node, address: contract)
    address = "0x" + "11" * 20
    assert tokens.read_token(None, address) == Token(address, "US\ufffdDC\ufffd", 6)


@pytest.mark.node
def test_other_decimals_than_on_file_are_refused(milepost, website, people, token):
    tokens.save_token(31337, "USDP", Token(token.address, "USDP", 18))
    outcome = milepost("fund", website, by=people.client)
    assert (outcome.code, outcome.out) == (4, "")
    assert "it has 6 decimals, and 18 are on file" in outcome.err
