"""Merkle trees of RFC 9162 §2.1: hashes, inclusion and consistency proofs, built and checked. Pure; no storage, no Django.

A hash is 32 bytes. A *node* ``(height, index)`` is the root of the perfect subtree over leaves ``[index << height,
(index + 1) << height)``; a *range* ``(begin, end)`` is a stretch of leaves whose hash a proof needs. Proofs are planned as
ranges, ranges split into nodes, so that whoever holds the nodes (``ledger.tiles``) can fetch them all at once.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

Hash = bytes
Node = tuple[int, int]
Range = tuple[int, int]

EMPTY_ROOT: Final[Hash] = sha256(b"").digest()
HASH_BYTES: Final = 32


def leaf_hash(data: bytes) -> Hash:
    """Hash of a leaf (RFC 9162 §2.1.1): SHA-256 of 0x00 and the data."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash of an inner node (RFC 9162 §2.1.1): SHA-256 of 0x01, the left and the right hash."""
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def nodes_of(span: Range) -> list[Node]:
    """The nodes whose hashes, folded from the right, give the hash of a range, left to right.

    ``begin`` must be a multiple of the largest power of two that fits (true of every range a proof or root needs).
    """
    begin, end = span
    nodes = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        nodes.append((height, begin >> height))
        begin += 1 << height
    return nodes


def fold(hashes: Sequence[Hash]) -> Hash:
    """Root over the hashes of perfect subtrees of falling height, left to right; of none: the empty tree's root."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes are the inclusion proof of leaf ``index`` in a tree of ``size`` leaves (§2.1.3.1), leaf upward."""
    if not 0 <= index < size:
        raise ValueError("index outside the tree")
    ranges: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of ``first`` leaves begins the tree of ``second`` (§2.1.4.1); 0 < first ≤ second."""
    if not 0 < first <= second:
        raise ValueError("sizes out of order")
    ranges: list[Range] = []
    begin, end, whole = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        ranges.append((begin, end))
    return ranges[::-1]


def proof(ranges: Iterable[Range], node: Callable[[Node], Hash]) -> list[Hash]:
    """The hashes of planned ranges, each from its nodes."""
    return [fold([node(n) for n in nodes_of(span)]) for span in ranges]


def verify_inclusion(leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> bool:
    """Whether ``path`` proves that ``leaf`` is leaf ``index`` of the tree of ``size`` with this root (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            result = node_hash(sibling, result)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and result == root


def verify_consistency(first: int, second: int, path: Sequence[Hash], first_root: Hash, second_root: Hash) -> bool:
    """Whether ``path`` proves that the tree of ``first`` leaves begins the tree of ``second`` leaves (§2.1.4.2).

    Trees of equal size must have equal roots and an empty path; every tree begins with the empty one.
    """
    if not 0 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    if not path:
        return False
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
