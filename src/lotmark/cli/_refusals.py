"""Refused attempts reach the audit trail from one place, whatever the command (21 CFR 11.10(e), 11.300(d)).

An attempt is a call of a command that acts: signs, waives, enrols, releases, deploys, or does something to records. It is
told when it was judged and refused (exit 1), or when the person was not let (exit 4 by a key, passphrase, role or hold);
a typing mistake and a full disk are no attempts.
"""

import contextlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lotmark.base.errors import ExitCode, LotmarkError

if TYPE_CHECKING:
    from lotmark.cli._output import Output

ACTING: Final = frozenset({"approve", "waive", "key", "records", "release", "deploy", "gate", "backup", "restore"})
_PERSONAL: Final = ("LM-APR-", "LM-REC-", "LM-MTX-", "LM-CLI-014", "LM-CLI-018", "LM-ATT-02", "LM-ATT-03", "LM-ATT-04")


def is_attempt(command: str | None, exit_code: int, code: str = "") -> bool:
    """Whether such an end of a command is told to the log."""
    if command not in ACTING:
        return False
    return exit_code == ExitCode.REFUSED or (exit_code == ExitCode.ENVIRONMENT and code.startswith(_PERSONAL))


def tell_refusal(output: "Output", words: Sequence[str], error: LotmarkError | None) -> None:
    """Record that the command in `words` was refused; that this cannot be done changes nothing of the refusal."""
    from lotmark.bootstrap.api import record_event

    command, act = words[0], next((word for word in words[1:2] if word.isalpha() and word.islower()), "run")
    person = next((value for flag, value in pairwise(words) if flag == "--as"), "")
    subject = " ".join(word for word in words[2:4] if not word.startswith("-") and word != person)
    with contextlib.suppress(LotmarkError, OSError):
        record_event(
            output.workspace(),
            f"{command}:{act}:refused",
            outcome="refused",
            person=person,
            subject=subject,
            code=error.code if error else "",
            detail=error.reason if error else "the gate is closed",
        )
