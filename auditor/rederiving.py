"""The whole tree anew, from the entries: no hash that the log publishes is taken on its word.

Bundle by bundle (in several processes when there are many), then level by level. A published hash is used in
two cases only, where the entry below it is no longer shown, or is missing; it still has to lead to the root.
"""

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from auditor import leaves, reading, tiles
from auditor.findings import Finding, Kind
from auditor.leaves import ID_SIZE
from auditor.merkle import HASH_SIZE, HashAt, fold, leaf_hash
from auditor.reading import Absent, Place
from auditor.tiles import WIDTH, BundleBroken

Progress = Callable[[int, int], None]
"""`progress(done, of)`: entries looked at, now and then."""
_WORTH_PROCESSES = 256
"""Bundles from which on starting processes pays: a second of work."""
_BATCH = 32
MOST_FINDINGS = 10_000
"""Where it ends: a log can sign for more entries than anybody will ever read, and show none of them."""


@dataclass
class Derived:
    """What came out of the entries of a tree of `size` leaves."""

    size: int
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    """Tiles by level and number: of level 0 only those that a root asked for needs."""
    findings: list[Finding] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    unseen: list[int] = field(default_factory=list)
    """Numbers of the bundles that the log no longer shows."""

    def hash_at(self) -> HashAt:
        """The derived tree. LookupError where neither entries nor hashes were to be had."""
        return tiles.hashes_in(lambda level, n: self.tiles[level, n])


@dataclass(frozen=True)
class Bundle:
    """What one bundle told."""

    n: int
    seen: bool
    hashes: bytes | None
    """Of its leaves, joined, where they are needed and either entries or their hashes are shown."""
    top: bytes | None
    """The hash over a full bundle."""
    ids: bytes = b""
    types: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def rederive(
    place: Place,
    size: int,
    *,
    minimum: int = 0,
    also: Iterable[int] = (),
    progress: Progress = lambda _done, _of: None,
    processes: int | None = None,
) -> Derived:
    """Derive the tree of `size` leaves from its entries, and compare with every tile.

    `minimum`: what ends at or below this index may be absent. `also`: the sizes of older trees whose roots
    will be asked for. Ends after `MOST_FINDINGS`, and then gives no root. Raises Unreadable.
    """
    derived = Derived(size)
    needed = frozenset(each // WIDTH for each in (size, *also))
    ids: set[bytes] = set()
    tops: dict[int, bytes] = {}
    with _mapped(tiles.tiles_at(0, size), processes) as mapped:
        for bundle in mapped(partial(examine, place, size, minimum, needed)):
            derived.types.update(bundle.types)
            derived.findings += [*bundle.findings, *_repeated(bundle, ids)]
            if not bundle.seen:
                derived.unseen.append(bundle.n)
            if bundle.hashes:
                derived.tiles[0, bundle.n] = bundle.hashes
            if bundle.top:
                tops[bundle.n] = bundle.top
            progress(min(size, (bundle.n + 1) * WIDTH), size)
            if len(derived.findings) >= MOST_FINDINGS:
                derived.tiles.clear()
                return derived
    level = 1
    while size >> tiles.HEIGHT * level:
        tops = _derive_level(derived, place, level, tops, minimum)
        level += 1
    return derived


def examine(place: Place, size: int, minimum: int, needed: Container[int], n: int) -> Bundle:
    """Read bundle `n` and compare it with its tile; its hashes are told when `needed`. Raises Unreadable."""
    width = tiles.width_of(0, n, size)
    prunable = width == WIDTH and tiles.end_of(0, n) <= minimum
    findings: list[Finding] = []
    published = _tile(place, 0, n, size, prunable, findings)
    try:
        told = leaves.survey(reading.bundle(place, n, size), width)
    except Absent as absent:
        if not prunable:
            findings.append(Finding(Kind.MISSING, str(absent)))
        return _unseen(n, published, findings, needed)
    except BundleBroken as broken:
        findings.append(Finding(Kind.BUNDLE, tiles.bundle_path(n, width), str(broken)))
        return _unseen(n, published, findings, needed)
    findings += [Finding(Kind.LEAF, f"entry {n * WIDTH + at}", wrong) for at, wrong in told.broken]
    hashes = b"".join([leaf_hash(entry) for entry in told.entries])
    if published is not None and published != hashes:
        findings += [
            Finding(Kind.ENTRY, f"entry {n * WIDTH + at}", tiles.tile_path(0, n, width))
            for at in range(width)
            if published[at * HASH_SIZE : (at + 1) * HASH_SIZE]
            != hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE]
        ]
    kept = hashes if n in needed else None
    return Bundle(n, True, kept, _top(hashes), told.ids, told.types, findings)


def _derive_level(
    derived: Derived, place: Place, level: int, below: dict[int, bytes], minimum: int
) -> dict[int, bytes]:
    """Derive the tiles of `level` from the hashes `below`, compare, and give the hash over each full tile."""
    tops = {}
    for n in range(tiles.tiles_at(level, derived.size)):
        width = tiles.width_of(level, n, derived.size)
        prunable = width == WIDTH and tiles.end_of(level, n) <= minimum
        published = _tile(place, level, n, derived.size, prunable, derived.findings)
        hashes = bytearray()
        for at in range(width):
            said = published[at * HASH_SIZE : (at + 1) * HASH_SIZE] if published else b""
            known = below.get(n * WIDTH + at, said)
            if said and known != said:
                first, last = (n * WIDTH + at) << 8 * level, ((n * WIDTH + at + 1) << 8 * level) - 1
                path = tiles.tile_path(level, n, width)
                derived.findings.append(
                    Finding(Kind.TILE, path, f"hash {at}, over entries {first} to {last}")
                )
            hashes += known
        if len(hashes) == width * HASH_SIZE:
            derived.tiles[level, n] = bytes(hashes)
            if top := _top(bytes(hashes)):
                tops[n] = top
    return tops


def _tile(
    place: Place, level: int, n: int, size: int, prunable: bool, findings: list[Finding]
) -> bytes | None:
    """The tile as it is published; None, and a finding, when it is not there or not of its size."""
    width = tiles.width_of(level, n, size)
    try:
        hashes = reading.tile(place, level, n, size)
    except Absent as absent:
        if not prunable:
            findings.append(Finding(Kind.MISSING, str(absent)))
        return None
    if len(hashes) != width * HASH_SIZE:
        path = tiles.tile_path(level, n, width)
        findings.append(Finding(Kind.TILE, path, f"{len(hashes)} bytes instead of {width * HASH_SIZE}"))
        return None
    return hashes


def _unseen(n: int, published: bytes | None, findings: list[Finding], needed: Container[int]) -> Bundle:
    """A bundle that is not shown: its hashes as published, which still have to lead to the root."""
    kept = published if n in needed else None
    return Bundle(n, False, kept, _top(published or b""), findings=findings)


def _top(hashes: bytes) -> bytes | None:
    return fold(hashes) if len(hashes) == WIDTH * HASH_SIZE else None


def _repeated(bundle: Bundle, seen: set[bytes]) -> Iterator[Finding]:
    """Entries whose id stood in the log before; remembers the others in `seen`."""
    ids = [bundle.ids[at : at + ID_SIZE] for at in range(0, len(bundle.ids), ID_SIZE)]
    fresh = set(ids)
    if len(fresh) == len(ids) and seen.isdisjoint(fresh):
        seen |= fresh
        return
    for at, entry_id in enumerate(ids):
        if entry_id in seen:
            yield Finding(Kind.REPEATED, f"entry {bundle.n * WIDTH + at}", str(UUID(bytes=entry_id)))
        elif any(entry_id):
            seen.add(entry_id)


@contextmanager
def _mapped(
    bundles: int, processes: int | None
) -> Iterator[Callable[[Callable[[int], Bundle]], Iterable[Bundle]]]:
    """`map` over the numbers of all bundles, in order; in several processes where that is worth it."""
    processes = processes or (os.cpu_count() or 1 if bundles >= _WORTH_PROCESSES else 1)
    if processes == 1:
        yield lambda examine_one: map(examine_one, range(bundles))
        return
    # Not by fork: whoever calls this may have threads.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield lambda examine_one: pool.imap(examine_one, range(bundles), chunksize=_BATCH)
