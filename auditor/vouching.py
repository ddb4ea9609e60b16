"""What witnesses vouch for: of each the newest checkpoint that it cosigned, as the log shows it.

Each looks at its own moments, and the log grows between them: two witnesses seldom cosign the same
checkpoint, and the newest may be too young for any. So what each saw is a tree of its own size, and the
verified one has to begin with it.
"""

from dataclasses import dataclass

from auditor import notes, tiles
from auditor.checkpoints import Checkpoint
from auditor.notes import MOST_BYTES, NoteBroken, VerifierKey
from auditor.reading import Absent, Place


@dataclass(frozen=True)
class Seen:
    """That a witness cosigned `checkpoint`, at `at` seconds since 1970 by its own clock."""

    checkpoint: Checkpoint
    at: int


class SeenBroken(Exception):
    """What stands at `where` is no checkpoint that this witness cosigned."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where = where


def seen_by(place: Place, log: VerifierKey, witness: VerifierKey) -> Seen | None:
    """The newest checkpoint of `log` that it shows with a cosignature of `witness`; None when it has none.

    Raises SeenBroken; Unreadable.
    """
    for path in (tiles.cosigned_path(witness.id), tiles.COSIGNED, tiles.CHECKPOINT):
        try:
            seen = _opened(place.fetch(path, MOST_BYTES), log, witness)
        except Absent:
            continue
        except NoteBroken as broken:
            raise SeenBroken(path, str(broken)) from None
        if seen:
            return seen
    return None


def _opened(note: bytes, log: VerifierKey, witness: VerifierKey) -> Seen | None:
    """What `witness` says of the checkpoint in `note`, when it says anything. Raises NoteBroken.

    By its own cosignature: the log's may be of a key that was replaced since.
    """
    if not any(notes.is_by(line, witness) for line in notes.split(note)[1]):
        return None
    opened = notes.open_note(note, [log, witness])
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != log.name:
        raise NoteBroken(f"a checkpoint of another log than {log.name}")
    return Seen(checkpoint, opened.cosigned_at[witness])
