"""Writes the ABI and bytecode that the package ships, from Foundry's build.

With --check nothing is written: a stale file fails.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("MilestoneEscrow", "PracticeToken")


def artifact_text(name: str) -> str:
    built = json.loads((ROOT / f"build/forge/{name}.sol/{name}.json").read_text())
    settings = built["metadata"]["settings"]
    artifact = {
        "contractName": name,
        "abi": built["abi"],
        "bytecode": built["bytecode"]["object"],
        "deployedBytecode": built["deployedBytecode"]["object"],
        "compiler": {
            "version": built["metadata"]["compiler"]["version"],
            "evmVersion": settings["evmVersion"],
            "optimizerRuns": settings["optimizer"]["runs"],
            "viaIR": settings.get("viaIR", False),
        },
    }
    return json.dumps(artifact, indent=1, sort_keys=True) + "\n"


def main() -> int:
    stale = []
    for name in SHIPPED:
        target = ROOT / f"milepost/abi/{name}.json"
        text = artifact_text(name)
        if target.exists() and target.read_text() == text:
            continue
        stale.append(target.relative_to(ROOT))
        if "--check" not in sys.argv[1:]:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text)
    if stale and "--check" in sys.argv[1:]:
        print(f"stale: {', '.join(map(str, stale))}; run make abi", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
