"""A git repository as a witness: it only grows, and each new checkpoint continues every one that lies there."""

import os
import subprocess

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, founding, note, policy
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.integrations import _witness_git
from lotmark.integrations.api import GitWitness
from lotmark.ledger import api
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-060", "RC-060", "HAZ-001")

ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} | {
    f"GIT_{who}_{what}": "other@example.org" if what == "EMAIL" else "other" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(folder, *words):
    return subprocess.run(["git", "-C", str(folder), *words], env=ENV, check=True, capture_output=True, text=True).stdout


def verify(note_bytes):
    return api.verify_log_checkpoint(note_bytes, [policy().log_key], origin=ORIGIN)


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.remote = folder / "remote.git"
        subprocess.run(["git", "init", "--quiet", "--bare", str(self.remote)], env=ENV, check=True)
        self.make()

    def make(self, *texts):
        with api.create_ledger(self.folder / "ledger", ORIGIN, signer("log"), clock()) as ledger:
            ledger.append(founding())
            for text in texts:
                ledger.append([note(text)])

    def grow(self, *texts):
        with api.open_ledger(self.folder / "ledger", signer("log"), clock()) as ledger:
            ledger.append([note(text) for text in texts])

    def record(self, remote=None):
        with api.open_ledger(self.folder / "ledger") as ledger:
            return GitWitness(str(remote or self.remote), "checkpoints", verify).record(ledger)

    def notes(self):
        return GitWitness(str(self.remote), "checkpoints", verify).notes(ORIGIN)

    def sizes(self):
        return [tlog.parse_checkpoint(tlog.parse_note(each).text).size for each in self.notes()]

    def head(self):
        return git(self.remote, "rev-parse", "refs/heads/checkpoints").strip()

    def clone(self):
        work = self.folder / "clone"
        subprocess.run(["git", "clone", "--quiet", "--branch", "checkpoints", str(self.remote), str(work)], env=ENV, check=True)
        return work


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_each_checkpoint_is_kept_in_a_commit_of_its_own(site):
    assert site.record() == 2
    site.grow("two")
    assert site.record() == 3
    assert site.sizes() == [2, 3]
    assert git(site.remote, "log", "--format=%s", "checkpoints").splitlines() == [f"{ORIGIN}: checkpoint of size {size}" for size in (3, 2)]


def test_the_same_checkpoint_again_makes_no_commit(site):
    site.record()
    before = site.head()
    assert (site.record(), site.head()) == (2, before)


def test_two_logs_share_a_repository(site):
    site.record()
    work = site.clone()
    (work / "README").write_text("checkpoints of all our logs")
    git(work, "add", "README")
    git(work, "commit", "-qm", "a page")
    git(work, "push", "-q")
    site.grow("two")
    assert site.record() == 3


@pytest.mark.attack("L07")
def test_l07_a_log_that_is_shorter_than_the_repository_knows_is_a_rollback(site):
    site.grow("two", "three")
    site.record()
    before = site.head()
    (site.folder / "ledger").rename(site.folder / "old")
    site.make()
    with pytest.raises(IntegrityError, match="ROLLBACK") as caught:
        site.record()
    assert (caught.value.code, site.head()) == ("LM-LED-115", before)


@pytest.mark.attack("L08")
def test_l08_another_history_than_any_that_lies_there_is_a_fork(site):
    site.grow("two")
    site.record()
    before = site.head()
    (site.folder / "ledger").rename(site.folder / "old")
    site.make("another two", "three")
    with pytest.raises(IntegrityError, match="FORK") as caught:
        site.record()
    assert (caught.value.code, site.head()) == ("LM-LED-116", before)


@pytest.mark.attack("L08")
@pytest.mark.parametrize("act", ["change", "remove"])
def test_l08_a_repository_in_which_a_checkpoint_was_changed_or_removed_is_no_witness(site, act):
    site.record()
    site.grow("two")
    site.record()
    work = site.clone()
    path = next(work.glob("*/*2"))
    if act == "remove":
        git(work, "rm", "-q", str(path.relative_to(work)))
    else:
        path.write_bytes(path.read_bytes() + b"\xe2\x80\x94 w.example AAAAAAAA\n")
        git(work, "add", "-A")
    git(work, "commit", "-qm", act)
    git(work, "push", "-q")
    site.grow("three")
    before = site.head()
    with pytest.raises(IntegrityError, match="changes or removes checkpoints") as caught:
        site.record()
    assert (caught.value.code, site.head()) == ("LM-LED-116", before)


@pytest.mark.parametrize("content,told", [(b"nonsense", "CHECKPOINT_MALFORMED"), (None, "is of size 2")])
def test_a_file_that_is_no_checkpoint_of_its_name_is_named(site, content, told):
    site.record()
    work = site.clone()
    path = next(work.glob("*/*2"))
    path.with_name(f"{1:020d}").write_bytes(path.read_bytes() if content is None else content)
    git(work, "add", "-A")
    git(work, "commit", "-qm", "odd")
    git(work, "push", "-q")
    with pytest.raises(IntegrityError, match=told) as caught:
        site.record()
    assert caught.value.code == "LM-LED-111"


def test_a_branch_that_moved_meanwhile_is_read_again(site, monkeypatch):
    """Somebody else pushes between our fetch and our push: nothing is forced, the second attempt holds."""
    site.record()
    site.grow("two")
    real = GitWitness._compare
    raced = []

    def race(self, ledger, work):
        real(self, ledger, work)
        if not raced:
            raced.append(True)
            clone = site.clone()
            (clone / "README").write_text("meanwhile")
            git(clone, "add", "README")
            git(clone, "commit", "-qm", "meanwhile")
            git(clone, "push", "-q")

    monkeypatch.setattr(GitWitness, "_compare", race)
    assert site.record() == 3
    assert git(site.remote, "log", "--format=%s", "checkpoints").splitlines()[1] == "meanwhile"


def test_a_repository_that_refuses_the_push_is_named(site):
    hook = site.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no entry' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(EnvironmentLacksError, match="no entry") as caught:
        site.record()
    assert caught.value.code == "LM-ITG-011"


@pytest.mark.parametrize("remote", ["nowhere", "ext::sh -c 'touch ran'", "--upload-pack=touch ran"])
def test_what_is_no_repository_is_named_and_runs_nothing(site, remote, monkeypatch):
    monkeypatch.chdir(site.folder)
    with pytest.raises(EnvironmentLacksError) as caught:
        site.record(remote)
    assert caught.value.code == "LM-ITG-011"
    assert not (site.folder / "ran").exists()


def test_without_git_it_says_so(site, monkeypatch):
    monkeypatch.setenv("PATH", str(site.folder))
    with pytest.raises(EnvironmentLacksError):
        site.record()


def test_a_branch_that_never_rests_is_given_up(site, monkeypatch):
    monkeypatch.setattr(_witness_git, "_ATTEMPTS", 1)
    site.record()
    site.grow("two")
    real = GitWitness._compare

    def race(self, ledger, work):
        real(self, ledger, work)
        clone = site.clone()
        git(clone, "commit", "-q", "--allow-empty", "-m", "meanwhile")
        git(clone, "push", "-q")

    monkeypatch.setattr(GitWitness, "_compare", race)
    with pytest.raises(EnvironmentLacksError, match="git push"):
        site.record()
