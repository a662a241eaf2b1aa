"""Commands of the deal itself: check, sign, fund, accept, status."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost import terms as typed
from milepost.agreement import Token
from milepost.cli import consents, render, tokens
from milepost.cli.options import File, Out, acting, reading, signing
from milepost.cli.session import Plan, Session
from milepost.errors import AllowanceTooLow, BalanceTooLow, InputError
from milepost.types import ZERO_ADDRESS, format_selection, parse_selection, same_address

Milestones = Annotated[
    str, typer.Option("--milestones", help='Which milestones, like "1,3-5" or "all".')
]
Acceptance = Annotated[
    str | None,
    typer.Option(
        "--acceptance", metavar="HEX|@FILE", help="The freelancer's signature of the deal."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("check")(reading(check))
    app.command("sign")(signing(sign))
    app.command("fund")(acting(fund))
    app.command("accept")(acting(accept))
    app.command("status")(reading(status))


def check(session: Session, file: File) -> None:
    """Read an agreement and say it in plain words."""
    agreement = session.agreement(file)
    terms = agreement.terms
    typed.validate(terms)
    if not session.options.as_json:
        render.say(render.deal(agreement))
        return
    record = {
        "title": agreement.title,
        "kind": agreement.kind,
        "client": terms.client,
        "freelancer": terms.freelancer,
        "payee": terms.payee,
        "arbiter": terms.arbiter,
        "token": agreement.token.address,
        "amounts": [str(a) for a in terms.amounts],
        "scope": "0x" + terms.scope.hex(),
    }
    render.data(record)


def sign(session: Session, file: File, out: Out = None) -> None:
    """Sign the whole deal as its freelancer. Free, and nothing is sent."""
    agreement = session.agreement(file)
    typed.validate(agreement.terms, session.escrow.address)
    if not same_address(session.signer.address, agreement.terms.freelancer):
        raise InputError(
            f"Only the freelancer, {agreement.terms.freelancer}, accepts this deal, and the "
            f"account is {session.signer.address}."
        )
    render.progress(render.deal(agreement))
    signature = session.escrow.sign_terms(session.signer, agreement.terms)
    content = {"signature": "0x" + signature.hex()}
    consents.write(session, agreement.terms, consents.ACCEPTANCE, content, out)


def fund(
    session: Session, file: File, milestones: Milestones = "all", acceptance: Acceptance = None
) -> None:
    """Put the money of milestones into the escrow, as their client."""
    agreement = session.agreement(file)
    terms = agreement.terms
    if terms.is_metered and milestones == "all":
        milestones = "1"
    chosen = parse_selection(milestones, terms.count)
    total = terms.sum_of(chosen)
    signature = consents.acceptance(session, terms, acceptance) if acceptance else b""
    if agreement.token.address != ZERO_ADDRESS:
        _allow(session, agreement.token, total)
    plan = Plan(
        act=f"fund milestones {format_selection(chosen)} "
        + ("as accepted" if signature else "as an offer that the freelancer has to accept"),
        money=[f"client {session.sender} pays {render.amount(total, agreement.token)} into it"],
        token=agreement.token,
    )
    session.act(session.escrow.fund(terms, chosen, signature), plan)


def accept(
    session: Session, file: File, milestones: Milestones = "all", acceptance: Acceptance = None
) -> None:
    """Accept a funded offer, as the freelancer or with their signature."""
    agreement = session.agreement(file)
    terms = agreement.terms
    if terms.is_metered and milestones == "all":
        milestones = "1"
    chosen = parse_selection(milestones, terms.count)
    signature = consents.acceptance(session, terms, acceptance) if acceptance else b""
    plan = Plan(f"accept milestones {format_selection(chosen)}", token=agreement.token)
    session.act(session.escrow.accept(terms, chosen, signature), plan)


def status(session: Session, file: File) -> None:
    """Show where every milestone stands, and what comes if nobody acts."""
    agreement = session.agreement(file)
    view = session.escrow.agreement_at(agreement.terms)
    if session.options.as_json:
        place = {"chain_id": session.node.chain_id, "escrow": session.escrow.address}
        render.data({**place, **render.status_record(agreement, view)})
    else:
        render.status(agreement, view)


def _allow(session: Session, token: Token, total: int) -> None:
    """Let the escrow take exactly `total`, if it may not yet."""
    owner, spender = session.sender, session.escrow.address
    balance = tokens.balance_of(session.node, token.address, owner)
    if balance < total:
        raise BalanceTooLow(owner, token.address, balance, total)
    allowed = tokens.allowance(session.node, token.address, owner, spender)
    if allowed >= total:
        return
    missing = AllowanceTooLow(owner, spender, token.address, allowed, total)
    exact = render.amount(total, token)
    render.progress(f"The escrow may take {render.amount(allowed, token)}; {exact} are needed.")
    if session.options.dry_run:
        raise missing
    call = tokens.approval_call(session.node, token.address, spender, total)
    plan = Plan(f"allow the escrow {spender} to take {exact}", token=token)
    try:
        session.act(call, plan, quiet=True)
    except typer.Abort:
        raise missing from None
