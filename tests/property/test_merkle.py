"""Merkle trees of every shape: what the fast code makes is what the recursive definition of RFC 6962 makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError

pytestmark = pytest.mark.verifies("REQ-005", "RC-003")


SIZES = st.integers(1, 200)
LEAVES = [tlog.leaf_hash(number.to_bytes(2, "big")) for number in range(200)]


def mth(leaves):
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return tlog.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return tlog.node_hash(mth(leaves[:split]), mth(leaves[split:]))


def path(index, leaves):
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path(index, leaves[:split]), mth(leaves[split:])]
    return [*path(index - split, leaves[split:]), mth(leaves[:split])]


def subproof(old, leaves, whole):
    """RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [mth(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*subproof(old, leaves[:split], whole), mth(leaves[split:])]
    return [*subproof(old - split, leaves[split:], False), mth(leaves[:split])]


@given(size=st.integers(0, 200))
def test_root_is_that_of_the_definition(size):
    assert tlog.tree_root(LEAVES[:size]) == mth(LEAVES[:size])


@given(size=st.integers(0, 200))
def test_a_frontier_loaded_from_nodes_goes_on_as_one_that_grew(size):
    grown = tlog.Frontier()
    for leaf in LEAVES[:size]:
        grown.append(leaf)
    loaded = tlog.Frontier.load(size, tlog.LeafNodes(LEAVES[:size]))
    assert loaded.root() == grown.root()
    assert loaded.append(LEAVES[0]) == grown.append(LEAVES[0])
    assert loaded.root() == grown.root()


@given(size=SIZES)
def test_each_node_is_completed_by_the_leaf_that_the_docstring_says(size):
    frontier, found = tlog.Frontier(), {}
    for index, leaf in enumerate(LEAVES[:size]):
        for level, value in enumerate(frontier.append(leaf)):
            position = ((index + 1) >> level) - 1
            assert ((position + 1) << level) - 1 == index
            found[level, position] = value
    nodes = tlog.LeafNodes(LEAVES[:size])
    assert found == {(level, position): nodes(level, position) for level in range(8) for position in range(size >> level)}


@given(size=SIZES, data=st.data())
def test_inclusion_proofs_are_those_of_the_definition_and_verify(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = tlog.inclusion_proof(index, size, tlog.LeafNodes(LEAVES[:size]))
    assert list(proof) == path(index, LEAVES[:size])
    tlog.verify_inclusion(LEAVES[index], index, size, proof, mth(LEAVES[:size]))


@given(size=SIZES, data=st.data())
def test_consistency_proofs_are_those_of_the_definition_and_verify(size, data):
    old = data.draw(st.integers(1, size))
    proof = tlog.consistency_proof(old, size, tlog.LeafNodes(LEAVES[:size]))
    assert list(proof) == subproof(old, LEAVES[:size], True)
    tlog.verify_consistency(old, size, proof, mth(LEAVES[:old]), mth(LEAVES[:size]))


@given(size=SIZES, data=st.data())
def test_no_proof_with_a_changed_bit_verifies(size, data):
    index = data.draw(st.integers(0, size - 1))
    values = [LEAVES[index], *tlog.inclusion_proof(index, size, tlog.LeafNodes(LEAVES[:size])), mth(LEAVES[:size])]
    which, bit = data.draw(st.integers(0, len(values) - 1)), data.draw(st.integers(0, 255))
    values[which] = bytes(byte ^ (1 << (bit % 8) if number == bit // 8 else 0) for number, byte in enumerate(values[which]))
    with pytest.raises(ProofError):
        tlog.verify_inclusion(values[0], index, size, values[1:-1], values[-1])


@given(size=SIZES, data=st.data())
def test_no_proof_verifies_for_another_leaf_or_size(size, data):
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 200))
    proof, root = tlog.inclusion_proof(index, size, tlog.LeafNodes(LEAVES[:size])), mth(LEAVES[:size])
    if other != index:
        with pytest.raises(ProofError):
            tlog.verify_inclusion(LEAVES[index], other, size, proof, root)


@given(size=SIZES, data=st.data())
def test_no_consistency_proof_with_a_changed_bit_verifies(size, data):
    old = data.draw(st.integers(1, size))
    values = [*tlog.consistency_proof(old, size, tlog.LeafNodes(LEAVES[:size])), mth(LEAVES[:old]), mth(LEAVES[:size])]
    which, bit = data.draw(st.integers(0, len(values) - 1)), data.draw(st.integers(0, 255))
    values[which] = bytes(byte ^ (1 << (bit % 8) if number == bit // 8 else 0) for number, byte in enumerate(values[which]))
    with pytest.raises(ProofError):
        tlog.verify_consistency(old, size, values[:-2], values[-2], values[-1])
