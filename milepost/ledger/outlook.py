"""What comes next, in sentences: who is awaited, until when, and what happens if nobody acts.

The words are those of `words`. A command is written with FILE in the place of the agreement file,
because the ledger does not know where that is. Nothing here reads a database.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from milepost.ledger import words
from milepost.ledger.words import amount, milestones, periods
from milepost.presets import is_hourly
from milepost.types import (
    ZERO_ADDRESS,
    MilestoneView,
    Status,
    Terms,
    format_selection,
    same_address,
)
from milepost.units import format_time

if TYPE_CHECKING:
    from milepost.agreement import Token
    from milepost.ledger.reads import Due, Ending, Job, Role
    from milepost.runway import Runway


def silence(view: MilestoneView, terms: Terms, token: Token) -> str:
    """What comes of a milestone if nobody acts."""
    to_freelancer, to_client = amount(view.to_freelancer, token), amount(view.to_client, token)
    rest = f", {to_client} to the client" if view.to_client else ""
    when = "now" if view.is_late else f"from {format_time(view.deadline)}"
    match view.status:
        case Status.NONE:
            return "nothing: not funded"
        case Status.OFFERED:
            return f"the offer stays open; the client can take {to_client} back"
        case Status.ACTIVE:
            return f"{to_client} stays in the escrow"
        case Status.SUBMITTED:
            return f"{when} anybody can claim {to_freelancer} for the freelancer{rest}"
        case Status.APPROVED | Status.PARTLY_APPROVED:
            return f"now anybody can claim {to_freelancer} for the freelancer{rest}"
        case Status.REFUND_REQUESTED:
            return f"{when} anybody can refund {to_client} to the client"
        case Status.DISPUTED:
            return f"{when} it lapses: {to_freelancer} to the freelancer, {to_client} to the client"
        case _:
            return "over"


def headline(due: Due) -> str:
    """Who must do what, and what is the price of not doing it, without a full stop."""
    view, token = due.view, due.job.token
    to_freelancer, to_client = amount(view.to_freelancer, token), amount(view.to_client, token)
    both = f"{to_freelancer} to the freelancer, {to_client} to the client"
    which = milestones([due.milestone])
    match view.status:
        case Status.OFFERED:
            return f"freelancer may accept {which}, {to_client}"
        case Status.ACTIVE:
            return f"freelancer may submit {which}, {to_client}"
        case Status.SUBMITTED if not view.is_late:
            return f"client must answer {which} or {to_freelancer} is paid"
        case Status.REFUND_REQUESTED if not view.is_late:
            return f"freelancer must answer {which} or {to_client} is refunded"
        case Status.DISPUTED if not view.is_late:
            if due.job.terms.arbiter == ZERO_ADDRESS:
                return f"client and freelancer must settle {which} or it is divided: {both}"
            return f"arbiter must rule on {which} or it is divided: {both}"
        case Status.REFUND_REQUESTED:
            return f"anybody can refund {which}: {to_client} to the client"
        case Status.DISPUTED:
            return f"anybody can end the dispute of {which}: {both}"
    rest = f", {to_client} to the client" if view.to_client else ""
    return f"anybody can claim {which}: {to_freelancer} to the freelancer{rest}"


def awaited(due: Due, party: str | None = None) -> str:
    """Who is awaited, by role and address; `party` is called "you"."""
    roles = settling(due) if due.awaited is None else (due.awaited,)
    if not roles:
        return "anybody"
    return " and ".join(_called(due.job, role, party) for role in roles)


def settling(due: Due) -> tuple[Role, ...]:
    """The two who are left to agree in a dispute that no arbiter decides; else nobody."""
    view, terms = due.view, due.job.terms
    is_theirs = view.status == Status.DISPUTED and not view.is_late
    return ("client", "freelancer") if is_theirs and terms.arbiter == ZERO_ADDRESS else ()


def funded_ahead(run: Runway) -> list[str]:
    """How far ahead metered work is funded and protected, in sentences."""
    terms, current = run.terms, run.current
    work = "hours" if is_hourly(terms) else "work"
    if run.until is not None:
        left = words.rounded(run.until - run.timestamp)
        ahead = f"{periods(terms, run.funded)}, until {format_time(run.until)} ({left})"
        lines = [f"Funded ahead: {ahead}. Nobody protects {work} after that."]
    elif current == terms.count:
        last = periods(terms, [current - 1]).capitalize()
        return [f"Funded ahead: nothing. {last}, the last one, is over."]
    else:
        begin = terms.period_end(current - 1)
        begins = "begins" if begin > run.timestamp else "began"
        now = f"{periods(terms, [current])}, which {begins} at {format_time(begin)}"
        lines = [f"Funded ahead: nothing. Nobody protects {work} in {now}."]
    if run.offered:
        lines.append(
            f"Only offered: {periods(terms, run.offered)}. Until the freelancer accepts, nobody "
            f"protects {work} there, and the client can take the money back."
        )
    if run.asked_back:
        lines.append(
            f"Asked back by the client: {periods(terms, run.asked_back)}. Without an answer in "
            "time the money is refunded, and an answer claims what was worked until then: nobody "
            f"protects more {work} there."
        )
    if run.claimed:
        lines.append(
            f"Claimed before the end: {periods(terms, run.claimed)}. Nobody protects {work} there "
            "beyond the claim."
        )
    if run.protected != run.funded:
        until, safe = run.protected_until, "nothing"
        if until is not None:
            safe = f"{periods(terms, run.protected)}, until {format_time(until)}"
        lines.append(f"Protected without a hole: {safe}.")
    return lines


def steps(run: Runway) -> dict[Role, str]:
    """The commands with which metered work is protected for longer, by who gives them."""
    option = "--weeks" if is_hourly(run.terms) else "--milestones"
    chosen: dict[Role, tuple[str, tuple[int, ...]]] = {
        "freelancer": ("accept", run.acceptable),
        "client": ("fund", run.fundable),
    }
    return {
        role: f"milepost {verb} FILE {option} {format_selection(indexes)}"
        for role, (verb, indexes) in chosen.items()
        if indexes
    }


def ways_on(run: Runway, token: Token) -> list[str]:
    """Lines that say what comes behind what is funded, and how more is protected."""
    terms, missing, lines, commands = run.terms, run.missing, [], steps(run)
    if missing is not None and run.statuses[missing].is_final:
        closed = periods(terms, [missing]).capitalize()
        lines.append(
            f"{closed} is {run.statuses[missing].label}: nothing more of it can be claimed, and it "
            "cannot be funded again."
        )
    if run.later:
        lines.append(f"Funded again behind that hole: {periods(terms, run.later)}.")
    if "freelancer" in commands:
        lines.append(f"To accept, as the freelancer: {commands['freelancer']}")
    if "client" in commands:
        cost = amount(run.amount * len(run.fundable), token)
        lines.append(f"To fund more, as the client: {commands['client']} ({cost})")
    else:
        last = periods(terms, [terms.count - 1])
        lines.append(f"None is left to fund up to {last}, the last one. More needs a new deal.")
    return lines


def ending(found: Ending, party: str | None = None) -> str:
    """That protected work ends, and what it asks of `party`, without a full stop."""
    run, terms = found.run, found.job.terms
    held = found.job.roles_of(party) if party is not None else ()
    wishes: dict[Role, str] = {"client": "fund more", "freelancer": "do not work unprotected"}
    how, behind = "funded", run.funded[len(run.protected) :][:1]
    if run.acceptable:
        waiting = periods(terms, run.acceptable)
        wishes = {"client": f"{waiting} not accepted yet", "freelancer": f"accept {waiting}"}
        how = "accepted"
    elif behind:
        if behind[0] in run.asked_back:
            wishes["client"] = f"{periods(terms, behind)} asked back"
        how = "protected"
    elif not run.fundable:
        wishes["client"], how = "agree anew", "funded" if run.later else "that can be funded"
    beyond = [i for i in (*run.funded, *run.later) if i > found.last]
    if any(how == "funded" or run.statuses[i] is Status.ACTIVE for i in beyond):
        how += " before a hole"
    verb = "was" if found.is_over else "is"
    fact = f"{periods(terms, [found.last])} {verb} the last one {how}"
    wish = ", ".join(wishes[role] for role in wishes if role in held)
    return f"{wish}, {fact}" if wish else fact


def no_clock(terms: Terms) -> str:
    """What follows from the end of protected work, and what does not."""
    work = "hours" if is_hourly(terms) else "work"
    fact = "No clock of the contract runs out and no money moves"
    return f"{fact}, but nobody protects {work} after it."


def plainly_named(due: Due) -> Due:
    """`due` with its token as `words.plainly_named` has it."""
    return replace(due, job=replace(due.job, token=words.plainly_named(due.job.token)))


def answers(due: Due) -> tuple[str, ...]:
    """The commands with which the awaited party acts in time; none where nobody is awaited."""
    number = due.milestone + 1
    match due.view.status:
        case Status.DISPUTED if settling(due):
            return (f"milepost offer FILE {number} --to-freelancer AMOUNT",)
        case _ if due.awaited is None:
            return ()
        case Status.OFFERED:
            return (f"milepost accept FILE --milestones {number}",)
        case Status.ACTIVE:
            return (f"milepost submit FILE {number}",)
        case Status.SUBMITTED:
            return tuple(
                f"milepost {verb} FILE {number}" for verb in ("approve", "changes", "dispute")
            )
        case Status.REFUND_REQUESTED:
            return tuple(
                f"milepost {verb} FILE {number}" for verb in ("submit", "dispute", "refund")
            )
    return (f"milepost rule FILE {number} --to-freelancer AMOUNT",)


def execution(due: Due) -> str:
    """The command with which anybody carries out what is decided; empty where nothing comes."""
    match due.view.status:
        case Status.OFFERED | Status.ACTIVE:
            return ""
        case Status.REFUND_REQUESTED:
            verb = "refund"
        case Status.DISPUTED:
            verb = "lapse"
        case _:
            verb = "claim"
    return f"milepost {verb} FILE {due.milestone + 1}"


def commands(due: Due) -> list[str]:
    """Lines that say with which commands to act in time, and with which anybody may afterwards."""
    lines = []
    if answers(due):
        lines += ["To act:", *(f"  {command}" for command in answers(due))]
    if execution(due):
        when = "From then on" if due.deadline and not due.view.is_late else "Now"
        lines += [f"{when} anybody may carry it out:", f"  {execution(due)}"]
    return lines


def roles(job: Job, party: str | None) -> str:
    """Which job it is, and what `party` is in it."""
    held = job.roles_of(party) if party is not None else ()
    you = f", in which you are the {' and the '.join(held)}" if held else ""
    return f"Job 0x{job.agreement.hex()}{you}"


def _called(job: Job, role: Role, party: str | None) -> str:
    address: str = getattr(job.terms, role)
    is_you = party is not None and same_address(address, party)
    return f"the {role}, {'you' if is_you else address}"
