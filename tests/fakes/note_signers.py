"""Keys that sign notes, each made from its name, so that a test is the same every time."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint, KeyType, Note


class NoteKey:
    """A `NoteSigner` of one kind, and a witness that cosigns whatever it is shown."""

    def __init__(self, name, kind=KeyType.ED25519, seed=None):
        self.name, self.kind = name, kind
        secret = hashlib.sha256((seed or name).encode()).digest()
        maker = MLDSA44PrivateKey.from_seed_bytes if kind is KeyType.MLDSA44 else Ed25519PrivateKey.from_private_bytes
        self._key = maker(secret)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, data):
        return self._key.sign(data)

    @property
    def key(self):
        return tlog.make_key(self.name, self.public_key, self.kind)

    @property
    def vkey(self):
        return tlog.format_vkey(self.key)

    def cosign(self, note, time):
        """The note with this key's cosignature behind its lines."""
        return tlog.add_signatures(note, [tlog.cosign(tlog.parse_note(note).text, self, time, kind=self.kind)])


class Log:
    """A log of made-up leaves: its roots, proofs and signed checkpoints at every size."""

    def __init__(self, origin="log.example/one", leaves=40, salt=""):
        self.signer = NoteKey(origin)
        self.leaves = [tlog.leaf_hash(f"{salt}{number}".encode()) for number in range(leaves)]
        self.nodes = tlog.LeafNodes(self.leaves)

    def checkpoint(self, size, origin=None):
        return Checkpoint(origin or self.signer.name, size, tlog.tree_root(self.leaves[:size]))

    def note(self, size):
        return tlog.sign_checkpoint(self.checkpoint(size), self.signer)

    def consistency(self, old, new):
        return tlog.consistency_proof(old, new, self.nodes) if 0 < old <= new else ()

    def inclusion(self, index, size):
        return tlog.inclusion_proof(index, size, self.nodes)


def unsigned(text):
    """A note without any signature line: what nobody should take for one."""
    return Note(text, ())
