"""Ends a milestone by what the client and the freelancer agree on.

    brownie run settle offer FILE MILESTONE TO_FREELANCER VALID OUT [ACCOUNT] --network NETWORK
    brownie run settle main FILE OFFER [ACCOUNT] --network NETWORK

`offer` sends nothing: it signs that TO_FREELANCER (like "700 USDP") goes to the freelancer and the
rest of what is open to the client, for a time like "2 days", and writes the file OUT. The other
party carries it out with `main`, which takes a file of `milepost offer` as well. The client makes
offers and the freelancer carries them out unless ACCOUNT says another.
"""

from pathlib import Path

from milepost.cli import disputes

from ._job import Job, number, script


@script
def main(job: Job, file: str, offered: str, account: str = "freelancer") -> None:
    disputes.settle(job.by(account), Path(file), Path(offered))


@script
def offer(
    job: Job,
    file: str,
    milestone: str,
    to_freelancer: str,
    valid: str,
    out: str,
    account: str = "client",
) -> None:
    which, target = number(milestone), Path(out)
    disputes.offer(job.by(account), Path(file), which, to_freelancer, valid, target)
