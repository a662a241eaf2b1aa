"""Commands that ask the ledger: jobs, job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost import terms as typed
from milepost.agreement import Agreement, Token
from milepost.cli import render, weeks
from milepost.cli.due import warn_if_old
from milepost.cli.options import Party, asking, is_file
from milepost.cli.session import Session
from milepost.cli.tokens import TokenBook
from milepost.errors import InputError, JobUnknown, LedgerError, NodeUnreachable
from milepost.ledger.pictures import labels
from milepost.signing import checked_address
from milepost.types import NOT_FUNDED, AgreementView, same_address
from milepost.units import format_time

if TYPE_CHECKING:
    from milepost.ledger.reads import History, Job, Moment, Role

RoleName = Annotated[
    str | None,
    typer.Option("--role", help="Only where the party is client, freelancer, payee or arbiter."),
]
ShowAll = Annotated[bool, typer.Option("--all", help="Also those that are over.")]
JobId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The agreement's id, the beginning of it, or its file."),
]
Chart = Annotated[
    Path | None, typer.Option("--chart", metavar="FILE", help="Draw it: an .svg or .png file.")
]


def register(app: typer.Typer) -> None:
    app.command("jobs")(asking(jobs))
    app.command("job")(asking(job))


def jobs(
    session: Session, party: Party = None, role: RoleName = None, show_all: ShowAll = False
) -> None:
    """List the jobs of a party, or all, as the ledger has them.

    Example: milepost jobs --party 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
    """
    who = checked_address(party, "--party") if party else None
    found = session.ledger.jobs(who, _role(role, who))
    moment = session.ledger.moment()
    shown = [j for j in found if show_all or not j.is_over]
    if session.options.as_json:
        render.data({**render.moment_record(moment), "jobs": [_record(j, who) for j in shown]})
        return
    known = _known(session.ledger.chain_id)
    rows = [
        (
            render.short(j.agreement),
            format_time(j.funded_at)[:10],
            _name(j.terms.client, who),
            _name(j.terms.freelancer, who),
            render.amount(j.open, _marked(j.token, known)),
            _summary(j),
            _next(j),
        )
        for j in shown
    ]
    columns = ("job", "since", "client", "freelancer", "in the escrow", "milestones", "next clock")
    render.listing(columns, rows)
    hidden = len(found) - len(shown)
    over = f" {hidden} that are over are left out; --all shows them." if hidden else ""
    render.progress(f"{render.count(len(shown), 'job')} at {render.place_in_time(moment)}.{over}")


def job(session: Session, job: JobId, chart: Chart = None) -> None:
    """Show one job: its milestones, what comes if nobody acts, and all that happened.

    Example: milepost job 0x5e884898
    """
    file = session.agreement_on_file(Path(job)) if is_file(job) else None
    ledger = session.ledger
    if file is not None:
        job = "0x" + typed.agreement_id(file.terms, ledger.chain_id, ledger.escrow).hex()
    history = ledger.job(job)
    agreement = file or unnamed(history.job, ledger.chain_id)
    view = view_of(history.job, history.moment)
    if chart is not None:
        from milepost.ledger.pictures.charts import save_job

        save_job(history, chart)
        session.show({"chart": str(chart)}, f"Drawn: {chart}")
    elif session.options.as_json:
        place = {"chain_id": ledger.chain_id, "escrow": ledger.escrow}
        status = render.status_record(agreement, view)
        is_replaced = history.job.replaced_by is not None
        runway = weeks.record(weeks.ahead(agreement, view), is_replaced=is_replaced)
        render.data({**place, **status, "runway": runway, **_details(history)})
    else:
        _show(history, agreement, view, _known(ledger.chain_id))
    warn_if_old(history.moment)


def ask_ledger(
    session: Session, path: Path
) -> tuple[Agreement, AgreementView, dict[str, Any], bool] | None:
    """What the ledger knows of the agreement in a file, where it knows as much as the node; and
    whether it was replaced.

    None where there is no ledger, none of this agreement, or one that is behind. Where the node
    cannot be reached, the ledger's answer is the best there is.
    """
    try:
        session.database.require()
    except (LedgerError, InputError):
        return None
    ledger = session.ledger
    moment = ledger.moment()
    try:
        head = session.node.block()
        is_meant = session.node.chain_id == ledger.chain_id
    except NodeUnreachable as error:
        render.progress(
            f"{error.message} The ledger answers, as of {render.place_in_time(moment)}."
        )
        warn_if_old(moment)
    else:
        escrow = session.options.escrow
        if escrow is not None and not same_address(escrow, ledger.escrow):
            return None
        if not is_meant or not ledger.has_block(head.number, head.hash):
            return None
    agreement = session.agreement_on_file(path)
    agreement_id = typed.agreement_id(agreement.terms, ledger.chain_id, ledger.escrow)
    try:
        history = ledger.job("0x" + agreement_id.hex())
    except JobUnknown:
        return None
    place = {"chain_id": ledger.chain_id, "escrow": ledger.escrow}
    is_replaced = history.job.replaced_by is not None
    return agreement, view_of(history.job, history.moment), place, is_replaced


def unnamed(job: Job, chain_id: int) -> Agreement:
    """The agreement of a job whose file is not at hand."""
    kind = "metered" if job.terms.is_metered else "fixed price"
    title = f"Agreement {render.short(job.agreement)}"
    return Agreement(title, kind, chain_id, job.token, job.terms, (), "")


def view_of(job: Job, moment: Moment) -> AgreementView:
    """A job as the contract's `agreementAt` shows its agreement."""
    milestones = tuple(job.milestones.get(i, NOT_FUNDED) for i in range(job.terms.count))
    return AgreementView(job.agreement, milestones, moment.block, moment.timestamp, job.terms)


def _role(name: str | None, party: str | None) -> Role | None:
    from milepost.ledger.reads import ROLES

    if name is None:
        return None
    if party is None:
        raise InputError("--role goes with --party.")
    for role in ROLES:
        if name == role:
            return role
    raise InputError(f'"{name}" is no role. There are {", ".join(ROLES)}.')


def _known(chain_id: int) -> set[str]:
    """The addresses of the tokens that are known by name."""
    return {token.address.lower() for token in TokenBook(None, chain_id).values()}


def _marked(token: Token, known: Collection[str]) -> Token:
    """A token as people are to see it: one that nobody named here stands with its address."""
    if token.address.lower() in known:
        return token
    symbol = f"{labels.plain(token.symbol)} ({labels.short(token.address)})"
    return replace(token, symbol=symbol)


def _show(
    history: History, agreement: Agreement, view: AgreementView, known: Collection[str]
) -> None:
    terms, token = history.job.terms, _marked(history.job.token, known)
    parties = {
        "agreement": "0x" + history.job.agreement.hex(),
        "client": terms.client,
        "freelancer": terms.freelancer,
        "payee": terms.payee,
        "arbiter": terms.arbiter if int(terms.arbiter, 16) else "none",
    }
    if history.replaces is not None:
        parties["replaces"] = "0x" + history.replaces.hex()
    if history.job.replaced_by is not None:
        parties["replaced by"] = "0x" + history.job.replaced_by.hex()
    shown = replace(agreement, token=_marked(agreement.token, known))
    render.status(shown, view)
    is_replaced = history.job.replaced_by is not None
    weeks.show_ahead(weeks.ahead(agreement, view), shown, is_replaced=is_replaced)
    lines = ["", *(f"{name:<12} {value}" for name, value in parties.items()), "", "What happened"]
    lines += [
        render.happened(h.event, h.timestamp, token, is_final=h.is_final)
        for h in history.happenings
    ]
    render.say("\n".join(lines))


def _details(history: History) -> dict[str, Any]:
    job = history.job
    return {
        **_parties(job),
        "replaces": history.replaces and "0x" + history.replaces.hex(),
        "replaced_by": job.replaced_by and "0x" + job.replaced_by.hex(),
        "final_block": history.moment.final_block,
        "history": [
            render.event_record(h.event, h.timestamp, is_final=h.is_final)
            for h in history.happenings
        ],
    }


def _record(job: Job, party: str | None) -> dict[str, Any]:
    return {
        "agreement": "0x" + job.agreement.hex(),
        **_parties(job),
        "roles": list(job.roles_of(party)) if party else [],
        "token": {
            "address": job.token.address,
            "symbol": job.token.symbol,
            "decimals": job.token.decimals,
        },
        "funded_at": job.funded_at,
        "open": str(job.open),
        "is_over": job.is_over,
        "milestones": {str(i + 1): render.label_of(m.status) for i, m in job.milestones.items()},
        "next_deadline": min(_deadlines(job), default=None),
    }


def _parties(job: Job) -> dict[str, str]:
    terms = job.terms
    return {name: getattr(terms, name) for name in ("client", "freelancer", "payee", "arbiter")}


def _name(address: str, party: str | None) -> str:
    if party and same_address(address, party):
        return "you"
    return labels.short(address)


def _summary(job: Job) -> str:
    """How many milestones have which status: "2 paid, 1 submitted"."""
    counted = Counter(m.status for m in job.milestones.values())
    ordered = sorted(counted.items(), reverse=True)
    return ", ".join(f"{n} {render.label_of(status)}" for status, n in ordered)


def _deadlines(job: Job) -> list[int]:
    return [m.deadline for m in job.milestones.values() if m.deadline]


def _next(job: Job) -> str:
    running = _deadlines(job)
    return format_time(min(running)) if running else "-"
