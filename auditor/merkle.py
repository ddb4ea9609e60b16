"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: hashes, roots, proofs made and proofs checked.

Pure: a tree is known by a function that gives the hash of any *complete* subtree, so that the same code works
over tiles in a directory, over a database, and over what a verifier has just derived itself.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""Root of a tree without leaves (RFC 6962, 2.1)."""

HashAt = Callable[[int, int], bytes]
"""`hash_at(level, index)`: hash of the complete subtree of 2^level leaves that is the `index`th of its level.

Level 0 gives leaf hashes.
"""


class ProofBroken(Exception):
    """A Merkle proof does not show what it should."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry): the prefix keeps an entry from passing for a node (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right) (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: bytes) -> bytes:
    """Root over joined hashes of equal height; their number is a power of two."""
    width = 2 * HASH_SIZE
    while len(hashes) > HASH_SIZE:
        hashes = b"".join(
            [sha256(b"\x01" + hashes[at : at + width]).digest() for at in range(0, len(hashes), width)]
        )
    return hashes


def root(hash_at: HashAt, size: int) -> bytes:
    """Root of the tree over the first `size` leaves."""
    return _range_root(hash_at, 0, size) if size else EMPTY_ROOT


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Root of the tree with these leaf hashes."""
    return root(grown(_nothing_yet, 0, leaf_hashes), len(leaf_hashes))


def grown(hash_at: HashAt, size: int, leaf_hashes: Sequence[bytes]) -> HashAt:
    """The tree of `size` leaves that `hash_at` knows, with `leaf_hashes` added to it."""
    made: dict[tuple[int, int], bytes] = {}

    def hash_of(level: int, index: int) -> bytes:
        if (index + 1) << level <= size:
            return hash_at(level, index)
        if level == 0:
            return leaf_hashes[index - size]
        if (level, index) not in made:
            below = hash_of(level - 1, 2 * index), hash_of(level - 1, 2 * index + 1)
            made[level, index] = node_hash(*below)
        return made[level, index]

    return hash_of


def inclusion_proof(hash_at: HashAt, index: int, size: int) -> list[bytes]:
    """Hashes from the leaf's sibling up to the root's child (RFC 6962, 2.1.1). Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_root(hash_at, middle, end))
            end = middle
        else:
            path.append(_range_root(hash_at, begin, middle))
            begin = middle
    return path[::-1]


def consistency_proof(hash_at: HashAt, old: int, new: int) -> list[bytes]:
    """What shows that the first `old` leaves of the tree of `new` are unchanged (RFC 6962, 2.1.2).

    Empty for an empty old tree, as tlog-witness wants it. Raises ValueError.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not hold one of {old}")
    if old == 0:
        return []
    begin, end, path = 0, new, []
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range_root(hash_at, middle, end))
            end = middle
        else:
            path.append(_range_root(hash_at, begin, middle))
            begin = middle
    # The old root itself is known to who checks; a subtree of it is not.
    if begin > 0:
        path.append(_range_root(hash_at, begin, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> None:
    """Check that the leaf with hash `leaf` is number `index` (RFC 9162, 2.1.3.2). Raises ProofBroken."""
    if not 0 <= index < size:
        raise ProofBroken(f"no leaf {index} in a tree of {size}")
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofBroken("the proof is too short")
    if result != expected:
        raise ProofBroken("the proof leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the tree of `new` leaves begins with `old` (RFC 9162, 2.1.4.2). Raises ProofBroken."""
    if not 0 <= old <= new:
        raise ProofBroken(f"a tree of {new} does not hold one of {old}")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if path or old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
            raise ProofBroken("the roots differ, or there is a proof of what needs none")
        return
    # A complete old tree is a node of the new one: its root starts the proof, and is not repeated in it.
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        raise ProofBroken("the proof is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    was = now = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if node & 1 or node == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofBroken("the proof is too short")
    if was != old_root:
        raise ProofBroken("the proof leads to another old root")
    if now != new_root:
        raise ProofBroken("the proof leads to another new root")


def _split(size: int) -> int:
    """The largest power of two smaller than `size`, for `size` > 1 (RFC 6962, 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(hash_at: HashAt, begin: int, end: int) -> bytes:
    """Root over leaves `begin` up to `end`, where a split of RFC 6962 put `begin`: not just anywhere."""
    peaks = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        peaks.append(hash_at(level, begin >> level))
        begin += 1 << level
    result = peaks.pop()
    while peaks:
        result = node_hash(peaks.pop(), result)
    return result


def _nothing_yet(level: int, index: int) -> bytes:
    raise LookupError(f"no hash {index} at level {level} in an empty tree")
