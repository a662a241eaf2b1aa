"""Measures the ledger on a chain that is made for it, and writes what it finds to build/.

Everything is measured in one run on one machine, and told as ratios beside the plain numbers: how
fast logs can be had from the node at all, how fast the ledger takes them in, how fast a loop over
web3's own `get_logs` is. The node and the ledger share the machine's processors, as they would on a
laptop. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from milepost.artifacts import load_artifact  # noqa: E402
from milepost.chain.events import event_topics  # noqa: E402
from milepost.chain.heads import Heads  # noqa: E402
from milepost.chain.logs import IN_FLIGHT, LogReader  # noqa: E402
from milepost.chain.rpc import Node, connect  # noqa: E402
from milepost.ledger.reads import Ledger  # noqa: E402
from milepost.ledger.store import Store  # noqa: E402
from milepost.ledger.sync import Syncer  # noqa: E402
from tests.package.ledger import postgres  # noqa: E402
from tools.bench_chain import BenchChain, make_chain, running, url_of  # noqa: E402

ROWS = {
    "agreements": "chain.agreements",
    "blocks": "chain.blocks",
    "every log as bytes, nothing done": "events_per_second.raw",
    "a cold start into SQLite": "events_per_second.sqlite",
    "a cold start into PostgreSQL": "events_per_second.postgresql",
    "web3's `get_logs`, one type of event after the other": "events_per_second.naive",
    "every log as bytes, over 100 Mbit/s and 40 ms": "events_per_second.raw_by_link",
    "a cold start into SQLite over the same": "events_per_second.sqlite_by_link",
    "SQLite to raw": "ratios.sqlite_to_raw",
    "PostgreSQL to raw": "ratios.postgresql_to_raw",
    "SQLite to raw, over the link": "ratios.sqlite_by_link_to_raw_by_link",
    "SQLite to web3's way": "ratios.sqlite_to_naive",
    "PostgreSQL to web3's way": "ratios.postgresql_to_naive",
    "most memory, SQLite, MB": "peak_memory_mb.sqlite",
    "most memory, PostgreSQL, MB": "peak_memory_mb.postgresql",
    "the file, MB": "database_mb",
    "one job with its history, median ms": "queries_ms.job.median",
    "one job with its history, most ms": "queries_ms.job.most",
    "the jobs of a party, median ms": "queries_ms.jobs_of_a_party.median",
    "jobs of a party": "queries_ms.jobs_per_party",
    "the clocks of a party, median ms": "queries_ms.due_of_a_party.median",
    "the payments of a party, median ms": "queries_ms.payments_of_a_party.median",
    "from a new block to the ledger, median ms": "head_lag_ms.median",
    "from a new block to the ledger, most ms": "head_lag_ms.most",
}

RANGE = 250  # blocks, where the asker chooses
NAIVE = 100_000  # events that are enough to know how fast the slow way is
QUERIES = 200
HEADS = 30


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--brief", action="store_true", help="SQLite only, and not over a link")
    parser.add_argument("--report", type=Path, help="write a page of what was measured before")
    parser.add_argument("--sync", nargs=3, metavar=("URL", "ESCROW", "PLACE"), help="internal")
    args = parser.parse_args()
    if args.sync:
        print(json.dumps(sync_into(*args.sync)))
        return
    if args.report:
        args.report.write_text(report(sorted((ROOT / "build").glob("bench*.json"))), "utf-8")
        return
    with running() as node, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        chain = make_chain(node, events=args.events)
        say("chain made", time.perf_counter() - began, "s", f"{chain.events:,} events")
        found = {
            "date": datetime.now(UTC).date().isoformat(),
            "commit": commit(),
            "machine": machine(),
            "node": "Anvil, a chain of real transactions to the real contract",
            "chain": {
                "events": chain.events,
                "agreements": chain.agreements,
                "blocks": chain.last_block - chain.first_block + 1,
            },
            **measure(node, chain, Path(folder), is_brief=args.brief),
        }
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(f"written to {args.out}")


def measure(node: Node, chain: BenchChain, folder: Path, *, is_brief: bool) -> dict[str, Any]:
    """All figures of one chain."""
    url, place = url_of(node), folder / "ledger.db"
    rates = {"raw": timed("raw fetch", lambda: fetch_raw(url, chain), chain)}
    made = {"sqlite": in_new_process(url, chain, str(place))}
    if not is_brief:
        with postgres.PostgresServer() as server:
            made["postgresql"] = in_new_process(url, chain, server.create_database())
    raw_again = timed("raw fetch, again", lambda: fetch_raw(url, chain), chain)
    rates["raw"] = statistics.mean((rates["raw"], raw_again))
    rates |= {name: found["rate"] for name, found in made.items()}
    if not is_brief:
        with Link(url) as link:
            rates["raw_by_link"] = timed(f"raw, {link}", lambda: fetch_raw(link.url, chain), chain)
            by_link = in_new_process(link.url, chain, str(folder / "by_link.db"))
            rates["sqlite_by_link"] = by_link["rate"]
    some = beginning(url, chain)
    rates["naive"] = timed("web3's get_logs, by type", lambda: fetch_naively(node, some), some)
    pairs = (("sqlite", "raw"), ("postgresql", "raw"), ("sqlite_by_link", "raw_by_link"))
    pairs += (("sqlite", "naive"), ("postgresql", "naive"))
    return {
        "events_per_second": {name: round(rate) for name, rate in rates.items()},
        "ratios": {
            f"{one}_to_{other}": round(rates[one] / rates[other], 3)
            for one, other in pairs
            if one in rates
        },
        "peak_memory_mb": {name: round(found["peak"] / 2**20) for name, found in made.items()},
        "database_mb": round(place.stat().st_size / 2**20),
        "queries_ms": queries(place, chain),
        "head_lag_ms": head_lag(node, chain, place),
    }


class Link:
    """The same node at the end of a link that carries so many bytes a second, and no faster.

    A context manager. It carries HTTP as it comes, and knows nothing of it.
    """

    def __init__(self, url: str, megabits: int = 100, delay: float = 0.02) -> None:
        self._port = int(url.rsplit(":", 1)[1])
        self._rate, self._delay, self._megabits = megabits * 125_000, delay, megabits
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._free_at = 0.0

    def __str__(self) -> str:
        return f"{self._megabits} Mbit/s, {2000 * self._delay:.0f} ms"

    def __enter__(self) -> Link:
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop
        )
        self._server = started.result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            now = self._loop.time()
            self._free_at = max(self._free_at, now) + len(piece) / self._rate
            self._loop.call_later(self._free_at + self._delay - now, writer.write, piece)
        self._loop.call_later(max(0.0, self._free_at - self._loop.time()) + 0.1, writer.close)


def fetch_raw(url: str, chain: BenchChain) -> int:
    """Every log as bytes, with nothing done to them."""

    def ask(first: int) -> int:
        question = {
            "address": chain.escrow,
            "fromBlock": hex(first),
            "toBlock": hex(min(first + RANGE - 1, chain.last_block)),
        }
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [question]}
        return session.post(url, json=request, timeout=600).content.count(b'"logIndex"')

    with requests.Session() as session, ThreadPoolExecutor(IN_FLIGHT) as pool:
        return sum(pool.map(ask, range(chain.first_block, chain.last_block + 1, RANGE)))


def beginning(url: str, chain: BenchChain) -> BenchChain:
    """The first part of a chain with about as many events as the slow way is worth waiting for."""
    blocks = chain.last_block - chain.first_block + 1
    last = chain.first_block + blocks * min(NAIVE, chain.events) // chain.events - 1
    part = replace(chain, last_block=last)
    return replace(part, events=fetch_raw(url, part))


def fetch_naively(node: Node, chain: BenchChain) -> int:
    """One type of event after the other through web3, as a first script would."""
    abi: Any = load_artifact("MilestoneEscrow").abi
    contract = node.w3.eth.contract(chain.escrow, abi=abi)  # type: ignore[call-overload]
    found = 0
    for name in event_topics():
        for first in range(chain.first_block, chain.last_block + 1, RANGE):
            last = min(first + RANGE - 1, chain.last_block)
            found += len(contract.events[name].get_logs(from_block=first, to_block=last))
    return found


def sync_into(url: str, escrow: str, place: str) -> dict[str, float]:
    """A cold start: how long until the ledger has all, and the most memory that it took."""
    syncer, _ = syncer_of(connect(url), escrow, place)
    events = 0

    def count(batch: Any) -> None:
        nonlocal events
        events += len(batch.entries)

    began = time.perf_counter()
    syncer.sync(count)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "events": events, "rate": events / seconds, "peak": peak}


def syncer_of(node: Node, escrow: str, place: str) -> tuple[Syncer, Store]:
    """A ledger of the bench's chain, made where there is none."""
    store = Store(place)
    store.create(node.chain_id, bytes.fromhex(escrow[2:]), 0)
    return Syncer(store, LogReader(node, escrow), lambda token: ("USDP", 6)), store


def in_new_process(url: str, chain: BenchChain, place: str) -> dict[str, float]:
    """`sync_into` where nothing else takes memory."""
    command = [sys.executable, __file__, "--sync", url, chain.escrow, place]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(ended.stdout)
    if found["events"] != chain.events:
        raise SystemExit(f"{found['events']} events were read of {chain.events}")
    name = place.split(":")[0].split("+")[0] if "://" in place else "sqlite"
    say(f"ledger in {name}", found["rate"], "events/s", f"{found['peak'] / 2**20:.0f} MB")
    return found


def queries(place: Path, chain: BenchChain) -> dict[str, Any]:
    """What `milepost job`, `jobs` and `due` ask for, of jobs and parties at random."""
    chosen = random.Random(1)
    with Store(place) as store:
        ledger = Ledger(store)
        jobs = ledger.jobs()
        some = chosen.choices(jobs, k=QUERIES)
        parties = chosen.choices(sorted({j.terms.freelancer for j in jobs}), k=QUERIES // 10)
        return {
            "job": spread(lambda j=j: ledger.job("0x" + j.agreement.hex()) for j in some),
            "jobs_of_a_party": spread(lambda p=p: ledger.jobs(p) for p in parties),
            "due_of_a_party": spread(lambda p=p: ledger.due(p) for p in parties),
            "payments_of_a_party": spread(lambda p=p: ledger.payments(p) for p in parties),
            "jobs_per_party": round(statistics.mean(len(ledger.jobs(p)) for p in parties)),
        }


def head_lag(node: Node, chain: BenchChain, place: Path) -> dict[str, float]:
    """From the moment a block is there until the ledger has it, told over a websocket."""
    syncer, store = syncer_of(connect(url_of(node)), chain.escrow, str(place))
    lags: list[float] = []
    with store, Heads(url_of(node)) as heads:
        heads.wait()
        syncer.sync()
        for _ in range(HEADS):
            mined: list[float] = []

            def mine(mined: list[float] = mined) -> None:
                node.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
                mined.append(time.perf_counter())

            worker = threading.Timer(0.05, mine)
            worker.start()
            heads.wait()
            syncer.sync()
            ended = time.perf_counter()
            worker.join()
            lags.append((ended - mined[0]) * 1000)
    return {"median": round(statistics.median(lags), 1), "most": round(max(lags), 1)}


def spread(calls: Iterator[Callable[[], Any]]) -> dict[str, float]:
    """Median and greatest milliseconds of some calls."""
    times = []
    for call in calls:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return {"median": round(statistics.median(times), 2), "most": round(max(times), 2)}


def timed(name: str, fetch: Callable[[], int], chain: BenchChain) -> float:
    """Events a second of a way to fetch all of them."""
    began = time.perf_counter()
    found = fetch()
    rate = found / (time.perf_counter() - began)
    if found != chain.events:
        raise SystemExit(f"{name}: {found} events of {chain.events}")
    say(name, rate, "events/s")
    return rate


def report(files: Sequence[Path]) -> str:
    """A page with a column for each chain that was measured, the smallest first."""
    found = [json.loads(file.read_text("utf-8")) for file in files]
    found.sort(key=lambda run: run["chain"]["events"])
    newest = max(found, key=lambda run: run["date"])
    lines = [
        "# What the ledger takes",
        "",
        f"{newest['date']}, commit {newest['commit']}, by `make bench`. {newest['node']}.",
        f"Node, ledger and database share {newest['machine']['processors']} processors. Rates are",
        "events a second; each column is one run, and its ratios are what to compare.",
        "",
        "| | " + " | ".join(f"{run['chain']['events']:,} events" for run in found) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    for name, path in ROWS.items():
        values = []
        for run in found:
            value = run
            for key in path.split("."):
                value = value.get(key, {})
            values.append(f"{value:,}" if value != {} else "-")
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def say(name: str, value: float, unit: str, note: str = "") -> None:
    """One figure on the terminal."""
    print(f"{name:<28} {value:>12,.1f} {unit:<10} {note}".rstrip(), flush=True)


def commit() -> str:
    """The commit that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    main()
