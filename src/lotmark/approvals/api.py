"""The room's door: people and rules, the tier of a change, signatures to be made, and where the approvals stand."""

from lotmark.approvals._documents import find_by_email, find_person, parse_approvals, parse_people, read_approvals, read_people
from lotmark.approvals._evaluate import evaluate_approvals
from lotmark.approvals._roles import RoleBook, read_roles, role_evidence
from lotmark.approvals._schemas import SCHEMAS, schema_bytes
from lotmark.approvals._session import SessionState, SigningSession, Tick, format_session, next_signing, open_session, parse_session, session_state
from lotmark.approvals._sign import build_approval, build_delegation, build_withdrawal, check_may_sign, get_person
from lotmark.approvals._tiers import compute_tier, required_approvals

__all__ = [
    "SCHEMAS",
    "RoleBook",
    "SessionState",
    "SigningSession",
    "Tick",
    "build_approval",
    "build_delegation",
    "build_withdrawal",
    "check_may_sign",
    "compute_tier",
    "evaluate_approvals",
    "find_by_email",
    "find_person",
    "format_session",
    "get_person",
    "next_signing",
    "open_session",
    "parse_approvals",
    "parse_people",
    "parse_session",
    "read_approvals",
    "read_people",
    "read_roles",
    "required_approvals",
    "role_evidence",
    "schema_bytes",
    "session_state",
]
