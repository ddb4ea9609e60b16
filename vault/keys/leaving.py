"""Every key that opens footage of one municipality goes from both rings, for good."""

from pathlib import Path

from vault.keys import folder
from vault.keys.layout import DAY_KEY, DISPOSAL, Role
from vault.keys.making import place_of


def destroy_municipality(vault_dir: Path, ingest_dir: Path, municipality: str) -> int:
    """Destroy a municipality's sealing keys in both rings, and its day keys; how many folders that were.

    Ingest's first: nobody may wrap for a key that nobody has. Dying anywhere leaves less readable; called
    again, it goes on. Copies of the rings are for whoever keeps them to destroy.
    """
    place = place_of(municipality)
    if vault_dir.resolve() == ingest_dir.resolve():
        raise ValueError("the two rings need a folder each")
    with folder.writing(vault_dir) as vault, folder.writing(ingest_dir) as ingest:
        for ring, role in ((vault, Role.VAULT), (ingest, Role.INGEST)):
            if folder.read_line(ring / "role") != role:
                raise ValueError(f"{ring} is not {role}'s ring")
        gone = folder.destroy(ingest, ingest / place) + folder.destroy(vault, vault / place)
        days = folder.entries(vault / DISPOSAL) if (vault / DISPOSAL).exists() else set()
        for name in sorted(days):
            said = DAY_KEY.fullmatch(name)
            if said and said[1] == municipality:
                gone += folder.destroy(vault, vault / DISPOSAL / name)
    return gone
