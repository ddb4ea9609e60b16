"""Whether every part has its object, and what was disposed of has none.

An object without a part is otherwise for `ingest.orphans` to take away.
"""

from collections.abc import Iterator
from uuid import UUID

from vault.finding import Finding
from vault.invariants.depth import Tell
from vault.inventory import amiss_still, shelves
from vault.tables import Recording, State
from vault.vault import Vault


def check(vault: Vault, *, tell: Tell) -> Iterator[Finding]:
    """Objects that are missing, not as long as what was sealed into them, or of what was disposed of.

    Raises the store's errors.
    """
    for number, shelf in enumerate(shelves(vault.database, vault.store)):
        tell("stored", number + 1, 0)
        for part, there in shelf.amiss():
            # The two sides were not looked at in one moment.
            if not amiss_still(vault.database, vault.store, part):
                continue
            if there:
                yield Finding("object-of-wrong-size", part.name)
            else:
                yield Finding("object-missing", part.name)
        if shelf.stored and not shelf.owned and _is_left_over(vault, shelf.recording):
            yield Finding("disposed-with-remains", str(shelf.recording))


def _is_left_over(vault: Vault, recording: UUID) -> bool:
    """Whether the store has something of what is disposed of: listed once more, for it may have been disposed
    of since it was."""
    with vault.database.reading() as session:
        row = session.get(Recording, recording)
    return row is not None and row.state == State.DISPOSED and any(vault.store.list(f"{recording}/"))
