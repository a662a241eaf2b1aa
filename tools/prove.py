"""Runs the symbolic proofs and their twins with halmos, and writes build/proofs.json.

A proof is a `check_` function of tests/forge/proofs. Its twin is the same proof of a contract with
the slip that tests/forge/proofs/twins.toml names: a proof that holds even then holds of anything.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from rich.progress import track

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "tests/forge/proofs"
WORKSPACE = ROOT / "build/proofs"
# Longer than any loop over two milestones.
LOOP = "8"
SECONDS = 180
ENDS = {0: "proved", 1: "refuted"}


def workspace(name: str) -> Path:
    """A copy of the contracts and proofs, beside the same tools."""
    folder = WORKSPACE / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    for part in ("utils", "proofs"):
        shutil.copytree(ROOT / "tests/forge" / part, folder / "tests/forge" / part)
    shutil.copy(ROOT / "foundry.toml", folder)
    for shared in ("node_modules", "tools"):
        (folder / shared).symlink_to(ROOT / shared)
    return folder


def halmos(
    binary: Path, folder: Path, contract: str, function: str, *options: str
) -> dict[str, str]:
    """What became of each matching proof in `folder`, by `contract.function`."""
    answer = folder / "halmos.json"
    answer.unlink(missing_ok=True)
    command = [str(binary), "--forge-build-out", "build/forge", "--json-output", str(answer)]
    command += ["--loop", LOOP, "--default-array-lengths", "1", *options]
    command += ["--solver-timeout-assertion", "60000"]
    command += ["--match-contract", f"^{contract}$", "--match-test", f"^{function}"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            run.wait(SECONDS)
        except subprocess.TimeoutExpired:
            # With its solvers.
            os.killpg(run.pid, signal.SIGKILL)
    if not answer.exists():
        return {}
    results = json.loads(answer.read_text())["test_results"]
    return {
        f"{path.partition(':')[2]}.{test['name'].partition('(')[0]}": ENDS.get(
            test["exitcode"], f"open ({test['exitcode']})"
        )
        for path, tests in results.items()
        for test in tests
    }


def refute(binary: Path, folder: Path, proof: str, slip: dict[str, str]) -> str:
    """What becomes of a proof when the slip is in the contract."""
    path = Path("contracts") / slip["file"]
    source = (ROOT / path).read_text()
    if source.count(slip["before"]) != 1:
        return f"the slip fits {source.count(slip['before'])} places"
    (folder / path).write_text(source.replace(slip["before"], slip["after"]))
    result = halmos(binary, folder, *proof.split("."), "--early-exit").get(proof, "no answer")
    (folder / path).write_text(source)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halmos", type=Path, default=ROOT / ".venv-halmos/bin/halmos")
    parser.add_argument("--only", default="", help="proofs whose name contains this text")
    args = parser.parse_args()

    slips: dict[str, dict[str, Any]] = tomllib.loads((PROOFS / "twins.toml").read_text())
    folder = workspace("proof")
    results: dict[str, str] = {}
    for contract, functions in track(slips.items(), "Proofs", len(slips)):
        named = {f"{contract}.{function}": "no answer" for function in functions}
        if any(args.only in proof for proof in named):
            results |= named | halmos(args.halmos, folder, contract, "check_")

    proofs = []
    for proof, result in track(sorted(results.items()), "Twins "):
        if args.only not in proof:
            continue
        contract, function = proof.split(".")
        slip = slips[contract].get(function)
        twin = refute(args.halmos, folder, proof, slip) if slip else "none"
        proofs.append({"name": proof, "result": result, "twin": twin})
        if (result, twin) != ("proved", "refuted"):
            print(f"{proof}: {result}, its twin {twin}")
    (ROOT / "build/proofs.json").write_text(json.dumps(proofs, indent=1) + "\n")
    print(f"{sum(p['result'] == 'proved' for p in proofs)} of {len(proofs)} proved, ", end="")
    print(f"{sum(p['twin'] == 'refuted' for p in proofs)} twins refuted")
    return 0 if all((p["result"], p["twin"]) == ("proved", "refuted") for p in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
