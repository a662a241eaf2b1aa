"""Checks the contract in every way this project knows, and writes build/verify.json.

Attacks, invariants with liveness, symbolic proofs, static analysis, a newer compiler, coverage and
mutants follow each other; each says what it found and how long it took. With --quick the first two
run in their short form and the rest is left out. What is random follows from one seed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CAMPAIGN = BUILD / "invariants.jsonl"
SEED = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]["fuzz"]["seed"]
# A campaign that rarely does an act, or rarely reaches a status, shows little about it.
SELDOM = 1 / 5_000
ACTS = {
    "fund", "fundWithAuthorization", "permit", "accept", "submit", "requestChanges",
    "requestRefund", "approve", "release", "refund", "dispute", "rule", "lapse", "settle", "amend",
    "withdraw", "multicall",
}  # fmt: skip
STATUSES = {
    "None", "Offered", "Active", "Approved", "Submitted", "PartlyApproved", "RefundRequested",
    "Disputed", "Paid", "Refunded", "Split",
}  # fmt: skip
COVERED = re.compile(r"contracts/(MilestoneEscrow|Payouts|libraries/\w+)\.sol")


def laws() -> list[str]:
    """The laws of docs/invariants.md, "1 Solvency" and so on; refuses one that no test quotes."""
    text = (ROOT / "docs/invariants.md").read_text()
    named = re.findall(r"^(\d+)\. \*\*(.+?)\.\*\*", text, re.MULTILINE)
    tests = "".join(path.read_text() for path in (ROOT / "tests/forge").rglob("*.sol"))
    quoted = {
        number
        for match in re.findall(r"laws? ([\d, and]+)", tests)
        for number in re.findall(r"\d+", match)
    }
    missing = [f"{number} {name}" for number, name in named if number not in quoted]
    if missing:
        raise SystemExit(f"no test quotes law {', '.join(missing)}")
    return [f"{number} {name}" for number, name in named]


def forge_test(folder: str, profile: str, seed: str) -> dict[str, Any]:
    """What forge says of the tests in one folder: each test's result by its name."""
    run = subprocess.run(
        [
            "forge",
            "test",
            "--json",
            "--fuzz-seed",
            seed,
            "--match-path",
            f"tests/forge/{folder}/**",
        ],
        cwd=ROOT,
        env=os.environ | {"FOUNDRY_PROFILE": profile},
        stdout=subprocess.PIPE,
        text=True,
    )
    if not run.stdout.startswith("{"):
        raise SystemExit(
            f"forge test of {folder} ended with {run.returncode}: {run.stdout[-2000:]}"
        )
    suites = json.loads(run.stdout)
    return {
        f"{suite}.{name}": result
        for suite, outcome in suites.items()
        for name, result in outcome["test_results"].items()
    }


def failures(results: dict[str, Any]) -> int:
    """How many tests failed; names each."""
    failed = {name: r["reason"] for name, r in results.items() if r["status"] != "Success"}
    for name, reason in failed.items():
        print(f"  failed: {name}: {reason}")
    return len(failed)


def invariants(profile: str, seed: str) -> dict[str, Any]:
    """Random calls by handlers, and liveness from the states they reached."""
    CAMPAIGN.unlink(missing_ok=True)
    results = forge_test("invariants", profile, seed)
    runs = [json.loads(line) for line in CAMPAIGN.read_text().splitlines()]
    counted: Counter[str] = Counter()
    for run in runs:
        counted.update(run)
    kinds = [r["kind"]["Invariant"] for r in results.values() if "Invariant" in r["kind"]]
    failed = failures(results)
    stuck = [r for r in results.values() if (r["reason"] or "").startswith("law 16")]
    calls = sum(k["calls"] for k in kinds)
    wanted = {f"{act}.done" for act in ACTS} | {f"at.{status}" for status in STATUSES}
    return {
        "invariants": {
            "seed": seed,
            "calls": calls,
            "runs": sum(k["runs"] for k in kinds),
            "laws": laws(),
            "failures": failed,
            "seldom": sorted(what for what in wanted if counted[what] < SELDOM * calls),
            "reached": dict(sorted(counted.items())),
        },
        "liveness": {"states": counted["liveness.states"], "failures": len(stuck)},
    }


def attacks(profile: str, seed: str) -> dict[str, Any]:
    """One file an idea."""
    results = forge_test("attacks", profile, seed)
    return {
        "attacks": {
            "files": len({name.partition(":")[0] for name in results}),
            "cases": len(results),
            "failures": failures(results),
        }
    }


def tool(name: str) -> None:
    """Runs one of the other tools here, which writes what it found under build."""
    subprocess.run([sys.executable, f"tools/{name}.py"], cwd=ROOT)


def proofs() -> dict[str, Any]:
    """Symbolic proofs and their twins."""
    tool("prove")
    return {"proofs": json.loads((BUILD / "proofs.json").read_text())}


def static_analysis() -> dict[str, Any]:
    """Slither's findings by impact."""
    tool("analyse")
    found = json.loads((BUILD / "slither.json").read_text())
    return {"slither": {impact: found[impact] for impact in ("high", "medium", "low")}}


def recompiled() -> dict[str, Any]:
    """Whether a newer compiler makes the same code."""
    tool("recompile")
    return {"recompile": json.loads((BUILD / "recompile.json").read_text())}


def mutation() -> dict[str, Any]:
    """What the core's unit tests kill."""
    tool("mutate")
    found = json.loads((BUILD / "mutation.json").read_text())
    parts = ("mutants", "killed", "survivors", "unexplained")
    return {"mutation": {part: found[part] for part in parts}}


def coverage() -> dict[str, Any]:
    """Percent of the core's lines and branches that its unit tests and the attacks run."""
    info = BUILD / "lcov.info"
    subprocess.run(
        [
            "forge",
            "coverage",
            "--report",
            "lcov",
            "--report-file",
            str(info),
            "--match-path",
            "tests/forge/core/**",
        ],
        cwd=ROOT,
        env=os.environ | {"FOUNDRY_PROFILE": "plain"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    counted: Counter[str] = Counter()
    for record in info.read_text().split("end_of_record"):
        if COVERED.search(record):
            counted.update(
                {k: int(n) for k, n in re.findall(r"^(LF|LH|BRF|BRH):(\d+)", record, re.MULTILINE)}
            )
    return {
        "coverage": {
            "lines": round(100 * counted["LH"] / counted["LF"], 2),
            "branches": round(100 * counted["BRH"] / counted["BRF"], 2),
        }
    }


def page(found: dict[str, Any]) -> str:
    """The page docs/reports/verify.md."""
    commit = subprocess.check_output(["git", "log", "-1", "--format=%h, %cs"], cwd=ROOT, text=True)
    reached = found["invariants"]["reached"]
    acts = sorted({name.partition(".")[0] for name in reached if name.endswith(".done")})
    lines = [
        "# The last run of `make verify`",
        "",
        f"Commit {commit.strip()}. Seed {found['invariants']['seed']}.",
        "",
        "| | found |",
        "|---|---|",
        f"| random acts | {found['invariants']['calls']:,} |",
        f"| lives | {found['invariants']['runs']:,} |",
        f"| broken laws | {found['invariants']['failures']} |",
        f"| states that each party ended alone | {found['liveness']['states']:,} |",
        f"| attacks | {found['attacks']['cases']} in {found['attacks']['files']} files |",
        f"| attacks that succeed | {found['attacks']['failures']} |",
        f"| proofs, with their twins refuted | {len(found['proofs'])} |",
        f"| static analysis | {json.dumps(found['slither'])[1:-1]} |",
        f"| code by compiler {found['recompile']['newer']} | {_sameness(found)} |",
        f"| coverage of the core, percent | {json.dumps(found['coverage'])[1:-1]} |",
        f"| mutants killed | {found['mutation']['killed']:,} of {found['mutation']['mutants']:,} |",
        "",
        "| act | went through | was refused |",
        "|---|---|---|",
        *(f"| {a} | {reached[a + '.done']:,} | {reached.get(a + '.refused', 0):,} |" for a in acts),
        "",
        "| status at the end of a run | milestones |",
        "|---|---|",
        *(f"| {n[3:]} | {reached[n]:,} |" for n in sorted(reached) if n.startswith("at.")),
        "",
        "| proof | result | its twin |",
        "|---|---|---|",
        *(f"| `{p['name']}` | {p['result']} | {p['twin']} |" for p in found["proofs"]),
    ]
    return "\n".join(lines) + "\n"


def _sameness(found: dict[str, Any]) -> str:
    return "the same, byte for byte" if found["recompile"]["same"] else "not the same"


def verdict(found: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    wrong = [
        f"{part}: {found[part]['failures']} failures"
        for part in ("invariants", "liveness", "attacks")
        if found[part]["failures"]
    ]
    wrong += [f"invariants: seldom {what}" for what in found["invariants"]["seldom"]]
    wrong += [
        f"proof {p['name']}: {p['result']}, twin {p['twin']}"
        for p in found.get("proofs", [])
        if (p["result"], p["twin"]) != ("proved", "refuted")
    ]
    wrong += [
        f"slither: {found['slither'][impact]} of {impact} impact"
        for impact in ("high", "medium")
        if found.get("slither", {}).get(impact)
    ]
    if "recompile" in found and not found["recompile"]["same"]:
        wrong.append(f"compiler {found['recompile']['newer']}: makes other code")
    if "mutation" in found:
        mutation = found["mutation"]
        wrong += [f"mutant without an explanation: {name}" for name in mutation["unexplained"]]
        if mutation["killed"] < 0.95 * mutation["mutants"]:
            wrong.append(f"mutation: {mutation['killed']} of {mutation['mutants']} killed")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="invariants and attacks only, in their short form"
    )
    parser.add_argument(
        "--seed", default=SEED, help="of everything random; %(default)s if not given"
    )
    args = parser.parse_args()
    print(f"seed {args.seed}")
    profile = "default" if args.quick else "long"
    steps: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("attacks", lambda: attacks(profile, args.seed)),
        ("invariants", lambda: invariants(profile, args.seed)),
    ]
    if not args.quick:
        steps += [
            ("proofs", proofs),
            ("static analysis", static_analysis),
            ("newer compiler", recompiled),
            ("coverage", coverage),
            ("mutation", mutation),
        ]

    BUILD.mkdir(exist_ok=True)
    found: dict[str, Any] = {}
    for name, step in steps:
        print(f"{name} ...", flush=True)
        began = time.monotonic()
        result = step()
        found |= result
        print(f"{name}: {json.dumps(result)[:600]} in {time.monotonic() - began:.0f} s", flush=True)
    (BUILD / "verify.json").write_text(json.dumps(found, indent=1) + "\n")
    if not args.quick:
        (ROOT / "docs/reports/verify.md").write_text(page(found))
    wrong = verdict(found)
    print("\n".join(wrong) if wrong else "everything holds; see build/verify.json")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
