"""What the documents say of gas is what the acts cost."""

import argparse
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

with warnings.catch_warnings():
    # web3 7 imports a deprecated part of websockets.
    warnings.simplefilter("ignore", DeprecationWarning)
    import gas

TABLE = gas.rows(gas.TABLE.read_text("utf-8"))


@pytest.mark.node
def test_no_act_is_dearer_than_the_table_says():
    # In a process of its own: the tests of the package count what is left running.
    ended = subprocess.run(
        [sys.executable, "tools/gas.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_table_keeps_the_limits():
    assert gas.dearer(TABLE, TABLE) == []
    assert gas.LIMITS.keys() <= TABLE.keys()


def test_a_dearer_act_is_found():
    act = TABLE["approve_1"]
    within = TABLE | {"approve_1": gas.Row(act.token * 101 // 100, act.coin, act.calldata)}
    assert not any("in the table" in line for line in gas.dearer(TABLE, within))
    for beyond in (
        gas.Row(act.token * 102 // 100, act.coin, act.calldata),
        gas.Row(act.token, act.coin * 102 // 100, act.calldata),
    ):
        (line,) = gas.dearer(TABLE, TABLE | {"approve_1": beyond})[-1:]
        assert line.startswith("approve_1, ")
    assert gas.dearer(TABLE, {}) == [f"{act}: only in one of both" for act in sorted(TABLE)]


def test_an_act_above_its_limit_is_found():
    act = TABLE["fund_1"]
    dear = {"fund_1": gas.Row(gas.LIMITS["fund_1"] + 1, act.coin, act.calldata)}
    assert gas.dearer(dear, dear) == ["fund_1, token: 84,001 gas, and 84,000 is the limit"]


def test_prices_follow_what_the_reader_sets():
    shown = gas.prices({"act": gas.Row(50_000, 40_000, 1_000)}, 2, 3_000, 5).splitlines()[-1]
    # 50,000 gas at 2 gwei are 0.0001 coins; 1,000 bytes are 1,032.26 blob gas at 5 gwei.
    assert shown.split() == ["act", "$0.3000", "$0.2400", "$0.0155"]


@pytest.mark.parametrize("text", ["-1", "nan", "inf"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"zero or more, and this is {text}"):
        gas.price(text)


@pytest.mark.parametrize("page", ["README.md", "docs/gas/README.md"])
def test_the_figures_on_a_page_are_of_the_table(page):
    text = (ROOT / page).read_text("utf-8")
    shown = re.findall(r"`(\w+)` ([\d,]+)", text)
    assert shown
    for act, figure in shown:
        assert int(figure.replace(",", "")) == TABLE[act].token, act


def test_the_chart_is_of_the_table():
    drawn = (ROOT / "docs/gas/chart.svg").read_text("utf-8")
    for act in ("fund_1_signed", "pay_6_of_10", "job_10_two_tx", "dispute_and_rule"):
        assert f">{TABLE[act].token:,}</text>" in drawn, act
