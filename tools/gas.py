"""Measures what every act costs, beside the least that any escrow can cost and beside its peers.

Writes build/gas.json, and docs/gas/table.txt, which is checked in so that a change shows in review.
With --check nothing is written: an act over 1 % dearer than in the table fails. With --prices
nothing is measured: the table is shown in dollars.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from gas_acts import ROLES, SIZES, Bench, Spent, dense, measure

from milepost.artifacts import load_artifact
from milepost.chain import local
from milepost.chain.deploy import deploy_escrow
from milepost.chain.rpc import Node
from milepost.chain.transactions import Call
from milepost.escrow import Escrow
from milepost.signing import UnlockedSigner
from milepost.types import ZERO_ADDRESS

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs/gas/table.txt"
PEERS = ROOT / "docs/gas/peers.json"
RESULT = ROOT / "build/gas.json"
# The newest that this Anvil runs.
HARDFORK = "bpo2"
START = 1_795_392_000
# Base units of a milestone: 1,250.50 of a token with 6 decimals, 0.5 of the coin.
TOKEN_AMOUNT, COIN_AMOUNT = 1_250_500_000, 5 * 10**17
# How much dearer than in the table an act may be.
TOLERANCE = 1.01
# What an act in a token may cost at most, whatever the table says.
LIMITS = {
    "fund_1": 84_000,
    "fund_1_signed": 92_000,
    "fund_10": 103_000,
    "fund_50": 185_000,
    "submit_first": 60_000,
    "submit_next": 43_000,
    "approve_1": 36_000,
    "release_1": 53_000,
    "claim_10_signed": 84_000,
    "job_10_two_tx": 192_000,
    "job_10_one_by_one": 680_000,
    "dispute_and_rule": 130_000,
}
GROWING = (
    "fund_{}", "fund_{}_signed", "accept_{}", "approve_{}", "release_{}", "claim_{}_signed",
    "refund_{}", "job_{}_two_tx",
)  # fmt: skip
# The least that could do the same: an act's bound in the token, and in the coin.
BOUNDS = {
    "fund_1": ("fund", "fund_coin"),
    "submit_next": ("submit", None),
    "release_1": ("release", "release_coin"),
}
# Bytes that a blob carries, and the blob gas it costs (EIP-4844).
BLOB_BYTES, BLOB_GAS = 31 * 4096, 131_072


@dataclass(frozen=True)
class Row:
    """One act: gas in a token and in the coin, and bytes of calldata."""

    token: int
    coin: int
    calldata: int


def run() -> dict[str, Any]:
    """Everything that build/gas.json holds, measured on a fresh chain."""
    with local.start(options=("--timestamp", str(START), "--hardfork", HARDFORK)) as running:
        node = running.connect()
        accounts = node.w3.eth.accounts
        signers = {
            role: UnlockedSigner(node.w3, account)
            for role, account in zip(("deployer", *ROLES), accounts, strict=False)
        }
        escrow = Escrow(node, deploy_escrow(node, signers["deployer"]).address)
        token = Contract.create(node, signers["deployer"], "PlainToken")
        bound = Contract.create(node, signers["deployer"], "Bound")
        for holder in (*(signers[role].address for role in ROLES), escrow.address, bound.address):
            token.send("mint", [holder, 10**15], signers["deployer"])
        for spender in (escrow.address, bound.address):
            token.send("approve", [spender, 2**256 - 1], signers["client"])
        in_token = measure(Bench(escrow, signers, token.address, TOKEN_AMOUNT))
        in_coin = measure(Bench(escrow, signers, ZERO_ADDRESS, COIN_AMOUNT))
        least = bounds(bound, token, signers)
        hardfork = node.w3.provider.make_request("anvil_nodeInfo", [])["result"]["hardFork"]  # type: ignore[arg-type]
    return {
        "hardfork": hardfork,
        "token": {act: spent.gas for act, spent in in_token.items()},
        "coin": {act: spent.gas for act, spent in in_coin.items()},
        "calldata": {act: spent.calldata for act, spent in in_token.items()},
        "bound": least,
        "ratio": ratios(in_token, in_coin, least),
        "peers": json.loads(PEERS.read_text())["peers"],
        "bytecode_bytes": len(load_artifact("MilestoneEscrow").runtime),
    }


@dataclass(frozen=True)
class Contract:
    """A contract of tests/forge/gas on a chain."""

    node: Node
    address: str
    abi: list[dict[str, Any]]

    @classmethod
    def create(cls, node: Node, signer: UnlockedSigner, name: str) -> "Contract":
        """Deploys it from the build."""
        built = json.loads((ROOT / f"build/forge/{name}.sol/{name}.json").read_text())
        code = bytes.fromhex(built["bytecode"]["object"].removeprefix("0x"))
        receipt = Call(node, "create", None, code).send(signer)
        return cls(node, str(receipt.contract), built["abi"])

    def send(self, name: str, args: list[Any], signer: UnlockedSigner, value: int = 0) -> int:
        """Sends a call, and returns its gas."""
        contract = self.node.w3.eth.contract(to_checksum_address(self.address), abi=self.abi)
        data = bytes.fromhex(str(contract.encode_abi(name, args=args)).removeprefix("0x"))
        return Call(self.node, name, self.address, data, value).send(signer).gas_used


def bounds(
    bound: Contract, token: Contract, signers: Mapping[str, UnlockedSigner]
) -> dict[str, int]:
    """What the least that any escrow must do costs."""
    client, payee = signers["client"], signers["payee"].address
    job, coin_job = dense("bound"), dense("bound in the coin")
    erc20, amount = token.address, TOKEN_AMOUNT
    return {
        "erc20_transfer": token.send("transfer", [payee, amount], client),
        "fund": bound.send("fund", [job, erc20, amount], client),
        "submit": bound.send("submit", [job], client),
        "release": bound.send("release", [job, erc20, payee, amount], client),
        "release_last": bound.send("releaseLast", [job, erc20, payee, amount], client),
        "fund_coin": bound.send("fundCoin", [coin_job], client, COIN_AMOUNT),
        "release_coin": bound.send("releaseCoin", [coin_job, payee, COIN_AMOUNT], client),
    }


def ratios(
    token: Mapping[str, Spent], coin: Mapping[str, Spent], least: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """The acts that have a bound, as multiples of it."""
    found: dict[str, dict[str, float]] = {"token": {}, "coin": {}}
    for act, (in_token, in_coin) in BOUNDS.items():
        found["token"][act] = round(token[act].gas / least[in_token], 3)
        if in_coin:
            found["coin"][act] = round(coin[act].gas / least[in_coin], 3)
    return found


def table(found: Mapping[str, Any]) -> str:
    """The text of docs/gas/table.txt."""
    lines = [
        "Gas of each act as a whole transaction, in a token of 6 decimals and in the chain's coin,",
        f"and its bytes of calldata. Anvil, hardfork {found['hardfork']}; conditions in README.md.",
        "",
        f"{'act':<24}{'token':>12}{'coin':>12}{'calldata':>12}",
    ]
    for act, gas in found["token"].items():
        lines.append(f"{act:<24}{gas:>12,}{found['coin'][act]:>12,}{found['calldata'][act]:>12,}")
    lines += ["", "The least that any escrow can cost, and acts here as multiples of it.", ""]
    for name, gas in found["bound"].items():
        lines.append(f"bound {name:<18}{gas:>12,}")
    for kind, ratios_of in found["ratio"].items():
        for act, ratio in ratios_of.items():
            lines.append(f"{act + ', ' + kind:<24}{ratio:>12.3f}")
    lines += ["", "How a cost grows with the milestones that an act is about, in the token.", ""]
    lines.append(f"{'milestones':<24}" + "".join(f"{n:>12}" for n in SIZES) + f"{'each more':>12}")
    for act in GROWING:
        costs = [found["token"][act.format(n)] for n in SIZES]
        more = (costs[-1] - costs[0]) / (SIZES[-1] - SIZES[0])
        name = act.replace("_{}", "")
        lines.append(f"{name:<24}" + "".join(f"{c:>12,}" for c in costs) + f"{more:>12,.0f}")
    lines += ["", f"bytes of the contract   {found['bytecode_bytes']:>12,}"]
    return "\n".join(lines) + "\n"


def rows(text: str) -> dict[str, Row]:
    """The acts of a table."""
    found = re.findall(r"^(\w+) +([\d,]+) +([\d,]+) +([\d,]+)$", text, re.MULTILINE)
    return {act: Row(*(int(n.replace(",", "")) for n in numbers)) for act, *numbers in found}


def dearer(before: Mapping[str, Row], after: Mapping[str, Row]) -> list[str]:
    """What is wrong with a table, a line each: acts that are too dear, or in one table only."""
    wrong = [f"{act}: only in one of both" for act in sorted(before.keys() ^ after.keys())]
    for act, limit in LIMITS.items():
        if act in after and after[act].token > limit:
            wrong.append(f"{act}, token: {after[act].token:,} gas, and {limit:,} is the limit")
    for act in before.keys() & after.keys():
        for kind in ("token", "coin"):
            old, new = getattr(before[act], kind), getattr(after[act], kind)
            if new > old * TOLERANCE:
                wrong.append(f"{act}, {kind}: {new:,} gas, and {old:,} in the table")
    return wrong


def prices(acts: Mapping[str, Row], gas_gwei: float, coin_usd: float, blob_gwei: float) -> str:
    """The acts in dollars: on a chain that charges for gas, and what a rollup pays for the data."""
    lines = [
        f"Gas at {gas_gwei:g} gwei, blob gas at {blob_gwei:g} gwei, the coin at ${coin_usd:,.2f}.",
        "data: the calldata in blobs, not compressed, which a rollup charges beside its own gas.",
        "",
        f"{'act':<24}{'token':>12}{'coin':>12}{'data':>12}",
    ]
    for act, row in acts.items():
        gas = gas_gwei * 1e-9 * coin_usd
        data = row.calldata * BLOB_GAS / BLOB_BYTES * blob_gwei * 1e-9 * coin_usd
        lines.append(f"{act:<24}{_usd(row.token * gas)}{_usd(row.coin * gas)}{_usd(data)}")
    return "\n".join(lines)


def _usd(amount: float) -> str:
    return f"${amount:,.4f}".rjust(12)


def price(text: str) -> float:
    """A price that a reader sets. Raises ArgumentTypeError."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"a price is zero or more, and this is {text}")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the table")
    parser.add_argument("--prices", action="store_true", help="show the table in dollars")
    parser.add_argument("--gas-gwei", type=price, default=1, help="price of gas (1)")
    parser.add_argument("--coin-usd", type=price, default=3000, help="price of the coin (3000)")
    parser.add_argument("--blob-gwei", type=price, default=1, help="price of blob gas (1)")
    args = parser.parse_args()
    if args.prices:
        print(prices(rows(TABLE.read_text()), args.gas_gwei, args.coin_usd, args.blob_gwei))
        return 0
    found = run()
    text = table(found)
    if args.check:
        wrong = dearer(rows(TABLE.read_text()), rows(text))
        print("\n".join(wrong) or "No act is over 1 % dearer than in docs/gas/table.txt.")
        return 1 if wrong else 0
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    TABLE.write_text(text)
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
