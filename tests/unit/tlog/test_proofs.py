import pytest

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError

pytestmark = pytest.mark.verifies("REQ-005", "RC-003")


LEAVES = [tlog.leaf_hash(bytes([number])) for number in range(9)]
ROOTS = [tlog.tree_root(LEAVES[:size]) for size in range(10)]
NODES = tlog.LeafNodes(LEAVES)


@pytest.mark.parametrize("index, size", [(-1, 9), (9, 9), (0, 0)], ids=["negative index", "index is the size", "empty tree"])
def test_l19_no_proof_is_made_or_accepted_for_a_leaf_that_is_not_there(index, size):
    with pytest.raises(ProofError, match="no leaf"):
        tlog.inclusion_proof(index, size, NODES)
    with pytest.raises(ProofError, match="no leaf"):
        tlog.verify_inclusion(LEAVES[0], index, size, [], ROOTS[size])


@pytest.mark.parametrize("old, new", [(0, 9), (9, 8), (-1, 3), (0, 0)], ids=["from nothing", "backwards", "negative", "both empty"])
def test_l19_no_consistency_is_shown_between_sizes_out_of_order(old, new):
    with pytest.raises(ProofError, match="no consistency"):
        tlog.consistency_proof(old, new, NODES)
    with pytest.raises(ProofError, match="no consistency"):
        tlog.verify_consistency(old, new, [], ROOTS[0], ROOTS[new])


@pytest.mark.parametrize("length", [0, 31, 33], ids=["empty hash", "31 bytes", "33 bytes"])
def test_l19_a_hash_of_the_wrong_length_is_refused_before_it_is_hashed(length):
    proof = tlog.inclusion_proof(3, 9, NODES)
    with pytest.raises(ProofError, match=f"a hash of {length} bytes"):
        tlog.verify_inclusion(LEAVES[3], 3, 9, [b"x" * length, *proof[1:]], ROOTS[9])
    with pytest.raises(ProofError, match=f"a hash of {length} bytes"):
        tlog.verify_inclusion(b"x" * length, 3, 9, proof, ROOTS[9])
    with pytest.raises(ProofError, match=f"a hash of {length} bytes"):
        tlog.verify_consistency(3, 9, [b"x" * length], ROOTS[3], ROOTS[9])


def test_l19_an_absurdly_long_proof_is_refused_at_once():
    with pytest.raises(ProofError, match="65 hashes"):
        tlog.verify_inclusion(LEAVES[0], 0, 9, [LEAVES[0]] * 65, ROOTS[9])


def test_l19_an_extra_hash_is_refused():
    with pytest.raises(ProofError, match="too long"):
        tlog.verify_inclusion(LEAVES[3], 3, 9, [*tlog.inclusion_proof(3, 9, NODES), LEAVES[0]], ROOTS[9])
    with pytest.raises(ProofError, match="too long"):
        tlog.verify_consistency(3, 9, [*tlog.consistency_proof(3, 9, NODES), LEAVES[0]], ROOTS[3], ROOTS[9])


def test_l19_a_missing_hash_is_refused():
    with pytest.raises(ProofError, match="too short"):
        tlog.verify_inclusion(LEAVES[3], 3, 9, tlog.inclusion_proof(3, 9, NODES)[:-1], ROOTS[9])
    with pytest.raises(ProofError, match="too short"):
        tlog.verify_consistency(3, 9, tlog.consistency_proof(3, 9, NODES)[:-1], ROOTS[3], ROOTS[9])
    with pytest.raises(ProofError, match="too short"):
        tlog.verify_consistency(3, 9, [], ROOTS[3], ROOTS[9])


def test_a_proof_to_another_root_is_refused():
    with pytest.raises(ProofError, match="does not lead"):
        tlog.verify_inclusion(LEAVES[3], 3, 9, tlog.inclusion_proof(3, 9, NODES), ROOTS[8])
    with pytest.raises(ProofError, match="does not continue"):
        tlog.verify_consistency(4, 9, tlog.consistency_proof(4, 9, NODES), ROOTS[3], ROOTS[9])


def test_a_tree_is_consistent_with_itself_by_the_empty_proof_alone():
    assert tlog.consistency_proof(9, 9, NODES) == ()
    tlog.verify_consistency(9, 9, [], ROOTS[9], ROOTS[9])
    for proof, root in (([LEAVES[0]], ROOTS[9]), ([], ROOTS[8])):
        with pytest.raises(ProofError, match="two trees of 9"):
            tlog.verify_consistency(9, 9, proof, ROOTS[9], root)


def test_the_error_says_what_attack_lists_call_it():
    assert ProofError.code == "PROOF_INVALID"
    assert issubclass(ProofError, ValueError)
