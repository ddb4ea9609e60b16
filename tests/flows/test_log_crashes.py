"""Everything dies under load, and the log is whole: shorter here than one would run it by hand."""

import random
import time
from pathlib import Path

from auditor import tiles
from auditor.notes import VerifierKey
from auditor.reading import Folder
from auditor.verify import verify
from tests.crashing import crash
from tests.outsiders.golang import VerifyLog
from tests.provider import HandMade
from tests.servers.postgres import postgres

SECONDS = 12.0


def test_whatever_dies_nothing_is_shown_or_lost_without_trace(
    tmp_path: Path, provider: HandMade, verifylog: VerifyLog
) -> None:
    seed = time.time_ns() % 1_000_000
    # A server of its own, for it is crashed.
    with postgres() as server:
        told = crash(tmp_path, server, provider, seconds=SECONDS, seed=seed)
    assert told.watched, f"nobody was served anything: {told}"
    assert told.asked, f"nobody was answered: {told}"
    assert sum(told.kills.values()) >= 3, f"hardly anything was killed: {told}"
    exported = tmp_path / "export"
    assert verifylog.accepts("log", exported, told.key), f"Go does not verify it: {told}"
    one_flipped_bit_does_not_verify(exported, told.key, verifylog, random.Random(seed))


def one_flipped_bit_does_not_verify(
    exported: Path, key: VerifierKey, verifylog: VerifyLog, chance: random.Random
) -> None:
    """In the checkpoint, and in each tile and bundle: neither by ours nor by Go's."""
    for file in [exported / tiles.CHECKPOINT, *(exported / "tile").rglob("*")]:
        if not file.is_file():
            continue
        whole = file.read_bytes()
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        where = f"{file.relative_to(exported)}, byte {place}, bit {bit}"
        assert verify(Folder(exported), key).findings, f"ours verifies it with {where} flipped"
        assert not verifylog.accepts("log", exported, key), f"Go verifies it with {where} flipped"
        file.write_bytes(whole)
    assert verifylog.accepts("log", exported, key)
