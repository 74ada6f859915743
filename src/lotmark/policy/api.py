"""The room's door: read a policy, compute facts, decide, explain, replay, and build the evidence of a decision."""

from lotmark.policy._adoption import Adoption, adoption_evidence, check_adopted, find_adoptions
from lotmark.policy._build import build_decision, build_vsa, evidence_root
from lotmark.policy._decide import decide, explain, relaxations, replay, still_holds
from lotmark.policy._document import DEFAULT_POLICY, default_policy, parse_policy, read_policy
from lotmark.policy._facts import compute_facts
from lotmark.policy._sandbox import engine_library
from lotmark.policy._schemas import SCHEMAS, schema_bytes
from lotmark.policy._selection import DECIDED_STAGES, REQUIRED_KINDS, REQUIRED_LAYERS
from lotmark.policy.predicates import ADOPTED_FILES

__all__ = [
    "ADOPTED_FILES",
    "DECIDED_STAGES",
    "DEFAULT_POLICY",
    "REQUIRED_KINDS",
    "REQUIRED_LAYERS",
    "SCHEMAS",
    "Adoption",
    "adoption_evidence",
    "build_decision",
    "build_vsa",
    "check_adopted",
    "compute_facts",
    "decide",
    "default_policy",
    "engine_library",
    "evidence_root",
    "explain",
    "find_adoptions",
    "parse_policy",
    "read_policy",
    "relaxations",
    "replay",
    "schema_bytes",
    "still_holds",
]
