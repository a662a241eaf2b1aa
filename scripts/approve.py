"""Answers submissions as their client: approves what is claimed, or sends one back.

    brownie run approve main FILE MILESTONES [ACCOUNT] --network NETWORK
    brownie run approve changes FILE MILESTONE [ACCOUNT [REASON]] --network NETWORK

An approval cannot be taken back. The hash of the file REASON goes on record.
"""

from pathlib import Path

from milepost.cli import work

from ._job import Job, number, path, script


@script
def main(job: Job, file: str, milestones: str, account: str = "client") -> None:
    work.approve(job.by(account), Path(file), milestones)


@script
def changes(job: Job, file: str, milestone: str, account: str = "client", reason: str = "") -> None:
    work.changes(job.by(account), Path(file), number(milestone), path(reason))
