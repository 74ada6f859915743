"""Making a state folder: ledger, log key, pipeline key, the administrator's genesis."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lotmark.attest.api import (
    KeySigner,
    build_payload,
    format_trust_policy,
    generate_key,
    key_event,
    sign_payload,
    write_key,
)
from lotmark.attest.models import Evidence, KeyKind, Person, TrustPolicy
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock
from lotmark.base.errors import UsageError
from lotmark.bootstrap._machine_keys import KEYS
from lotmark.bootstrap._places import keep_places, ledger_place
from lotmark.bootstrap._registry import registry
from lotmark.ledger.api import create_ledger, folder_blobs
from lotmark.ledger.models import Submission
from lotmark.records.api import VAULT, Vault
from lotmark.tlog.api import format_vkey, make_key


def create_state(
    state: Path,
    *,
    origin: str,
    product: str,
    administrator: Person,
    root: Signer,
    clock: Clock,
    reason: str = "opens the ledger",
    more: Sequence[Evidence] = (),
    vault: Path | None = None,
) -> TrustPolicy:
    """Make ledger and keys in `state`, opened by the administrator's root key; gives what to trust of it.

    Made in full or not at all: everything is written to a folder beside and renamed into place.

    Args:
        state: The folder to be made.
        origin: The log's name.
        product: Whose ledger.
        administrator: Who holds the root key.
        root: Signs the first entries.
        clock: For the times in them.
        reason: Why the ledger is opened; it stands in the first entry.
        more: What the root key signs behind the first entries.
        vault: A vault of clear names to begin with.

    Raises:
        UsageError: LM-CLI-011 if there is a ledger already.
    """
    place = ledger_place(state)
    if (state / "ledger.db").exists() or (state / "trust.json").exists():
        raise UsageError("LM-CLI-011", f"there is a ledger in {state} already", where=str(state), solution="use it, or name another folder with --state")
    state.parent.mkdir(parents=True, exist_ok=True)
    scratch = state.with_name(f"{state.name}.new-{os.getpid()}")
    (scratch / KEYS).mkdir(parents=True, mode=0o700)
    # Git never takes it in: it is no change of the product, and a `git add --all` must not publish its keys.
    (scratch / ".gitignore").write_text("*\n", encoding="utf-8")
    log_key, pipeline_key = generate_key(), generate_key()
    write_key(scratch / KEYS / "log.key", log_key, None)
    write_key(scratch / KEYS / "pipeline.key", pipeline_key, None)
    log_signer, pipeline_signer = KeySigner(log_key), KeySigner(pipeline_key)
    policy = TrustPolicy(origin, format_vkey(make_key(origin, log_signer.public_key)), (root.public_key,))
    (scratch / "trust.json").write_bytes(format_trust_policy(policy))
    machine: tuple[tuple[bytes, KeyKind, str], ...] = (
        (log_signer.public_key, "log", "signs the log's checkpoints"),
        (pipeline_signer.public_key, "pipeline", "signs the pipeline's evidence"),
    )
    if vault is not None and vault.is_file():
        Vault(vault).copy_to(scratch / VAULT)
    administrator = Person(administrator.id, administrator.name, Vault(scratch / VAULT).seal(administrator.email))
    events = [key_event("genesis", public_key=root.public_key, kind="root", person=administrator, reason=reason, at=clock.now())]
    events += [key_event("enrol", public_key=key, kind=kind, person=None, reason=reason, at=clock.now()) for key, kind, reason in machine]
    kinds = registry()
    keep_places(state, kept_in=scratch)
    with create_ledger(_in_scratch(place, state, scratch), origin, log_signer, clock, blobs=folder_blobs(scratch)) as ledger:
        ledger.append([Submission(sign_payload(build_payload(event, kinds), root), event.kind, f"product:{product}") for event in (*events, *more)])
    # What `check` remembers may be deleted at any time; the ledger's folder comes into being whole.
    shutil.rmtree(state / "cache", ignore_errors=True)
    if state.exists() and not any(state.iterdir()):
        state.rmdir()
    scratch.rename(state)
    return policy


def _in_scratch(place: Path | str, state: Path, scratch: Path) -> Path | str:
    """Where the ledger is made: in the scratch folder, if it belongs into the state folder."""
    return scratch / place.relative_to(state) if isinstance(place, Path) and place.is_relative_to(state) else place
