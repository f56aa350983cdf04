"""Merkle hashing and proofs against the RFC's own definitions, written as naive recursion."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yishu.ledger import merkle
from yishu.ledger.tiles import Edge, MissingTile, edge_tiles, node_from, tiles_for

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
# The widely used test vectors of RFC 6962 implementations: roots of the trees over the first n inputs above.
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def grow(leaves):
    edge, store = Edge(), {}
    for leaf in leaves:
        edge.append(merkle.leaf_hash(leaf))
    store.update(edge.take_changed())
    return edge, store


def build(ranges, store):
    assert set(tiles_for(ranges)) <= set(store)
    return merkle.proof(ranges, lambda node: node_from(node, store))


@pytest.mark.parametrize("size", range(9))
def test_root_of_published_vectors_is_the_published_root(size):
    edge, _ = grow(INPUTS[:size])
    assert edge.root().hex() == ROOTS[size] == mth(INPUTS[:size]).hex()


LEAVES = [i.to_bytes(4, "big") for i in range(700)]


@given(st.integers(0, 700))
def test_root_of_any_size_equals_the_recursive_definition(size):
    assert grow(LEAVES[:size])[0].root() == mth(LEAVES[:size])


@given(st.data())
def test_inclusion_proof_from_tiles_equals_the_definition_and_verifies(data):
    size = data.draw(st.integers(1, 700))
    index = data.draw(st.integers(0, size - 1))
    _, store = grow(LEAVES)  # tiles of the larger tree serve proofs of every earlier size
    proof = build(merkle.inclusion_ranges(index, size), store)
    assert proof == path(index, LEAVES[:size])
    leaf, root = merkle.leaf_hash(LEAVES[index]), mth(LEAVES[:size])
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, root)
    if proof:
        assert not merkle.verify_inclusion(leaf, index, size, proof[:-1], root)
        assert not merkle.verify_inclusion(leaf, index, size, [bytes(32), *proof[1:]], root)
    other = data.draw(st.integers(-1, size + 1))
    assert merkle.verify_inclusion(leaf, other, size, proof, root) == (other == index)


@given(st.data())
def test_consistency_proof_from_tiles_equals_the_definition_and_verifies(data):
    second = data.draw(st.integers(1, 700))
    first = data.draw(st.integers(1, second))
    _, store = grow(LEAVES)
    proof = build(merkle.consistency_ranges(first, second), store)
    assert proof == subproof(first, LEAVES[:second], True)
    old, new = mth(LEAVES[:first]), mth(LEAVES[:second])
    assert merkle.verify_consistency(first, second, proof, old, new)
    assert not merkle.verify_consistency(first, second, [*proof, new], old, new)
    assert not merkle.verify_consistency(first, second, proof, bytes(32), new)
    assert not merkle.verify_consistency(first, second, proof, old, bytes(32))
    if len(proof) > 1:
        assert not merkle.verify_consistency(first, second, proof[:-1], old, new)


def test_consistency_of_edge_cases_answers_as_the_rfc_says():
    root = mth(LEAVES[:5])
    assert merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, root)
    assert not merkle.verify_consistency(0, 5, [], root, root)
    assert not merkle.verify_consistency(0, 5, [root], merkle.EMPTY_ROOT, root)
    assert not merkle.verify_consistency(6, 5, [], root, root)
    assert not merkle.verify_consistency(-1, 5, [], root, root)
    assert not merkle.verify_consistency(3, 5, [], mth(LEAVES[:3]), root)
    assert merkle.verify_consistency(5, 5, [], root, root)
    with pytest.raises(ValueError, match="sizes"):
        merkle.consistency_ranges(0, 5)
    with pytest.raises(ValueError, match="index"):
        merkle.inclusion_ranges(5, 5)


def test_proof_of_a_large_tree_reads_few_tiles():
    size = 100_000_000
    assert len(tiles_for(merkle.inclusion_ranges(12_345_678, size))) <= 8
    assert len(tiles_for(merkle.consistency_ranges(12_345_678, size))) <= 8


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_edge_resumed_from_its_tiles_after_each_batch_gives_the_same_tree(batches):
    store, size = {}, 0
    leaves = [i.to_bytes(4, "big") for i in range(sum(batches))]
    for batch in batches:
        edge = Edge(size, {tile: store[tile] for tile in edge_tiles(size)})
        for leaf in leaves[size : size + batch]:
            edge.append(merkle.leaf_hash(leaf))
        store.update(edge.take_changed())
        size += batch
        assert edge.size == size
    whole, all_tiles = grow(leaves)
    assert edge.root() == whole.root()
    assert store == all_tiles


def test_edge_over_two_levels_of_tiles_gives_the_root():
    leaves = [i.to_bytes(4, "big") for i in range(65_536 + 300)]
    edge, store = grow(leaves)
    assert (2, 0) in store
    assert len(store[1, 0]) == 256 * 32
    assert edge.root() == mth(leaves)
    assert build(merkle.inclusion_ranges(70, 65_836), store) == path(70, leaves)
    again = Edge(edge.size, {tile: store[tile] for tile in edge_tiles(edge.size)})
    assert again.root() == edge.root()


def test_edge_of_a_missing_or_short_tile_names_it():
    _, store = grow(LEAVES[:300])
    with pytest.raises(MissingTile, match="level 0 index 1"):
        Edge(300, {(1, 0): store[1, 0]})
    with pytest.raises(MissingTile) as caught:
        node_from((0, 290), {(0, 1): store[0, 1][: 32 * 20]})
    assert caught.value.tile == (0, 1)
