"""Signed consents as files: JSON that names its chain, escrow and agreement, so none is mistaken.

Milestones count from one, amounts are strings of base units.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from milepost import json_text
from milepost.cli import render
from milepost.cli.session import Plan, Session
from milepost.errors import InputError
from milepost.signing import split_signature
from milepost.types import Amendment, Approval, Authorization, Division, Terms, from_set, to_set

ACCEPTANCE, APPROVAL, OFFER = "milepost acceptance", "milepost approval", "milepost offer"
AUTHORIZATION, AMENDMENT = "milepost authorization", "milepost amendment"


def write(
    session: Session, terms: Terms, kind: str, content: dict[str, Any], out: Path | None
) -> None:
    """Print a consent, or save it to `out`."""
    record = {"kind": kind, **_place(session, terms), **content}
    if out is None:
        render.data(record)
        return
    try:
        out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from error
    session.show({"file": str(out)}, f"Saved to {out}.")


def sign_approval(
    session: Session,
    terms: Terms,
    plan: Plan,
    milestones: Sequence[int],
    units: Sequence[int],
    out: Path | None,
) -> None:
    """Ask for the client's free approval of what `plan` says, and print or save it."""
    signed = session.consent(
        f"sign: {plan.act}. You cannot take it back",
        plan.money[0],
        lambda: session.escrow.sign_approval(session.signer, terms, milestones, units),
    )
    if signed is not None:
        write(session, terms, APPROVAL, approval_content(signed), out)


def acceptance(session: Session, terms: Terms, given: str) -> bytes:
    """The freelancer's signature: hexadecimal, or @ and a file of either form."""
    if not given.startswith("@"):
        return _signature(given, "--acceptance")
    path = Path(given[1:])
    text = _text(path).strip()
    if text.startswith("{"):
        return _signature(_read(session, terms, ACCEPTANCE, path)["signature"], str(path))
    return _signature(text, str(path))


def approval(session: Session, terms: Terms, path: Path) -> Approval:
    """The client's approval in a file."""
    content = _read(session, terms, APPROVAL, path)
    try:
        milestones = to_set(int(n) - 1 for n in content["milestones"])
        units = tuple(int(u) for u in content["units"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a whole approval.") from error
    return Approval(milestones, units, _signature(content.get("signature"), str(path)))


def offer(session: Session, terms: Terms, path: Path) -> tuple[Division, int, bytes]:
    """The division, the end and the signature of an offer in a file."""
    content = _read(session, terms, OFFER, path)
    try:
        to_freelancer, to_client = int(content["to_freelancer"]), int(content["to_client"])
        division = Division(int(content["milestone"]) - 1, to_freelancer, to_client)
        expires_at = int(content["expires_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a whole offer.") from error
    return division, expires_at, _signature(content.get("signature"), str(path))


def authorization(
    session: Session, terms: Terms, path: Path
) -> tuple[tuple[int, ...], Authorization]:
    """The milestones that the client funds by a file, and their authorisation."""
    content = _read(session, terms, AUTHORIZATION, path)
    try:
        chosen = from_set(to_set(int(n) - 1 for n in content["milestones"]))
        valid_after, valid_before = int(content["valid_after"]), int(content["valid_before"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a whole authorisation.") from error
    v, r, s = split_signature(_signature(content.get("signature"), str(path)))
    return chosen, Authorization(valid_after, valid_before, v, r, s)


def authorization_content(milestones: Sequence[int], given: Authorization) -> dict[str, Any]:
    return {
        "milestones": [i + 1 for i in milestones],
        "valid_after": given.valid_after,
        "valid_before": given.valid_before,
        "signature": "0x" + (given.r + given.s + bytes([given.v])).hex(),
    }


def amendment(session: Session, terms: Terms, replacement: Terms, path: Path) -> Amendment:
    """The freelancer's amendment in a file, if it is for this replacement."""
    content = _read(session, terms, AMENDMENT, path)
    expected = _id(session, replacement)
    if content.get("replacement") != expected:
        raise InputError(
            f"{path} is for another replacement: {content.get('replacement')}, and here it is "
            f"{expected}."
        )
    try:
        divisions = tuple(
            Division(int(d["milestone"]) - 1, int(d["to_freelancer"]), int(d["to_client"]))
            for d in content["divisions"]
        )
        funded = to_set(int(n) - 1 for n in content["funded"])
        expires_at = int(content["expires_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a whole amendment.") from error
    signature = _signature(content.get("signature"), str(path))
    return Amendment(divisions, funded, expires_at, signature)


def amendment_content(session: Session, replacement: Terms, given: Amendment) -> dict[str, Any]:
    return {
        "replacement": _id(session, replacement),
        "divisions": [division_content(d) for d in given.divisions],
        "funded": [i + 1 for i in from_set(given.funded)],
        "expires_at": given.expires_at,
        "signature": "0x" + given.signature.hex(),
    }


def division_content(division: Division) -> dict[str, Any]:
    return {
        "milestone": division.milestone + 1,
        "to_freelancer": str(division.to_freelancer),
        "to_client": str(division.to_client),
    }


def approval_content(approval: Approval) -> dict[str, Any]:
    return {
        "milestones": [i + 1 for i in from_set(approval.milestones)],
        "units": list(approval.units),
        "signature": "0x" + approval.signature.hex(),
    }


def _place(session: Session, terms: Terms) -> dict[str, Any]:
    return {
        "chain_id": session.node.chain_id,
        "escrow": session.escrow.address,
        "agreement": _id(session, terms),
    }


def _id(session: Session, terms: Terms) -> str:
    return "0x" + session.escrow.agreement_id(terms).hex()


def _read(session: Session, terms: Terms, kind: str, path: Path) -> dict[str, Any]:
    try:
        content = json_text.loads(_text(path).encode())
    except ValueError as error:
        raise InputError(f"{path} is not JSON.") from error
    if not isinstance(content, dict) or content.get("kind") != kind:
        raise InputError(f'{path} is not a "{kind}".')
    for name, expected in _place(session, terms).items():
        if content.get(name) != expected:
            raise InputError(
                f"{path} is for another {name.replace('_', ' ')}: {content.get(name)}, "
                f"and here it is {expected}."
            )
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _signature(text: object, source: str) -> bytes:
    try:
        signature = bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        signature = b""
    if not signature:
        raise InputError(f"{source} has no signature in hexadecimal digits.")
    return signature
