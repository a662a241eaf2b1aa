"""Commands of the work: submit, approve, claim, changes, request-refund, refund."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost.agreement import Agreement
from milepost.cli import consents, render
from milepost.cli.options import (
    File,
    Hours,
    Number,
    Out,
    Percent,
    Reason,
    Selection,
    Units,
    acting,
)
from milepost.cli.session import Plan, Session
from milepost.errors import InputError
from milepost.presets import UNIT
from milepost.signing import keccak256
from milepost.types import (
    ZERO_HASH,
    Approval,
    Status,
    from_set,
    parse_selection,
)
from milepost.units import HOUR, format_duration, parse_amount, parse_percent

Sign = Annotated[
    bool, typer.Option("--sign", help="Sign for free instead of sending a transaction.")
]
Deliverable = Annotated[
    Path | None,
    typer.Option("--deliverable", help="A file whose hash goes on record; the file stays here."),
]
Approvals = Annotated[
    list[Path] | None, typer.Option("--approval", help="A signed approval; can be repeated.")
]


def register(app: typer.Typer) -> None:
    app.command("submit")(acting(submit))
    app.command("approve")(acting(approve))
    app.command("claim")(acting(claim))
    app.command("changes")(acting(changes))
    app.command("request-refund")(acting(request_refund))
    app.command("refund")(acting(refund))


def submit(
    session: Session,
    file: File,
    number: Number,
    units: Units = None,
    hours: Hours = None,
    percent: Percent = None,
    deliverable: Deliverable = None,
) -> None:
    """Submit work and claim its money, as the freelancer.

    Example: milepost submit website.yaml 1 --deliverable design.zip --account freelancer
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    claimed = units_of(agreement, units, hours, percent)
    call = session.escrow.submit(terms, milestone, claimed, hash_of(deliverable))
    money = terms.amount_of(milestone) * (claimed or terms.whole) // terms.whole
    plan = Plan(
        act=f"submit milestone {number}",
        money=[f"none moves; {render.amount(money, agreement.token)} is claimed"],
        clock=f"the client has {format_duration(terms.review_period)} to answer, then it is due",
        token=agreement.token,
    )
    session.act(call, plan)


def approve(
    session: Session,
    file: File,
    selection: Selection,
    units: Units = None,
    hours: Hours = None,
    percent: Percent = None,
    sign: Sign = False,
    out: Out = None,
) -> None:
    """Approve milestones, as their client.

    By a transaction, or with --sign by a free signature that anybody can carry to `claim`.

    Example: milepost approve website.yaml 1-2 --sign --out approval.json --account client
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    chosen = parse_selection(selection, terms.count)
    given = units_of_each(agreement, len(chosen), units, hours, percent)
    given = given or _claimed(session, agreement, chosen)
    total = sum(
        terms.amount_of(i) * u // terms.whole
        for i, u in zip(chosen, given or [terms.whole] * len(chosen), strict=True)
    )
    plan = Plan(
        act=f"approve {render.milestones(chosen)}",
        money=[
            f"none moves yet; up to {render.amount(total, agreement.token)} can be claimed "
            f"for {terms.payee}"
        ],
        token=agreement.token,
    )
    if not sign:
        if out is not None:
            raise InputError("--out goes with --sign.")
        session.act(session.escrow.approve(terms, chosen, given), plan)
        return
    session.require_sender(terms.client, "client", "approves")
    consents.sign_approval(session, terms, plan, chosen, given, out)


def claim(session: Session, file: File, selection: Selection, approval: Approvals = None) -> None:
    """Pay out what is approved, or what a silent client let lapse.

    Anybody may; the money goes to the payee and the client.

    Example: milepost claim website.yaml 1-2 --approval approval.json --account freelancer
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    chosen = parse_selection(selection, terms.count)
    approvals = [consents.approval(session, terms, path) for path in approval or ()]
    view = session.escrow.agreement_at(terms)
    to_freelancer = to_client = 0
    for i in chosen:
        m = view.milestones[i]
        mine = m.to_freelancer
        if m.status in (Status.ACTIVE, Status.REFUND_REQUESTED):
            mine = m.open * _approved_units(approvals, i, terms.whole) // terms.whole
        elif m.status is Status.DISPUTED:
            mine = m.open
        to_freelancer += mine
        to_client += m.open - mine
    money = [f"the escrow pays {render.amount(to_freelancer, agreement.token)} to {terms.payee}"]
    if to_client:
        money.append(f"{render.amount(to_client, agreement.token)} to the client {terms.client}")
    plan = Plan(f"claim {render.milestones(chosen)}", money, token=agreement.token)
    session.act(session.escrow.release(terms, chosen, approvals), plan)


def changes(session: Session, file: File, number: Number, reason: Reason = None) -> None:
    """Send a submission back, as the client.

    Example: milepost changes website.yaml 1 --reason notes.txt --account client
    """
    agreement = session.agreement(file)
    milestone = index_of(agreement, number)
    plan = Plan(
        act=f"ask for changes to milestone {number}",
        clock="the review clock stops; a new submission starts it again",
        token=agreement.token,
    )
    call = session.escrow.request_changes(agreement.terms, milestone, hash_of(reason))
    session.act(call, plan)


def request_refund(session: Session, file: File, number: Number, reason: Reason = None) -> None:
    """Ask for unsubmitted work's money back, as the client.

    Example: milepost request-refund website.yaml 2 --account client
    """
    agreement = session.agreement(file)
    terms, milestone = agreement.terms, index_of(agreement, number)
    time = format_duration(terms.response_period)
    plan = Plan(
        act=f"ask for the money of milestone {number} back",
        clock=f"the freelancer has {time} to answer, then it can be refunded",
        token=agreement.token,
    )
    session.act(session.escrow.request_refund(terms, milestone, hash_of(reason)), plan)


def refund(session: Session, file: File, selection: Selection) -> None:
    """Give what is open back to the client.

    Example: milepost refund website.yaml 2-3 --account freelancer
    """
    agreement = session.agreement(file)
    terms = agreement.terms
    chosen = parse_selection(selection, terms.count)
    view = session.escrow.agreement_at(terms)
    total = sum(view.milestones[i].open for i in chosen)
    plan = Plan(
        act=f"refund {render.milestones(chosen)}",
        money=[f"the escrow pays {render.amount(total, agreement.token)} to {terms.client}"],
        token=agreement.token,
    )
    session.act(session.escrow.refund(terms, chosen), plan)


def index_of(agreement: Agreement, number: int) -> int:
    """The zero-based index of milestone `number`. Raises SelectionError."""
    return parse_selection(str(number), agreement.terms.count)[0]


def hash_of(path: Path | None) -> bytes:
    """The hash of a file's bytes; zero for none."""
    if path is None:
        return ZERO_HASH
    try:
        return keccak256(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def units_of(
    agreement: Agreement, units: str | None, hours: str | None, percent: str | None
) -> int | None:
    """The contract's units of whichever option was given; None where none was."""
    given = units_of_each(agreement, 1, units, hours, percent)
    return given[0] if given else None


def units_of_each(
    agreement: Agreement, count: int, units: str | None, hours: str | None, percent: str | None
) -> list[int]:
    """The same for `count` milestones: one value for all, or as many with commas between.

    Empty where no option was given.
    """
    given = [
        (text, parse)
        for text, parse in ((units, _units), (hours, _hours), (percent, _percent))
        if text is not None
    ]
    if len(given) > 1:
        raise InputError("Give one of --units, --hours and --percent.")
    if not given:
        return []
    text, parse = given[0]
    values = [parse(agreement, part.strip()) for part in text.split(",")]
    if len(values) not in (1, count):
        raise InputError(f'"{text}" has {len(values)} values for {count} milestones.')
    return values if len(values) == count else values * count


def _units(agreement: Agreement, text: str) -> int:
    whole = agreement.terms.whole
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= whole:
        raise InputError(f'"{text}" is not a number of units from 1 to {whole}.')
    return int(text)


def _hours(agreement: Agreement, text: str) -> int:
    if agreement.kind != "hourly":
        raise InputError(f"--hours is for hourly work, and this is {agreement.kind}.")
    # Two decimals hold every half and quarter; a unit is ten minutes.
    found, rest = divmod(parse_amount(text, 2) * HOUR, 100 * UNIT)
    if rest:
        raise InputError(f"{text} hours is not a number of whole ten minutes.")
    return _units(agreement, str(found))


def _percent(agreement: Agreement, text: str) -> int:
    found, rest = divmod(parse_percent(text) * agreement.terms.whole, 10_000)
    if rest:
        raise InputError(f"{text} is not a whole number of units. Use --units.")
    return _units(agreement, str(found))


def _claimed(session: Session, agreement: Agreement, chosen: tuple[int, ...]) -> list[int]:
    """Metered work is approved as claimed; a fixed price as a whole, with no units."""
    if not agreement.terms.is_metered:
        return []
    view = session.escrow.agreement_at(agreement.terms)
    claimed = [view.milestones[i].clock.claimed for i in chosen]
    if not all(claimed):
        raise InputError("Nothing is claimed there yet. Say how much with --hours or --percent.")
    return claimed


def _approved_units(approvals: list[Approval], milestone: int, whole: int) -> int:
    for approval in approvals:
        members = from_set(approval.milestones)
        if milestone in members:
            return approval.units[members.index(milestone)] if approval.units else whole
    return 0
