"""The command that replaces an agreement by another, with both parties' consent, at one moment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost import terms as typed
from milepost.agreement import Agreement
from milepost.cli import consents, render
from milepost.cli.deal import allow, chosen_to_fund
from milepost.cli.disputes import amount_of, division_words
from milepost.cli.options import Expires, File, Out, acting
from milepost.cli.session import Plan, Session
from milepost.errors import InputError
from milepost.types import (
    ZERO_ADDRESS,
    AgreementView,
    Amendment,
    Division,
    Status,
    from_set,
    parse_selection,
    same_address,
    to_set,
)
from milepost.units import format_time, parse_duration

_OPEN = (Status.ACTIVE, Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)

Replacement = Annotated[
    Path, typer.Argument(metavar="REPLACEMENT", help="The agreement file that replaces it.")
]
End = Annotated[
    str | None,
    typer.Option("--end", help='With --sign: milestones of the old agreement that end, or "all".'),
]
Pay = Annotated[
    list[str] | None,
    typer.Option(
        "--pay",
        metavar="N=AMOUNT",
        help="What the freelancer gets of one that ends, else nothing; can be repeated.",
    ),
]
Fund = Annotated[str, typer.Option("--fund", help="Milestones of the replacement that are funded.")]
SignAmendment = Annotated[bool, typer.Option("--sign", help="Consent as the freelancer, for free.")]
AmendmentFile = Annotated[
    Path | None, typer.Option("--amendment", help="What the freelancer signed with --sign.")
]


def register(app: typer.Typer) -> None:
    app.command("amend")(acting(amend))


def amend(
    session: Session,
    file: File,
    replacement: Replacement,
    end: End = None,
    pay: Pay = None,
    fund: Fund = "all",
    expires: Expires = "7 days",
    sign: SignAmendment = False,
    amendment: AmendmentFile = None,
    out: Out = None,
) -> None:
    """Replace an agreement by another, with both consents.

    What ends is divided, and what the client gets of it pays for what is new.

    The freelancer signs with --sign, then the client sends with --amendment.

    Example: milepost amend website.yaml smaller.yaml --end 2-3 --sign --account freelancer
    """
    if sign == (amendment is not None):
        raise InputError("The freelancer gives --sign, the client --amendment.")
    new = session.agreement(replacement)
    old = session.agreement(file)
    typed.validate(new.terms, session.escrow.address)
    if amendment is None:
        if end is None:
            raise InputError("Say which milestones end, like --end 2-3, or --end all.")
        view = session.escrow.agreement_at(old.terms)
        expires_at = view.timestamp + parse_duration(expires)
        ending = _divisions(old, view, end, pay or [])
        _sign(
            session, old, new, Amendment(ending, to_set(chosen_to_fund(new, fund)), expires_at), out
        )
    elif out is not None:
        raise InputError("--out goes with --sign.")
    else:
        _send(session, old, new, consents.amendment(session, old.terms, new.terms, amendment))


def _sign(
    session: Session, old: Agreement, new: Agreement, amendment: Amendment, out: Path | None
) -> None:
    if not same_address(session.sender, old.terms.freelancer):
        raise InputError(
            f"Only the freelancer, {old.terms.freelancer}, signs an amendment, and the account is "
            f"{session.sender}."
        )
    render.progress(render.deal(new))
    signed = session.consent(
        f"sign: {_words(amendment)}, valid until {format_time(amendment.expires_at)}",
        _money(old, new, amendment),
        lambda: session.escrow.sign_amendment(session.signer, old.terms, new.terms, amendment),
    )
    if signed is not None:
        content = consents.amendment_content(session, new.terms, signed)
        consents.write(session, old.terms, consents.AMENDMENT, content, out)


def _send(session: Session, old: Agreement, new: Agreement, amendment: Amendment) -> None:
    returned = sum(d.to_client for d in amendment.divisions)
    missing = new.terms.sum_of(from_set(amendment.funded)) - returned
    call = session.escrow.amend(old.terms, new.terms, amendment)
    if missing > 0 and old.token.address != ZERO_ADDRESS:
        allow(session, old.token, missing, call)
    session.act(call, Plan(_words(amendment), [_money(old, new, amendment)], token=old.token))


def _divisions(
    agreement: Agreement, view: AgreementView, end: str, pay: list[str]
) -> tuple[Division, ...]:
    """Every open milestone that ends, with what is paid of it; the rest returns to the client."""
    paid: dict[int, int] = {}
    for text in pay:
        number, equals, value = text.partition("=")
        if not equals:
            raise InputError(f'"{text}" does not say what is paid. Write it like 2=500.')
        (milestone,) = parse_selection(number, agreement.terms.count)[:1]
        paid[milestone] = amount_of(agreement, value)
    chosen = [
        i
        for i in parse_selection(end, agreement.terms.count)
        if end != "all" or view.milestones[i].status in _OPEN
    ]
    if not set(paid) <= set(chosen):
        raise InputError("--pay names a milestone that does not end.")
    divisions = []
    for i in chosen:
        given, open_ = paid.get(i, 0), view.milestones[i].open
        if given > open_:
            held = render.amount(open_, agreement.token)
            raise InputError(f"Only {held} are open in milestone {i + 1}.")
        divisions.append(Division(i, given, open_ - given))
    return tuple(divisions)


def _words(amendment: Amendment) -> str:
    ended = [d.milestone for d in amendment.divisions]
    return (
        f"replace the agreement: end {render.milestones(ended) if ended else 'nothing'}, fund "
        f"{render.milestones(from_set(amendment.funded))} of the new one"
    )


def _money(old: Agreement, new: Agreement, amendment: Amendment) -> str:
    paid = sum(d.to_freelancer for d in amendment.divisions)
    returned = sum(d.to_client for d in amendment.divisions)
    needed = new.terms.sum_of(from_set(amendment.funded))
    words = division_words(old, Division(0, paid, max(0, returned - needed)))
    return (
        f"{words}; {render.amount(needed, old.token)} stays for the new milestones, of which the "
        f"client pays {render.amount(max(0, needed - returned), old.token)} now"
    )
