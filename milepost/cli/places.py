"""Where files of this user are: ledgers and diaries, in the data directory of the platform.

A ledger is `ledgers/<chain>-<escrow>.db` unless it is named, a diary the folder `diaries/<scope>`.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

from milepost.errors import InputError, LedgerMissing


def directory() -> Path:
    """Where ledgers are."""
    return user_data_path("milepost", appauthor=False) / "ledgers"


def diaries() -> Path:
    """Where diaries are."""
    return user_data_path("milepost", appauthor=False) / "diaries"


def diary_of(scope: bytes) -> Path:
    """The folder of the diary of an agreement, by the hash of its file."""
    return diaries() / scope.hex()


def place_of(chain_id: int, escrow: str) -> str:
    """The file of an escrow's ledger."""
    return str(directory() / f"{chain_id}-{escrow.lower()}.db")


def only_place() -> str:
    """The one ledger there is. Raises LedgerMissing, and InputError where there are several."""
    found = sorted(directory().glob("*.db"))
    if not found:
        raise LedgerMissing(str(directory()))
    if len(found) > 1:
        names = "\n".join(f"  {path}" for path in found)
        raise InputError(f"There are several ledgers. Choose one with --ledger:\n{names}")
    return str(found[0])
