"""What was claimed on chain, beside a week or a proof in a file: read, compared, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from milepost.cli import render
from milepost.cli.diary.book import Book, content_of
from milepost.diary import evidence
from milepost.diary.errors import EvidenceInvalid, WeekRefused
from milepost.diary.weeks import Place, Proof, Week
from milepost.files import write_whole
from milepost.types import AgreementId, MilestoneView

if TYPE_CHECKING:
    from milepost.chain.events import Event
    from milepost.diary.state import Bill


def read_evidence(book: Book, content: bytes, name: str) -> Week | Proof:
    """A week or proof of this agreement in a file. Raises EvidenceInvalid."""
    if evidence.kind_of(content) == evidence.WEEK_FILE:
        found: Week | Proof = evidence.read_week(content, name, book.rules)
    else:
        found = evidence.read_proof(content, name, book.rules)
    given, expected = found.place, book.place(found.place.week)
    if _identity(given) != _identity(expected):
        raise EvidenceInvalid(name, f"it is for {_words(given)}, and this is {_words(expected)}")
    return found


def claims(book: Book, week: int) -> list[Event]:
    """Every submission of a week that the node knows, the newest last."""
    from milepost.chain.submissions import first_block_since, submissions

    session, terms = book.session, book.session.agreement(book.file).terms
    escrow, node = session.escrow, session.node
    # Nobody claims a week before it is over, and to search a chain from its begin takes long.
    first = first_block_since(node, terms.period_end(week))
    return submissions(node, escrow.address, escrow.agreement_id(terms), week, first)


def disputes(book: Book, week: int, claim: Event) -> list[Event]:
    """Every dispute of a week since a claim of it that the node knows, the newest last."""
    from milepost.chain.submissions import disputes

    escrow, node = book.session.escrow, book.session.node
    agreement = escrow.agreement_id(book.agreement.terms)
    return disputes(node, escrow.address, agreement, week, claim.block)


def billed_claim(book: Book, bill: Bill) -> Event:
    """The submission that the diary noted, else the newest of its week. Raises WeekRefused.

    To ask for one transaction is quicker than to search for it, which verifying all weeks would do.
    """
    from milepost.chain.submissions import submissions_in

    place, session = book.place(bill.week), book.session
    agreement = session.escrow.agreement_id(session.agreement(book.file).terms)
    where = session.node, session.escrow.address, agreement, bill.week
    found = submissions_in(bill.transaction, *where)
    return found[-1] if found else the_claim(book, place)


def the_claim(
    book: Book, place: Place, answer: Path | None = None, save_answer: Path | None = None
) -> Event:
    """The newest submission of a week: what the node says, or what is in the file of an answer.

    Raises WeekRefused where there is none.
    """
    from milepost.chain import submissions

    if answer is None:
        found = claims(book, place.week)
    else:
        agreement = AgreementId(place.agreement)
        content = content_of(answer)
        found = submissions.read_answer(content, answer.name, place.escrow, agreement, place.week)
    if not found:
        where = "on chain" if answer is None else f"in {answer.name}, for this escrow and agreement"
        raise WeekRefused(place.week + 1, f"no submission of it is {where}")
    if save_answer is not None:
        write_whole({save_answer: submissions.answer(found, place.escrow)})
    return found[-1]


def compare(shown: Week | Proof, claim: Event, name: str) -> dict[str, Any]:
    """What holds of evidence beside a claim, for programs. Raises EvidenceInvalid."""
    root = shown.root
    if claim["deliverable"] != root:
        raise EvidenceInvalid(
            name,
            f"its root is 0x{root.hex()}, and 0x{claim['deliverable'].hex()} was submitted in "
            f"block {claim.block}",
        )
    count = len(shown.leaves)
    is_whole = isinstance(shown, Week)
    if claim["units"] != count if is_whole else claim["units"] < count:
        problem = f"it has {count} segments, and {claim['units']} were claimed in block"
        raise EvidenceInvalid(name, f"{problem} {claim.block}")
    return {
        "week": shown.place.week + 1,
        "root": "0x" + root.hex(),
        "segments": count,
        "claimed_units": claim["units"],
        "block": claim.block,
        "transaction": "0x" + claim.transaction.hex(),
        "holds": True,
    }


def standing(book: Book, week: int, view: MilestoneView) -> str:
    """How a week stands on chain, and what comes of it, in a sentence or two."""
    label = render.label_of(view.status)
    if view.status.is_final:
        return f"Week {week + 1} is over on chain: {label}."
    since = f" since {book.at(view.clock.since)}" if view.deadline else ""
    outcome = render.silence(view, book.agreement.terms, book.agreement.token)
    return f"Week {week + 1} is {label} on chain{since}. If nobody acts: {outcome}."


def _identity(place: Place) -> tuple[int, str, bytes]:
    return place.chain_id, place.escrow.lower(), place.agreement


def _words(place: Place) -> str:
    return f"agreement 0x{place.agreement.hex()} at {place.escrow} on chain {place.chain_id}"
