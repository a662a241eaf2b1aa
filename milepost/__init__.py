"""Payment protection for freelance work on any EVM chain."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "milepost.escrow": ("Escrow",),
    "milepost.signing": ("KeystoreSigner", "Signer", "UnlockedSigner"),
    "milepost.chain.rpc": ("Node", "connect"),
    "milepost.chain.transactions": ("Call", "Receipt"),
    "milepost.errors": (
        "ChainError",
        "ContractError",
        "InputError",
        "MilepostError",
        "SigningError",
    ),
    "milepost.presets": ("Parties", "fixed_price", "hourly", "retainer"),
    "milepost.types": (
        "AgreementId",
        "AgreementView",
        "Amendment",
        "Approval",
        "Authorization",
        "Clock",
        "Division",
        "MilestoneView",
        "Status",
        "Terms",
        "from_set",
        "to_set",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]


# Names load on first use: importing the package must not import web3.
def __getattr__(name: str) -> Any:
    try:
        return getattr(import_module(_HOME_OF[name]), name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted(__all__)
