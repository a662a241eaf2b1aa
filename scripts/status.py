"""Shows where every milestone of an agreement stands, and what comes if nobody acts.

brownie run status main FILE --network NETWORK
"""

from pathlib import Path

from milepost.cli import deal

from ._job import Job, script


@script
def main(job: Job, file: str) -> None:
    deal.status(job, Path(file))
