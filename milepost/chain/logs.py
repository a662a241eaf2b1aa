"""Reads the logs of one contract from a node: all of a range of blocks, or one block's by its hash.

Ranges adapt to what the node allows, and several are asked for at once. Answers are checked: every
log is of the contract, inside the range, in order, and of one block per height. Requests are
repeated with a growing pause on HTTP 429 and 5xx, and on nothing else. Nothing here keeps anything.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Event as Flag
from typing import Any, TypeVar

import requests
from web3.types import RPCEndpoint

from milepost.chain.events import Log
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.errors import (
    AnswerInconsistent,
    CallRefused,
    ChainError,
    NodePruned,
    NodeUnreachable,
)
from milepost.types import same_address

T = TypeVar("T")

IN_FLIGHT = 4
ATTEMPTS = 7
LOGS_AIMED_AT = 2_000
"""Logs that a range should have: enough to forget the cost of asking, few enough for memory."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_BUSY = re.compile(r"too many requests|rate.?limit|requests per|throughput|capacity|busy", re.I)
_PRUNED = re.compile(r"prun|missing trie|archive|history (?:is )?(?:not|un)available", re.I)


@dataclass(frozen=True, slots=True)
class Header:
    """What of a block's header tells where it stands. `timestamp` is Unix time."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class LogRange:
    """The logs of the blocks from `first` to `last`, both included."""

    first: int
    last: int
    logs: tuple[Log, ...]


class _RangeTooLargeError(Exception):
    """The node will not answer for so many blocks."""


class LogReader:
    """Logs of the contract at `address`. `on_pause` hears why and how long it waits."""

    def __init__(
        self, node: Node, address: str, on_pause: Callable[[str, float], None] | None = None
    ) -> None:
        self.node = node
        self.address = address
        self._on_pause = on_pause or (lambda reason, seconds: None)
        self._sizer = _Sizer()
        self._is_over = Flag()

    def header(self, block: int | str) -> Header | None:
        """The header of a block by number or name; None where the node does not have it.

        Raises NodeUnreachable, CallRefused and AnswerInconsistent.
        """
        name = block if isinstance(block, str) else hex(block)
        found = self._ask("eth_getBlockByNumber", [name, False])
        if found is None:
            return None
        header = _parsed(_header, found, "a header")
        if isinstance(block, int) and header.number != block:
            raise AnswerInconsistent(f"block {header.number} was given for block {block}")
        return header

    def head(self) -> Header:
        """The node's newest block."""
        found = self.header("latest")
        if found is None:
            raise AnswerInconsistent("it has no newest block")
        return found

    def finalized(self) -> int | None:
        """The number of the chain's newest final block; None where the node does not tell."""
        try:
            found = self.header("finalized")
        except CallRefused:
            return None
        return found.number if found else None

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """The headers of several blocks, asked for at once."""
        return self._at_once(self.header, numbers)

    def logs_of(self, headers: Sequence[Header]) -> list[Log] | None:
        """The logs of blocks, asked for by their hashes; None where the node dropped a block."""
        logs: list[Log] = []
        for found in self._at_once(self._logs_of, headers):
            if found is None:
                return None
            logs += found
        return logs

    def ranges(self, first: int, last: int) -> Iterator[LogRange]:
        """All logs from block `first` to `last`, in closed ranges one after the other.

        Raises NodeUnreachable, CallRefused, NodePruned and AnswerInconsistent.
        """
        pending: deque[tuple[int, int, Future[tuple[Log, ...]]]] = deque()
        following = first
        with self._workers() as pool:
            while pending or following <= last:
                while len(pending) < IN_FLIGHT and following <= last:
                    end = min(last, following + self._sizer.size - 1)
                    future = pool.submit(self._logs_between, following, end)
                    pending.append((following, end, future))
                    following = end + 1
                begin, end, future = pending.popleft()
                try:
                    logs = future.result()
                except _RangeTooLargeError:
                    self._sizer.refused(end - begin + 1)
                    middle = (begin + end) // 2
                    for a, b in ((middle + 1, end), (begin, middle)):
                        future = pool.submit(self._logs_between, a, b)
                        pending.appendleft((a, b, future))
                else:
                    self._sizer.answered(end - begin + 1, len(logs))
                    yield LogRange(begin, end, logs)

    def _logs_between(self, first: int, last: int) -> tuple[Log, ...]:
        question = {"address": self.address, "fromBlock": hex(first), "toBlock": hex(last)}
        try:
            found = self._ask("eth_getLogs", [question])
        except CallRefused as error:
            if _PRUNED.search(error.problem):
                raise NodePruned(self.node.label, first, error.problem) from error
            if first < last:
                raise _RangeTooLargeError from error
            raise
        except NodeUnreachable as error:
            if first < last and _is_too_much(error):
                raise _RangeTooLargeError from error
            raise
        logs = self._checked(found)
        if logs and not first <= logs[0].block <= logs[-1].block <= last:
            raise AnswerInconsistent(
                f"logs of blocks {logs[0].block} to {logs[-1].block} were given for "
                f"the blocks {first} to {last}"
            )
        if any(log.timestamp < 0 for log in logs):
            logs = self._with_times(logs)
        return logs

    def _logs_of(self, header: Header) -> tuple[Log, ...] | None:
        question = {"address": self.address, "blockHash": "0x" + header.hash.hex()}
        try:
            found = self._ask("eth_getLogs", [question])
        except CallRefused as error:
            if _PRUNED.search(error.problem):
                raise NodePruned(self.node.label, header.number, error.problem) from error
            return None  # nodes word it in many ways that they do not know the block
        if found is None:
            return None
        logs = self._checked(found)
        for log in logs:
            if (log.block, log.block_hash) != (header.number, header.hash):
                raise AnswerInconsistent(
                    f"a log of block {log.block} was given for block {header.number}"
                )
        return tuple(log._replace(timestamp=header.timestamp) for log in logs)

    def _checked(self, found: Any) -> tuple[Log, ...]:
        if not isinstance(found, list):
            raise AnswerInconsistent("it gave no list of logs")
        logs = tuple(_parsed(self._log, entry, "a log") for entry in found)
        for before, after in pairwise(logs):
            place, following = before[:2], after[:2]
            if place >= following:
                raise AnswerInconsistent(
                    f"log {after.log_index} of block {after.block} follows log {before.log_index} "
                    f"of block {before.block}"
                )
            if before.block == after.block and before.block_hash != after.block_hash:
                raise AnswerInconsistent(f"logs of two blocks have the number {before.block}")
        return logs

    def _log(self, entry: Any) -> Log:
        if not same_address(entry["address"], self.address):
            raise AnswerInconsistent(f"it gave a log of {entry['address']}")
        if entry.get("removed"):
            raise AnswerInconsistent("it gave a log that it had removed")
        timestamp = entry.get("blockTimestamp")
        return Log(
            int(entry["blockNumber"], 16),
            int(entry["logIndex"], 16),
            bytes.fromhex(entry["blockHash"][2:]),
            bytes.fromhex(entry["transactionHash"][2:]),
            int(timestamp, 16) if timestamp else -1,
            tuple(bytes.fromhex(topic[2:]) for topic in entry["topics"]),
            bytes.fromhex(entry["data"][2:]),
        )

    def _with_times(self, logs: Sequence[Log]) -> tuple[Log, ...]:
        """`logs` with the times of their blocks, for a node whose logs do not tell."""
        times = {}
        for log in logs:
            if log.block not in times:
                header = self.header(log.block)
                if header is None or header.hash != log.block_hash:
                    raise AnswerInconsistent(f"block {log.block} is another than that of its logs")
                times[log.block] = header.timestamp
        return tuple(log._replace(timestamp=times[log.block]) for log in logs)

    def _at_once(self, function: Callable[[Any], T], values: Sequence[Any]) -> list[T]:
        if len(values) == 1:
            return [function(values[0])]
        with self._workers() as pool:
            return list(pool.map(function, values))

    @contextmanager
    def _workers(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that ask. Leaving ends the pauses of those that still wait for the node."""
        try:
            with ThreadPoolExecutor(IN_FLIGHT) as pool:
                try:
                    yield pool
                finally:
                    self._is_over.set()
                    pool.shutdown(cancel_futures=True)
        finally:
            self._is_over.clear()

    def _ask(self, method: str, params: list[Any]) -> Any:
        """The node's answer as it is. Waits and asks again where the node is too busy."""
        for attempt in range(ATTEMPTS):
            wait = 0.0
            try:
                with translated(self.node.label):
                    answer = self.node.w3.provider.make_request(RPCEndpoint(method), params)
                refusal = answer.get("error")
                if refusal is None:
                    return answer.get("result")
                problem = _wording(refusal)
                failure: ChainError = CallRefused(problem)
                is_busy = _BUSY.search(problem) is not None
            except NodeUnreachable as error:
                failure, problem = error, error.problem
                status, wait = _status_and_wait(error)
                is_busy = status == 429 or status >= 500
            if not is_busy or attempt == ATTEMPTS - 1:
                raise failure
            pause = wait or _FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)
            self._on_pause(problem, pause)
            if self._is_over.wait(min(pause, _LONGEST_PAUSE)):
                raise failure
        raise AssertionError


class _Sizer:
    """How many blocks to ask for: fewer where the node refuses or the logs are dense, else more."""

    def __init__(self) -> None:
        self.size = 500
        self._limit = 1_000_000  # of blocks, that the node is thought to allow
        self._answers = 0

    def answered(self, blocks: int, logs: int) -> None:
        fitting = blocks * LOGS_AIMED_AT // logs if logs else 2 * blocks
        self._answers += 1
        if self._answers % 16 == 0:
            self._limit *= 2  # a limit may have been of results, or of a bad moment
        self.size = max(1, min(fitting, 2 * self.size, self._limit))

    def refused(self, blocks: int) -> None:
        self._limit = self.size = max(1, blocks // 2)
        self._answers = 0


def _parsed(parse: Callable[[Any], T], found: Any, kind: str) -> T:
    try:
        return parse(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerInconsistent(f"it gave {kind} that is none ({error})") from error


def _header(found: Any) -> Header:
    return Header(
        int(found["number"], 16),
        bytes.fromhex(found["hash"][2:]),
        bytes.fromhex(found["parentHash"][2:]),
        int(found["timestamp"], 16),
    )


def _wording(refusal: Any) -> str:
    return str(refusal.get("message", refusal)) if isinstance(refusal, dict) else str(refusal)


def _status_and_wait(error: NodeUnreachable) -> tuple[int, float]:
    """The HTTP status, zero where there was none, and the seconds that the node asks to wait."""
    response = getattr(error.__cause__, "response", None)
    if response is None:
        return 0, 0.0
    try:
        wait = max(0.0, float(response.headers.get("Retry-After", 0)))
    except ValueError:
        wait = 0.0
    return response.status_code, wait


def _is_too_much(error: NodeUnreachable) -> bool:
    """Whether the node gave up on a question that a smaller one may not be."""
    if isinstance(error.__cause__, requests.exceptions.Timeout):
        return True
    return _status_and_wait(error)[0] in (400, 413, 504)
