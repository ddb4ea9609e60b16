"""Checkpoints (c2sp.org/tlog-checkpoint): what a log signs: its name, how many entries, and their root.

voorbeeldstad.example/audit
70000
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor import notes
from auditor.merkle import EMPTY_ROOT, HASH_SIZE
from auditor.notes import COSIGNATURE, ED25519, NoteBroken, VerifierKey

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: `size` entries under `root`, in the log that calls itself `origin`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note text that is signed (tlog-checkpoint, Note text)."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Strictly: what is not in the format's one form is refused. Raises NoteBroken."""
        lines = text.split("\n")
        if len(lines) < 4 or "" in lines[:-1] or lines[-1]:
            raise NoteBroken("not a checkpoint: it needs three lines, none of them empty")
        origin, size, root, *extensions = lines[:-1]
        if not _SIZE.fullmatch(size):
            raise NoteBroken("not a checkpoint: the second line is no tree size")
        checkpoint = cls(origin, int(size), notes.unarmour(root), tuple(extensions))
        if len(checkpoint.root) != HASH_SIZE:
            raise NoteBroken("not a checkpoint: the third line is no SHA-256 hash")
        if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
            raise NoteBroken("not a checkpoint: an empty tree has another root")
        return checkpoint


@dataclass(frozen=True)
class Signed:
    """A checkpoint of which the log's signature holds, and each cosignature by a known witness."""

    checkpoint: Checkpoint
    note: bytes
    """As it was read, with the signatures of keys that nobody here knows."""
    cosigned_at: dict[VerifierKey, int] = field(default_factory=dict)
    """Seconds since 1970, by the witness's own clock."""


def open_checkpoint(note: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Signed:
    """The checkpoint in `note`, signed by `log`.

    A witness's signature does not stand in for the log's. The first line must be the name of the log's key
    (tlog-checkpoint, Signatures, as a SHOULD), else one key could vouch for two logs. Raises NoteBroken.
    """
    if log.kind != ED25519 or any(witness.kind != COSIGNATURE for witness in witnesses):
        raise NoteBroken("a log's key is of type 1, a witness's of type 4: are they exchanged?")
    opened = notes.open_note(note, [log, *witnesses])
    if log not in opened.signed:
        raise NoteBroken(f"not signed by {log.name}")
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != log.name:
        raise NoteBroken(f"a checkpoint of another log than {log.name}")
    return Signed(checkpoint, note, opened.cosigned_at)
