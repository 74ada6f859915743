"""`lotmark show` of a run whose records have expired: what went, by whom and why, and what is still proved."""

import json

import pytest

from fakes.keeping import expire_by_two, refused_run
from fakes.tiny_world import another_user, waiting
from lotmark.bootstrap.api import find_expired_run

pytestmark = pytest.mark.verifies("REQ-354", "RC-002", "HAZ-003")


@pytest.fixture(scope="module")
def expired(tmp_path_factory):
    """A refused run that two persons let expire, to be read alone; gives the product, the run, the digest of its artifact and its entries."""
    tiny = waiting().copy(tmp_path_factory.mktemp("expired") / "tiny")
    with another_user():
        run = refused_run(tiny)
        artifact = tiny.predicates("release-candidate")[-1]["artifact"]["sha256"]
        count = len(_entries(tiny, run))
        expire_by_two(tiny, run)
    return tiny, run, artifact, count


def _entries(tiny, run):
    with tiny.workspace() as workspace:
        return list(workspace.ledger.entries(scope=f"run:{run}"))


@pytest.mark.parametrize("asked", ["run", "short run", "version", "digest", "prefixed digest", "first digits"])
def test_every_name_of_the_run_gives_the_same_answer(expired, asked):
    tiny, run, artifact, count = expired
    question = {
        "run": run,
        "short run": "RUN-0001",
        "version": "1.0.0",
        "digest": artifact,
        "prefixed digest": f"sha256:{artifact}",
        "first digits": artifact[:10],
    }[asked]
    called = tiny.cli("--format", "json", "show", question)
    assert called.code == 0, called.err
    wire = called.wire
    assert (wire["run"], wire["version"]) == (run, "1.0.0")
    gone = wire["expired"]
    assert gone["records"] == sum(gone["kinds"].values()) == count
    assert gone["kinds"]["run-opened"] == 1
    assert gone["blobs"] > 3
    assert (gone["class"], gone["keptUntil"] > "2028") == ("unreleased", True)
    assert "ISO 13485" in gone["clause"]
    assert [each["person"] for each in gone["approvals"]] == ["quinn", "rene"]
    assert gone["carriedOutAt"].startswith("20")
    first, last = (_entries(tiny, run)[position] for position in (0, -1))
    assert (wire["proved"]["firstIndex"], wire["proved"]["lastIndex"]) == (first.index, last.index)
    assert wire["proved"]["firstReceivedAt"] == first.header.received_at


def test_a_person_reads_who_ordered_it_and_what_holds(expired):
    tiny, run, _, count = expired
    told = tiny.cli("show", run).out
    for words in ("EXPIRED", f"{count} records", "Quinn Example", "Rene Example", "retention has ended", "ISO 13485", "What is still proved", "log prove"):
        assert words in told
    index = json.loads(tiny.cli("--format", "json", "show", run).out)["proved"]["firstIndex"]
    assert tiny.cli("log", "prove", str(index)).code == 0, "what it promises holds"
    assert max(len(line) for line in told.splitlines()) < 400


def test_a_file_that_was_its_artifact_is_known(expired):
    tiny, run, artifact, _ = expired
    path = tiny.root / "dist" / "tool.sh"
    found = [place for place in tiny.folder.rglob("tool.sh") if _sha256(place) == artifact]
    if not found:
        path.parent.mkdir(exist_ok=True)
        pytest.skip("the artifact lies nowhere any more")
    assert run in tiny.cli("show", "--artifact", str(found[0])).out


def _sha256(path):
    from lotmark.base.digest import Digest

    return Digest.of_file(path).hex


@pytest.mark.parametrize("question", ["RUN-0002", "9.9.9", "f" * 64, "f" * 8, "", "1.0"])
def test_what_names_nothing_still_finds_nothing(expired, question):
    called = expired[0].cli("show", question or " ")
    assert called.code in {2, 5}
    assert "EXPIRED" not in called.out


def test_too_few_digits_are_no_name(expired):
    tiny, _, artifact, _ = expired
    assert tiny.cli("show", artifact[:7]).code in {2, 5}


def test_one_person_alone_lets_nothing_expire_and_show_answers_as_ever(tiny_waiting):
    from fakes.keeping import LATER
    from lotmark.bootstrap.api import expire_run

    run = refused_run(tiny_waiting)
    with tiny_waiting.workspace(LATER) as workspace:
        expire_run(workspace, run, person="quinn", signer=tiny_waiting.signer("quinn"), reason="retention has ended")
        assert find_expired_run(workspace, run) is None
    assert "What was built" in tiny_waiting.cli("show", run).out
