"""The facts about witnessing: what the witnesses of the log said of it just before the decision.

The record holds the checkpoint with its cosignatures and the policy that named the witnesses; both are verified here again,
so the facts follow from signatures and not from what the pipeline says of them.
"""

from typing import Final

from lotmark.attest.models import Verified
from lotmark.base.clock import parse_instant
from lotmark.policy import _facts_model as model
from lotmark.policy._evidence import WitnessingShape
from lotmark.policy._selection import Selection
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import Policy, Witnessing

UNKNOWN_AGE: Final = 1_000_000_000
"""Minutes; older than any limit."""
_SKEW_MINUTES: Final = 5


def witness_fact(selection: Selection) -> model.Witness:
    """What the newest record of the run says of the log's witnesses."""
    found, shape = selection.find_entry("witnessing"), selection.find("witnessing", WitnessingShape)
    if found is None or shape is None:
        return model.Witness(present=False, named=0, cosigned=[], quorum=False, size=0, log_size=0, age_minutes=UNKNOWN_AGE, problems=[])
    try:
        policy = tlog.parse_policy("".join(f"{line}\n" for line in shape.policy).encode("utf-8", "surrogateescape"))
        size, witnessing = _read(found[0], shape, policy)
        age = _age(shape, witnessing)
    except (TlogError, ValueError) as error:
        reason = f"the record does not hold: {type(error).__name__}"
        return model.Witness(present=True, named=0, cosigned=[], quorum=False, size=0, log_size=shape.log_size, age_minutes=UNKNOWN_AGE, problems=[reason])
    return model.Witness(
        present=True,
        named=len(policy.witnesses),
        cosigned=sorted(witnessing.times),
        quorum=witnessing.is_quorum,
        size=size,
        log_size=shape.log_size,
        age_minutes=age,
        problems=[f"{answer.witness}: {answer.outcome}, {answer.detail}" for answer in shape.answers if answer.outcome != "cosigned"],
    )


def _read(entry: Verified, shape: WitnessingShape, policy: Policy) -> tuple[int, Witnessing]:
    note = shape.checkpoint.encode()
    checkpoint = tlog.parse_checkpoint(tlog.parse_note(note).text)
    if checkpoint.size > entry.index:
        raise ValueError("a checkpoint of a log that is longer than it was")
    return checkpoint.size, tlog.check_policy(policy, note)


def _age(shape: WitnessingShape, witnessing: Witnessing) -> int:
    """Minutes from the quorum's cosigning to the asking; a quorum from the future is none."""
    if witnessing.quorum_time is None:
        return 0 if witnessing.is_quorum else UNKNOWN_AGE
    minutes = (parse_instant(shape.asked_at).timestamp() - witnessing.quorum_time) / 60
    return max(int(minutes), 0) if minutes >= -_SKEW_MINUTES else UNKNOWN_AGE
