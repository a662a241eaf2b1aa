"""Puts the money of milestones into the escrow, as their client.

    brownie run fund main FILE [MILESTONES [ACCOUNT [ACCEPTANCE]]] --network NETWORK

Where the escrow may not take enough of the token yet, it is allowed exactly this sum first. Without
the freelancer's ACCEPTANCE (@ and a file of `milepost sign`) the money waits as an offer.
"""

from pathlib import Path

from milepost.cli import deal
from milepost.contract_errors import NotClient, WrongStatus
from milepost.errors import MilepostError
from milepost.types import parse_selection

from ._job import Job, script


@script
def main(
    job: Job, file: str, milestones: str = "", account: str = "client", acceptance: str = ""
) -> None:
    terms = job.by(account).agreement(Path(file)).terms
    # Of metered work, all would be sixty-four periods.
    chosen = milestones or ("1" if terms.is_metered else "all")
    call = job.escrow.fund(terms, parse_selection(chosen, terms.count))
    try:
        call.simulate(job.sender)
    except MilepostError as error:
        # An allowance first would be for nothing here; anything else may be the allowance itself.
        if isinstance(error, NotClient | WrongStatus):
            raise
    deal.fund(job, Path(file), chosen, acceptance or None)
