"""Runs the symbolic proofs and their twins with halmos, and writes build/proofs.json.

A proof is a `check_` function of tests/forge/proofs. Its twin is the same proof of a contract with
the slip that tests/forge/proofs/twins.toml names: a proof that holds even then would hold of
anything. facts.smt2 has the facts of arithmetic that the proofs assume, each beside its own twin.
"""

import argparse
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "tests/forge/proofs"
FACTS = PROOFS / "facts.smt2"
WORKSPACE = ROOT / "build/proofs"
WORKERS = 2
# More than any loop here takes; halmos tells where it was not.
LOOP = "8"
# Of a whole run, of which one question to the solver may take SOLVER.
SECONDS = 240
SOLVER = "120s"
# A twin needs one counterexample: better another path than a hard question, at first.
TWIN_SOLVERS = ("20s", SOLVER)
EXIT_PASS, EXIT_COUNTEREXAMPLE = 0, 1

running: set[subprocess.Popen[bytes]] = set()


class Outcome(NamedTuple):
    """What halmos says of one proof."""

    result: str
    seconds: float


def sources(path: Path) -> set[Path]:
    """A source with everything here that it imports."""
    found = {path}
    for name in re.findall(r'from "(\.[^"]+)"', path.read_text()):
        imported = (path.parent / name).resolve()
        if imported not in found:
            found |= sources(imported)
    return found


def workspace(folder: Path, proofs: Path) -> Path:
    """A project of what these proofs need and nothing else, so that it compiles in seconds."""
    for part in ("contracts", "tests", "tmp"):
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    for source in sources(proofs):
        copy = folder / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    shutil.copy(ROOT / "foundry.toml", folder)
    for shared in ("node_modules", "tools"):
        if not (folder / shared).is_symlink():
            (folder / shared).symlink_to(ROOT / shared)
    return folder


def outcome(test: dict[str, Any]) -> str:
    """A proof counts where no path was cut short, a refutation where its counterexample is one."""
    if test["exitcode"] == EXIT_PASS:
        return "proved" if test["num_bounded_loops"] == 0 else "loops are too long"
    if test["exitcode"] == EXIT_COUNTEREXAMPLE:
        return "refuted" if any(m["is_valid"] for m in test["models"]) else "perhaps refuted"
    return f"open, halmos says {test['exitcode']}"


def halmos(
    binary: Path, folder: Path, contract: str, functions: str, solver: str, *options: str
) -> dict[str, Outcome]:
    """What becomes of each proof in `folder` whose signature matches."""
    answer = folder / "halmos.json"
    answer.unlink(missing_ok=True)
    command = [str(binary), "--forge-build-out", "build/forge", "--json-output", str(answer)]
    command += ["--loop", LOOP, "--default-array-lengths", "1", "--no-status", *options]
    command += ["--solver-timeout-assertion", solver]
    command += ["--match-contract", f"^{contract}$", "--match-test", f"^({functions})"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("FOUNDRY_")}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env | {"TMPDIR": str(folder / "tmp"), "FOUNDRY_PROFILE": "plain"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        running.add(run)
        try:
            run.wait(SECONDS)
        except subprocess.TimeoutExpired:
            stop(run)
        running.discard(run)
    if not answer.exists():
        return {}
    results = json.loads(answer.read_text())["test_results"]
    return {
        f"{path.partition(':')[2]}.{test['name'].partition('(')[0]}": Outcome(
            outcome(test), test["time"][0]
        )
        for path, tests in results.items()
        for test in tests
        if test["time"]
    }


def stop(run: subprocess.Popen[bytes]) -> None:
    """Ends a run with its solvers."""
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)


def refute(binary: Path, folder: Path, proof: str, slip: dict[str, str]) -> Outcome:
    """What becomes of a proof when the slip is in the contract."""
    path = Path("contracts") / slip["file"]
    source = (ROOT / path).read_text()
    if source.count(slip["before"]) != 1:
        return Outcome(f"the slip fits {source.count(slip['before'])} places", 0)
    (folder / path).write_text(source.replace(slip["before"], slip["after"]))
    contract, _, function = proof.partition(".")
    found = Outcome("no answer", SECONDS)
    for solver in TWIN_SOLVERS:
        results = halmos(binary, folder, contract, rf"{function}\(", solver, "--early-exit")
        found = results.get(proof, found)
        if found.result == "refuted":
            break
    return found


def facts(z3: Path) -> list[dict[str, Any]]:
    """What z3 says of the facts and their twins."""
    began = time.monotonic()
    run = subprocess.run([z3, FACTS], capture_output=True, text=True)
    lines = run.stdout.splitlines()
    answers = dict(zip(lines[::2], lines[1::2], strict=True))
    seconds = (time.monotonic() - began) / len(answers)
    words = {"unsat": "proved", "sat": "refuted"}
    return [
        {
            "name": f"facts.{name}",
            "result": words.get(answer, answer),
            "twin": words.get(answers.get(f"{name}, twin", "none"), "none"),
            "seconds": round(seconds, 1),
        }
        for name, answer in answers.items()
        if not name.endswith(", twin")
    ]


def written(only: str) -> dict[Path, list[str]]:
    """The proofs in each source whose names match, as "contract.function"."""
    found = {}
    for path in sorted(PROOFS.glob("*.t.sol")):
        text = path.read_text()
        (contract,) = re.findall(r"^contract (\w+Proof)\b", text, re.MULTILINE)
        names = [f"{contract}.{name}" for name in re.findall(r"function (check_\w+)", text)]
        found[path] = [name for name in names if re.search(only, name)]
    return {path: names for path, names in found.items() if names}


def prove(
    binary: Path, proofs: dict[Path, list[str]], slips: dict[str, Any]
) -> list[dict[str, Any]]:
    """Runs proofs, then twins, as many at a time as there are workers."""
    workers: queue.Queue[Path] = queue.Queue()
    for number in range(WORKERS):
        workers.put(WORKSPACE / str(number))

    def inside(job: Callable[[Path], dict[str, Outcome]], path: Path) -> dict[str, Outcome]:
        """Runs a job in a project that no other uses now, and prints what comes of it."""
        worker = workers.get()
        try:
            found = job(workspace(worker / path.name.partition(".")[0], path))
        finally:
            workers.put(worker)
        for name, (result, seconds) in found.items():
            print(f"{name}: {result} in {seconds:.1f} s", flush=True)
        return found

    def all_of(path: Path) -> dict[str, Outcome]:
        contract, names = proofs[path][0].partition(".")[0], proofs[path]
        functions = "|".join(f"{name.partition('.')[2]}\\(" for name in names)
        return inside(lambda folder: halmos(binary, folder, contract, functions, SOLVER), path)

    def twin_of(path: Path, name: str) -> dict[str, Outcome]:
        contract, _, function = name.partition(".")
        slip = slips.get(contract, {}).get(function)
        if slip is None:
            return {}
        found = inside(lambda folder: {f"{name}, twin": refute(binary, folder, name, slip)}, path)
        return {name: found[f"{name}, twin"]}

    results: dict[str, Outcome] = {}
    twins: dict[str, Outcome] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        first = [pool.submit(all_of, path) for path in proofs]
        then = [pool.submit(twin_of, path, name) for path in proofs for name in proofs[path]]
        try:
            for job in first:
                results |= job.result()
            for job in then:
                twins |= job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for run in list(running):
                stop(run)
            raise
    nothing = Outcome("no answer", SECONDS)
    return [
        {
            "name": name,
            "result": results.get(name, nothing).result,
            "twin": twins.get(name, nothing).result,
            "seconds": round(results.get(name, nothing).seconds, 1),
        }
        for path in proofs
        for name in proofs[path]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "halmos",
        nargs="?",
        type=Path,
        default=ROOT / ".venv-halmos/bin/halmos",
        help="the program",
    )
    parser.add_argument("--only", default="", help="a pattern of the proofs' names")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    binary = args.halmos.absolute()
    slips = tomllib.loads((PROOFS / "twins.toml").read_text())
    proofs = [f for f in facts(binary.with_name("z3")) if re.search(args.only, f["name"])]
    proofs += prove(binary, written(args.only), slips)
    (ROOT / "build/proofs.json").write_text(json.dumps(proofs, indent=1) + "\n")
    good = [p for p in proofs if (p["result"], p["twin"]) == ("proved", "refuted")]
    print(f"{len(good)} of {len(proofs)} proved, with their twins refuted")
    for proof in proofs:
        if proof not in good:
            print(f"{proof['name']}: {proof['result']}, its twin {proof['twin']}")
    return 0 if proofs and len(good) == len(proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
