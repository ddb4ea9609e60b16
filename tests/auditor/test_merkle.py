"""The tree against the vectors of Certificate Transparency's reference code, and proofs of every shape."""

from hashlib import sha256
from itertools import product

import pytest

from auditor import merkle
from auditor.merkle import HashAt, ProofBroken, leaf_hash
from tests.logs import whole_root

LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Of the first leaf, of the first two, and so on."""


def tree(size: int) -> tuple[list[bytes], HashAt]:
    """A tree of other leaves than the vectors', known by the hashes of its complete subtrees."""
    hashes = [leaf_hash(b"%d" % index) for index in range(size)]

    def hash_at(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        return whole_root(hashes[index << level : (index + 1) << level])

    return hashes, hash_at


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert merkle.root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    assert merkle.root_of([]) == sha256(b"").digest()


def test_a_published_inclusion_proof_is_made() -> None:
    hash_at = merkle.grown(lambda *_: b"", 0, [leaf_hash(leaf) for leaf in LEAVES])
    assert [each.hex() for each in merkle.inclusion_proof(hash_at, 5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_published_consistency_proof_is_made() -> None:
    hash_at = merkle.grown(lambda *_: b"", 0, [leaf_hash(leaf) for leaf in LEAVES])
    assert [each.hex() for each in merkle.consistency_proof(hash_at, 6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_leaf_of_every_tree_is_proven_in_its_own_place_only() -> None:
    for size in range(1, 34):
        hashes, hash_at = tree(size)
        root = merkle.root(hash_at, size)
        for index in range(size):
            path = merkle.inclusion_proof(hash_at, index, size)
            merkle.verify_inclusion(hashes[index], index, size, path, root)
            with pytest.raises(ProofBroken):
                merkle.verify_inclusion(hashes[index], (index + 1) % (size + 1), size, path, root)


def test_every_older_tree_is_proven_and_no_other() -> None:
    _, hash_at = tree(33)
    roots = [merkle.root(hash_at, size) for size in range(34)]
    for old, new in product(range(34), range(34)):
        if old <= new:
            path = merkle.consistency_proof(hash_at, old, new)
            merkle.verify_consistency(old, new, roots[old], roots[new], path)
            with pytest.raises(ProofBroken):
                merkle.verify_consistency(old, new, leaf_hash(b"other"), roots[new], path)
            if old:
                with pytest.raises(ProofBroken):
                    merkle.verify_consistency(old, new, roots[old], leaf_hash(b"other"), path)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (4, 8), (3, 7), (7, 33), (32, 33)])
def test_a_proof_with_a_hash_too_many_or_too_few_is_refused(old: int, new: int) -> None:
    hashes, hash_at = tree(new)
    roots = merkle.root(hash_at, old), merkle.root(hash_at, new)
    growth, path = merkle.consistency_proof(hash_at, old, new), merkle.inclusion_proof(hash_at, old, new)
    for wrong in (growth[:-1], [*growth, roots[0]], []):
        with pytest.raises(ProofBroken):
            merkle.verify_consistency(old, new, *roots, wrong)
    for wrong in (path[:-1], [*path, roots[0]]):
        with pytest.raises(ProofBroken):
            merkle.verify_inclusion(hashes[old], old, new, wrong, roots[1])


def test_a_leaf_is_no_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != merkle.node_hash(left, right)


@pytest.mark.parametrize(("begin", "end"), [(0, 1), (1, 2), (5, 8), (256, 300), (7, 1000)])
def test_a_tree_grows_as_if_it_was_made_at_once(begin: int, end: int) -> None:
    hashes, hash_at = tree(end)
    grown = merkle.grown(tree(begin)[1], begin, hashes[begin:])
    assert merkle.root(grown, end) == merkle.root(hash_at, end) == whole_root(hashes)


def test_what_is_no_tree_is_refused() -> None:
    _, hash_at = tree(4)
    for index, size in ((4, 4), (-1, 4)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(hash_at, index, size)
        with pytest.raises(ProofBroken):
            merkle.verify_inclusion(b"", index, size, [], b"")
    with pytest.raises(ValueError, match="does not hold"):
        merkle.consistency_proof(hash_at, 3, 2)
    with pytest.raises(ProofBroken):
        merkle.verify_consistency(3, 2, b"", b"", [])
