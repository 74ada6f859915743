"""Growth of a tree by a batch: the same nodes, edge, root and proofs as leaf by leaf, whatever the sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-005")

LEAVES = [tlog.leaf_hash(b"%d" % number) for number in range(600)]


def grown(old, new):
    frontier = tlog.Frontier()
    for leaf in LEAVES[:old]:
        frontier.append(leaf)
    return frontier, tlog.Growth(frontier, LEAVES[old : old + new])


@given(old=st.integers(0, 300), new=st.integers(1, 300))
def test_a_batch_is_its_leaves_one_by_one(old, new):
    frontier, growth = grown(old, new)
    completed = [b"".join(frontier.append(leaf)) for leaf in LEAVES[old : old + new]]
    assert [growth.nodes(index) for index in range(old, old + new)] == completed
    assert (growth.frontier.size, growth.frontier.edge, growth.root) == (old + new, frontier.edge, frontier.root())


@given(old=st.integers(0, 200), new=st.integers(1, 200))
def test_every_proof_of_a_batch_verifies_and_is_the_one_of_the_tree(old, new):
    _, growth = grown(old, new)
    node = tlog.LeafNodes(LEAVES[: old + new])
    proofs = growth.inclusion_proofs()
    assert len(proofs) == new
    for index, proof in zip(range(old, old + new), proofs, strict=True):
        assert proof == tlog.inclusion_proof(index, old + new, node)
        tlog.verify_inclusion(LEAVES[index], index, old + new, proof, growth.root)


@pytest.mark.parametrize("old", [0, 1, 2, 3, 4, 7, 8, 255, 256, 257])
@pytest.mark.parametrize("new", [1, 2, 3, 255, 256])
def test_at_powers_of_two(old, new):
    frontier, growth = grown(old, new)
    for leaf in LEAVES[old : old + new]:
        frontier.append(leaf)
    assert growth.root == frontier.root()
    assert tlog.Frontier(growth.frontier.size, growth.frontier.edge).root() == frontier.root()


def test_the_old_frontier_is_left_as_it_was():
    frontier, _ = grown(5, 3)
    assert (frontier.size, len(frontier.edge)) == (5, 2)
