"""Commands around agreements: withdraw, accounts, deploy, chain."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost.cli import render, tokens
from milepost.cli.options import acting, reading
from milepost.cli.session import Plan, Session
from milepost.errors import InputError, NodeUnreachable
from milepost.signing import LOCAL_CHAIN_IDS, keystore_directories
from milepost.types import require_address

TokenName = Annotated[
    str, typer.Option("--token", help='A name, an address, or "coin" for the chain\'s own.')
]
Owner = Annotated[
    str | None, typer.Option("--owner", metavar="ADDRESS", help="Whose credit, else your own.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="ADDRESS", help="Where to, if not to the owner.")
]
PracticeToken = Annotated[
    bool, typer.Option("--practice-token", help="Also a token that is worth nothing, as USDP.")
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")]


def register(app: typer.Typer) -> None:
    app.command("withdraw")(acting(withdraw))
    app.command("accounts")(reading(accounts))
    app.command("deploy")(acting(deploy))
    app.command("chain")(chain)


def withdraw(
    session: Session, token: TokenName = "coin", owner: Owner = None, to: To = None
) -> None:
    """Pay out what could not be delivered and waits as a credit."""
    asset = session.named_token(token)
    whose = require_address(owner, "--owner") if owner else session.sender
    target = require_address(to, "--to") if to else whose
    credit = session.escrow.credits(asset.address, whose)
    plan = Plan(
        act=f"withdraw the credit of {whose}",
        money=[f"the escrow pays {render.amount(credit, asset)} to {target}"],
        token=asset,
    )
    session.act(session.escrow.withdraw(asset.address, whose, target), plan)


def accounts(session: Session) -> None:
    """List keystores and, on a local chain, the node's own accounts."""
    found = [
        {"name": path.name, "kind": "keystore", "where": str(path.parent)}
        for directory in keystore_directories()
        if directory.is_dir()
        for path in sorted(directory.iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]
    try:
        if session.node.chain_id in LOCAL_CHAIN_IDS:
            where = session.node.label
            found += [{"name": a, "kind": "unlocked", "where": where} for a in session.unlocked()]
    except NodeUnreachable as error:
        render.progress(error.message)
    if session.options.as_json:
        render.data(found)
    else:
        lines = [f"{f['name']:<44} {f['kind']}, {f['where']}" for f in found]
        render.say("\n".join(lines or ["There are none."]))


def deploy(session: Session, practice_token: PracticeToken = False) -> None:
    """Deploy the escrow, and remember where it stands."""
    from milepost.agreement import Token
    from milepost.artifacts import load_artifact
    from milepost.chain.deploy import deploy_escrow, deploy_practice_token, save_deployment
    from milepost.chain.transactions import Call
    from milepost.units import format_amount

    node, coin = session.node, tokens.coin_of(session.node.chain_id)
    if practice_token and node.chain_id not in LOCAL_CHAIN_IDS:
        raise InputError("The practice token is for local chains only.")
    names = ["MilestoneEscrow", *(["PracticeToken"] if practice_token else [])]
    most = sum(
        Call(node, "create", None, load_artifact(n).code).estimate_fees(session.sender).most
        for n in names
    )
    lines = {
        **session.place(),
        "account": session.sender,
        "act": "deploy " + " and ".join(names),
        "money": "none moves",
        "clock": "no clock starts",
        "fee": f"about {format_amount(most, coin.decimals, coin.symbol)} at most",
    }
    render.facts(lines)
    if session.options.dry_run:
        session.show({**lines, "simulated": True}, "Simulated. Nothing was sent.")
        return
    session.confirm("Deploy?")
    deployed = deploy_escrow(node, session.signer)
    path = save_deployment(deployed, tokens.data_directory())
    record = {
        "chain_id": node.chain_id,
        "escrow": deployed.address,
        "transaction": deployed.transaction,
        "file": str(path),
    }
    if practice_token:
        record["practice_token"] = deploy_practice_token(node, session.signer)
        tokens.save_token(node.chain_id, "USDP", Token(str(record["practice_token"]), "USDP", 6))
    session.show(record, "\n".join(f"{name:<15} {value}" for name, value in record.items()))


def chain(port: Port = 8545) -> None:
    """Run a local chain until Ctrl-C. Nothing on it is worth anything."""
    import subprocess

    from milepost.chain import local
    from milepost.errors import NodeNotStarted

    program = local.find_program()
    command = [str(program), "--port", str(port), "--chain-id", str(local.CHAIN_ID), "--silent"]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NodeNotStarted(str(program), error.strerror or "it cannot be run") from error
    render.progress(f"A local chain, at http://127.0.0.1:{port}. Ctrl-C ends it.")
    try:
        code = process.wait()
    except KeyboardInterrupt:
        return
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if code:
        raise NodeNotStarted(str(program), f"it ended with code {code}; is port {port} free?")
