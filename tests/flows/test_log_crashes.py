"""Everything dies under load, and the log is whole: shorter here than one would run it by hand."""

import time
from pathlib import Path

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
    assert verifylog.accepts("log", tmp_path / "export", told.key), f"Go does not verify it: {told}"
