"""Commands of sealed weeks: seal, reopen, bill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from milepost.cli import render
from milepost.cli.diary.book import Book, WeekNumber, Why
from milepost.cli.diary.claims import claims
from milepost.cli.diary.doubts import doubts
from milepost.cli.options import File, Out, acting, reading
from milepost.cli.session import Plan, Session
from milepost.diary import evidence, pulse, weeks
from milepost.diary.diary import Diary
from milepost.diary.entries import in_hours
from milepost.diary.errors import WeekRefused
from milepost.errors import DeploymentUnknown, InputError, NodeUnreachable
from milepost.files import write_whole
from milepost.types import Status, Terms
from milepost.units import format_duration, format_time

if TYPE_CHECKING:
    from milepost.agreement import Agreement
    from milepost.chain.events import Event
    from milepost.diary.state import Seal

UpToLimit = Annotated[
    bool, typer.Option("--up-to-limit", help="Only the first hours, up to the weekly limit.")
]

# A week that stands so has no claim.
_UNPAID = (Status.NONE, Status.REFUNDED)
_CLAIMABLE = (Status.OFFERED, Status.ACTIVE, Status.REFUND_REQUESTED)


def register(group: typer.Typer) -> None:
    group.command("seal")(reading(seal))
    group.command("reopen")(reading(reopen))
    group.command("bill")(acting(bill))


def seal(
    session: Session,
    file: File,
    week: WeekNumber,
    up_to_limit: UpToLimit = False,
    out: Out = None,
) -> None:
    """Close a week that is over, and write the file of it for the client.

    Nothing is sent. `bill` puts the root on chain.

    Example: milepost diary seal hourly.yaml 3 --out week-3.json
    """
    book, index = Book(session, file), week - 1
    place = book.place(index)
    with book.write() as diary:
        sealed = diary.seal_of(index)
        if sealed is None:
            sealed = _seal(book, diary, index, up_to_limit=up_to_limit)
        made = weeks.week_of(diary, sealed, place)
        above = _above(diary, sealed)
    root, count = "0x" + made.root.hex(), len(made.leaves)
    text = [f"Week {week} is sealed: {in_hours(count)} under {root}."]
    text += [f"{line}." for line in (*_unpaid(book.agreement, above), *_contestable(book, made))]
    if out is None:
        how = book.command("diary seal", week, "--out", f"week-{week}.json")
        text.append(f"The client needs the file of it: {how}.")
    else:
        try:
            write_whole({out: evidence.week_file(made)})
        except InputError as error:
            error.add_note(f"Week {week} is sealed. Name another file, and it is written there.")
            raise
        text.append(f"Saved to {out}. It shows every segment; give it to the client only.")
    record = {
        "week": week,
        "root": root,
        "units": count,
        "units_above_limit": above,
        "doubts": doubts(made, book.rules),
        "file": None if out is None else str(out),
    }
    session.show(record, "\n".join(text))


def reopen(session: Session, file: File, week: WeekNumber, reason: Why) -> None:
    """Open a sealed week again, to edit it. Not once it is claimed on chain.

    Example: milepost diary reopen hourly.yaml 3 --reason "The client asked for changes"
    """
    book = Book(session, file)
    with book.write() as diary:
        if diary.seal_of(week - 1) is not None:
            _require_unclaimed(book, diary, week - 1)
        diary.reopen(book.now, week - 1, reason)
    session.show({"reopened": week}, f"Week {week} is open. Seal it again before you bill it.")


def bill(session: Session, file: File, week: WeekNumber, up_to_limit: UpToLimit = False) -> None:
    """Submit a week on chain: its units and the root of its segments. Seals it where it is open.

    Example: milepost diary bill hourly.yaml 3 --account freelancer
    """
    book, index = Book(session, file), week - 1
    agreement, place = session.agreement(file), book.place(index)
    terms = agreement.terms
    status = session.escrow.milestone_at(terms, index).status
    _require_over(book, terms, index)
    with book.write() as diary:
        sealed = diary.seal_of(index)
        _require_claimable(book, agreement, diary, index, status)
        if sealed is None and session.options.dry_run:
            how = book.command("diary seal", week)
            raise InputError(f"A dry run seals nothing, and week {week} is open: {how}.")
        # Only now, because it may cost a password; but before anything is sealed.
        session.require_sender(terms.freelancer, "freelancer", "bills")
        if sealed is None:
            sealed = _seal(book, diary, index, up_to_limit=up_to_limit)
        made = weeks.week_of(diary, sealed, place)
        for line in (*_unpaid(agreement, _above(diary, sealed)), *_contestable(book, made)):
            render.progress(f"{line}.", "yellow")
        root, time = "0x" + made.root.hex(), format_duration(terms.review_period)
        plan = Plan(
            act=f"submit week {week}: {in_hours(sealed.units)} under {root}"
            f"{_ANSWERS.get(status, '')}",
            money=[f"none moves; {render.worth(agreement, sealed.units)} is claimed"],
            clock=f"the client has {time} to answer, then it is due",
            token=agreement.token,
            facts={
                "week": week,
                "units": sealed.units,
                "root": root,
                "doubts": doubts(made, book.rules),
            },
        )
        receipt = session.act(session.escrow.submit(terms, index, sealed.units, made.root), plan)
        if receipt is not None:
            diary.bill(book.now, sealed, receipt.transaction)
            how = book.command("diary seal", week, "--out", f"week-{week}.json")
            render.progress(f"The client sees what they pay for in a file: {how} writes it.")


_ANSWERS = {
    Status.OFFERED: ", and accept the client's offer of it by that",
    Status.REFUND_REQUESTED: ", which answers the client's request to have its money back",
}


def _seal(book: Book, diary: Diary, week: int, *, up_to_limit: bool) -> Seal:
    captures: dict[int, bytes] = {}
    if book.rules.asks_captures:
        from milepost.diary.captures import Captures

        first, end = book.rules.week_start(week), book.rules.week_start(week + 1)
        taken = [c for c in Captures(book.folder / pulse.CAPTURES).list() if first <= c.start < end]
        if unseen := sum(not c.is_seen for c in taken):
            how = book.command("diary captures", "--show", "FOLDER")
            raise WeekRefused(
                week + 1,
                f"{render.count(unseen, 'capture')} of it were not shown to you yet; {how} shows "
                "them",
            )
        captures = {c.start: c.hash for c in taken}
    return weeks.seal(diary, book.now, week, captures, is_up_to_limit=up_to_limit)


def _require_over(book: Book, terms: Terms, week: int) -> None:
    """Raises WeekRefused where only this machine's clock says that a week is over."""
    now, end = book.session.node.block().timestamp, terms.period_end(week)
    if now < end <= book.now:
        raise WeekRefused(
            week + 1,
            f"it ends at {format_time(end)}, and on chain it is {format_time(now)}. Is this "
            "machine's clock right? Else try again when the chain has a newer block",
        )


def _require_unclaimed(book: Book, diary: Diary, week: int) -> None:
    """What is claimed on chain cannot change, though the client may send it back.

    Raises WeekRefused. A week that was never billed can be opened where no node answers.
    """
    session, billed = book.session, diary.bill_of(week)
    try:
        terms = session.agreement(book.file).terms
        status = session.escrow.milestone_at(terms, week).status
    except (NodeUnreachable, DeploymentUnknown) as error:
        if billed is not None:
            raise
        render.progress(f"{error.message} So it was not asked whether the week is claimed.")
        return
    if status not in (Status.NONE, *_CLAIMABLE):
        how = "" if billed is None else f"was billed at {format_time(billed.billed_at)} and "
        problem = f"it {how}is {render.label_of(status)} on chain, where a claim cannot change"
        raise WeekRefused(week + 1, problem)


def _require_claimable(
    book: Book, agreement: Agreement, diary: Diary, week: int, status: Status
) -> None:
    """Raises WeekRefused for a week that is not over, or of which there is nothing to claim."""
    sealed = diary.seal_of(week)
    if sealed is None:
        diary.require_sealable(book.now, week)
    worked = len(diary.week(week)) if sealed is None else sealed.units
    if status in _UNPAID and worked:
        _refuse_unpaid(book, agreement, week, worked, status)
    if status not in _CLAIMABLE and worked:
        _refuse_claimed(book, diary, week, status)


def _refuse_unpaid(book: Book, agreement: Agreement, week: int, units: int, status: Status) -> None:
    how = "its money went back to the client, who can pay it outside of this agreement only"
    if status is Status.NONE:
        how = f"the client funds it: {book.command('fund', '--weeks', week + 1)}"
    raise WeekRefused(
        week + 1,
        f"it is {render.label_of(status)} on chain, so {in_hours(units)} worth "
        f"{render.worth(agreement, units)} are not protected; {how}",
    )


def _refuse_claimed(book: Book, diary: Diary, week: int, status: Status) -> None:
    """Says what is claimed of a week, and notes a claim of a seal that a crash left unnoted, or
    that came into a block when the week was open again.
    """
    found: list[Event] = claims(book, week)
    label = render.label_of(status)
    if not found:
        raise WeekRefused(week + 1, f"it is {label} on chain and was never claimed")
    claim = found[-1]
    name = f"transaction 0x{claim.transaction.hex()}"
    sealed = diary.seal_of(week, claim["deliverable"])
    if sealed is None:
        raise WeekRefused(
            week + 1,
            f"it is {label} on chain, and {in_hours(claim['units'])} of it were claimed in block "
            f"{claim.block} under another root, 0x{claim['deliverable'].hex()}, by {name}. The "
            f"client may send it back: {book.command('changes', week + 1)}",
        )
    billed = diary.bill_of(week)
    if billed is None or billed.root != sealed.root or diary.seal_of(week) != sealed:
        diary.bill(book.now, sealed, claim.transaction)
        render.progress(f"The diary did not know yet that week {week + 1} was billed; now it does.")
    raise WeekRefused(week + 1, f"it is on chain already, {label}, by {name}")


def _above(diary: Diary, sealed: Seal) -> int:
    """The segments of a week that its seal left out because they are above the limit."""
    return max(len(diary.week(sealed.week)) - sealed.units, 0) if sealed.is_up_to_limit else 0


def _unpaid(agreement: Agreement, above: int) -> list[str]:
    if not above:
        return []
    return [
        f"Above the limit: {in_hours(above)} worth {render.worth(agreement, above)}, left out and "
        "not protected"
    ]


def _contestable(book: Book, made: weeks.Week) -> list[str]:
    return [f"The client may contest: {line}" for line in doubts(made, book.rules)]
