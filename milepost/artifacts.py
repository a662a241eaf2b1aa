"""The contracts' ABI and bytecode, which ship inside the package. Needs no compiler."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract. `code` creates it, `runtime` is what then stands on chain."""

    name: str
    abi: list[dict[str, Any]] = field(repr=False)
    code: bytes = field(repr=False)
    runtime: bytes = field(repr=False)
    compiler: dict[str, Any]


@cache
def load_artifact(name: str) -> Artifact:
    """The artifact `name`, such as "MilestoneEscrow". Raises FileNotFoundError."""
    content = json.loads((files("milepost") / "abi" / f"{name}.json").read_text("utf-8"))
    return Artifact(
        name=content["contractName"],
        abi=content["abi"],
        code=bytes.fromhex(content["bytecode"].removeprefix("0x")),
        runtime=bytes.fromhex(content["deployedBytecode"].removeprefix("0x")),
        compiler=content["compiler"],
    )
