"""A freelancer's diary through the command: on a machine without a node, and on a local chain.

The machine's clock is set by hand, and nothing watches whether it sleeps unless a test says so.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from milepost.agreement import Token
from milepost.cli import places, tokens
from milepost.cli.diary import book
from milepost.diary import pulse
from milepost.units import DAY, HOUR, WEEK
from tests.package.cli.test_weeks import example

ROOT = Path(__file__).resolve().parents[4]
BERLIN = ZoneInfo("Europe/Berlin")
ESCROW = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
TOKEN = "0x" + "11" * 20
ACTING = {"bill", "review"}
ASKING_NODES = {"seal", "reopen", "prove", "verify", *ACTING}


def moment(text):
    """The Unix time of a time in Berlin."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


@dataclass
class Desk:
    """Somebody at a machine with an agreement file; `now` is what the machine's clock says."""

    run: Any
    file: Path
    folder: Path
    now: int = 0
    options: tuple = ("--escrow", ESCROW)

    def __call__(self, command, *args, by=None, yes=True):
        # What a test gives itself comes later, and counts.
        given = [*(self.options if command in ASKING_NODES else ()), *args]
        if command in ACTING and yes:
            given.append("--yes")
        if by is not None:
            given += ["--account", by.address]
        return self.run("diary", command, self.file, *given)

    def ok(self, command, *args, **given):
        """The outcome of what has to succeed."""
        outcome = self(command, *args, **given)
        assert outcome.code == 0, outcome.err
        return outcome

    def at(self, text):
        self.now = moment(text)
        return self

    def logs(self):
        """The bytes of every file in the diaries, but for locks and the machine's name."""
        found = places.diaries().rglob("*")
        return {
            p: p.read_bytes() for p in found if p.is_file() and p.name not in ("lock", "machine")
        }

    def refuses(self, code, words, command, *args, **given):
        """What is refused has its code and words, prints nothing, and changes no file."""
        before = self.logs()
        outcome = self(command, *args, **given)
        assert (outcome.code, outcome.out) == (code, ""), outcome.out + outcome.err
        assert words in outcome.err
        assert self.logs() == before
        return outcome

    def track(self, start, end, memo, *args):
        """An entry of the timer, between two times in Berlin."""
        self.at(start).ok("start", memo, *args)
        self.at(end).ok("stop")

    def alive(self, *intervals):
        """What the signs of life of the running timer are."""
        timer = json.loads(self.ok("status", "--json").out)["timer"]
        assert timer
        [owner] = self.folder.rglob("*.log")
        started = [line for line in owner.read_text().splitlines() if '"act":"start"' in line][-1]
        name = started.split(" ")[0]
        signs = {"timer": name, "pid": 1, "captures_failed": 0, "reason": ""}
        signs["alive"] = [[moment(a), moment(b)] for a, b in intervals]
        (owner.parent / f"pulse-{name}.json").write_text(json.dumps(signs))


@pytest.fixture
def desk(run, tmp_path, monkeypatch):
    """The example by the hour, whose first week is that of Monday 2026-11-30; no node anywhere."""
    file = tmp_path / "hourly.yaml"
    file.write_bytes((ROOT / "examples/hourly.yaml").read_bytes())
    monkeypatch.setenv("MILEPOST_ZONE", "Europe/Berlin")
    monkeypatch.setenv("ETH_RPC_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(pulse, "begin", lambda *args, **given: True)
    desk = Desk(run, file, tmp_path / "data")
    monkeypatch.setattr(book, "clock", lambda: desk.now)
    return desk.at("2026-12-01 10:00")


@pytest.fixture
def sealable(desk):
    """The same in the second week, with the token and an escrow known, and a first week's work."""
    tokens.save_token(31337, "USDP", Token(TOKEN, "USDP", 6))
    desk.track("2026-12-01 09:00", "2026-12-01 11:00", "Order endpoint", "-t", "api")
    desk.at("2026-12-02 18:00").ok("add", "2026-12-02 14:00", "15:30", "Call about opening hours")
    return desk.at("2026-12-08 08:00")


@pytest.fixture
def monday(node):
    """The Monday of this week, in the chain's time."""
    now = node.block().timestamp
    return now - (now - 4 * DAY) % WEEK


@pytest.fixture
def chain(desk, milepost, people, escrow, local_node, monday, tmp_path, monkeypatch):
    """The desk on a local chain, in the fourth week of an agreement; nothing is funded yet."""
    monkeypatch.setenv("MILEPOST_ZONE", "UTC")
    monkeypatch.delenv("ETH_RPC_URL")
    desk.file = example("hourly.yaml", monday - 3 * WEEK, people, tmp_path / "hourly.yaml")
    desk.options = ("--escrow", escrow.address, "--rpc-url", local_node.url)
    desk.now = monday + HOUR
    return desk


def written(timestamp):
    return datetime.fromtimestamp(timestamp, ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M")


@pytest.fixture
def fund(chain, milepost, people, tmp_path):
    """Funds weeks as accepted, or as an offer."""

    def call(weeks, *, is_accepted=True):
        given = ()
        if is_accepted:
            acceptance = tmp_path / "acceptance.json"
            signed = milepost("sign", chain.file, "--out", acceptance, by=people.freelancer)
            assert signed.code == 0, signed.err
            given = ("--acceptance", f"@{acceptance}")
        outcome = milepost("fund", chain.file, "--weeks", weeks, *given, by=people.client)
        assert outcome.code == 0, outcome.err

    return call


@pytest.fixture
def worked(chain, monday):
    """Writes a week's work: Monday by the timer, and Tuesday 14:00-17:00 by hand; 6 hours."""

    def call(week):
        first = monday + (week - 4) * WEEK
        chain.now = first + 9 * HOUR
        chain.ok("start", "Order endpoint", "--tag", "api")
        chain.now = first + 12 * HOUR
        chain.ok("stop")
        afternoon = first + DAY + 14 * HOUR
        chain.now = afternoon + 4 * HOUR
        chain.ok("add", written(afternoon), written(afternoon + 3 * HOUR), "Meeting with the bank")
        chain.now = monday + HOUR
        return f"{written(afternoon)}-17:00"

    return call


@pytest.fixture
def billed(chain, fund, worked, people, tmp_path):
    """Week 3, funded, worked, sealed and billed. Returns its file and the span by hand."""
    fund("3")
    span = worked(3)
    file = tmp_path / "week-3.json"
    chain.ok("seal", 3, "--out", file)
    chain.ok("bill", 3, by=people.freelancer)
    return file, span
