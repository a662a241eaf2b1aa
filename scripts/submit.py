"""Submits a milestone's work and claims its money, as the freelancer.

    brownie run submit main FILE MILESTONE [SHARE [ACCOUNT [DELIVERABLE]]] --network NETWORK

SHARE is like "80 %", "31.5 hours", a number of the contract's units, or all. The hash of the file
DELIVERABLE goes on record.
"""

from pathlib import Path

from milepost.cli import work

from ._job import Job, number, path, script, share


@script
def main(
    job: Job,
    file: str,
    milestone: str,
    claimed: str = "all",
    account: str = "freelancer",
    deliverable: str = "",
) -> None:
    which, units = number(milestone), share(claimed)
    work.submit(job.by(account), Path(file), which, **units, deliverable=path(deliverable))
