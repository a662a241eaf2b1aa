"""Runs the sessions that the documents show, and compares what they print with what is printed.

A session is a fenced block marked `console`: lines that begin with `$ ` are typed, the others are
what comes out. All blocks of a document run in one shell, one after the other. Hashes, addresses
that depend on them, gas, block numbers and times differ from run to run and are masked.
"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MASKS = (
    (re.compile(r"0x[0-9a-f]{64}"), "0x…"),
    (re.compile(r"^(escrow|practice_token|file|ledger|blocks) .*$", re.MULTILINE), r"\1 <place>"),
    (re.compile(r"^0x[0-9a-f]{8}  \d{4}-\d\d-\d\d", re.MULTILINE), "<job>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? (UTC|CES?T)"), "<time>"),
    (re.compile(r"(block +)\d+"), r"\1<n>"),
    (re.compile(r"(gas +)[\d,]+ \([\d.]+ ETH\)"), r"\1<gas>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"\d+ days \d+ hours \d+ minutes \d+ seconds"), "<left>"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


def steps_of(path):
    """The (command, output) pairs of a document."""
    steps = []
    for block in _BLOCK.findall(path.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in steps]


def masked(text):
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(commands, tmp_path):
    """What each of `commands` prints on stdout, typed one after the other into one shell."""
    port = free_port()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    tools = (Path(sys.executable).parent, ROOT / "node_modules" / ".bin")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, tools), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "ETH_RPC_URL": f"http://127.0.0.1:{port}",
        "COLUMNS": "100",
    }
    lines = []
    for command in commands:
        elsewhere = re.sub(r"^milepost chain\b", f"milepost chain --port {port}", command)
        lines += [elsewhere, "echo; echo '@@@'"]
    stop = f"milepost chain --port {port} --stop >/dev/null 2>&1 || true"
    script = "\n".join(["set -e", f"trap '{stop}' EXIT", *lines])
    found = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout.split("@@@")[: len(commands)]


@pytest.mark.node
@pytest.mark.parametrize("path", [d for d in DOCUMENTS if steps_of(d)], ids=lambda d: d.name)
def test_sessions_print_what_is_shown(path, tmp_path):
    steps = steps_of(path)
    printed = run([command for command, _ in steps], tmp_path)
    for (command, shown), found in zip(steps, printed, strict=True):
        assert masked(found) == masked(shown), command


def test_the_first_document_has_a_session():
    assert len(steps_of(ROOT / "README.md")) > 5
