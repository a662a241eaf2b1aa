"""Divides by the terms' default share what the arbiter did not rule on in time. Anybody may.

    brownie run lapse main FILE MILESTONE [ACCOUNT] --network NETWORK

The freelancer acts unless ACCOUNT says another.
"""

from pathlib import Path

from milepost.cli import disputes

from ._job import Job, number, script


@script
def main(job: Job, file: str, milestone: str, account: str = "freelancer") -> None:
    disputes.lapse(job.by(account), Path(file), number(milestone))
