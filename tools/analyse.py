"""Runs Slither over the contract, and writes build/slither.json.

A finding of high or medium impact fails the run. Every other is answered in
docs/decisions/0022-what-static-analysis-says.md.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A build of its own: Slither wants every syntax tree anew, and other builds go on beside it.
WORKSPACE = ROOT / "build/slither"
ANSWER = WORKSPACE / "answer.json"
IMPACTS = ("high", "medium", "low", "informational")


def findings(slither: Path) -> list[dict[str, Any]]:
    """What Slither finds, with the detector, impact, confidence, place and words of each."""
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    ANSWER.unlink(missing_ok=True)
    out = WORKSPACE / "out"
    run = subprocess.run(
        [slither, ".", "--foundry-out-directory", str(out.relative_to(ROOT)), "--json", ANSWER],
        cwd=ROOT,
        env=os.environ | {"FOUNDRY_OUT": str(out), "FOUNDRY_CACHE_PATH": str(WORKSPACE / "cache")},
        capture_output=True,
        text=True,
    )
    answer = json.loads(ANSWER.read_text()) if ANSWER.exists() else {"success": False}
    if not answer["success"]:
        raise SystemExit(f"slither gave no answer: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return [
        {
            "check": found["check"],
            "impact": found["impact"].lower(),
            "confidence": found["confidence"].lower(),
            "where": found["first_markdown_element"].replace("#L", ":").partition("-")[0],
            "words": found["description"].strip(),
        }
        for found in answer["results"].get("detectors", [])
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "slither",
        nargs="?",
        type=Path,
        default=ROOT / ".venv-slither/bin/slither",
        help="the program",
    )
    args = parser.parse_args()

    found = sorted(
        findings(args.slither.absolute()), key=lambda f: (IMPACTS.index(f["impact"]), f["where"])
    )
    counts = Counter(f["impact"] for f in found)
    result = {impact: counts[impact] for impact in IMPACTS} | {"findings": found}
    (ROOT / "build/slither.json").write_text(json.dumps(result, indent=1) + "\n")

    for finding in found:
        print(f"{finding['impact']}: {finding['check']}: {finding['where']}")
    print(", ".join(f"{counts[impact]} {impact}" for impact in IMPACTS))
    return 1 if counts["high"] or counts["medium"] else 0


if __name__ == "__main__":
    sys.exit(main())
