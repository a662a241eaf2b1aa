"""Tokens as the chain has them. A token that answers wrongly is code of canned answers."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from milepost.chain.erc20 import Erc20
from milepost.errors import AddressError, NoContract, NumberError, TokenUnsuitable
from milepost.signing import hash_domain
from milepost.token_consents import TokenDomain, encoded_type, permit_data

pytestmark = pytest.mark.node

ADDRESS = "0x" + "70" * 20
OTHER = "0x" + "71" * 20
USED_ALL_BUT_SALT = b"\x0f"


@pytest.fixture
def canned(node, canned_contract):
    def put(answers):
        canned_contract(ADDRESS, answers)
        return Erc20(node, ADDRESS)

    return put


def text(value):
    return encode(["string"], [value])


def number(value):
    return value.to_bytes(32)


def separator(node, **changes):
    parts = {"name": "Old", "version": "1", "chain_id": node.chain_id, "token": ADDRESS}
    return hash_domain(permit_data(TokenDomain(**{**parts, **changes}), OTHER, OTHER, 0, 0, 0))


def described(node, used=USED_ALL_BUT_SALT, **changes):
    parts = {"chain_id": node.chain_id, "token": ADDRESS, "salt": bytes(32), "extensions": []}
    parts |= changes
    types = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
    return encode(types, [used, "New", "7", *parts.values()])


def test_it_reads_a_token(token, people, escrow):
    read = Erc20(token.node, token.address)
    assert (read.symbol(), read.decimals()) == ("USDP", 6)
    assert read.balance(people.client.address) == token.balance(people.client.address)
    assert read.allowance(people.client.address, escrow.address) == 2**256 - 1


def test_it_approves(token, people, escrow):
    read = Erc20(token.node, token.address)
    read.approve(escrow.address, 7).send(people.client)
    assert read.allowance(people.client.address, escrow.address) == 7


def test_it_refuses_what_cannot_be_encoded(token, escrow):
    read = Erc20(token.node, token.address)
    with pytest.raises(NumberError):
        read.approve(escrow.address, -1)
    with pytest.raises(NumberError):
        escrow.permit_data(escrow.address, token.address, 1, 2**256)
    with pytest.raises(AddressError):
        read.balance("0x12")


def test_it_reads_at_a_block(token, people):
    read = Erc20(token.node, token.address)
    block = token.node.block().number
    token.call("mint", people.stranger.address, 5).send(people.stranger)
    assert read.balance(people.stranger.address, block) == 0
    assert read.balance(people.stranger.address) == 5


def test_an_early_token_has_its_symbol_in_one_word(canned):
    assert canned({"symbol()": b"MKR".ljust(32, b"\0")}).symbol() == "MKR"


@pytest.mark.parametrize("answer", [b"", bytes(31), number(2**255) + number(1), number(32) * 2])
def test_it_refuses_what_is_no_text(canned, answer):
    with pytest.raises(TokenUnsuitable) as caught:
        canned({"symbol()": answer}).symbol()
    assert caught.value.token == ADDRESS


@pytest.mark.parametrize("answer", [b"", bytes(31), bytes(64), number(256)])
def test_it_refuses_what_is_no_number_of_decimals(canned, answer):
    with pytest.raises(TokenUnsuitable):
        canned({"decimals()": answer}).decimals()


def test_it_refuses_a_function_that_is_missing(canned):
    with pytest.raises(TokenUnsuitable, match=r"does not answer decimals\(\)"):
        canned({}).decimals()


def test_nothing_stands_at_the_address(node):
    with pytest.raises(NoContract):
        Erc20(node, OTHER).decimals()
    with pytest.raises(NoContract):
        Erc20(node, OTHER).signing_domain()


def test_the_domain_of_the_practice_token(token):
    domain = Erc20(token.node, token.address).signing_domain()
    assert domain == TokenDomain("Practice Dollar", "1", token.node.chain_id, token.address)


@pytest.mark.parametrize(("answers", "version"), [({}, "1"), ({"version()": text("2")}, "2")])
def test_without_a_description_name_and_version_make_the_domain(canned, node, answers, version):
    answers |= {"name()": text("Old"), "DOMAIN_SEPARATOR()": separator(node, version=version)}
    assert canned(answers).signing_domain() == TokenDomain("Old", version, node.chain_id, ADDRESS)


def test_a_description_needs_no_separator(canned, node):
    token = canned({"eip712Domain()": described(node)})
    assert token.signing_domain() == TokenDomain("New", "7", node.chain_id, ADDRESS)


def test_a_description_may_leave_out_parts(canned, node):
    used = described(node, b"\x1d", salt=b"\x05" * 32)
    token = canned({"eip712Domain()": used})
    expected = TokenDomain("New", None, node.chain_id, ADDRESS, b"\x05" * 32)
    assert token.signing_domain() == expected


def test_it_refuses_another_separator(canned, node):
    found = separator(node, name="Older")
    for answers in ({"name()": text("Old")}, {"eip712Domain()": described(node)}):
        token = canned({**answers, "DOMAIN_SEPARATOR()": found})
        with pytest.raises(TokenUnsuitable, match=found.hex()):
            token.signing_domain()


def test_it_refuses_a_token_with_nothing_to_compare(canned):
    with pytest.raises(TokenUnsuitable, match=r"does not answer DOMAIN_SEPARATOR\(\)"):
        canned({"name()": text("Old"), "version()": text("1")}).signing_domain()


@pytest.mark.parametrize(
    ("used", "changes", "problem"),
    [
        (USED_ALL_BUT_SALT, {"chain_id": 1}, "this chain"),
        (b"\x0b", {}, "this chain"),
        (USED_ALL_BUT_SALT, {"token": OTHER}, "this token"),
        (b"\x07", {}, "this token"),
        (USED_ALL_BUT_SALT, {"extensions": [5]}, "extensions"),
    ],
)
def test_it_refuses_a_domain_that_reaches_further(canned, node, used, changes, problem):
    token = canned({"eip712Domain()": described(node, used, **changes)})
    with pytest.raises(TokenUnsuitable, match=problem):
        token.signing_domain()


def test_it_refuses_a_permit_of_another_kind(canned, node):
    other = keccak(text="Permit(address holder,address spender,uint256 nonce,uint256 expiry)")
    answers = {"eip712Domain()": described(node), "nonces(address)": number(3)}
    with pytest.raises(TokenUnsuitable, match="its Permit is not the standard's"):
        canned({**answers, "PERMIT_TYPEHASH()": other}).permit_data(OTHER, OTHER, 1, 2)
    usual = keccak(text=encoded_type("Permit"))
    data = canned({**answers, "PERMIT_TYPEHASH()": usual}).permit_data(OTHER, OTHER, 1, 2)
    assert data["message"]["nonce"] == 3


def test_it_refuses_a_token_without_permits_or_authorisations(canned, node):
    token = canned({"eip712Domain()": described(node)})
    with pytest.raises(TokenUnsuitable, match="nonces"):
        token.permit_data(OTHER, OTHER, 1, 2)
    with pytest.raises(TokenUnsuitable, match="authorizationState"):
        token.authorization_data(OTHER, OTHER, 1, 0, 2, bytes(32))
