"""Runs the core's unit tests against every mutant of the contract, and writes build/mutation.json.

A mutant that the tests let pass is a survivor. Each must be explained in
tests/forge/core/survivors.toml; the report docs/reports/mutation.md is made from both. The
contract alone is compiled anew, without the optimizer, and takes the place of the built artifact:
a mutant costs about a second.
"""

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

from mutants import Mutant, by_id, mutants_of
from rich.progress import track

ROOT = Path(__file__).resolve().parent.parent
CORE = "contracts/MilestoneEscrow.sol"
SOURCES = (
    CORE,
    "contracts/Payouts.sol",
    *sorted(f"contracts/libraries/{p.name}" for p in (ROOT / "contracts/libraries").iterdir()),
)
TESTS = "tests/forge/core"
RESULT = ROOT / "build/mutation.json"
REQUIRED = 0.95
# More than any test of the core needs; ends the loops that never end.
GAS_LIMIT = "300000000"
SECONDS = 120

# A compiler that stays: the WebAssembly build takes most of its time to start.
COMPILER = """
const fs = require('fs'), path = require('path'), solc = require('solc');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const read = (name) => {
    for (const root of ['.', 'node_modules']) {
      const file = path.join(root, name);
      if (fs.existsSync(file)) return { contents: fs.readFileSync(file, 'utf8') };
    }
    return { error: name + ' is missing' };
  };
  console.log(solc.compile(line, { import: read }).replaceAll('\\n', ' '));
});
"""


class Compiler:
    """solc in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", "-e", COMPILER],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def compile(self, sources: dict[str, str], selection: Any) -> dict[str, Any]:
        """The compiler's answer for `sources`, whose imports it reads from the disk."""
        request = {
            "language": "Solidity",
            "sources": {path: {"content": content} for path, content in sources.items()},
            "settings": {"evmVersion": "cancun", "outputSelection": selection},
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """Ends the process."""
        self.process.communicate()

    def bytecode(self, sources: dict[str, str]) -> str | None:
        """The core's creation code, or nothing where `sources` do not compile."""
        # The core is always named, so that it is compiled whatever else changed.
        sources = {CORE: (ROOT / CORE).read_text()} | sources
        answer = self.compile(sources, {CORE: {"MilestoneEscrow": ["evm.bytecode.object"]}})
        contract = answer.get("contracts", {}).get(CORE, {}).get("MilestoneEscrow")
        return contract["evm"]["bytecode"]["object"] if contract else None


class Bench:
    """A compiler and a copy of the built tests, for one mutant at a time."""

    def __init__(self, folder: Path) -> None:
        self.compiler = Compiler()
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.environment = os.environ | {
            "FOUNDRY_OUT": str(folder / "out"),
            "FOUNDRY_CACHE_PATH": str(folder / "cache"),
            "FOUNDRY_GAS_LIMIT": GAS_LIMIT,
            # Less to load for every mutant.
            "FOUNDRY_TEST": TESTS,
            "FOUNDRY_AST": "false",
            "FOUNDRY_SOLC": str(self._solc()),
        }
        self._forge("build", CORE, TESTS, "--quiet")
        self.artifact = folder / "out/MilestoneEscrow.sol/MilestoneEscrow.json"
        self.built = json.loads(self.artifact.read_text())

    def _solc(self) -> Path:
        """The compiler, with its version at hand: forge asks before every run, and node is slow."""
        solc = ROOT / "tools/solc/solc-v0.8.30"
        version = subprocess.check_output([solc, "--version"], text=True)
        script = self.folder / solc.name
        script.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] || exec {solc} "$@"\ncat <<\'END\'\n{version}END\n'
        )
        script.chmod(0o755)
        return script

    def passes(self, bytecode: str) -> bool:
        """Whether the core's tests let this creation code pass."""
        self.built["bytecode"]["object"] = "0x" + bytecode
        self.artifact.write_text(json.dumps(self.built))
        try:
            return self._forge("test", "--fail-fast").returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _forge(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["forge", *args],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )


@contextmanager
def taken(benches: "queue.Queue[Bench]") -> Iterator[Bench]:
    """One of the benches, for as long as the block runs."""
    bench = benches.get()
    try:
        yield bench
    finally:
        benches.put(bench)


def all_mutants(compiler: Compiler) -> list[Mutant]:
    """The mutants of the core, of what it is built on, and of its libraries."""
    contents = {path: (ROOT / path).read_text() for path in SOURCES}
    answer = compiler.compile(contents, {"*": {"": ["ast"]}})
    trees = {path: source["ast"] for path, source in answer["sources"].items()}
    nodes = by_id(list(trees.values()))
    return [
        mutant
        for path, content in contents.items()
        for mutant in mutants_of(path, content.encode(), trees[path], nodes)
    ]


def run(
    mutants: list[Mutant], benches: "queue.Queue[Bench]", jobs: int
) -> tuple[Counter[str], list[Mutant]]:
    """Counts what became of the mutants, and returns the survivors."""
    with taken(benches) as bench:
        original = bench.compiler.bytecode({})
        if original is None or not bench.passes(original):
            raise SystemExit("the core's tests fail without any mutant; run `forge test` first")
    seen = {original}

    def fate(mutant: Mutant) -> str:
        with taken(benches) as bench:
            source = mutant.apply((ROOT / mutant.path).read_bytes())
            bytecode = bench.compiler.bytecode({mutant.path: source})
            if bytecode is None:
                return "refused by the compiler"
            # What compiles to the same code is the same program.
            if bytecode in seen:
                return "same bytecode"
            seen.add(bytecode)
            return "survived" if bench.passes(bytecode) else "killed"

    with ThreadPoolExecutor(jobs) as pool:
        fates = list(track(pool.map(fate, mutants), "Mutants", len(mutants)))
    survivors = [mutant for mutant, end in zip(mutants, fates, strict=True) if end == "survived"]
    return Counter(fates), survivors


def report(counts: Counter[str], survivors: list[Mutant], why: dict[str, str]) -> str:
    """The page docs/reports/mutation.md."""
    commit = subprocess.check_output(
        ["git", "log", "-1", "--format=%h %cs"], cwd=ROOT, text=True
    ).split()
    tested = counts["killed"] + counts["survived"]
    share = f"{100 * counts['killed'] / tested:.1f} %"
    summary = (
        f"Commit {commit[0]}, {commit[1]}. `make mutation` makes one slip at a time in the contract"
        ", what it is built on and its libraries, and runs `tests/forge/core` against each. "
        f"{tested} mutants compile to a program of their own; {counts['killed']} are killed, "
        f"{share}. Besides, {counts['same bytecode']} compile to a program already tested, "
        f"and {counts['refused by the compiler']} do not compile."
    )
    lines = [
        "# Mutants of the core",
        "",
        fill(summary, 120),
        "",
        "## Survivors",
        "",
        "| where | slip | why no test can tell |",
        "|---|---|---|",
    ]
    for mutant in survivors:
        slip = mutant.name.partition(": ")[2].replace("|", "\\|")
        reason = why.get(mutant.name, "**not explained**")
        lines.append(f"| {Path(mutant.path).name}, {mutant.function} | `{slip}` | {reason} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    parser.add_argument("--only", default="", help="mutants whose `path: name` contains this text")
    parser.add_argument("--again", action="store_true", help="the last run's survivors only")
    args = parser.parse_args()

    benches: queue.Queue[Bench] = queue.Queue()
    for k in range(args.jobs):
        benches.put(Bench(ROOT / f"build/mutation/{k}"))
    with taken(benches) as bench:
        mutants = [m for m in all_mutants(bench.compiler) if args.only in f"{m.path}: {m.name}"]
    last = Counter[str]()
    if args.again:
        # The contract must be as it was: more tests kill what was killed.
        result = json.loads(RESULT.read_text())
        mutants = [m for m in mutants if m.name in result["survivors"]]
        last = Counter(result["fates"]) - Counter(survived=len(result["survivors"]))
    counts, survivors = run(mutants, benches, args.jobs)
    counts += last
    while not benches.empty():
        benches.get().compiler.close()

    why = tomllib.loads((ROOT / "tests/forge/core/survivors.toml").read_text())
    unexplained = [m for m in survivors if m.name not in why]
    for mutant in unexplained:
        print(f"survived: {mutant.path}:{mutant.line}: {mutant.name}")
    tested = counts["killed"] + counts["survived"]
    print(f"{counts['killed']} of {tested} mutants killed; {dict(counts)}")
    if args.only:
        return 0

    result = {
        "mutants": tested,
        "killed": counts["killed"],
        "survivors": [m.name for m in survivors],
        "unexplained": [m.name for m in unexplained],
        "fates": counts,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    (ROOT / "docs/reports/mutation.md").write_text(report(counts, survivors, why))
    return 1 if unexplained or counts["killed"] < REQUIRED * tested else 0


if __name__ == "__main__":
    sys.exit(main())
