"""Reads the logs of one contract from a node: all of a range of blocks, or one block's by its hash.

Ranges adapt to what the node allows, and several are asked for at once. Answers are checked: every
log is of the contract, inside the range, in order, and of one block per height. Requests are
repeated with a growing pause on HTTP 429 and 5xx, and on nothing else. Nothing here keeps anything.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any, TypeVar, cast

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from milepost.chain.events import Log
from milepost.chain.reverts import translated
from milepost.chain.rpc import Node
from milepost.errors import (
    AnswerInconsistent,
    CallRefused,
    NodePruned,
    NodeUnreachable,
)

T = TypeVar("T")

IN_FLIGHT = 4
ATTEMPTS = 7
LOGS_AIMED_AT = 2_000
"""Logs that a range should have: enough to forget the cost of asking, few enough for memory."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_BUSY = re.compile(
    r"too many requests?\b|request limit|rps limit|rate.?(?:limit|exceeded)|(?:requests|calls) per"
    r"|throughput|capacity|busy",
    re.I,
)
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
        self._takes_batches = True
        self._is_over = Flag()

    def header(self, block: int | str) -> Header | None:
        """The header of a block by number or name; None where the node does not have it.

        Raises NodeUnreachable, CallRefused, NodePruned and AnswerInconsistent.
        """
        name = block if isinstance(block, str) else hex(block)
        try:
            found = self._ask("eth_getBlockByNumber", [name, False])
        except CallRefused as error:
            if isinstance(block, int) and _PRUNED.search(error.problem):
                raise NodePruned(self.node.label, block, error.problem) from error
            raise
        return _checked_header(block, found)

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
        """The headers of several blocks."""
        answers = self._ask_all("eth_getBlockByNumber", [[hex(n), False] for n in numbers])
        return [_checked_header(n, _result(a)) for n, a in zip(numbers, answers, strict=True)]

    def logs_of(self, headers: Sequence[Header]) -> list[Log] | None:
        """The logs of blocks, asked for by their hashes; None where the node dropped a block.

        Raises as `ranges` does; CallRefused also where the node says so that it dropped a block.
        """
        hashes = ("0x" + header.hash.hex() for header in headers)
        questions = [[{"address": self.address, "blockHash": block}] for block in hashes]
        logs: list[Log] = []
        for header, answer in zip(headers, self._ask_all("eth_getLogs", questions), strict=True):
            try:
                found = _result(answer)
            except CallRefused as error:
                if _PRUNED.search(error.problem):
                    raise NodePruned(self.node.label, header.number, error.problem) from error
                raise
            if found is None:
                return None
            for log in _parsed(self._checked, found, "logs"):
                if (log.block, log.block_hash) != (header.number, header.hash):
                    raise AnswerInconsistent(
                        f"a log of block {log.block} was given for block {header.number}"
                    )
                logs.append(log._replace(timestamp=header.timestamp))
        return logs

    def ranges(self, first: int, last: int) -> Iterator[LogRange]:
        """All logs from block `first` to `last`, in closed ranges one after the other.

        Raises NodeUnreachable, CallRefused, NodePruned and AnswerInconsistent.
        """
        pending: deque[tuple[int, int, Future[Any]]] = deque()
        following = first
        with self._workers() as pool:
            while pending or following <= last:
                while len(pending) < IN_FLIGHT and following <= last:
                    end = min(last, following + self._sizer.size - 1)
                    future = pool.submit(self._ask_range, following, end)
                    pending.append((following, end, future))
                    following = end + 1
                begin, end, future = pending.popleft()
                try:
                    found = future.result()
                except _RangeTooLargeError:
                    self._sizer.refused(end - begin + 1)
                    middle = (begin + end) // 2
                    for a, b in ((middle + 1, end), (begin, middle)):
                        future = pool.submit(self._ask_range, a, b)
                        pending.appendleft((a, b, future))
                else:
                    # Here, not in the threads: they would only wait for each other.
                    logs = self._logs_between(begin, end, *found)
                    self._sizer.answered(end - begin + 1, len(logs))
                    yield LogRange(begin, end, logs)

    def _ask_range(self, first: int, last: int) -> tuple[Any, dict[int, Header | None]]:
        """The node's logs as they come, and the headers of their blocks where they do not tell when
        they were."""
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
        numbers = _parsed(_blocks_without_time, found, "logs")
        return found, {number: self.header(number) for number in numbers}

    def _logs_between(
        self, first: int, last: int, found: Any, headers: Mapping[int, Header | None]
    ) -> tuple[Log, ...]:
        logs = _parsed(self._checked, found, "logs")
        if logs and not first <= logs[0].block <= logs[-1].block <= last:
            raise AnswerInconsistent(
                f"logs of blocks {logs[0].block} to {logs[-1].block} were given for "
                f"the blocks {first} to {last}"
            )
        return tuple(_with_time(log, headers) for log in logs) if headers else logs

    def _checked(self, found: Any) -> tuple[Log, ...]:
        """`found` as logs of the contract, in order. Raises as reading what is no log does."""
        if not isinstance(found, list):
            raise AnswerInconsistent("it gave no list of logs")
        address, before, logs = self.address.lower(), (-1, -1, b""), []
        for entry in found:
            if entry["address"].lower() != address or entry.get("removed"):
                raise AnswerInconsistent("it gave a log that is removed, or of another contract")
            timestamp = entry.get("blockTimestamp")
            log = Log(
                int(entry["blockNumber"], 16),
                int(entry["logIndex"], 16),
                bytes.fromhex(entry["blockHash"][2:]),
                bytes.fromhex(entry["transactionHash"][2:]),
                int(timestamp, 16) if timestamp else 0,
                tuple([bytes.fromhex(topic[2:]) for topic in entry["topics"]]),
                bytes.fromhex(entry["data"][2:]),
            )
            hashes = (log.block_hash, log.transaction, *log.topics)
            if len(b"".join(hashes)) != 32 * len(hashes):
                raise AnswerInconsistent("it gave a log with a hash that is not of 32 bytes")
            place = log[:3]
            if place[:2] <= before[:2]:
                raise AnswerInconsistent(
                    f"log {log.log_index} of block {log.block} follows log {before[1]} of block "
                    f"{before[0]}"
                )
            if place[0] == before[0] and place[2] != before[2]:
                raise AnswerInconsistent(f"logs of two blocks have the number {log.block}")
            before = place
            logs.append(log)
        return tuple(logs)

    def _ask_all(self, method: str, several: Sequence[list[Any]]) -> list[Any]:
        """The responses to several questions: by one request, where the node takes that."""
        endpoint, provider = RPCEndpoint(method), cast(HTTPProvider, self.node.w3.provider)
        if self._takes_batches and len(several) > 1:
            batch = [(endpoint, params) for params in several]
            try:
                found = self._patiently(lambda: provider.make_batch_request(batch))
            except (NodeUnreachable, KeyError) as error:
                is_lost = isinstance(error.__cause__, requests.exceptions.RequestException)
                if is_lost and not 400 <= _status_and_wait(error)[0] < 500:
                    raise
                found = None  # it is a node, and does not know batches
            if isinstance(found, list) and len(found) == len(several):
                return found
            self._takes_batches = False

        def ask(params: list[Any]) -> Any:
            return self._patiently(lambda: provider.make_request(endpoint, params))

        if len(several) == 1:
            return [ask(several[0])]
        with self._workers() as pool:
            return list(pool.map(ask, several))

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
        """The node's answer as it is. Raises NodeUnreachable and CallRefused."""
        provider = self.node.w3.provider
        return _result(self._patiently(lambda: provider.make_request(RPCEndpoint(method), params)))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """What `ask` returns. Waits and asks again where the node is too busy."""
        for attempt in range(ATTEMPTS):
            response, failure, wait = None, None, 0.0
            try:
                with translated(self.node.label):
                    response = ask()
                    problem = _busy(response)
            except NodeUnreachable as error:
                status, wait = _status_and_wait(error)
                failure, problem = error, error.problem if status == 429 or status >= 500 else ""
            if not problem or attempt == ATTEMPTS - 1:
                break
            pause = wait or _FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)
            pause = min(pause, _LONGEST_PAUSE)
            self._on_pause(problem, pause)
            if self._is_over.wait(pause):
                break
        if failure is not None:
            raise failure
        if problem:
            raise NodeUnreachable(self.node.label, problem)
        return response


class _Sizer:
    """How many blocks to ask for: fewer where the node refuses or the logs are dense, else more."""

    def __init__(self) -> None:
        self.size = 50
        self._limit = 1_000_000  # of blocks, that the node is thought to allow
        self._answers = 0

    def answered(self, blocks: int, logs: int) -> None:
        fitting = blocks * LOGS_AIMED_AT // logs if logs else 2 * blocks
        self._answers += 1
        if self._answers % 16 == 0:
            self._limit *= 2  # a limit may have been of results, or of a bad moment
        self.size = max(1, min(fitting, 4 * self.size, self._limit))

    def refused(self, blocks: int) -> None:
        # What was asked for before an earlier refusal may be refused after it.
        self._limit = max(1, min(self._limit, blocks // 2))
        self.size = min(self.size, self._limit)
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


def _blocks_without_time(found: Any) -> set[int]:
    return {int(e["blockNumber"], 16) for e in found if not e.get("blockTimestamp")}


def _with_time(log: Log, headers: Mapping[int, Header | None]) -> Log:
    header = headers.get(log.block)
    if header is None or header.hash != log.block_hash:
        raise AnswerInconsistent(f"block {log.block} is another than that of its logs")
    return log._replace(timestamp=header.timestamp)


def _checked_header(block: int | str, found: Any) -> Header | None:
    if found is None:
        return None
    header = _parsed(_header, found, "a header")
    if isinstance(block, int) and header.number != block:
        raise AnswerInconsistent(f"block {header.number} was given for block {block}")
    return header


def _result(response: Any) -> Any:
    if not isinstance(response, dict):
        raise AnswerInconsistent("it gave several answers to one question")
    if response.get("error") is not None:
        raise CallRefused(_wording(response))
    return response.get("result")


def _wording(response: Any) -> str:
    error = response["error"]
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _busy(response: Any) -> str:
    """How the node says that it is asked too often; empty where it answers.

    Raises TypeError for what is no response.
    """
    for one in response if isinstance(response, list) else [response]:
        if not isinstance(one, dict):
            raise TypeError
        if one.get("error") is not None and _BUSY.search(_wording(one)):
            return _wording(one)
    return ""


def _status_and_wait(error: Exception) -> tuple[int, float]:
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
