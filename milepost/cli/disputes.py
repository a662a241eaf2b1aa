"""Commands of a dispute and its ends: dispute, rule, offer, settle, lapse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost.agreement import Agreement
from milepost.cli import consents, render
from milepost.cli.options import (
    Expires,
    File,
    Hours,
    Number,
    Out,
    Percent,
    Reason,
    ToFreelancer,
    Units,
    acting,
    signing,
)
from milepost.cli.session import Plan, Session
from milepost.cli.work import hash_of, index_of, units_of
from milepost.errors import InputError
from milepost.types import ZERO_ADDRESS, Division, same_address
from milepost.units import (
    format_duration,
    format_percent,
    format_time,
    parse_amount,
    parse_duration,
)

OfferFile = Annotated[Path, typer.Option("--offer", help="The other party's signed offer.")]


def register(app: typer.Typer) -> None:
    app.command("dispute")(acting(dispute))
    app.command("rule")(acting(rule))
    app.command("offer")(signing(offer))
    app.command("settle")(acting(settle))
    app.command("lapse")(acting(lapse))


def dispute(
    session: Session,
    file: File,
    number: Number,
    units: Units = None,
    hours: Hours = None,
    percent: Percent = None,
    reason: Reason = None,
) -> None:
    """Dispute a milestone; what is not disputed is paid.

    Example: milepost dispute website.yaml 1 --percent 20% --reason report.pdf --account client
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    part = units_of(agreement, units, hours, percent)
    claimed = session.escrow.milestone_at(terms, milestone).clock.claimed or terms.whole
    if part is None:
        part = claimed
    if same_address(session.sender, terms.freelancer):
        claimed = part
    plan = dispute_plan(agreement, milestone, part, claimed)
    session.act(session.escrow.dispute(terms, milestone, part, hash_of(reason)), plan)


def dispute_plan(agreement: Agreement, milestone: int, part: int, claimed: int) -> Plan:
    """What a dispute of `part` units of the `claimed` ones does, in words."""
    terms = agreement.terms
    amount = terms.amount_of(milestone)
    conceded = amount * (claimed - part) // terms.whole
    value = amount * claimed // terms.whole - conceded
    end = f"lapses with {format_percent(terms.default_bps)} to the freelancer"
    who = "the two have" if terms.arbiter == ZERO_ADDRESS else "the arbiter has"
    return Plan(
        act=f"dispute {part} of {terms.whole} units of milestone {milestone + 1}",
        money=[
            f"{render.amount(value, agreement.token)} stays; "
            f"{render.amount(conceded, agreement.token)} to {terms.payee} and "
            f"{render.amount(amount - value - conceded, agreement.token)} to the client at once"
        ],
        clock=f"{who} {format_duration(terms.ruling_period)}, then it {end}",
        token=agreement.token,
    )


def rule(
    session: Session,
    file: File,
    number: Number,
    to_freelancer: ToFreelancer,
    reason: Reason = None,
) -> None:
    """Divide what is disputed, as the arbiter.

    Example: milepost rule website.yaml 1 --to-freelancer 150 --account arbiter
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    given = amount_of(agreement, to_freelancer)
    call = session.escrow.rule(terms, milestone, given, hash_of(reason))
    freelancer = f"the escrow pays {render.amount(given, agreement.token)} to {terms.payee}"
    fee = format_percent(terms.arbiter_fee_bps)
    plan = Plan(
        act=f"rule on milestone {number}",
        money=[freelancer, f"{fee} to the arbiter", f"the rest to the client {terms.client}"],
        clock="no clock starts; the ruling is final",
        token=agreement.token,
    )
    session.act(call, plan)


def offer(
    session: Session,
    file: File,
    number: Number,
    to_freelancer: ToFreelancer,
    expires: Expires,
    out: Out = None,
) -> None:
    """Sign an offer to divide what is open, for free.

    It stays valid until it expires.

    Example: milepost offer website.yaml 1 --to-freelancer 200 --expires "2 days" --account client
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    me = session.sender
    if not any(same_address(me, party) for party in (terms.client, terms.freelancer)):
        raise InputError(f"Only the client and the freelancer make offers, and you are {me}.")
    view = session.escrow.milestone_at(terms, milestone)
    given = amount_of(agreement, to_freelancer)
    if given > view.open:
        raise InputError(
            f"Only {render.amount(view.open, agreement.token)} are open in milestone {number}."
        )
    division = Division(milestone, given, view.open - given)
    expires_at = session.node.block().timestamp + parse_duration(expires)
    signature = session.consent(
        f"sign an offer for milestone {number}, valid until {format_time(expires_at)}",
        division_words(agreement, division),
        lambda: session.escrow.sign_settlement(session.signer, terms, division, expires_at),
    )
    if signature is None:
        return
    content = {
        **consents.division_content(division),
        "expires_at": expires_at,
        "by": me,
        "signature": "0x" + signature.hex(),
    }
    consents.write(session, terms, consents.OFFER, content, out)


def settle(session: Session, file: File, offer: OfferFile) -> None:
    """Carry out the other party's offer.

    Example: milepost settle website.yaml --offer offer.json --account freelancer
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    division, expires_at, signature = consents.offer(session, terms, offer)
    plan = Plan(
        act=f"settle milestone {division.milestone + 1}",
        money=[division_words(agreement, division)],
        token=agreement.token,
    )
    session.act(session.escrow.settle(terms, division, expires_at, signature), plan)


def lapse(session: Session, file: File, number: Number) -> None:
    """Divide by the default what nobody ruled on in time.

    Anybody may.

    Example: milepost lapse website.yaml 1 --account freelancer
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    view = session.escrow.milestone_at(terms, milestone)
    division = Division(milestone, view.to_freelancer, view.to_client)
    plan = Plan(
        act=f"let the dispute of milestone {number} lapse",
        money=[division_words(agreement, division)],
        token=agreement.token,
    )
    session.act(session.escrow.lapse(terms, milestone), plan)


def amount_of(agreement: Agreement, text: str) -> int:
    """Base units of an amount, with or without the token's symbol. Raises AmountError."""
    number = text.removesuffix(agreement.token.symbol).strip()
    return parse_amount(number, agreement.token.decimals)


def division_words(agreement: Agreement, division: Division) -> str:
    """Who receives how much of a division."""
    terms, token = agreement.terms, agreement.token
    return (
        f"the escrow pays {render.amount(division.to_freelancer, token)} to {terms.payee} and "
        f"{render.amount(division.to_client, token)} to the client {terms.client}"
    )
