"""JSON that a stranger may have written, read without being harmed by it."""

from __future__ import annotations

import json
import re
from typing import Any

DEPTH = 50
"""How deep a value may lie in others; nothing that is read here comes near."""

# It matches what is cut off, too, else each quote in that would be tried as the begin of a string.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def loads(content: bytes) -> Any:
    """The value in UTF-8. Raises ValueError for no JSON, NaN, and what is deeper than `DEPTH`.

    Python's own limit of depth does not protect: a library under web3 raises it so far that a file
    of brackets would end the process.
    """
    if content.count(b"[") + content.count(b"{") > DEPTH:
        _require_shallow(content)
    return _DECODER.decode(content.decode().removeprefix("\ufeff"))


def _require_shallow(content: bytes) -> None:
    brackets = _STRING.sub(b"", content).translate(None, _NO_BRACKETS)
    for _ in range(DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if len(brackets) > DEPTH:
        raise ValueError(f"deeper than {DEPTH}")


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
