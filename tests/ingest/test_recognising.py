"""What was disposed of does not come back because its camera is docked again."""

from datetime import UTC, datetime

import pytest

from console.demo import town
from tests.docking import Dock, digest, id_of, rows, stored, wait_for
from tests.footage import film, tone
from tests.installation import MAKER, Installation
from vault.disposal.beginning import begin
from vault.disposal.sweeping import sweep
from vault.disposal.tables import Ground
from vault.tables import Recording, State


def disposed_of(installation: Installation, upload: str, state: State) -> None:
    """Erase a recording early, as far as this state."""
    vault, now = installation.vault, datetime.now(UTC)
    with vault.database.transaction() as session:
        vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, id_of(upload), with_for_update=True)
        begin(vault, session, row, ground=Ground.INSIDE_DWELLING, now=now, by=MAKER)
    if state == State.DISPOSED:
        sweep(vault, MAKER, now=now)
    assert rows(installation, upload).recording.state == state


@pytest.mark.parametrize("state", [State.DISPOSING, State.DISPOSED])
@pytest.mark.parametrize("announce_digest", [True, False])
def test_docked_again_it_is_recognised_and_gets_the_receipt_it_got_then(
    standing: Installation, any_dock: Dock, state: State, announce_digest: bool
) -> None:
    content = film()
    first = any_dock.upload(content)
    receipt = any_dock.receipt(first)
    assert receipt["wipe"] is True
    disposed_of(standing, first, state)
    again = any_dock.begin(len(content), sha256=digest(content) if announce_digest else None)
    assert any_dock.offset(again) == (len(content) if announce_digest else 0)
    any_dock.go_on(again, content, any_dock.offset(again))
    assert any_dock.receipt(again) == receipt
    assert any_dock.receipt(first) == receipt
    wait_for(lambda: not rows(standing, again).objects or None, "the copy's rows stay")
    found = rows(standing, again)
    assert (found.recording.state, found.arrival.kept_as) == (State.DUPLICATE, id_of(first))
    assert (found.sealed_key, found.arrival.sealed) == (None, None)
    assert stored(standing, again) == []


def test_what_went_from_quarantine_stays_away_and_its_receipt_still_says_no(
    standing: Installation, any_dock: Dock
) -> None:
    content = tone()
    first = any_dock.upload(content)
    receipt = any_dock.receipt(first)
    assert (receipt["state"], receipt["wipe"]) == ("quarantined", False)
    disposed_of(standing, first, State.DISPOSED)
    again = any_dock.upload(content)
    assert any_dock.receipt(again) == receipt
    assert rows(standing, again).recording.state == State.DUPLICATE


def test_a_kept_one_goes_before_one_that_is_gone(standing: Installation, any_dock: Dock) -> None:
    """From quarantine, and sent again with the right clock; then the first copy's term ended."""
    content = film()
    first = any_dock.upload(content, startedAt="1970-01-01T00:03:00Z")
    assert any_dock.receipt(first)["wipe"] is False
    second = any_dock.upload(content)
    receipt = any_dock.receipt(second)
    assert receipt["wipe"] is True
    disposed_of(standing, first, State.DISPOSED)
    third = any_dock.begin(len(content), sha256=digest(content))
    assert any_dock.receipt(third) == receipt
    assert rows(standing, third).arrival.kept_as == id_of(second)
    assert rows(standing, second).recording.dispose_after > datetime.now(UTC)  # type: ignore[operator]  # kept
