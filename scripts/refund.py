"""Gives what is open back to the client, or asks for it.

    brownie run refund main FILE MILESTONES [ACCOUNT] --network NETWORK
    brownie run refund request FILE MILESTONE [ACCOUNT [REASON]] --network NETWORK

The client acts unless ACCOUNT says another. The client may take back an offer that nobody accepted,
the freelancer give back at any time, and anybody refund what the freelancer was asked for and was
silent about for too long. The hash of the file REASON goes on record.
"""

from pathlib import Path

from milepost.cli import work

from ._job import Job, number, path, script


@script
def main(job: Job, file: str, milestones: str, account: str = "client") -> None:
    work.refund(job.by(account), Path(file), milestones)


@script
def request(job: Job, file: str, milestone: str, account: str = "client", reason: str = "") -> None:
    work.request_refund(job.by(account), Path(file), number(milestone), path(reason))
