"""One entry and its proof: a tlog-proof beside the entry's bytes, or both in a JSON file such as a receipt's.

    {"leaf": "<base64 of the entry's bytes>", "proof": "<text of the tlog-proof>", …}

What else such a file says is not looked at here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from auditor import leaves, proofs
from auditor.checkpoints import Signed
from auditor.notes import NoteBroken, VerifierKey, unarmour

MOST_BYTES = 2 * proofs.MOST_BYTES


@dataclass(frozen=True)
class Proven:
    """An entry that is in the log: number `index`, under the checkpoint `signed`."""

    signed: Signed
    index: int
    id: UUID
    type: str


def verify_entry(
    file: bytes, leaf: bytes | None, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> Proven:
    """Verify the proof in `file`, of the entry `leaf` or else of the one that the file holds.

    Raises NoteBroken when the checkpoint does not hold or something is no proof, ProofBroken when it proves
    something else, LeafBroken when the entry has not the documented form.
    """
    text = file
    if file.lstrip()[:1] == b"{":
        held, text = _unpacked(file)
        if leaf is not None and leaf != held:
            raise NoteBroken("the file holds another entry than the one that was given")
        leaf = held
    if leaf is None:
        raise NoteBroken("a proof needs the bytes of the entry it is of")
    proof = proofs.parse(text)
    signed = proofs.verify(proof, leaf, log, witnesses)
    entry_id, kind = leaves.read(leaf)
    return Proven(signed, proof.index, entry_id, kind)


def _unpacked(file: bytes) -> tuple[bytes, bytes]:
    try:
        members = json.loads(file) if len(file) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise NoteBroken("neither a proof file nor JSON")
    leaf, proof = members.get("leaf"), members.get("proof")
    if not isinstance(leaf, str) or not isinstance(proof, str):
        raise NoteBroken("JSON without a leaf and a proof: is the entry not in the log yet?")
    return unarmour(leaf), proof.encode("utf-8", "surrogatepass")
