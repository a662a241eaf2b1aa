"""Commands around agreements: withdraw, accounts, deploy, chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from milepost.cli import render, tokens
from milepost.cli.options import acting, reading
from milepost.cli.session import Plan, Session
from milepost.errors import InputError, NodeUnreachable
from milepost.signing import LOCAL_CHAIN_IDS, checked_address, keystore_directories
from milepost.units import format_time, parse_duration

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
    bool,
    typer.Option("--practice-token", help="Also USDP, worth nothing; every account gets some."),
]
Stop = Annotated[bool, typer.Option("--stop", help="End the chain that was started.")]
PassTime = Annotated[
    str | None,
    typer.Option("--pass-time", metavar="DURATION", help='Move its clock on, like "14 days".'),
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
    """Pay out what could not be delivered: a credit.

    Example: milepost withdraw --token USDC --account freelancer
    """
    asset = session.named_token(token)
    whose = checked_address(owner, "--owner") if owner else session.sender
    target = checked_address(to, "--to") if to else whose
    credit = session.escrow.credits(asset.address, whose)
    plan = Plan(
        act=f"withdraw the credit of {whose}",
        money=[f"the escrow pays {render.amount(credit, asset)} to {target}"],
        token=asset,
    )
    session.act(session.escrow.withdraw(asset.address, whose, target), plan)


def accounts(session: Session) -> None:
    """List keystores and a local chain's own accounts.

    Example: milepost accounts --rpc-url http://127.0.0.1:8545
    """
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
    """Deploy the escrow, and remember where it stands.

    Example: milepost deploy --practice-token --account 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
    """
    from milepost.agreement import Token
    from milepost.artifacts import load_artifact
    from milepost.chain.deploy import deploy_escrow, deploy_practice_token, save_deployment
    from milepost.chain.transactions import Call

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
        "fee": f"about {render.fee(most, coin)} at most",
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
        holders = session.unlocked()
        record["practice_token"] = deploy_practice_token(node, session.signer, holders)
        tokens.save_token(node.chain_id, "USDP", Token(str(record["practice_token"]), "USDP", 6))
    session.show(record, "\n".join(f"{name:<15} {value}" for name, value in record.items()))


def chain(port: Port = 8545, stop: Stop = False, pass_time: PassTime = None) -> None:
    """Start a local chain that keeps running.

    Nothing on it is worth anything.

    Example: milepost chain --pass-time "14 days"
    """
    from milepost.chain import local
    from milepost.chain.rpc import connect

    url = f"http://127.0.0.1:{port}"
    record = tokens.data_directory() / f"chain-{port}.json"
    if stop:
        _stop_chain(record, url)
    elif pass_time is not None:
        node = connect(url)
        now = local.pass_time(node, parse_duration(pass_time))
        render.say(f"On the local chain it is {format_time(now)}.")
    elif record.exists() and local.is_running(url):
        render.say(f"A local chain runs at {url} already. `milepost chain --stop` ends it.")
    else:
        started = local.start(port=port)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"process_id": started.process_id}) + "\n", "utf-8")
        started.keep()
        render.say(
            f"A local chain runs at {url}, chain id {local.CHAIN_ID}.\n"
            "milepost accounts         lists its accounts\n"
            "milepost chain --stop     ends it, with all that is on it"
        )


def _stop_chain(record: Path, url: str) -> None:
    from milepost.chain import local

    try:
        process_id = int(json.loads(record.read_text("utf-8"))["process_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"No chain that `milepost chain` started runs at {url}.") from None
    record.unlink()
    was_running = local.stop_process(process_id, url)
    render.say(f"The chain at {url} " + ("is ended." if was_running else "had ended already."))
