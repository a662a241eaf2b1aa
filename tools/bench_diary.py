"""Measures the work diary: a year of about 12,000 segments in eight entries a day, and ten times as
much.

Every command runs as a user runs it, in a process of its own, and what starting Python takes is
measured beside it and taken off. Written into build/bench.json under "diary".

An agreement has 64 weeks; so that one diary can have ten years, the bench lifts that limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from milepost.diary import diary as core
from milepost.diary import evidence, rules, state, weeks
from milepost.diary.diary import Diary
from milepost.diary.entries import Frame
from milepost.diary.rules import Rules
from milepost.diary.weeks import Place
from milepost.presets import UNIT, monday_from
from milepost.signing import keccak256
from milepost.units import DAY, HOUR, WEEK
from tools.bench import commit, machine, say

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench.json"
REPORT = ROOT / "docs" / "reports" / "diary.md"
YEAR, ENTRIES_A_DAY, EACH = 52, 8, 59 * 60 + 17  # weeks, entries, seconds
EVERY = 61 * 60  # seconds from the start of an entry to the next
LIFTED = 640  # weeks
RUNS = 15
PLACE = Place(31337, "0x" + "11" * 20, bytes(32), 0)

# Runs the command with the lifted limit, at a moment that the bench chooses.
COMMAND = """
import sys, time
now, limit = int(sys.argv[1]), int(sys.argv[2])
time.time = lambda: now
if limit != 64:
    import milepost.types
    milepost.types.MAX_MILESTONES = limit
from milepost.cli.app import main
main(sys.argv[3:])
"""

AGREEMENT = """title: Backend by the hour
kind: hourly
chain: 31337
client: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
freelancer: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
arbiter: none
token: coin
rate: 0.01
weekly limit: 60 hours
start: {start}
scope: Backend work.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", action="store_true", help="write the page of the last run")
    if parser.parse_args().report:
        REPORT.write_text(page(json.loads(OUT.read_text("utf-8"))["diary"]), "utf-8")
        return
    found = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": commit(), **machine()}
    found |= {f"{years}y": measure(years) for years in (1, 10)}
    before = json.loads(OUT.read_text("utf-8")) if OUT.exists() else {}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({**before, "diary": found}, indent=2) + "\n", "utf-8")


def measure(years: int) -> dict[str, Any]:
    """Everything of a diary of so many years."""
    count = YEAR * years
    limit = 64 if years == 1 else LIFTED
    start = monday_from(1_700_000_000)
    now = start + count * WEEK + DAY  # a Tuesday, the week before complete
    frames = [
        Frame(at, at + EACH, f"Task {k}", ("api",), "Europe/Berlin", f"{w}.{d}.{k}")
        for w in range(count + 1)
        for d in range(5)
        for k in range(ENTRIES_A_DAY)
        if (at := start + w * WEEK + d * DAY + 7 * HOUR + k * EVERY) + EACH < now
    ]
    with TemporaryDirectory() as folder, lifted(limit):
        place = Path(folder)
        file = place / "hourly.yaml"
        file.write_text(AGREEMENT.format(start=datetime.fromtimestamp(start, UTC).date()))
        scope = keccak256(file.read_bytes())
        diary_folder = place / "data/milepost/diaries" / scope.hex()
        agreed = Rules(scope, start, 60 * HOUR // UNIT)
        found = library(diary_folder, agreed, frames, count, now)
        found |= commands(place, file, now, limit)
    for name, value in found.items():
        say(f"{years}y {name}", value, "")
    return found


def library(
    folder: Path, agreed: Rules, frames: list[Frame], count: int, now: int
) -> dict[str, Any]:
    """What the library takes, in milliseconds."""
    with Diary.write(folder, agreed) as diary:
        imported = once(lambda: diary.import_(frames, "watson", now))
        spans = [(now - HOUR + 2 * i, now - HOUR + 2 * i + 1) for i in range(50)]
        each = [once(lambda s=s: diary.add(now, *s, "Call", (), "UTC")) for s in spans]
        segments = sum(len(diary.week(w)) for w in range(count))
        seal = [once(lambda w=w: weeks.seal(diary, now, w, {})) for w in range(count)]
        made: list[Any] = []
        derive = [
            once(lambda s=s: made.append(weeks.week_of(diary, s, PLACE))) for s in diary.seals
        ]
    week = made[0]
    starts = [leaf.segment.start for leaf in week.leaves]
    proofs: list[bytes] = []
    prove = [
        once(lambda s=s: proofs.append(evidence.proof_file(weeks.prove(week, [s])))) for s in starts
    ]
    check = [once(lambda p=p: evidence.read_proof(p, "proof", agreed)) for p in proofs]
    reading = [once(lambda: Diary.read(folder, agreed)) for _ in range(5)]
    return {
        "entries": len(frames),
        "segments": segments,
        "bytes": sum(path.stat().st_size for path in folder.glob("*.log")),
        "import of all ms": imported,
        "adding an entry ms": statistics.median(each),
        "reading all ms": statistics.median(reading),
        "segments of a week": len(week.leaves),
        "sealing a week ms": statistics.median(seal),
        "making a sealed week again ms": statistics.median(derive),
        "a proof ms": statistics.median(prove),
        "checking a proof ms": statistics.median(check),
    }


def commands(place: Path, file: Path, now: int, limit: int) -> dict[str, Any]:
    """What commands take over starting Python, in milliseconds."""
    environment = {**os.environ, "XDG_DATA_HOME": str(place / "data"), "MILEPOST_ZONE": "UTC"}
    # As installed packages are: compiled once.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(place / "compiled")

    def run(*args: str) -> Callable[[], None]:
        line = [sys.executable, "-c", COMMAND, str(now), str(limit), "diary", *args]
        return lambda: call(line, environment)

    begins = (now - 51 * WEEK + i * (EVERY // 2) for i in range(10_000))
    frames = [[at, at + EACH // 2, "bakery", f"{at:032x}", ["api"], at] for at in begins]
    source = place / "frames.json"
    source.write_text(json.dumps(frames))
    fresh = place / "fresh.yaml"
    fresh.write_text(file.read_text("utf-8").replace("Backend work.", "Another diary."))
    asked = {
        "status": run("status", str(file)),
        "report": run("report", str(file)),
        "report of a year": run("report", str(file), "--week", "1-52"),
        "log": run("log", str(file)),
    }
    bare = lambda: call([sys.executable, "-c", "pass"], environment)  # noqa: E731
    times: dict[str, list[float]] = {name: [] for name in ("python", *asked)}
    for command in asked.values():
        command()  # which compiles
    for _ in range(RUNS):  # in turns, so that a busy moment meets all alike
        for name, command in {"python": bare, **asked}.items():
            times[name].append(once(command))
    python = statistics.median(times["python"])
    found = {"python ms": python}
    found |= {f"{name} ms": statistics.median(times[name]) - python for name in asked}
    importing = once(run("import", str(fresh), str(source), "--from", "watson"))
    found["import of 10,000 frames ms"] = importing - python
    found["import of them again ms"] = (
        once(run("import", str(fresh), str(source), "--from", "watson")) - python
    )
    return found


class lifted:  # noqa: N801
    """The limit of weeks, raised in the library while the bench runs."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __enter__(self) -> None:
        self.before = rules.MAX_MILESTONES
        for module in (rules, core, state):
            module.MAX_MILESTONES = self.limit

    def __exit__(self, *_: object) -> None:
        for module in (rules, core, state):
            module.MAX_MILESTONES = self.before


def call(line: list[str], environment: dict[str, str]) -> None:
    ended = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)


def once(action: Callable[[], Any]) -> float:
    """Milliseconds of an action."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1_000


def page(found: dict[str, Any]) -> str:
    """What was measured, as a page."""
    one, ten = found["1y"], found["10y"]
    rows = [f"| {name} | {number(one[name])} | {number(ten[name])} |" for name in one]
    return "\n".join(
        [
            "# What the work diary takes",
            "",
            f"{found['date']}, commit {found['commit']}, by `make bench`, on {found['processors']} "
            "processors. Commands run in a process of",
            "their own, and what starting Python takes is taken off; each figure is the median of "
            f"{RUNS} runs, or of as many as there are. Work is {ENTRIES_A_DAY} entries a day, five "
            "days a week.",
            "An agreement has 64 weeks; for ten years in one diary the bench lifts that limit.",
            "",
            "| | a year | ten years |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    main()
