"""Accepts milestones that wait as an offer, as their freelancer.

brownie run accept main FILE [MILESTONES [ACCOUNT]] --network NETWORK
"""

from pathlib import Path

from milepost.cli import deal

from ._job import Job, script


@script
def main(job: Job, file: str, milestones: str = "all", account: str = "freelancer") -> None:
    deal.accept(job.by(account), Path(file), milestones)
