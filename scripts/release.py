"""Pays out milestones that are approved, or whose client was silent for too long. Anybody may.

    brownie run release main FILE MILESTONES [ACCOUNT [APPROVAL ...]] --network NETWORK

The freelancer acts unless ACCOUNT says another. An APPROVAL is a file of `milepost approve --sign`.
"""

from pathlib import Path

from milepost.cli import work

from ._job import Job, script


@script
def main(
    job: Job, file: str, milestones: str, account: str = "freelancer", *approvals: str
) -> None:
    work.claim(job.by(account), Path(file), milestones, [Path(a) for a in approvals])
