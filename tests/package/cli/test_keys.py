"""Keystores by name, opened by prompt, file or descriptor, and never shown."""

import io
import json
import os

import pytest
from eth_account import Account

PASSWORD = "correct horse battery"
# Anvil's published development key of its first account, the client here.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@pytest.fixture
def keystore(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    directory = tmp_path / ".foundry" / "keystores"
    directory.mkdir(parents=True)
    content = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=10)
    (directory / "client").write_text(json.dumps(content))
    return directory / "client"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def approve(milepost, website, *args, **options):
    return milepost("approve", website, 1, "--sign", "--account", "client", *args, **options)


@pytest.mark.node
def test_a_password_from_a_file(milepost, website, keystore, secret):
    outcome = approve(milepost, website, "--password-file", secret)
    assert outcome.code == 0, outcome.err
    assert outcome.json["signature"].startswith("0x")
    assert PASSWORD not in outcome.out + outcome.err


@pytest.mark.node
def test_a_password_from_a_descriptor(milepost, website, keystore):
    reader, writer = os.pipe()
    os.write(writer, PASSWORD.encode())
    os.close(writer)
    outcome = approve(milepost, website, "--password-fd", reader)
    assert outcome.code == 0, outcome.err


@pytest.mark.node
def test_a_password_from_the_person(milepost, website, keystore, monkeypatch):
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda *a, **k: asked.append(1) or PASSWORD)
    outcome = approve(milepost, website)
    assert outcome.code == 0, outcome.err
    assert "Password of client" in outcome.err
    assert asked == [1]


@pytest.mark.node
def test_a_keystore_sends_a_transaction(milepost, website, keystore, secret, people):
    assert Account.from_key(KEY).address == people.client.address
    given = ("--account", str(keystore), "--password-file", secret)
    outcome = milepost("fund", website, "--milestones", 1, *given)
    assert outcome.code == 0, outcome.err
    assert "1,500.00 USDP" in outcome.out


@pytest.mark.node
def test_a_wrong_password(milepost, website, keystore, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("guess")
    outcome = approve(milepost, website, "--password-file", wrong)
    assert (outcome.code, outcome.out) == (3, "")
    assert "does not open" in outcome.err
    assert "guess" not in outcome.err


@pytest.mark.node
@pytest.mark.parametrize("content", ["", None])
def test_no_password(milepost, website, keystore, tmp_path, content):
    path = tmp_path / "empty"
    if content is not None:
        path.write_text(content)
    outcome = approve(milepost, website, "--password-file", path)
    assert outcome.code == 3
    assert "no password" in outcome.err


@pytest.mark.node
def test_two_passwords(milepost, website, keystore, secret):
    assert approve(milepost, website, "--password-file", secret, "--password-fd", 9).code == 2


@pytest.mark.node
@pytest.mark.parametrize("content", ["no JSON", "{}", '{"crypto": {"kdf": "none"}}'])
def test_a_file_that_is_no_keystore(milepost, website, keystore, secret, content):
    keystore.write_text(content)
    outcome = approve(milepost, website, "--password-file", secret)
    assert outcome.code == 3
    assert "not a usable keystore" in outcome.err


@pytest.mark.node
def test_who_acts_must_be_said(milepost, website, monkeypatch):
    monkeypatch.delenv("ETH_KEYSTORE_ACCOUNT", raising=False)
    outcome = milepost("approve", website, 1, "--sign")
    assert outcome.code == 2
    assert "--account" in outcome.err


@pytest.mark.node
def test_the_environment_names_the_account_as_in_foundry(
    milepost, website, keystore, secret, monkeypatch
):
    monkeypatch.setenv("ETH_KEYSTORE_ACCOUNT", "client")
    monkeypatch.setenv("ETH_PASSWORD", str(secret))
    assert milepost("approve", website, 1, "--sign").code == 0


@pytest.mark.node
def test_nothing_is_signed_without_a_yes(milepost, website, keystore, secret, monkeypatch):
    for answer in ("n\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        outcome = approve(milepost, website, "--password-file", secret, yes=False)
        assert (outcome.code, outcome.out) == (1, "")
    assert approve(milepost, website, "--password-file", secret, "--dry-run").out.strip() == (
        "Nothing was signed."
    )
