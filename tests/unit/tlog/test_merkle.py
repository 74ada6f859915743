import pytest

from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-005", "RC-003")


LEAVES = [tlog.leaf_hash(bytes([number])) for number in range(20)]


def test_leaf_and_node_are_told_apart_by_their_first_byte():
    left, right = LEAVES[:2]
    assert tlog.node_hash(left, right) != tlog.leaf_hash(left + right)


def test_the_empty_tree_has_the_root_of_nothing():
    assert tlog.tree_root([]) == tlog.Frontier().root() == tlog.EMPTY_ROOT
    assert tlog.EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")


def test_a_frontier_knows_its_size():
    frontier = tlog.Frontier()
    for number, leaf in enumerate(LEAVES):
        assert frontier.size == number
        frontier.append(leaf)


def test_a_copy_of_a_frontier_goes_its_own_way():
    frontier = tlog.Frontier()
    for leaf in LEAVES[:5]:
        frontier.append(leaf)
    before = frontier.root()
    copy = frontier.copy()
    copy.append(LEAVES[5])
    assert (frontier.root(), frontier.size, copy.size) == (before, 5, 6)
    assert copy.root() == tlog.tree_root(LEAVES[:6])


def test_a_frontier_with_the_wrong_number_of_hashes_is_refused():
    with pytest.raises(ValueError, match="1 hashes for a tree of 3 leaves"):
        tlog.Frontier(3, [LEAVES[0]])


def test_size_and_edge_are_the_whole_frontier():
    frontier = tlog.Frontier()
    for leaf in LEAVES[:13]:
        frontier.append(leaf)
    again = tlog.Frontier(frontier.size, frontier.edge)
    assert len(frontier.edge) == 3
    assert again.root() == frontier.root() == tlog.tree_root(LEAVES[:13])


def test_append_gives_the_leaf_and_each_node_that_it_completes():
    frontier = tlog.Frontier()
    counts = [len(frontier.append(leaf)) for leaf in LEAVES[:16]]
    assert counts == [1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1, 5]


def test_loading_a_frontier_reads_only_complete_subtrees_of_the_right_edge():
    read = []
    nodes = tlog.LeafNodes(LEAVES)

    def reader(level, position):
        read.append((level, position))
        return nodes(level, position)

    assert tlog.Frontier.load(13, reader).root() == tlog.tree_root(LEAVES[:13])
    assert read == [(3, 0), (2, 2), (0, 12)]
