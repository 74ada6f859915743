"""Which key may have signed a checkpoint: the caller's own log key, or those that follow it by the word of his roots.

Where the caller names a second key of the log, its signature is asked for besides, never instead.
"""

from lotmark.attest.api import log_keys_at
from lotmark.attest.models import Trust, TrustPolicy
from lotmark.base.errors import IntegrityError
from lotmark.ledger._receipts import checkpoint_word, verify_log_checkpoint
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import Checkpoint


def verify_by_log_keys(note: bytes, policy: TrustPolicy, trust: Trust) -> Checkpoint:
    """The checkpoint in the signed note, signed by a key that counts for a log of its size.

    Args:
        note: From anywhere.
        policy: Whom the caller trusts. A second log key in it must have signed too, from the size on that it says.
        trust: The keys of this log, replayed from the caller's roots; what it says of log keys is the roots' word, not
            the log's. An empty one leaves the caller's own log key.

    Raises:
        IntegrityError: LM-LED-111 if it does not hold.
    """
    try:
        size = tlog.parse_checkpoint(tlog.parse_note(note).text).size
        keys = log_keys_at(trust, size, tlog.parse_vkey(policy.log_key).public_key)
        names = [tlog.format_vkey(tlog.make_key(policy.origin, key)) for key in keys]
    except TlogError as error:
        raise IntegrityError(
            "LM-LED-111",
            f"{checkpoint_word(error)}: {error}",
            where="checkpoint",
            solution="get the checkpoint again from where it was made; do not rely on this one",
        ) from error
    checkpoint = verify_log_checkpoint(note, names, origin=policy.origin)
    if has_second_signature(policy, checkpoint):
        verify_log_checkpoint(note, [policy.second_log_key], origin=policy.origin)
    return checkpoint


def has_second_signature(policy: TrustPolicy, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint that holds under the policy carries the log's second signature: the policy asks for it at that size."""
    return bool(policy.second_log_key) and checkpoint.size >= policy.second_log_key_from
