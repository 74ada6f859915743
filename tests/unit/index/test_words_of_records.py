"""The line by which each record is told in a timeline, and what a projector makes of values that may be absent.

Projectors are pure: each is given one record of the shape of its kind, without a ledger.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.index._projectors import PROJECTORS

pytestmark = pytest.mark.verifies("REQ-023")

NOON = "2026-11-23T12:00:00.000Z"
KEY = {"id": "9f" * 32, "kind": "person"}


def rows(kind: str, told: dict[str, Any], *, signer: str = "Ada Example") -> list[tuple[str, dict[str, Any]]]:
    entry = SimpleNamespace(
        kind=kind,
        statement=SimpleNamespace(predicate=told),
        key=SimpleNamespace(name=signer, key_id="11" * 32, person="ada"),
        envelope=SimpleNamespace(payload_digest=SimpleNamespace(hex="dd" * 32)),
    )
    return list(PROJECTORS[kind](entry))  # type: ignore[arg-type]


def line(kind: str, told: dict[str, Any], **more: Any) -> str:
    """The words of the record; they come before its rows."""
    table, first = rows(kind, told, **more)[0]
    assert table == "entries"
    assert list(first) == ["words"]
    return first["words"]


def of(kind: str, table: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for name, row in rows(kind, told) if name == table]


# ---- keys, roles, policies


def key_event(event: str, **more: Any) -> dict[str, Any]:
    person = {"id": "quinn", "name": "Quinn Example", "email": "quinn@example.org"}
    return {"event": event, "key": KEY, "person": person, "reason": "new laptop", "at": NOON, **more}


@pytest.mark.parametrize(
    ("event", "act"),
    [
        ("genesis", "opens the ledger with"),
        ("enrol", "enrols"),
        ("rotate", "rotates"),
        ("revoke", "revokes"),
        ("lost", "reports as lost"),
        ("compromised", "reports as compromised"),
    ],
)
def test_what_happened_to_a_key_is_told_with_its_holder(event, act):
    told = key_event(event, successor={"id": "77" * 32, "kind": "person"})
    assert line("key-event", told) == f"Ada Example {act} the person key {'9f' * 6} of Quinn Example"


def test_the_key_of_a_machine_has_no_holder():
    told = key_event("enrol", key={"id": "88" * 32, "kind": "pipeline"}, person=None)
    assert line("key-event", told) == f"Ada Example enrols the pipeline key {'88' * 6}"
    (row,) = of("key-event", "keys", told)
    assert (row["person"], row["name"], row["email"]) == ("", "", "")


def test_a_rotation_ends_one_key_and_begins_another():
    told = key_event("rotate", successor={"id": "77" * 32, "kind": "person"})
    assert [(row["event"], row["key_id"], row["person"]) for row in of("key-event", "keys", told)] == [
        ("rotate", "9f" * 32, "quinn"),
        ("succeed", "77" * 32, "quinn"),
    ]


@pytest.mark.parametrize("event", ["genesis", "enrol", "revoke", "lost", "compromised"])
def test_every_other_event_is_about_one_key(event):
    (row,) = of("key-event", "keys", key_event(event))
    assert (row["event"], row["kind"], row["reason"], row["at"]) == (event, "person", "new laptop", NOON)


def test_a_threshold_is_about_no_key():
    assert rows("key-event", {"event": "threshold", "threshold": 2}) == [
        ("entries", {"words": "Ada Example asks for 2 root persons behind each key event"}),
    ]


def test_an_event_that_is_not_known_is_never_told_as_another():
    with pytest.raises(KeyError):
        rows("key-event", key_event("transfer"))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("grant", "Ada Example gives rene the role quality-owner"),
        ("withdraw", "Ada Example takes the role quality-owner from rene"),
    ],
)
def test_roles(event, told):
    assert rows("role-event", {"event": event, "person": "rene", "role": "quality-owner"}) == [("entries", {"words": told})]


def test_a_policy_is_told_by_path_and_digest():
    assert line("policy-adoption", {"path": "policy/base", "sha256": "ab" * 32}) == f"Ada Example adopts policy/base ({'ab' * 6})"


# ---- what was done to records


def retention(event: str, *, approver: Any = "quinn", **act: Any) -> dict[str, Any]:
    empty = {"trigger": "", "version": "", "on": "", "scope": "", "of": "", "entries": [], "commitments": []}
    who = {"person": approver, "name": "Quinn Example"} if approver else None
    return {"event": event, "product": "qpcr", "act": {**empty, **act}, "order": "0d" * 32, "approver": who, "reason": "the audit", "signedAt": NOON}


@pytest.mark.parametrize(
    ("event", "act", "told"),
    [
        ("trigger", {"trigger": "end-of-life", "on": "2026-11-01"}, "records end-of-life on 2026-11-01"),
        ("trigger", {"trigger": "last-device", "version": "1.4.0", "on": "2026-11-01"}, "records last-device of 1.4.0 on 2026-11-01"),
        ("hold", {"scope": "run:qpcr:RUN-0001"}, "puts run:qpcr:RUN-0001 under legal hold"),
        ("hold-release", {"of": "ab" * 32}, f"signs the release of hold {'ab' * 6}"),
        ("expiry", {"scope": "run:qpcr:RUN-0001", "entries": [1]}, "signs the expiry of 1 record of qpcr:RUN-0001"),
        ("expiry", {"scope": "run:qpcr:RUN-0001", "entries": list(range(1500))}, "signs the expiry of 1,500 records of qpcr:RUN-0001"),
        ("erasure", {"commitments": ["c"]}, "signs the erasure of 1 clear value"),
        ("erasure", {"commitments": ["c", "d"]}, "signs the erasure of 2 clear values"),
        ("carried-out", {"of": "cd" * 32}, f"carried out {'cd' * 6}"),
    ],
)
def test_every_retention_event_says_what_is_done_and_why(event, act, told):
    assert line("retention-event", retention(event, **act)) == f"Quinn Example {told}: the audit"


def test_what_the_pipeline_carried_out_names_no_person():
    told = retention("carried-out", approver=None, of="cd" * 32)
    assert line("retention-event", told).startswith("the pipeline carried out ")
    (row,) = of("retention-event", "retention", told)
    assert (row["person"], row["name"], row["scope"]) == ("", "the pipeline", None)


def test_a_hold_keeps_its_scope_for_the_search():
    (row,) = of("retention-event", "retention", retention("hold", scope="product:qpcr"))
    assert row == {
        "event": "hold",
        "product": "qpcr",
        "order_sha256": "0d" * 32,
        "scope": "product:qpcr",
        "person": "quinn",
        "name": "Quinn Example",
        "reason": "the audit",
        "at": NOON,
    }


AUDIT = {
    "tag": "approve:signature:refused",
    "product": "qpcr",
    "outcome": "refused",
    "actor": "root@vm",
    "person": "",
    "subject": "",
    "code": "",
    "detail": "",
    "count": 1,
    "firstAt": NOON,
    "lastAt": "2026-11-23T12:30:00.000Z",
}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "refused: approve:signature:refused by root@vm"),
        ({"outcome": "done"}, "done: approve:signature:refused by root@vm"),
        ({"person": "quinn"}, "refused: approve:signature:refused by quinn"),
        ({"subject": "qpcr:RUN-0001"}, "refused: approve:signature:refused by root@vm on qpcr:RUN-0001"),
        ({"code": "LM-APP-001"}, "refused: approve:signature:refused by root@vm: LM-APP-001"),
        ({"detail": "no role"}, "refused: approve:signature:refused by root@vm: no role"),
        ({"code": "LM-APP-001", "detail": "no role"}, "refused: approve:signature:refused by root@vm: LM-APP-001 no role"),
        ({"count": 2}, "refused: approve:signature:refused by root@vm (2 times until 2026-11-23T12:30:00.000Z)"),
        (
            {"person": "quinn", "subject": "S", "count": 3, "code": "C", "detail": "d"},
            "refused: approve:signature:refused by quinn on S (3 times until 2026-11-23T12:30:00.000Z): C d",
        ),
    ],
    ids=["bare", "done", "person", "subject", "code", "detail", "code-and-detail", "twice", "everything"],
)
def test_an_audit_event_says_who_tried_what_and_why_not(fields, told):
    assert line("audit-event", {**AUDIT, **fields}) == told


def test_an_audit_event_keeps_what_was_claimed_beside_who_did_it():
    (row,) = of("audit-event", "audit", {**AUDIT, "person": "quinn", "count": 4})
    assert (row["actor"], row["person"], row["count"], row["first_at"], row["last_at"]) == ("root@vm", "quinn", 4, NOON, AUDIT["lastAt"])


@pytest.mark.parametrize(
    ("kind", "told", "words"),
    [
        ("backup", {"size": 1, "files": 1, "bytes": 12, "withKeys": False}, "a copy of 1 entry was made: 1 file, 12 bytes"),
        (
            "backup",
            {"size": 1500, "files": 2, "bytes": 1234567, "withKeys": True},
            "a copy of 1,500 entries was made with the machine's keys: 2 files, 1,234,567 bytes",
        ),
        ("restore", {"size": 30, "entries": 30, "verdict": "sound"}, "a copy of 30 entries was put back and is sound: 30 entries checked"),
        ("restore", {"size": 1, "entries": 1, "verdict": "broken"}, "a copy of 1 entry was put back and is broken: 1 entry checked"),
        ("restore", {"size": 9, "entries": 9, "verdict": "behind"}, "a copy of 9 entries was put back and is behind: 9 entries checked"),
        (
            "log-epoch",
            {"epoch": 2, "previousOrigin": "example.org/qpcr", "seenSize": 30, "lost": 4, "reason": "the disk died"},
            "epoch 2 goes on after example.org/qpcr at 30 entries, 4 of them lost: the disk died",
        ),
    ],
)
def test_copies_are_told_in_a_line_alone(kind, told, words):
    assert rows(kind, told) == [("entries", {"words": words})]


# ---- runs


def change(**fields: Any) -> dict[str, Any]:
    person = {"name": "Dana Example", "email": "dana@example.org"}
    commit = {"sha": "c0" * 20, "subject": "Go on", "author": person, "committer": person, "committedAt": NOON, "signedOff": True, "references": []}
    told = {"run": "qpcr:RUN-0001", "base": None, "commits": [commit], "authors": ["dana@example.org"], "lastPusher": "dana", "changedPaths": ["a"]}
    return {**told, "dependenciesChanged": False, "policyChanged": False, **fields}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "1 commit by dana@example.org since the beginning, 1 path changed"),
        ({"base": {"version": "1.3.0", "commit": "b0" * 20}}, "1 commit by dana@example.org since 1.3.0, 1 path changed"),
        ({"changedPaths": []}, "1 commit by dana@example.org since the beginning, 0 paths changed"),
        ({"authors": ["dana@example.org", "eli@example.org"]}, "1 commit by dana@example.org, eli@example.org since the beginning, 1 path changed"),
        ({"commits": [], "authors": []}, "0 commits by  since the beginning, 1 path changed"),
    ],
    ids=["first", "since-a-release", "no-path", "two-authors", "no-commit"],
)
def test_a_change_is_told_by_its_authors_and_its_base(fields, told):
    assert line("change-summary", change(**fields)) == told


def test_an_author_whom_the_product_knows_is_told_by_address():
    dana = {"name": "Dana Example", "email": "dana@example.org", "person": "dana"}
    commit = {**change()["commits"][0], "author": dana, "committer": dana}
    assert line("change-summary", change(commits=[commit], authors=["dana", "eli"])).startswith("1 commit by dana@example.org, eli since")


@pytest.mark.parametrize(("dependencies", "policy"), [(True, False), (False, True), (True, True), (False, False)])
def test_what_a_change_touches_is_a_number(dependencies, policy):
    (row,) = of("change-summary", "changes", change(dependenciesChanged=dependencies, policyChanged=policy))
    assert (row["dependencies_changed"], row["policy_changed"]) == (int(dependencies), int(policy))


def test_references_of_a_commit_are_items_of_the_runs_product():
    commit = {**change()["commits"][0], "references": ["REQ-001", "HAZ-002"], "signedOff": False}
    told = change(commits=[commit])
    assert [(row["product"], row["item"], row["sha"]) for row in of("change-summary", "commit_references", told)] == [
        ("qpcr", "REQ-001", "c0" * 20),
        ("qpcr", "HAZ-002", "c0" * 20),
    ]
    assert [row["signed_off"] for row in of("change-summary", "commits", told)] == [0]


@pytest.mark.parametrize(
    ("attempt", "outcome", "told"),
    [
        (1, "accepted", "stage unit accepted: all passed"),
        (1, "refused", "stage unit refused: all passed"),
        (2, "pending", "stage unit (attempt 2) pending: all passed"),
        (0, "skipped", "stage unit skipped: all passed"),
    ],
)
def test_a_stage_tells_its_attempt_from_the_second_on(attempt, outcome, told):
    stage = {"run": "qpcr:RUN-0001", "stage": "unit", "attempt": attempt, "outcome": outcome, "summary": "all passed"}
    assert line("stage-result", {**stage, "startedAt": NOON, "finishedAt": NOON, "findings": []}) == told


@pytest.mark.parametrize("outcome", ["released", "refused", "abandoned"])
def test_the_end_of_a_run_is_told_by_its_outcome(outcome):
    assert rows("run-closed", {"run": "qpcr:RUN-0001", "outcome": outcome, "closedAt": NOON}) == [
        ("entries", {"words": f"the run is closed: {outcome}"}),
        ("closings", {"run": "qpcr:RUN-0001", "outcome": outcome, "closed_at": NOON}),
    ]


# ---- dependencies, builds, tests


def dependencies(**fields: Any) -> dict[str, Any]:
    scan = {"evaluated": True, "records": 900, "retrieved": "2026-11-20", "sha256": "6d" * 32, "matched": []}
    told = {"run": "qpcr:RUN-0001", "locks": [], "components": [], "none": None, "sbomSha256": "33" * 32, "vulnerabilities": scan}
    return {**told, **fields, "vulnerabilities": {**scan, **fields.get("vulnerabilities", {})}}


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([], "0 known vulnerabilities affecting it"),
        (["affected"], "1 known vulnerability affecting it"),
        (["affected", "affected", "fixed"], "2 known vulnerabilities affecting it"),
        (["not_affected", "under_investigation"], "0 known vulnerabilities affecting it"),
    ],
    ids=["none", "one", "two-of-three", "none-of-two"],
)
def test_only_what_affects_the_product_is_counted(states, told):
    matched = [{"id": f"CVE-{number}", "component": "numpy", "severity": "high", "state": state} for number, state in enumerate(states)]
    made = dependencies(vulnerabilities={"matched": matched})
    assert line("dependencies", made) == f"0 components in 0 lock files, {told}"
    assert [(row["vulnerability"], row["state"], row["owner"]) for row in of("dependencies", "vulnerabilities", made)] == [
        (f"CVE-{number}", state, None) for number, state in enumerate(states)
    ]


def test_a_scan_that_nobody_made_is_never_told_as_clean():
    made = dependencies(vulnerabilities={"evaluated": False, "records": None, "retrieved": None, "sha256": None})
    assert line("dependencies", made) == "0 components in 0 lock files, vulnerabilities not evaluated"
    (row,) = of("dependencies", "scans", made)
    assert (row["evaluated"], row["records"], row["retrieved"], row["dump_sha256"]) == (0, None, None, None)


@pytest.mark.parametrize(("none", "reason"), [(None, None), ({"reason": "shell alone"}, "shell alone"), ({}, None)])
def test_why_there_are_no_dependencies(none, reason):
    (row,) = of("dependencies", "scans", dependencies(none=none))
    assert row["none_reason"] == reason


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "the bill of materials names 0 components"),
        ({"components": [1]}, "the bill of materials names 1 component"),
        ({"components": list(range(1000))}, "the bill of materials names 1,000 components"),
    ],
)
def test_a_bill_of_materials_is_told_by_its_size(told, words):
    assert rows("sbom", told) == [("entries", {"words": words})]


def rebuild(**isolation: Any) -> dict[str, Any]:
    sealed = {"backend": "bwrap", "hermetic": True, "network": False, "root": {"kind": "host", "sha256": "c2" * 32, "packages": 868}}
    output = {"name": "dist/a", "size": 1, "sha256A": "aa" * 32, "sha256B": "bb" * 32, "verdict": "DIFFERENT"}
    return {"run": "qpcr:RUN-0001", "verdict": "DIFFERENT", "claim": "R0", "isolation": {**sealed, **isolation}, "outputs": [output], "tools": []}


def test_a_rebuild_keeps_both_digests_of_an_output():
    made = rebuild()
    assert line("rebuild", made) == "built twice: DIFFERENT (R0), 1 output"
    (row,) = of("rebuild", "outputs", made)
    assert (row["sha256"], row["twin_sha256"], row["verdict"]) == ("aa" * 32, "bb" * 32, "DIFFERENT")


@pytest.mark.parametrize(
    ("isolation", "wanted"),
    [
        ({}, (1, 0, "host", 868)),
        ({"hermetic": False, "network": True}, (0, 1, "host", 868)),
        ({"root": None}, (1, 0, None, None)),
        ({"root": {"kind": "image"}}, (1, 0, "image", None)),
    ],
    ids=["sealed", "open", "no-root", "image"],
)
def test_where_it_was_built(isolation, wanted):
    (row,) = of("rebuild", "builds", rebuild(**isolation))
    assert (row["hermetic"], row["network"], row["root_kind"], row["root_packages"]) == wanted
    assert (row["claim_text"], row["environment_sha256"]) == (None, None)
