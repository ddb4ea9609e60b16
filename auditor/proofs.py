"""Proofs that stand by themselves (c2sp.org/tlog-proof): that an entry is in a log, to be checked offline.

A dock's receipt and a certificate of disposal carry one. It needs the entry's bytes and the log's key, no
network and nobody's cooperation.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor import notes
from auditor.checkpoints import Signed, open_checkpoint
from auditor.merkle import HASH_SIZE, HashAt, inclusion_proof, leaf_hash, verify_inclusion
from auditor.notes import NoteBroken, VerifierKey

HEADER = "c2sp.org/tlog-proof@v1"
MOST_BYTES = notes.MOST_BYTES + 256 * 1024
_MOST_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True)
class Proof:
    """That some entry is number `index` of the log whose signed checkpoint is `note`."""

    index: int
    path: tuple[bytes, ...]
    """From the leaf's sibling up to the root's child (RFC 6962, 2.1.1)."""
    note: bytes
    extra: bytes | None = None
    """Of the application, and vouched for by nothing (tlog-proof, Format)."""

    def __bytes__(self) -> bytes:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines += [f"index {self.index}", *(base64.b64encode(hashed).decode() for hashed in self.path)]
        return "\n".join([*lines, "", ""]).encode() + self.note


def make(hash_at: HashAt, index: int, size: int, note: bytes, *, extra: bytes | None = None) -> Proof:
    """The proof for entry `index` under the checkpoint `note`, which is one of `size` entries."""
    return Proof(index, tuple(inclusion_proof(hash_at, index, size)), note, extra)


def parse(data: bytes) -> Proof:
    """A proof file's content, strictly; nothing is verified. Raises NoteBroken."""
    # The first empty line ends the proof; the checkpoint behind it has one of its own.
    head, found, note = data.partition(b"\n\n")
    if len(data) > MOST_BYTES or not found or not head.isascii():
        raise NoteBroken("not a proof file")
    lines = head.decode().split("\n")
    if lines.pop(0) != HEADER or not lines:
        raise NoteBroken(f"not a proof file: it does not begin with {HEADER}")
    extra = notes.unarmour(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
    number = _INDEX.fullmatch(lines.pop(0)) if lines else None
    path = tuple(notes.unarmour(line) for line in lines)
    if not number or len(path) > _MOST_HASHES or any(len(hashed) != HASH_SIZE for hashed in path):
        raise NoteBroken("not a proof file: no index, or a line that is no hash")
    return Proof(int(number[1]), path, note, extra)


def verify(proof: Proof, leaf: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Signed:
    """The checkpoint under which the entry `leaf` is shown to be in `log`.

    Raises NoteBroken when the checkpoint does not hold, ProofBroken when the proof does not.
    """
    signed = open_checkpoint(proof.note, log, witnesses)
    head = signed.checkpoint
    verify_inclusion(leaf_hash(leaf), proof.index, head.size, proof.path, head.root)
    return signed
