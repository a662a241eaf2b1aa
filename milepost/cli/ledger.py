"""The group `milepost ledger`: sync, follow, verify, rebuild, info."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from milepost.cli import places, render, tokens
from milepost.cli.options import asking, filling
from milepost.cli.session import Session
from milepost.errors import (
    ContractError,
    LedgerDiffers,
    LedgerMissing,
    NoContract,
    TokenUnsuitable,
)
from milepost.units import format_time

if TYPE_CHECKING:
    from milepost.chain.rpc import Node
    from milepost.ledger.reads import Ledger
    from milepost.ledger.store import Position, Store
    from milepost.ledger.sync import Batch, Rollback, Syncer

DEPTH = 128

FromBlock = Annotated[
    int | None,
    typer.Option("--from-block", min=0, help="Where to begin; else where the escrow does."),
]
Depth = Annotated[
    int, typer.Option("--depth", min=1, help="Newest blocks that a reorganisation may take back.")
]
WebsocketUrl = Annotated[
    str | None,
    typer.Option("--ws-url", help="Where the node tells of new blocks, if not at --rpc-url."),
]

group = typer.Typer(no_args_is_help=True, help="Read the chain into a database of your own.")


def register(app: typer.Typer) -> None:
    group.command("sync")(filling(sync))
    group.command("follow")(filling(follow))
    group.command("verify")(filling(verify))
    group.command("rebuild")(filling(rebuild))
    group.command("info")(asking(info))
    app.add_typer(group, name="ledger")


def sync(session: Session, from_block: FromBlock = None, depth: Depth = DEPTH) -> None:
    """Read the escrow's events up to the newest block.

    Example: milepost ledger sync --rpc-url http://127.0.0.1:8545
    """
    database = open_database(session, from_block)
    catch_up(session, syncer_of(session, database, depth))
    _show(session, database)


def follow(
    session: Session,
    from_block: FromBlock = None,
    depth: Depth = DEPTH,
    ws_url: WebsocketUrl = None,
) -> None:
    """Read on as blocks come, and tell each event, until interrupted.

    Example: milepost ledger follow
    """
    from milepost.ledger.reads import Ledger

    database = open_database(session, from_block)
    syncer = syncer_of(session, database, depth)
    catch_up(session, syncer)
    asked = Ledger(database)
    render.progress(f"Read up to block {asked.moment().block}. Following; Ctrl-C ends it.")
    tell, tell_back = partial(_tell, session, asked), partial(_tell_back, session)
    keep_up(session, syncer, tell, tell_back, ws_url)


def verify(session: Session, from_block: FromBlock = None, depth: Depth = DEPTH) -> None:
    """Compare every agreement with the contract's own views, at the newest block.

    Example: milepost ledger verify
    """
    from milepost.chain.escrow_contract import EscrowContract
    from milepost.ledger.verify import verify

    database = open_database(session, from_block)
    catch_up(session, syncer_of(session, database, depth))
    with _bar("agreements") as (bar, task):
        found = verify(
            database,
            EscrowContract(session.node.patient(_say_pause), session.escrow.address),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    record = {
        "block": found.block,
        "agreements": found.agreements,
        "credits": found.credits,
        "surplus": {t: None if n is None else str(n) for t, n in found.surplus.items()},
        "differences": [
            {"what": d.what, "ledger": d.ledger, "contract": d.contract} for d in found.differences
        ],
    }
    differences = found.differences
    lines = [f"{d.what}: {d.ledger} in the ledger, {d.contract} on chain" for d in differences]
    lines += [_balance_of(token, amount) for token, amount in found.surplus.items() if amount != 0]
    verdict = render.count(len(differences), "difference") if differences else "no difference"
    lines.append(
        f"{render.count(found.agreements, 'agreement')} and "
        f"{render.count(found.credits, 'credit')} compared at block {found.block}: {verdict}."
    )
    session.show(record, "\n".join(lines))
    if differences:
        raise LedgerDiffers(database.place, len(differences))


def _balance_of(token: str, surplus: int | None) -> str:
    if surplus is None:
        return f"what the contract holds of {token}, that token does not tell"
    if surplus < 0:
        return (
            f"the contract holds {-surplus} base units of {token} less than it owes: the token "
            "took them away"
        )
    return f"the contract holds {surplus} base units of {token} more than it owes"


def rebuild(session: Session, from_block: FromBlock = None, depth: Depth = DEPTH) -> None:
    """Forget what was read and read it anew. What was sent to people stays sent.

    Example: milepost ledger rebuild
    """
    from milepost.chain.logs import LogReader

    database = _database_of(session)
    escrow = bytes.fromhex(session.escrow.address[2:])
    start = _start(session, from_block)
    # Not before the node has shown that it has the oldest logs.
    LogReader(session.node, session.escrow.address, _say_pause).require_logs(start)
    database.reset(session.node.chain_id, escrow, start)
    catch_up(session, syncer_of(session, database, depth))
    _show(session, database)


def info(session: Session) -> None:
    """Say what the ledger is of, and how far it has read.

    Example: milepost ledger info
    """
    _show(session, session.database)


def open_database(session: Session, from_block: int | None = None) -> Store:
    """The database of the node's escrow, made where there is none yet."""
    database = _database_of(session)
    chain_id, escrow = session.node.chain_id, bytes.fromhex(session.escrow.address[2:])
    try:
        database.require(chain_id, escrow)
    except LedgerMissing:
        database.create(chain_id, escrow, _start(session, from_block))
    return database


def syncer_of(session: Session, database: Store, depth: int = DEPTH) -> Syncer:
    """What brings the database up to the node's chain."""
    from milepost.chain.logs import LogReader
    from milepost.ledger.sync import Syncer

    reader = LogReader(session.node, session.escrow.address, _say_pause)
    return Syncer(database, reader, partial(_token_facts, reader.node), depth=depth)


def catch_up(session: Session, syncer: Syncer) -> Position:
    """Sync once, with a bar of blocks, events and the time left."""
    with _bar("blocks") as (bar, task):
        events = done = 0

        def on_batch(batch: Batch) -> None:
            nonlocal events, done
            events += len(batch.entries)
            done += batch.last - batch.first + 1
            total = done + batch.head - batch.last
            bar.update(task, completed=done, total=total, note=f"{events:,} events")

        return syncer.sync(on_batch, partial(_tell_back, session))


def keep_up(
    session: Session,
    syncer: Syncer,
    on_batch: Callable[[Batch], None],
    on_rollback: Callable[[Rollback], None],
    websocket_url: str | None = None,
) -> None:
    """Sync whenever there is a new block, until Ctrl-C or SIGTERM. Who fails is asked again."""
    from milepost.chain.heads import Heads
    from milepost.ledger.sync import PASSING

    has_failed = False
    with _until_ended(), Heads(session.options.rpc_url, websocket_url) as heads:
        while True:
            heads.wait()
            try:
                syncer.sync(on_batch, on_rollback)
            except PASSING as error:
                if not has_failed:
                    render.progress(f"{error.message} Trying on.", "yellow")
                has_failed = True
            else:
                if has_failed:
                    render.progress("The node answers again.")
                has_failed = False


@contextmanager
def _until_ended() -> Iterator[None]:
    """Until Ctrl-C or SIGTERM, also where whoever started the program ignores the first."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_pause(reason: str, seconds: float) -> None:
    render.progress(f"The node is busy ({reason}); again in {seconds:.1f} seconds.")


def _database_of(session: Session) -> Store:
    from milepost.ledger.store import Store

    escrow = session.escrow.address
    return Store(session.options.ledger or places.place_of(session.node.chain_id, escrow))


def _start(session: Session, from_block: int | None) -> int:
    from milepost.chain.deploy import first_block_of

    if from_block is not None:
        return from_block
    with render.waiting("Looking for the escrow's first block"):
        return first_block_of(session.node.patient(_say_pause), session.escrow.address)


def _token_facts(node: Node, address: str) -> tuple[str, int] | None:
    """Symbol and decimals; of a token that does not tell, a part of its address, and none.

    Whether a token is gone for good or not yet known to a node that is behind, nobody can tell:
    then None.
    """
    try:
        token = tokens.read_token(node, address)
    except NoContract:
        return None
    except (TokenUnsuitable, ContractError):
        return address[:8], 0
    return token.symbol, token.decimals


def _tell(session: Session, asked: Ledger, batch: Batch) -> None:
    for log, event in batch.entries:
        is_final = log.block <= batch.final_block
        if session.options.as_json:
            render.line(render.event_record(event, log.timestamp, is_final=is_final))
        else:
            token = asked.token_of(event)
            render.say(render.happened(event, log.timestamp, token, is_final=is_final))


def _tell_back(session: Session, rollback: Rollback) -> None:
    first, last = rollback.common + 1, rollback.last
    blocks = f"block {last}" if first == last else f"blocks {first} to {last}"
    render.progress(
        f"The chain dropped {blocks}, with "
        f"{render.count(len(rollback.entries), 'event')}. What it has again is read again.",
        "yellow",
    )
    for log, event in rollback.entries:
        if session.options.as_json:
            record = render.event_record(event, log.timestamp, is_final=False)
            render.line({"taken_back": record})


def _show(session: Session, database: Store) -> None:
    from milepost.ledger.reads import Ledger

    asked = Ledger(database)
    found = asked.info()
    at = found.position
    record = {
        "place": database.place,
        "chain_id": at.chain_id,
        "escrow": asked.escrow,
        "first_block": at.start,
        "block": at.block,
        "timestamp": at.timestamp,
        "final_block": at.final_block,
        "agreements": found.agreements,
        "events": found.events,
        "rollbacks": at.rollbacks,
    }
    network = f"{tokens.network_name(at.chain_id)}, chain id {at.chain_id}"
    lines = {
        "ledger": database.place,
        "network": network,
        "escrow": asked.escrow,
        "blocks": f"{at.start} to {at.block}, {format_time(at.timestamp)}",
        "final": f"up to block {at.final_block}",
        "content": f"{render.count(found.agreements, 'agreement')}, "
        + render.count(found.events, "event"),
        "rollbacks": str(at.rollbacks),
    }
    session.show(record, "\n".join(f"{name:<10} {value}" for name, value in lines.items()))


@contextmanager
def _bar(unit: str) -> Iterator[tuple[Progress, TaskID]]:
    """A bar on stderr, where stderr is a terminal."""
    columns = (
        TextColumn(unit),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    is_shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as bar:
        yield bar, bar.add_task(unit, total=None, note="")
