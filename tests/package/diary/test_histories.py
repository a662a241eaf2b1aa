"""Random histories, in which the laws of a diary hold after every act."""

import os
from collections import Counter

import pytest

from milepost.diary.diary import Diary
from tests.package.diary.machines import Machines, require_laws, require_same, said
from tests.package.diary.made import RULES

RUNS = int(os.environ.get("MILEPOST_DIARY_RUNS", "6"))
"""How many histories of each kind are tried."""

ACTS = 60


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    """Nothing here loses its power."""
    monkeypatch.setattr("milepost.diary.log.os.fsync", lambda descriptor: None)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_laws_hold_in_any_history(tmp_path, count):
    done, exchanged = Counter(), 0
    for seed in range(RUNS):
        path = tmp_path / str(seed)
        path.mkdir()
        machines = Machines(path, seed, count)
        for _ in range(ACTS):
            machines.act()
        done += machines.done
        is_exchanged = machines.exchange()
        exchanged += is_exchanged
        first, *others = (Diary.read(f, RULES) for f in machines.folders.values())
        for other in others:
            require_laws(other)
            if is_exchanged:
                require_same(first, other)
        require_laws(first)
        assert machines.refusals
    expected = {"start", "stop", "add", "edit", "remove", "cut", "import_", "merge", "seal"}
    assert expected <= set(done)
    assert exchanged


def test_the_same_seed_is_the_same_history(tmp_path):
    found = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        machines = Machines(tmp_path / place, 5, 1)
        for _ in range(20):
            machines.act()
        (folder,) = machines.folders.values()
        found.append(said(Diary.read(folder, RULES))[0])
    assert found[0] == found[1]
    assert found[0]
