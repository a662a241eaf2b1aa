"""The demo plays to its end, and what it writes is what it says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAYED = {
    "a month by the hour", "two transactions", "ten milestones", "silent client",
    "silent freelancer", "partial dispute",
    "silent arbiter", "settlement", "refused payee", "retainer", "hourly week",
}  # fmt: skip


@pytest.mark.node
def test_the_demo_accounts_for_every_base_unit():
    ended = subprocess.run(
        [sys.executable, "scripts/demo.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].endswith("the contract is empty.")
    record = json.loads((ROOT / "build/demo.json").read_text())
    assert set(record["contract_balance_after"].values()) == {0}
    for scenario in record["scenarios"]:
        assert all(act["gas"] > 21_000 for act in scenario["acts"])
        changed = sum(b["after"] - b["before"] for b in scenario["balances"].values())
        # Of the coin, the fees are gone as well.
        assert changed == 0 if scenario["name"].endswith("USDP") else -(10**16) < changed < 0
    assert {s["name"].partition(",")[0] for s in record["scenarios"]} == PLAYED
