"""The client's side: review a week that was claimed, approve it, or contest single segments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from milepost.cli import consents, render
from milepost.cli.diary import picture
from milepost.cli.diary.book import Book, Zone, content_of, span
from milepost.cli.diary.claims import compare, read_evidence, standing, the_claim
from milepost.cli.diary.doubts import doubts
from milepost.cli.diary.show import drawn
from milepost.cli.disputes import dispute_plan
from milepost.cli.options import File, Out, acting
from milepost.cli.session import Plan, Session
from milepost.cli.work import Sign
from milepost.diary import evidence, weeks
from milepost.diary.entries import in_hours
from milepost.diary.errors import EvidenceInvalid, WeekRefused
from milepost.diary.pictures.sheet import Sheet
from milepost.diary.weeks import Week
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.signing import keccak256
from milepost.types import MilestoneView, Status
from milepost.units import WEEK, format_duration, format_time

if TYPE_CHECKING:
    from milepost.agreement import Agreement

WeekFile = Annotated[Path, typer.Argument(metavar="WEEKFILE", help="The week, as you were given.")]
Approve = Annotated[bool, typer.Option("--approve", help="Approve all that is claimed.")]
Contest = Annotated[
    list[str] | None,
    typer.Option(
        "--contest",
        metavar="SPAN",
        help='Dispute segments, like "2026-12-15 14:00-17:00"; can be repeated.',
    ),
]
ReasonText = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why these segments are contested.")
]
Draw = Annotated[
    Path | None, typer.Option("--draw", metavar="FILE", help="Draw it, too: .svg or .html.")
]


def register(group: typer.Typer) -> None:
    group.command("review")(acting(review))


def review(
    session: Session,
    file: File,
    week_file: WeekFile,
    approve: Approve = False,
    contest: Contest = None,
    reason: ReasonText = "",
    sign: Sign = False,
    draw: Draw = None,
    out: Out = None,
    zone: Zone = None,
) -> None:
    """See a claimed week beside its root on chain, and approve it or contest some of it.

    What is not contested is paid at once. The contested segments with their proofs go into a file,
    for --out, whose hash is the evidence of the dispute.

    Example: milepost diary review hourly.yaml week-3.json --approve --account client
    """
    _require_choice(contest or [], reason, out, approve=approve, sign=sign)
    if sign and out is None and not session.options.as_json:
        # The week is on stdout, where the approval would not be found again.
        raise InputError("Say with --out where the approval goes, or take it with --json.")
    book = Book(session, file, zone)
    agreement = session.agreement(file)
    shown = read_evidence(book, content_of(week_file), week_file.name)
    if not isinstance(shown, Week):
        raise InputError(f"{week_file} is a proof of some segments. Ask for the whole week.")
    # First how it stands: what is compared is then what stands, or came after it.
    view = session.escrow.milestone_at(agreement.terms, shown.place.week)
    try:
        facts = compare(shown, the_claim(book, shown.place), week_file.name)
    except EvidenceInvalid as error:
        changes = book.command("changes", shown.place.week + 1)
        error.add_note(
            f"Ask the freelancer for the file of what is claimed; {changes} sends the claim back. "
            f"{standing(book, shown.place.week, view)}"
        )
        raise
    reviewed = _Review(book, agreement, shown, view, _contested(book, shown, contest or []))
    content, is_kept = b"", False
    if approve or contest:
        reviewed.require_submitted()
        reviewed.require_client("approves" if approve else "contests")
    if contest and out is not None:
        content = evidence.proof_file(weeks.prove(shown, reviewed.contested, reason.strip()))
        is_kept = _is_kept(out, content)
    if draw is not None:
        write_whole({draw: drawn(draw, [reviewed.sheet])})
    if not session.options.as_json:
        reviewed.show(week_file)
    if draw is not None:
        render.progress(f"Drawn: {draw}")
    if approve and sign:
        reviewed.sign(out)
    elif approve:
        plan = reviewed.approval
        index, units = shown.place.week, len(shown.leaves)
        session.act(session.escrow.approve(agreement.terms, [index], [units]), plan)
    elif contest and out is not None:
        reviewed.contest(content, out, is_kept=is_kept)
    elif session.options.as_json:
        record = {"status": render.label_of(view.status), "deadline": view.deadline}
        render.data({**facts, **record, "doubts": doubts(shown, book.rules)})


@dataclass(frozen=True, slots=True)
class _Review:
    """A week that was claimed as it is in its file, and what the client contests of it."""

    book: Book
    agreement: Agreement
    week: Week
    view: MilestoneView
    contested: frozenset[int]

    @property
    def sheet(self) -> Sheet:
        """The week as it is drawn."""
        week = self.week
        return Sheet(
            title=self.agreement.title,
            week=week.place.week + 1,
            first=week.start,
            end=week.start + WEEK,
            zone=self.book.zone,
            segments=tuple(week.segments),
            limit=week.limit,
            contested=self.contested,
            facts=(
                ("root", f"0x{week.root.hex()}"),
                ("claimed", render.worth(self.agreement, len(week.leaves))),
            ),
        )

    @property
    def approval(self) -> Plan:
        """What an approval does, in words."""
        worth = render.worth(self.agreement, len(self.week.leaves))
        return Plan(
            act=f"approve week {self.week.place.week + 1}: {in_hours(len(self.week.leaves))}",
            money=[f"none moves yet; {worth} can be claimed for {self.agreement.terms.payee}"],
            token=self.agreement.token,
        )

    def show(self, week_file: Path) -> None:
        """The week on stdout, what to look at, and what the client can do until when."""
        index, view, token = self.week.place.week, self.view, self.agreement.token
        picture.show(self.sheet)
        rows = [("Root", "as on chain")]
        rows += [("To look at", line) for line in doubts(self.week, self.book.rules)]
        if self.contested:
            count = len(self.contested)
            rows.append(("Contested", f"{in_hours(count)}, {render.worth(self.agreement, count)}"))
        if view.status is Status.SUBMITTED and not view.is_late:
            left = format_duration(view.deadline - self.book.session.node.block().timestamp)
            paid = render.amount(view.to_freelancer, token)
            rest = render.amount(view.to_client, token)
            rows += [
                ("Answer by", f"{self.book.at(view.deadline)}, {left} from now"),
                ("If silent", f"{paid} can be paid to the freelancer then, {rest} to the client"),
            ]
            if not self.contested:
                review = self.book.command("diary review", week_file)
                changes = self.book.command("changes", index + 1)
                rows.append(("Or", f"{review} with --approve or --contest, or {changes}"))
        else:
            rows.append(("Status", standing(self.book, index, view)))
        render.say("\n".join(["", *(f"{name:<10}  {text}" for name, text in rows)]))

    def require_submitted(self) -> None:
        """Raises WeekRefused for a week that cannot be answered any more, or not again."""
        number, view = self.week.place.week + 1, self.view
        if view.status is not Status.SUBMITTED:
            label = render.label_of(view.status)
            raise WeekRefused(number, f"it is {label} on chain, not submitted")
        if view.is_late:
            end = format_time(view.deadline)
            raise WeekRefused(number, f"the time to answer ended at {end}: it is paid as claimed")

    def require_client(self, acts: str) -> None:
        """Raises InputError where another account would answer."""
        self.book.session.require_sender(self.agreement.terms.client, "client", acts)

    def sign(self, out: Path | None) -> None:
        """Approve by a free signature."""
        session, terms = self.book.session, self.agreement.terms
        index, units = self.week.place.week, len(self.week.leaves)
        consents.sign_approval(session, terms, self.approval, [index], [units], out)

    def contest(self, content: bytes, out: Path, *, is_kept: bool) -> None:
        """Dispute the contested segments. Their file is on the disk before anything is sent."""
        session, index, count = self.book.session, self.week.place.week, len(self.contested)
        plan = dispute_plan(self.agreement, index, count, len(self.week.leaves))
        plan = replace(
            plan,
            act=f"contest {in_hours(count)} of week {index + 1}: {plan.act}",
            facts={"week": index + 1, "contested_units": count, "file": str(out)},
        )
        call = session.escrow.dispute(self.agreement.terms, index, count, keccak256(content))
        if session.options.dry_run:
            session.act(call, plan)
            return
        call.simulate(session.sender)
        if not is_kept:
            write_whole({out: content})
        try:
            session.act(call, plan)
        except typer.Abort:
            if not is_kept:
                out.unlink(missing_ok=True)
            raise
        render.progress(
            f"The contested segments are in {out}. Keep it, and give it to the freelancer and the "
            "arbiter: the dispute has only its hash."
        )


def _require_choice(
    contest: list[str], reason: str, out: Path | None, *, approve: bool, sign: bool
) -> None:
    """Raises InputError for options that do not go together."""
    if approve and contest:
        raise InputError("Give --approve or --contest, not both.")
    if (sign and not approve) or (reason and not contest):
        raise InputError("--sign goes with --approve, --reason with --contest.")
    if out is not None and not (sign or contest):
        raise InputError("--out goes with --sign or --contest.")
    if contest and not reason.strip():
        raise InputError("Say why, with --reason: the arbiter and the freelancer read it.")
    if contest and out is None:
        raise InputError("Say with --out where the contested segments and their proofs go.")


def _contested(book: Book, shown: Week, spans: list[str]) -> frozenset[int]:
    """The starts of the segments that share time with spans of it. Raises InputError."""
    found: set[int] = set()
    for text in spans:
        bounds = book.span_of(text)
        if bounds is None:
            raise InputError(f'"{text}" is no span. Write it like "2026-12-15 14:00-17:00".')
        first, last = bounds
        inside = [s.start for s in shown.segments if s.start < last and first < s.end]
        if not inside:
            raise InputError(
                f"Nothing is claimed in {span(first, last, book.zone)}, {book.zone.key}. Nothing "
                "was sent."
            )
        found.update(inside)
    return frozenset(found)


def _is_kept(out: Path, content: bytes) -> bool:
    """Whether a file has this content already.

    Raises InputError for one with another: it may be the evidence of a dispute.
    """
    try:
        found = out.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    if found != content:
        raise InputError(
            f"{out} is there already, and may be the evidence of another dispute. Name another "
            "file. Nothing was sent."
        )
    return True
