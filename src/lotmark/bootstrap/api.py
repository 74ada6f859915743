"""The door of the composition root."""

from typing import TYPE_CHECKING

from lotmark.bootstrap._known_logs import find_log, read_trust, remember_log
from lotmark.bootstrap._registry import registry, rules, schemas
from lotmark.bootstrap._workspace import ENGINE, Workspace, open_workspace, operator_name

if TYPE_CHECKING:
    from lotmark.bootstrap._answers import answer, find_drift, open_index
    from lotmark.bootstrap._demo import run_demo
    from lotmark.bootstrap._deployments import check_deployments, plan_deployment, redeploy, roll_back
    from lotmark.bootstrap._first_files import write_first_files
    from lotmark.bootstrap._key_changes import (
        KeyChange,
        append_signatures,
        change_keys,
        countersign,
        end_key,
        enrol_key,
        key_change,
        propose,
        read_proposal,
        read_signature,
        rotate_machine_key,
        set_threshold,
        sign_record,
    )
    from lotmark.bootstrap._log_services import (
        ask_for_cosignatures,
        check_independence,
        check_mirror,
        export_log,
        make_server,
        open_witness,
        record_in_git,
        witnessed,
    )
    from lotmark.bootstrap._opening import create_state
    from lotmark.bootstrap._reading import verify_deployment, write_bundle
    from lotmark.bootstrap._release_plan import check_plan, plan_release
    from lotmark.bootstrap._signing import close_waiver, sign_approval, sign_delegation, sign_waiver, sign_withdrawal, waiting_decision
    from lotmark.bootstrap._timestamps import configured_verifier, stamp_after_run, stamp_is_due, stamp_now, timestamp_verifier
    from lotmark.bootstrap._tracing import (
        find_open_links,
        find_trend,
        head_commit,
        last_results,
        read_results,
        recorded_reviews,
        sign_exception,
        sign_review,
        signed_exceptions,
        write_lock,
    )

__all__ = [
    "ENGINE",
    "KeyChange",
    "Workspace",
    "answer",
    "append_signatures",
    "ask_for_cosignatures",
    "change_keys",
    "check_deployments",
    "check_independence",
    "check_mirror",
    "check_plan",
    "close_waiver",
    "configured_verifier",
    "countersign",
    "create_state",
    "end_key",
    "enrol_key",
    "export_log",
    "find_drift",
    "find_log",
    "find_open_links",
    "find_trend",
    "head_commit",
    "key_change",
    "last_results",
    "make_server",
    "open_index",
    "open_witness",
    "open_workspace",
    "operator_name",
    "plan_deployment",
    "plan_release",
    "propose",
    "read_proposal",
    "read_results",
    "read_signature",
    "read_trust",
    "record_in_git",
    "recorded_reviews",
    "redeploy",
    "registry",
    "remember_log",
    "roll_back",
    "rotate_machine_key",
    "rules",
    "run_demo",
    "schemas",
    "set_threshold",
    "sign_approval",
    "sign_delegation",
    "sign_exception",
    "sign_record",
    "sign_review",
    "sign_waiver",
    "sign_withdrawal",
    "signed_exceptions",
    "stamp_after_run",
    "stamp_is_due",
    "stamp_now",
    "timestamp_verifier",
    "verify_deployment",
    "waiting_decision",
    "witnessed",
    "write_bundle",
    "write_first_files",
    "write_lock",
]

_LATE = {
    "configured_verifier": "_timestamps",
    "stamp_after_run": "_timestamps",
    "stamp_is_due": "_timestamps",
    "stamp_now": "_timestamps",
    "timestamp_verifier": "_timestamps",
    "find_open_links": "_tracing",
    "find_trend": "_tracing",
    "head_commit": "_tracing",
    "last_results": "_tracing",
    "read_results": "_tracing",
    "sign_exception": "_tracing",
    "sign_review": "_tracing",
    "signed_exceptions": "_tracing",
    "recorded_reviews": "_tracing",
    "write_lock": "_tracing",
    "answer": "_answers",
    "find_drift": "_answers",
    "open_index": "_answers",
    "ask_for_cosignatures": "_log_services",
    "check_independence": "_log_services",
    "check_mirror": "_log_services",
    "export_log": "_log_services",
    "make_server": "_log_services",
    "open_witness": "_log_services",
    "record_in_git": "_log_services",
    "witnessed": "_log_services",
    "create_state": "_opening",
    "KeyChange": "_key_changes",
    "append_signatures": "_key_changes",
    "change_keys": "_key_changes",
    "countersign": "_key_changes",
    "end_key": "_key_changes",
    "enrol_key": "_key_changes",
    "key_change": "_key_changes",
    "propose": "_key_changes",
    "read_proposal": "_key_changes",
    "read_signature": "_key_changes",
    "rotate_machine_key": "_key_changes",
    "set_threshold": "_key_changes",
    "sign_record": "_key_changes",
    "run_demo": "_demo",
    "write_first_files": "_first_files",
    "check_deployments": "_deployments",
    "plan_deployment": "_deployments",
    "redeploy": "_deployments",
    "roll_back": "_deployments",
    "verify_deployment": "_reading",
    "write_bundle": "_reading",
    "check_plan": "_release_plan",
    "plan_release": "_release_plan",
    "close_waiver": "_signing",
    "sign_approval": "_signing",
    "sign_delegation": "_signing",
    "sign_waiver": "_signing",
    "sign_withdrawal": "_signing",
    "waiting_decision": "_signing",
}
"""What only a command that writes needs; loaded when asked for, so that reading stays fast (PEP 562)."""


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(f"lotmark.bootstrap.{_LATE[name]}"), name)
