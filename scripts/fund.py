"""Puts the money of milestones into the escrow, as their client.

    brownie run fund main FILE [MILESTONES [ACCOUNT [ACCEPTANCE]]] --network NETWORK

Where the escrow may not take enough of the token yet, it is allowed exactly this sum first. Without
the freelancer's ACCEPTANCE (@ and a file of `milepost sign`) the money waits as an offer.
"""

from pathlib import Path

from milepost.cli import deal

from ._job import Job, script


@script
def main(
    job: Job, file: str, milestones: str = "all", account: str = "client", acceptance: str = ""
) -> None:
    deal.fund(job.by(account), Path(file), milestones, acceptance or None)
