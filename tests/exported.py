"""The log as files, as whoever reads it gets it, whatever is wrong with it."""

from pathlib import Path

from auditor import tiles
from auditor.merkle import HASH_SIZE
from auditor.tiles import WIDTH
from tests.logs import put
from vault.log import reading
from vault.vault import Vault


def export(vault: Vault, folder: Path) -> None:
    """Write the log under its newest checkpoint into `folder`; nothing when nothing was signed."""
    with vault.database.reading() as session:
        signed = reading.checkpoint(session)
        if signed is None:
            return
        put(folder, tiles.CHECKPOINT, reading.cosigned(session, signed))
        level = 0
        while tiles.tiles_at(level, signed.size):
            for n in range(tiles.tiles_at(level, signed.size)):
                width = tiles.width_of(level, n, signed.size)
                hashes = reading.tile(session, level, n)[: width * HASH_SIZE]
                put(folder, tiles.tile_path(level, n, width), hashes)
                if level == 0:
                    shown = reading.entries(session, n * WIDTH, n * WIDTH + width - 1)
                    put(folder, tiles.bundle_path(n, width), tiles.bundle(each.leaf for each in shown))
            level += 1
