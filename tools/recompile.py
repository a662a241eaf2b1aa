"""Compiles the escrow with a newer compiler, and writes build/recompile.json.

The code must be the same, byte for byte: then no error of the older compiler that the newer one has
mended is in it. Sources that name one exact compiler are opened to both.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build/forge/MilestoneEscrow.sol/MilestoneEscrow.json"
RESULT = ROOT / "build/recompile.json"
CORE = "contracts/MilestoneEscrow.sol"
PACKAGE = "solc-newest"
SCRIPT = """
const fs = require('fs'), path = require('path'), solc = require(process.argv[1]);
const read = (name) => ({ contents: fs.readFileSync(path.join('node_modules', name), 'utf8') });
console.log(solc.compile(fs.readFileSync(0, 'utf8'), { import: read }));
"""


def recompile(settings: dict[str, Any]) -> str:
    """The creation code that the newer compiler makes."""
    sources = {
        str(path.relative_to(ROOT)): {
            "content": re.sub(r"pragma solidity [^;]+;", "pragma solidity *;", path.read_text())
        }
        for path in (ROOT / "contracts").rglob("*.sol")
    }
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": settings
        | {"outputSelection": {CORE: {"MilestoneEscrow": ["evm.bytecode.object"]}}},
    }
    answer = json.loads(
        subprocess.run(
            ["node", "-e", SCRIPT, PACKAGE],
            cwd=ROOT,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    return str(answer["contracts"][CORE]["MilestoneEscrow"]["evm"]["bytecode"]["object"])


def main() -> int:
    built = json.loads(BUILT.read_text())
    metadata = built["metadata"]
    kept = ("optimizer", "evmVersion", "viaIR", "metadata")
    settings = {key: metadata["settings"][key] for key in kept if key in metadata["settings"]}
    version = json.loads((ROOT / f"node_modules/{PACKAGE}/package.json").read_text())["version"]
    is_same = recompile(settings) == built["bytecode"]["object"].removeprefix("0x")
    found = {"built_with": metadata["compiler"]["version"], "newer": version, "same": is_same}
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{version} makes {'the same' if is_same else 'other'} code")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
