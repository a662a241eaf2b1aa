import json
import os

import pytest
from eth_account import Account

from milepost.errors import (
    KeystoreNotFound,
    KeystoreUnreadable,
    PasswordMissing,
    PasswordWrong,
    SignerUnavailable,
)
from milepost.presets import Parties, fixed_price
from milepost.signing import (
    KeystoreSigner,
    UnlockedSigner,
    find_keystore,
    hash_typed_data,
    password_from_fd,
    password_from_file,
    recover,
)
from milepost.terms import terms_data

# Anvil's first published development key.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
DATA = terms_data(fixed_price(Parties(ADDRESS, "0x" + "22" * 20), [1]), 1, "0x" + "33" * 20)


@pytest.fixture(scope="module")
def keystore(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "alice.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "secret", kdf="pbkdf2", iterations=2)))
    return path


def test_keystore_signs(keystore):
    signer = KeystoreSigner.open("alice", lambda: "secret", [keystore.parent])
    assert signer.address == ADDRESS
    signature = signer.sign_typed_data(DATA)
    assert recover(hash_typed_data(DATA), signature) == ADDRESS
    assert KEY[2:] not in repr(signer) + str(vars(signer))


def test_keystore_by_path_and_wrong_password(keystore):
    assert KeystoreSigner.open(str(keystore), lambda: "secret").address == ADDRESS
    with pytest.raises(PasswordWrong):
        KeystoreSigner.open(str(keystore), lambda: "other")


def test_keystore_found_by_geths_name(tmp_path):
    path = tmp_path / f"UTC--2026-01-01T00-00-00.0Z--{ADDRESS[2:].lower()}"
    path.write_text("{}")
    assert find_keystore(ADDRESS, [tmp_path]) == path
    with pytest.raises(KeystoreUnreadable):
        KeystoreSigner.open(ADDRESS, lambda: "", [tmp_path])


def test_keystore_not_found(tmp_path):
    with pytest.raises(KeystoreNotFound) as caught:
        find_keystore("nobody", [tmp_path])
    assert caught.value.searched == (str(tmp_path),)


def test_password_sources(tmp_path):
    path = tmp_path / "password"
    path.write_text("secret\n")
    assert password_from_file(path)() == "secret"
    assert password_from_fd(os.open(path, os.O_RDONLY))() == "secret"
    path.write_text("")
    with pytest.raises(PasswordMissing):
        password_from_file(path)()
    with pytest.raises(PasswordMissing):
        password_from_file(tmp_path / "none")()


def test_recover_refuses_what_the_contract_refuses(keystore):
    digest = hash_typed_data(DATA)
    signature = KeystoreSigner.open(str(keystore), lambda: "secret").sign_typed_data(DATA)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin = (order - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    assert recover(digest, signature[:32] + twin + bytes([55 - signature[64]])) is None
    assert recover(digest, signature[:64]) is None
    assert recover(digest, bytes(64) + b"\x1b") is None


@pytest.mark.node
def test_keystore_sends(escrow, node, people, keystore):
    signer = KeystoreSigner.open(str(keystore), lambda: "secret")
    assert signer.address == people.client.address
    terms = fixed_price(people.parties(), [5])
    receipt = escrow.fund(terms, [0]).send(signer)
    assert receipt.event("MilestonesFunded")["amount"] == 5
    data = escrow.terms_data(terms)
    assert signer.sign_typed_data(data) == people.client.sign_typed_data(data)


@pytest.mark.node
def test_unlocked_signer_refuses_a_strange_account(node):
    with pytest.raises(SignerUnavailable):
        UnlockedSigner(node.w3, "0x" + "99" * 20).sign_typed_data(DATA)


@pytest.mark.node
@pytest.mark.parametrize("amount", [2**53 - 1, 2**53, 20 * 10**18, 2**128 - 1])
def test_a_local_node_signs_large_amounts(node, people, amount):
    terms = fixed_price(people.parties(), [amount])
    data = terms_data(terms, node.chain_id, "0x" + "33" * 20)
    signature = people.freelancer.sign_typed_data(data)
    assert recover(hash_typed_data(data), signature) == people.freelancer.address
