"""Commands of the deal itself: check, sign, fund, accept, status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import terms as typed
from milepost.agreement import Agreement, Token
from milepost.cli import consents, render, tokens
from milepost.cli.options import Expires, File, Out, acting, filling, reading, signing
from milepost.cli.session import Plan, Session
from milepost.cli.weeks import Weeks, ahead, record, selection, show_ahead, warn_of_past
from milepost.contract_errors import SafeERC20FailedOperation
from milepost.errors import (
    AllowanceTooLow,
    BalanceTooLow,
    ContractError,
    FundsError,
    InputError,
    Panicked,
    RevertedWithReason,
    RevertUnknown,
)
from milepost.ledger.words import covered
from milepost.types import ZERO_ADDRESS, parse_selection
from milepost.units import format_time, parse_duration

if TYPE_CHECKING:
    from milepost.chain.erc20 import Erc20
    from milepost.chain.transactions import Call

Milestones = Annotated[
    str | None,
    typer.Option("--milestones", help='Which, like "1,3-5"; else all, of metered work the first.'),
]
Acceptance = Annotated[
    str | None,
    typer.Option(
        "--acceptance", metavar="HEX|@FILE", help="The freelancer's signature of the deal."
    ),
]


Permit = Annotated[
    bool, typer.Option("--permit", help="Allow the token by a signature, where it can (ERC-2612).")
]
SignFunding = Annotated[
    bool,
    typer.Option("--sign", help="Sign for free, for anybody to carry, where it can (ERC-3009)."),
]
AuthorizationFile = Annotated[
    Path | None, typer.Option("--authorization", help="What the client signed with --sign.")
]

# What a token answers that may not be taken, or not as much: each has its own way.
_REFUSED_BY_TOKENS = (
    FundsError,
    SafeERC20FailedOperation,
    RevertedWithReason,
    RevertUnknown,
    Panicked,
)


def register(app: typer.Typer) -> None:
    app.command("check")(reading(check))
    app.command("sign")(signing(sign))
    app.command("fund")(acting(fund))
    app.command("accept")(acting(accept))
    app.command("status")(filling(status))


def check(session: Session, file: File) -> None:
    """Read an agreement and say it in plain words.

    Example: milepost check website.yaml
    """
    agreement = session.agreement(file, offline=True)
    terms = agreement.terms
    risks = tokens.risks_of(session.node, agreement.token) if session.is_connected else ()
    if not session.options.as_json:
        render.say(render.deal(agreement, risks))
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
        "token_risks": list(risks),
    }
    render.data(record)


def sign(session: Session, file: File, out: Out = None) -> None:
    """Sign the whole deal as its freelancer. Free, and nothing is sent.

    Example: milepost sign website.yaml --account freelancer --out acceptance.json
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    typed.validate(terms, session.escrow.address)
    session.require_sender(terms.freelancer, "freelancer", "accepts this deal")
    render.progress(render.deal(agreement, tokens.risks_of(session.node, agreement.token)))
    signature = session.consent(
        "sign the whole deal: whoever holds the signature can have it funded as accepted",
        f"none moves; all that the deal pays goes to {terms.payee}",
        lambda: session.escrow.sign_terms(session.signer, terms),
    )
    if signature is not None:
        content = {"signature": "0x" + signature.hex()}
        consents.write(session, terms, consents.ACCEPTANCE, content, out)


def fund(
    session: Session,
    file: File,
    milestones: Milestones = None,
    weeks: Weeks = None,
    acceptance: Acceptance = None,
    permit: Permit = False,
    sign: SignFunding = False,
    expires: Expires = "1 day",
    authorization: AuthorizationFile = None,
    out: Out = None,
) -> None:
    """Fund milestones, as their client.

    Example: milepost fund website.yaml --acceptance @acceptance.json --account client
    """
    agreement = session.agreement(file)
    terms, escrow = agreement.terms, session.escrow
    if (permit, sign, authorization is not None).count(True) > 1:
        raise InputError("Give one of --permit, --sign and --authorization.")
    if agreement.token.address == ZERO_ADDRESS and (permit or sign or authorization):
        raise InputError("The chain's coin has neither permits nor authorisations.")
    signature = consents.acceptance(session, terms, acceptance) if acceptance else b""
    if authorization is not None:
        if milestones is not None or weeks is not None:
            raise InputError("The authorisation says which milestones. Leave them out.")
        chosen, given = consents.authorization(session, terms, authorization)
        call = escrow.fund_with_authorization(terms, chosen, given, signature)
        session.act(call, _funding(agreement, chosen, is_accepted=bool(signature)))
        return
    chosen = chosen_to_fund(agreement, selection(agreement, milestones, weeks))
    warn_of_past(terms, chosen, session.node.block().timestamp)
    plan = _funding(agreement, chosen, is_accepted=bool(signature))
    if sign:
        _sign_funding(session, agreement, chosen, parse_duration(expires), out)
        return
    if out is not None:
        raise InputError("--out goes with --sign.")
    for risk in tokens.risks_of(session.node, agreement.token):
        render.progress(f"Warning: {agreement.token.symbol}: {risk}.", "yellow")
    total = terms.sum_of(chosen)
    call = escrow.fund(terms, chosen, signature)
    if permit:
        _require_balance(session, agreement.token, total)
        deadline = session.node.block().timestamp + parse_duration(expires)
        exact = render.amount(total, agreement.token)
        signed = session.consent(
            f"sign a permit: the escrow may take {exact} until {format_time(deadline)}",
            "none moves by this signature; funding follows",
            lambda: escrow.sign_permit(session.signer, terms.token, total, deadline),
        )
        if signed is None:
            return
        call = escrow.batch([escrow.permit(terms.token, total, deadline, signed), call])
    elif agreement.token.address != ZERO_ADDRESS:
        allow(session, agreement.token, total, call)
    session.act(call, plan)


def chosen_to_fund(agreement: Agreement, milestones: str) -> tuple[int, ...]:
    """The milestones to fund or accept. Of metered work, "all" would be sixty-four periods."""
    if agreement.terms.is_metered and milestones.strip().lower() == "all":
        milestones = "1"
    return parse_selection(milestones, agreement.terms.count)


def _funding(agreement: Agreement, chosen: tuple[int, ...], *, is_accepted: bool) -> Plan:
    total = render.amount(agreement.terms.sum_of(chosen), agreement.token)
    how = "as accepted" if is_accepted else "as an offer that the freelancer has to accept"
    return Plan(
        act=f"fund {covered(agreement.terms, chosen)}, {how}",
        money=[f"the client {agreement.terms.client} pays {total} into the escrow"],
        token=agreement.token,
    )


def _sign_funding(
    session: Session, agreement: Agreement, chosen: tuple[int, ...], seconds: int, out: Path | None
) -> None:
    """The client's ERC-3009 authorisation, which anybody can carry to the escrow."""
    terms = agreement.terms
    session.require_sender(terms.client, "client", "funds")
    _require_balance(session, agreement.token, terms.sum_of(chosen))
    until = session.node.block().timestamp + seconds
    plan = _funding(agreement, chosen, is_accepted=False)
    signed = session.consent(
        f"sign: fund {covered(terms, chosen)}, for anybody to carry until {format_time(until)}",
        plan.money[0],
        lambda: session.escrow.sign_authorization(session.signer, terms, chosen, 0, until),
    )
    if signed is not None:
        content = consents.authorization_content(chosen, signed)
        consents.write(session, terms, consents.AUTHORIZATION, content, out)


def accept(
    session: Session,
    file: File,
    milestones: Milestones = None,
    weeks: Weeks = None,
    acceptance: Acceptance = None,
) -> None:
    """Accept a funded offer, as the freelancer.

    Example: milepost accept website.yaml --milestones 1-2 --account freelancer
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    chosen = chosen_to_fund(agreement, selection(agreement, milestones, weeks))
    signature = consents.acceptance(session, terms, acceptance) if acceptance else b""
    plan = Plan(f"accept {covered(terms, chosen)}", token=agreement.token)
    session.act(session.escrow.accept(terms, chosen, signature), plan)


def status(session: Session, file: File) -> None:
    """Show every milestone, what comes if nobody acts, and how far ahead metered work is funded.

    A ledger that has read up to the node's newest block answers for the node, and so does one whose
    node cannot be reached.

    Example: milepost status website.yaml
    """
    from milepost.cli import jobs

    asked = jobs.ask_ledger(session, file)
    if asked is None:
        agreement = session.agreement(file)
        view = session.escrow.agreement_at(agreement.terms)
        place = {"chain_id": session.node.chain_id, "escrow": session.escrow.address}
        is_replaced = False  # only logs tell
    else:
        agreement, view, place, is_replaced = asked
    run = ahead(agreement, view)
    if session.options.as_json:
        status = render.status_record(agreement, view)
        render.data({**place, **status, "runway": record(run, is_replaced=is_replaced)})
    else:
        render.status(agreement, view)
        show_ahead(run, agreement, is_replaced=is_replaced)


def allow(session: Session, token: Token, total: int, purpose: Call) -> None:
    """Let the escrow take exactly `total`, if it may not yet and nothing else forbids `purpose`."""
    try:
        purpose.simulate(session.sender)
        return
    except _REFUSED_BY_TOKENS:
        pass
    owner, spender = session.sender, session.escrow.address
    erc20 = _require_balance(session, token, total)
    allowed = erc20.allowance(owner, spender)
    if allowed >= total:
        return
    missing = AllowanceTooLow(owner, spender, token.address, allowed, total)
    if session.options.dry_run:
        raise missing
    steps = [erc20.approve(spender, total)]
    if allowed and not _is_possible(steps[0], owner):
        # Some tokens change an allowance only from or to zero.
        steps.insert(0, erc20.approve(spender, 0))
    exact = render.amount(total, token)
    plan = Plan(f"allow the escrow {spender} to take {exact}", token=token)
    render.progress(f"The escrow may take {render.amount(allowed, token)}; {exact} are needed.")
    try:
        for step in steps:
            session.act(step, plan, quiet=True)
    except typer.Abort:
        raise missing from None


def _require_balance(session: Session, token: Token, total: int) -> Erc20:
    erc20 = tokens.contract_of(session.node, token.address)
    balance = erc20.balance(session.sender)
    if balance < total:
        raise BalanceTooLow(session.sender, token.address, balance, total)
    return erc20


def _is_possible(call: Call, sender: str) -> bool:
    try:
        call.simulate(sender)
    except ContractError:
        return False
    return True
