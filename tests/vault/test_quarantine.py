"""What is in quarantine: listed with its reason, for one municipality, and the look is an entry."""

import json
from datetime import UTC, datetime

from console.demo import town
from ingest.probe import NotFootage
from tests.installation import MAKER, Installation
from tests.watching import entries, footage, keep, row_of
from vault.audit import Event
from vault.quarantine import listed


def test_it_is_listed_with_its_reason(installation: Installation) -> None:
    keep(installation, footage(1000))
    first = keep(installation, footage(1000, seed=2), seen=NotFootage("not-footage"))
    second = keep(installation, footage(1000, seed=3), seen=NotFootage("too-long"))
    found = listed(installation.vault, town.SLUG, MAKER, now=datetime.now(UTC))
    assert [(one.recording, one.reason) for one in found] == [(second, "too-long"), (first, "not-footage")]
    assert {(one.dock, one.camera) for one in found} == {("Dock stadhuis", town.CAMERA)}
    assert found[0].dispose_after == row_of(installation, second).dispose_after
    [entry] = entries(installation, Event.QUARANTINE_READ)
    assert json.loads(entry.leaf)["facts"] == {"listed": 2}
    assert listed(installation.vault, "noordwijk", MAKER, now=datetime.now(UTC)) == []
