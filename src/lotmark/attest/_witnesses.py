"""Which witnesses a trust policy names, and which sets of them are enough: as a C2SP ``tlog-policy``.

A witness that is the log itself, or holds another key that the policy trusts already, would witness nothing.
"""

from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import Policy, PolicyGroup, PolicyWitness

_QUORUM = "quorum"


def witness_policy(policy: TrustPolicy) -> Policy:
    """The witnesses and quorum of a trust policy.

    Raises:
        UsageError: LM-ATT-050 if its tlog-policy is none or speaks of other logs alone, or a witness key is none;
            LM-ATT-090 if a witness is not independent of the log.
    """
    try:
        found = tlog.parse_policy(policy.tlog_policy.encode("utf-8", "surrogateescape")) if policy.tlog_policy else _plain_policy(policy)
        log = tlog.parse_vkey(policy.log_key)
    except TlogError as error:
        raise UsageError("LM-ATT-050", f"not a trust policy: {error}", where="the trust policy", solution=_SEE) from error
    if found.logs and log not in [known.key for known in found.logs]:
        raise UsageError("LM-ATT-050", "the tlog-policy is about other logs, not about logKey", where="the trust policy", solution=_SEE)
    own = {log.public_key: "the log", **dict.fromkeys(policy.roots, "a root")}
    if policy.second_log_key:
        own[tlog.parse_vkey(policy.second_log_key).public_key] = "the log"
    for witness in found.witnesses:
        role = own.get(witness.key.public_key)
        if role is not None:
            raise UsageError(
                "LM-ATT-090",
                f"WITNESS_NOT_INDEPENDENT: the witness {witness.key.name} has the key of {role}",
                where="the trust policy",
                solution="name a witness that another person runs with a key of its own; one key is no second opinion",
            )
    return found


def _plain_policy(policy: TrustPolicy) -> Policy:
    """Witnesses and a number as a policy: any so many of them."""
    keys = [tlog.witness_key(tlog.parse_vkey(text)) for text in policy.witnesses]
    witnesses = tuple(PolicyWitness(f"w{number}", key) for number, key in enumerate(keys, 1))
    if len({key.public_key for key in keys}) != len(keys):
        raise TlogError("one witness would count as two: each must have a key of its own")
    if not policy.quorum:
        return Policy(witnesses=witnesses)
    if policy.quorum > len(witnesses):
        raise TlogError(f"a quorum of {policy.quorum} cannot be reached with {len(witnesses)} witnesses")
    group = PolicyGroup(_QUORUM, policy.quorum, tuple(witness.name for witness in witnesses))
    return Policy(witnesses=witnesses, groups=(group,), quorum=_QUORUM)


_SEE = "write it as docs/spec/keys-and-trust.md says; witnesses and groups as in https://c2sp.org/tlog-policy"
