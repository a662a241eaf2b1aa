"""Memos from the commits of a real repository."""

import os
import subprocess

import pytest

from milepost.diary.formats.git import GRACE, Commit, commits, memo_of
from milepost.errors import InputError

ME = "freelancer@example.com"
NOON = 1_772_452_800  # 2026-03-02 12:00 UTC
END = NOON + 7200


class Repository:
    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Freelancer")
        self.git("config", "user.email", ME)

    def git(self, *arguments, time=NOON, written=None, email=ME, content=b""):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_DATE": f"{written or time} +0000",
            "GIT_COMMITTER_DATE": f"{time} +0000",
            "GIT_AUTHOR_EMAIL": email,
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment,
            input=content,
            check=True,
            capture_output=True,
        )
        return done.stdout

    def commit(self, subject, **fields):
        self.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", f"-m{subject}",
                 **fields)  # fmt: skip

    def sign(self):
        """Give the last commit a signature, which some settings have a program check."""
        last = self.git("cat-file", "commit", "HEAD").decode()
        head, _, message = last.partition("\n\n")
        signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----"
        signed = f"{head}\n{signature}\n\n{message}".encode()
        name = self.git("hash-object", "-t", "commit", "-w", "--stdin", content=signed)
        self.git("update-ref", "HEAD", name.decode().strip())


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


def _subjects(repository, **fields):
    return [c.subject for c in commits(repository.path, NOON, END, **fields)]


def test_own_commits_of_the_time_come_by_time(repository):
    repository.commit("Before", time=NOON - 1)
    repository.commit("First", time=NOON)
    repository.commit("Last", time=END - 1)
    repository.commit("After", time=END)
    assert commits(repository.path, NOON, END) == (
        Commit(NOON, "First"),
        Commit(END - 1, "Last"),
    )


def test_commits_of_others_are_left_out(repository):
    repository.commit("Mine", time=NOON)
    repository.commit("Theirs", time=NOON + 1, email="other@example.com")
    repository.commit("Longer", time=NOON + 2, email="my" + ME)
    assert _subjects(repository) == ["Mine"]
    assert _subjects(repository, author="OTHER@example.com") == ["Theirs"]
    assert _subjects(repository, author=".*") == []


def test_the_time_is_that_of_writing_not_of_committing(repository):
    repository.commit("Rebased", time=END + 86400 * 30, written=NOON + 60)
    repository.commit("Old", time=NOON + 60, written=NOON - 86400)
    assert _subjects(repository) == ["Rebased"]


def test_every_branch_counts_without_merges_and_stashes(repository):
    repository.commit("Base", time=NOON - 60)
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit("Topic", time=NOON + 60)
    repository.git("checkout", "--quiet", "main")
    repository.commit("Main", time=NOON + 120)
    repository.git("merge", "--quiet", "--no-ff", "-mMerge", "topic", time=NOON + 180)
    repository.git("checkout", "--quiet", "-b", "other", "main~1")
    repository.commit("Elsewhere", time=NOON + 240)
    (repository.path / "file").write_text("changed")
    repository.git("add", "file")
    repository.git("stash", time=NOON + 300)
    assert _subjects(repository) == ["Topic", "Main", "Elsewhere"]


def test_a_commit_on_two_branches_after_a_rebase_counts_once(repository):
    repository.commit("Same", time=NOON + 10, written=NOON)
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("Same", time=NOON + 20, written=NOON)
    assert commits(repository.path, NOON, END) == (Commit(NOON, "Same"),)


def test_hostile_subjects_are_text(repository):
    repository.commit("Fix \x1b[2J%x00$(touch ran)`touch ran` \u202eand\tmore; --all")
    [subject] = _subjects(repository)
    assert subject == "Fix \ufffd[2J%x00$(touch ran)`touch ran` \ufffdand more; --all"
    assert not (repository.path / "ran").exists()


def test_settings_of_a_repository_run_nothing_and_change_nothing(repository):
    repository.commit("Mine")
    program = repository.path / "program"
    program.write_text('#!/bin/sh\ntouch "$(dirname "$0")/ran"\n')
    program.chmod(0o755)
    for name in ("core.pager", "core.fsmonitor", "diff.external", "gpg.program", "log.pager"):
        repository.git("config", name, str(program))
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "format.pretty", "oneline")
    repository.sign()
    assert _subjects(repository) == ["Mine"]
    assert not (repository.path / "ran").exists()


def test_the_environment_names_no_other_repository(repository, tmp_path, monkeypatch):
    repository.commit("Mine")
    other = Repository(tmp_path / "other")
    other.commit("Other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    assert _subjects(repository) == ["Mine"]


def test_a_repository_without_commits_has_none(repository):
    assert commits(repository.path, NOON, END) == ()


def test_what_is_no_repository_is_refused_with_its_path(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(InputError, match="no Git repository") as caught:
        commits(tmp_path / "absent", NOON, END)
    assert str(tmp_path / "absent") in caught.value.message


def test_without_an_address_nobody_is_guessed(repository, monkeypatch):
    monkeypatch.setenv("HOME", str(repository.path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(repository.path))
    repository.git("config", "user.email", "")
    with pytest.raises(InputError, match=r"user\.email"):
        commits(repository.path, NOON, END)


def test_without_git_it_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="Install it first"):
        commits(repository.path, NOON, END)


def test_a_memo_joins_the_subjects_of_the_time_and_shortly_after():
    made = [
        Commit(NOON + GRACE + 60, "Too late"),
        Commit(NOON + GRACE + 59, "After"),
        Commit(NOON - 1, "Before"),
        Commit(NOON, "First"),
        Commit(NOON + 30, "First"),
        Commit(NOON + 31, ""),
    ]
    assert memo_of(made, NOON, NOON + 60) == "First; After"
    assert memo_of(made, 0, 60) == ""


def test_a_memo_is_no_longer_than_the_diary_takes():
    memo = memo_of([Commit(NOON + i, f"{i} " + "x" * 90) for i in range(10)], NOON, END)
    assert len(memo) == 500
    assert memo.endswith("…")
