"""Commands of evidence: prove, verify."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost.cli import render
from milepost.cli.diary.book import Book, WeekNumber, Zone, content_of, entries, span
from milepost.cli.diary.claims import (
    billed_claim,
    compare,
    disputes,
    read_evidence,
    standing,
    the_claim,
)
from milepost.cli.diary.doubts import doubts
from milepost.cli.options import File, Out, filling, reading
from milepost.cli.session import Session
from milepost.diary import evidence, log, weeks
from milepost.diary.diary import Diary
from milepost.diary.entries import in_hours
from milepost.diary.errors import DiaryDamaged, EvidenceInvalid, WeekRefused
from milepost.diary.pictures.sheet import stretches
from milepost.diary.state import check
from milepost.diary.weeks import Proof, Week
from milepost.errors import InputError
from milepost.files import write_whole
from milepost.presets import UNIT
from milepost.signing import keccak256
from milepost.text import spaced
from milepost.types import Status, same_address
from milepost.units import format_time
from milepost.zones import day_bounds

if TYPE_CHECKING:
    from milepost.chain.events import Event

Entry = Annotated[str | None, typer.Option("--entry", metavar="ID", help="Of this entry.")]
Day = Annotated[str | None, typer.Option("--day", metavar="DATE", help="Of this day, in the zone.")]
Segments = Annotated[
    list[str] | None,
    typer.Option("--segment", metavar="TIME", help="The ten minutes at a time; can be repeated."),
]
Evidence = Annotated[
    Path | None,
    typer.Argument(metavar="[EVIDENCE]", help="A week, a proof or a log; else the own diary."),
]
Answer = Annotated[
    Path | None,
    typer.Option("--answer", help="What a node answered: logs or a receipt. Asks none then."),
]
SaveAnswer = Annotated[
    Path | None, typer.Option("--save-answer", help="Keep what the node answered, for --answer.")
]
Picture = Annotated[
    Path | None, typer.Option("--capture", metavar="PNG", help="The picture of the segment.")
]


def register(group: typer.Typer) -> None:
    group.command("prove")(reading(prove))
    group.command("verify")(filling(verify))


def prove(
    session: Session,
    file: File,
    week: WeekNumber,
    entry: Entry = None,
    day: Day = None,
    segment: Segments = None,
    out: Out = None,
    zone: Zone = None,
) -> None:
    """Show an entry, a day or single segments of a sealed week with their proofs, and no more.

    Example: milepost diary prove hourly.yaml 3 --day 2026-12-15 --out tuesday.json
    """
    if [entry, day, segment or None].count(None) != 2:
        raise InputError("Give one of --entry, --day and --segment.")
    book = Book(session, file, zone)
    diary = book.read()
    sealed = diary.seal_of(week - 1)
    if sealed is None:
        how = book.command("diary seal", week)
        raise WeekRefused(week, f"it is not sealed, so nothing proves it yet; {how} does that")
    made = weeks.week_of(diary, sealed, book.place(week - 1))
    if entry is not None:
        found = diary.entry(entry)
        starts = _inside(made, found.start, found.end)
    elif day is not None:
        starts = _inside(made, *day_bounds(_date(day), book.zone))
    else:
        moments = [book.moment(text) for text in segment or ()]
        starts = [m - m % UNIT for m in moments]
    shown = weeks.prove(made, starts)
    content = evidence.proof_file(shown)
    if out is None:
        typer.echo(content, nl=False)
        return
    write_whole({out: content})
    session.show(
        {"file": str(out), "segments": len(shown.leaves), "root": "0x" + made.root.hex()},
        f"Saved {render.count(len(shown.leaves), 'segment')} with their proofs to {out}.",
    )


def verify(
    session: Session,
    file: File,
    evidence_file: Evidence = None,
    answer: Answer = None,
    save_answer: SaveAnswer = None,
    capture: Picture = None,
    zone: Zone = None,
) -> None:
    """Check a diary, a week or a proof, and compare it with what is on chain.

    Without EVIDENCE it is your own diary: every line, every sealed week, and each billed one
    against the chain. A week or a proof is for whoever was given one. With --answer no node is
    asked.

    Example: milepost diary verify hourly.yaml week-3.json
    """
    book = Book(session, file, zone)
    content = None if evidence_file is None else content_of(evidence_file)
    if evidence_file is None or content is None or not evidence.kind_of(content):
        if answer is not None or save_answer is not None or capture is not None:
            raise InputError("--answer, --save-answer and --capture go with a week or a proof.")
        if evidence_file is None or content is None:
            _verify_diary(book)
        else:
            _verify_log(book, content, evidence_file.name)
        return
    if answer is not None and save_answer is not None:
        raise InputError("Give --answer or --save-answer, not both.")
    name = evidence_file.name
    shown = read_evidence(book, content, name)
    claim = the_claim(book, shown.place, answer, save_answer)
    facts = compare(shown, claim, name)
    if capture is not None:
        facts |= _verify_capture(shown, capture)
    said = "" if answer is None else f", as {answer.name} says"
    lines = [
        f"{name} holds: {in_hours(len(shown.leaves))} of week {shown.place.week + 1}, under the "
        f"root that was submitted in block {claim.block}{said}.",
        f"Claimed: {_worth(book, claim['units'])}.",
    ]
    if isinstance(shown, Week):
        facts["doubts"] = doubts(shown, book.rules)
        lines += [f"To look at: {line}." for line in doubts(shown, book.rules)]
    else:
        lines += _lines_of(book, shown)
        if shown.reason:
            lines.append(f"Contested, because: {spaced(shown.reason)}")
    if "capture_of" in facts:
        first, others = facts["capture_of"], facts["captures_alike"]
        more = f", and of {render.count(others, 'other segment')}, too" if others else ""
        lines.append(f"{capture} is the capture of {span(first, first + UNIT, book.zone)}{more}.")
    if answer is None:
        lines += _standing(book, shown, content, claim, facts)
    elif isinstance(shown, Proof) and shown.reason:
        lines.append(f"A dispute about it has the evidence 0x{keccak256(content).hex()}.")
    session.show(facts, "\n".join(lines))


def _inside(made: Week, first: int, end: int) -> list[int]:
    """The segments that share time with [first, end)."""
    return [s.start for s in made.segments if s.start < end and first < s.end]


def _worth(book: Book, units: int) -> str:
    """Units with their money."""
    return f"{in_hours(units)}, {render.worth(book.agreement, units)}"


def _lines_of(book: Book, shown: Proof) -> list[str]:
    """What a proof shows, a line for segments one after another that differ in nothing else.

    With single spaces, so that no text pretends to go on in the next line.
    """
    return [
        f"  {span(s.start, s.end, book.zone)}  {s.kind}  {spaced(s.source)}  {spaced(s.memo)}"
        for s in stretches(shown.segments, frozenset(), frozenset())
    ]


def _standing(
    book: Book, shown: Week | Proof, content: bytes, claim: Event, facts: dict[str, Any]
) -> Sequence[str]:
    """How the week stands on chain now, and whether the file is the evidence of its dispute."""
    index, terms = shown.place.week, book.agreement.terms
    view = book.session.escrow.milestone_at(terms, index)
    lines = []
    found = disputes(book, index, claim)
    if found and isinstance(shown, Proof) and shown.reason:
        dispute = found[-1]
        mine, theirs = keccak256(content), dispute["evidence"]
        facts["is_evidence"] = mine == theirs
        facts["disputed_units"] = dispute["units"]
        if mine == theirs:
            what = f"It is the evidence of the dispute in block {dispute.block}, which is about"
            lines.append(f"{what} {_worth(book, dispute['units'])}.")
            if dispute["units"] != len(shown.leaves):
                lines.append(
                    f"But it shows {in_hours(len(shown.leaves))}, which is not what is disputed."
                )
            if not same_address(dispute["by"], terms.client):
                lines.append("The freelancer opened that dispute, so the reason is theirs.")
            if view.status is Status.DISPUTED:
                how = book.command("rule", index + 1, "--to-freelancer", "AMOUNT")
                lines.append(f"The arbiter divides that: {how}.")
        else:
            lines.append(
                f"It is not the evidence of the dispute in block {dispute.block}: that is "
                f"0x{theirs.hex()}, and this file's hash is 0x{mine.hex()}."
            )
    facts["status"] = render.label_of(view.status)
    return [*lines, standing(book, index, view)]


def _verify_diary(book: Book) -> None:
    """Every line, entry and sealed week of the own diary, and the billed ones on chain."""
    session, diary = book.session, book.read()
    diary.check()
    if found := diary.overlaps():
        raise EvidenceInvalid(
            "The diary", f"{len(found)} pairs of entries overlap, the first at "
            f"{format_time(found[0][1].start)}",
        )  # fmt: skip
    records: list[dict[str, Any]] = []
    lines = []
    for sealed in diary.seals:
        made = weeks.week_of(diary, sealed, book.place(sealed.week))
        record = {
            "week": sealed.week + 1,
            "root": "0x" + made.root.hex(),
            "units": sealed.units,
            "on_chain": None,
        }
        says = f"Week {sealed.week + 1}: {in_hours(sealed.units)}, the records lead to its root"
        billed = diary.bill_of(sealed.week)
        if billed is None or billed.root != sealed.root:
            says += ", which is not billed"
        else:
            claim = billed_claim(book, billed)
            compare(made, claim, f"Week {sealed.week + 1}")
            record["on_chain"] = claim.block
            says += f", which was submitted in block {claim.block}"
        added = len(diary.week(sealed.week)) - sealed.units
        if added > 0 and not sealed.is_up_to_limit:
            says += f"; {in_hours(added)} came after the seal and are not in it"
        records.append(record)
        lines.append(f"{says}.")
    count = sum(len(one.records) for one in diary.logs)
    torn = [f"{one.name}: {one.torn} bytes of an unfinished line" for one in diary.logs if one.torn]
    logs = render.count(len(diary.logs), "log")
    first = f"{render.count(count, 'record')} in {logs}, every one whole"
    lines.insert(0, f"{first}; {entries(len(diary.entries))}, and none overlaps another.")
    lines += [f"A crash left in {text}; the next command removes it." for text in torn]
    session.show({"records": count, "weeks": records, "torn": torn}, "\n".join(lines))


def _verify_log(book: Book, content: bytes, name: str) -> None:
    try:
        found = log.parse(content, name, book.rules.scope)
    except DiaryDamaged as error:
        if log.is_of_another(content, book.rules.scope):
            problem = "it is a log of another agreement's diary"
        elif error.line > 1:
            raise
        else:
            problem = "it is no week, proof or log of a diary, or its first line is damaged"
        raise EvidenceInvalid(name, problem) from error
    if not found.records:
        raise EvidenceInvalid(name, "it is no week, proof or log of a diary")
    check([found])
    diary = Diary(book.folder, book.rules, name, [found])
    record = {"records": len(found.records), "entries": len(diary.entries), "torn": found.torn}
    text = f"{name}: {render.count(len(found.records), 'record')}, every one whole"
    book.session.show(record, f"{text}; {entries(len(diary.entries))}.")


def _verify_capture(shown: Week | Proof, picture: Path) -> dict[str, Any]:
    from milepost.diary.captures import verify_capture

    png = content_of(picture)
    nonce_file = picture.with_suffix(".nonce")
    try:
        nonce = bytes.fromhex(content_of(nonce_file).decode().strip().removeprefix("0x"))
    except ValueError as error:
        raise InputError(f"{nonce_file} does not have 32 bytes in hexadecimal digits.") from error
    found = [s.start for s in shown.segments if verify_capture(png, nonce, s.capture)]
    if not found:
        raise EvidenceInvalid(picture.name, "it is the capture of none of these segments")
    return {"capture_of": found[0], "captures_alike": len(found) - 1}


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.max
    if found == date.max:  # after which no day comes
        raise InputError(f'"{text}" is not a day such as 2026-12-15.')
    return found
