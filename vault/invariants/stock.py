"""Whether every part has its object. An object without a part is for `ingest.orphans` to take away."""

from collections.abc import Iterator

from vault.finding import Finding
from vault.invariants.depth import Tell
from vault.inventory import amiss_still, shelves
from vault.vault import Vault


def check(vault: Vault, *, tell: Tell) -> Iterator[Finding]:
    """Objects that are missing, or not as long as what was sealed into them. Raises the store's errors."""
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
