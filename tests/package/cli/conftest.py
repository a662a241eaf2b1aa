"""Runs the command on a local chain, from the argument to the exit code."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from milepost.agreement import Token
from milepost.cli import app, tokens

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*args) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            app.main([str(a) for a in args])
        captured = capsys.readouterr()
        return Outcome(ended.value.code or 0, captured.out, captured.err)

    return call


@pytest.fixture
def website(tmp_path, people, token):
    """The example with this chain's people."""
    text = (EXAMPLES / "website.yaml").read_text()
    old = [line.split('"')[1] for line in text.splitlines() if '"0x' in line]
    payee = people.freelancer.address
    roles = (people.client.address, people.freelancer.address, payee, people.arbiter.address)
    for before, after in zip(old, roles, strict=True):
        text = text.replace(before, f"<{after}>", 1)
    path = tmp_path / "website.yaml"
    path.write_text(text.replace("<", "").replace(">", ""))
    return path


@pytest.fixture
def milepost(run, local_node, escrow, token):
    """Runs a command on this chain, with the practice token known by name."""
    tokens.save_token(31337, "USDP", Token(token.address, "USDP", 6))

    def call(command, *args, by=None, yes=True) -> Outcome:
        if command not in ("deploy", "accounts", "new"):
            args = (*args, "--escrow", escrow.address)
        if by is not None:
            args = (*args, "--account", by.address)
        if yes and command not in ("check", "status", "accounts", "new"):
            args = (*args, "--yes")
        return run(command, *args, "--rpc-url", local_node.url)

    return call


@pytest.fixture
def funded(milepost, website, people, tmp_path):
    acceptance = tmp_path / "acceptance.json"
    assert milepost("sign", website, "--out", acceptance, by=people.freelancer).code == 0
    outcome = milepost("fund", website, "--acceptance", f"@{acceptance}", by=people.client)
    assert outcome.code == 0, outcome.err
    return website
