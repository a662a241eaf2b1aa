"""A local chain: Anvil as a child process on a free port. Nothing on it is worth anything."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from web3.types import RPCEndpoint

from milepost.chain.reverts import translated
from milepost.chain.rpc import Node, connect
from milepost.errors import NodeNotStarted, NodeProgramMissing, NodeUnreachable, WrongChain

CHAIN_ID = 31337
START_TIMEOUT = 20.0
_POLL = 0.05


class LocalNode:
    """A running Anvil. A context manager; `stop` ends it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url

    @property
    def process_id(self) -> int:
        """The process that was started."""
        return self._process.pid

    def keep(self) -> None:
        """Let the node run on when this program ends. `stop_process` ends it."""
        # Otherwise Python warns of a child that nobody waited for.
        self._process.returncode = 0

    def connect(self) -> Node:
        """Connects to it. Raises NodeUnreachable."""
        return connect(self.url, chain_id=CHAIN_ID)

    def stop(self) -> None:
        """End the node and wait for it. Does nothing the second time."""
        if self._process.poll() is None:
            # The program may be a launcher: what it started is in its group, and ends with it.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        _wait_until_closed(self.url)

    def __enter__(self) -> LocalNode:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    program: Path | None = None, options: Sequence[str] = (), *, port: int | None = None
) -> LocalNode:
    """Start Anvil and wait until it answers, at `port` or a free one.

    Raises NodeProgramMissing and NodeNotStarted.
    """
    path = program or find_program()
    for _ in range(3 if port is None else 1):  # another process may take the free port first
        chosen = port or _free_port()
        url = f"http://127.0.0.1:{chosen}"
        if is_running(url):
            raise NodeNotStarted(str(path), f"port {chosen} is taken by another program")
        node = LocalNode(_launch(path, chosen, options), url)
        if _answers(node):
            return node
        node.stop()
    raise NodeNotStarted(str(path), f"no answer within {START_TIMEOUT:.0f} seconds")


def stop_process(process_id: int, url: str) -> bool:
    """End a node that another run of `start` left running. False where it is gone already."""
    if not is_running(url):
        return False  # its process id may be another program's by now
    with suppress(ProcessLookupError):
        os.killpg(process_id, signal.SIGKILL)
    _wait_until_closed(url)
    return True


def pass_time(node: Node, seconds: int) -> int:
    """Move a local chain's clock on and mine a block. Returns its time.

    Raises WrongChain on every other chain.
    """
    if node.chain_id != CHAIN_ID:
        raise WrongChain(node.label, CHAIN_ID, node.chain_id)
    with translated(node.label):
        node.w3.provider.make_request(RPCEndpoint("evm_increaseTime"), [seconds])
        node.w3.provider.make_request(RPCEndpoint("evm_mine"), [])
    return node.block().timestamp


def find_program(name: str = "anvil") -> Path:
    """Anvil of the project around the working directory, else of the system."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        candidate = directory / "node_modules" / ".bin" / name
        if candidate.exists():
            return candidate
    found = shutil.which(name)
    if found is None:
        raise NodeProgramMissing(name)
    return Path(found)


def _launch(program: Path, port: int, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [str(program), "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent"]
    try:
        return subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NodeNotStarted(str(program), error.strerror or "it cannot be run") from error


def _answers(node: LocalNode) -> bool:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and node._process.poll() is None:
        try:
            node.connect()
        except NodeUnreachable:
            time.sleep(_POLL)
        else:
            # Where another program took the port in between, it is that one which answered.
            time.sleep(_POLL)
            return node._process.poll() is None
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_closed(url: str) -> None:
    end = time.monotonic() + 5
    while is_running(url) and time.monotonic() < end:
        time.sleep(_POLL)


def is_running(url: str) -> bool:
    """Whether a program listens at `url` on this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) == 0
