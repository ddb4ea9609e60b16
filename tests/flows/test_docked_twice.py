"""The same recording twice: recognised, answered with the same receipt, and stored once."""

import threading
from datetime import UTC, datetime

import pytest

from ingest import examination
from ingest.examination import examine
from tests.docking import (
    PART,
    Dock,
    another_dock,
    as_kept,
    digest,
    events,
    id_of,
    received,
    rows,
    stored,
    wait_for,
)
from tests.footage import film
from tests.installation import Installation
from vault.audit import Event
from vault.ids import new_id
from vault.tables import State


def test_the_same_again_without_a_digest_is_recognised(standing: Installation, any_dock: Dock) -> None:
    content = film(3 * PART)
    first = any_dock.upload(content)
    receipt = any_dock.receipt(first)
    before = stored(standing)
    again = any_dock.begin(len(content))
    any_dock.go_on(again, content, 0, chunk=PART)
    assert any_dock.receipt(again) == receipt
    wait_for(lambda: stored(standing) == before or None, "the second copy stays")
    # The rows of what is discarded go last.
    wait_for(lambda: not rows(standing, again).objects or None, "the second copy's rows stay")
    found = rows(standing, again)
    assert (found.recording.state, found.arrival.kept_as) == (State.DUPLICATE, id_of(first))
    assert (found.sealed_key, found.arrival.sealed, found.objects) == (None, None, [])
    assert events(standing, again) == [Event.RECORDING_ANNOUNCED, Event.RECORDING_DUPLICATED]


def test_two_docks_at_once_keep_one(standing: Installation, any_dock: Dock) -> None:
    content = film(2 * PART)
    other = another_dock(standing, any_dock.url, f"dock {new_id()}")
    before = set(stored(standing))
    uploads: list[str] = []
    together = threading.Barrier(2)

    def send(dock: Dock) -> None:
        upload = dock.begin(len(content))
        together.wait()
        dock.go_on(upload, content, 0)
        uploads.append(upload)

    threads = [threading.Thread(target=send, args=(each,)) for each in (any_dock, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mine = next(each for each in uploads if any_dock.head(each).ok)
    theirs = next(each for each in uploads if each != mine)
    assert any_dock.receipt(mine) == other.receipt(theirs)
    states = sorted(str(rows(standing, each).recording.state) for each in uploads)
    assert states == [State.DUPLICATE, State.KEPT]
    kept = next(each for each in uploads if rows(standing, each).recording.state == State.KEPT)
    owned = set(rows(standing, kept).objects)
    wait_for(lambda: set(stored(standing)) - before == owned or None, "a second copy stays")


def test_commit_points_reached_together_keep_one(standing: Installation) -> None:
    """Both have looked for the other, found nothing, and go on: the database lets one of them."""
    content = film()
    uploads = [received(standing, content) for _ in range(2)]
    moment, together = datetime.now(UTC), threading.Barrier(2, timeout=20)
    look = examination._look

    def look_together(*given: object) -> object:
        found = look(*given)  # type: ignore[arg-type]  # handed through
        together.wait()
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(examination, "_look", look_together)
        threads = [
            threading.Thread(
                target=examine, args=(standing.intake, id_of(each), None), kwargs={"now": moment}
            )
            for each in uploads
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = [rows(standing, each) for each in uploads]
    assert sorted(str(each.recording.state) for each in found) == [State.DUPLICATE, State.KEPT]
    assert found[0].arrival.receipt == found[1].arrival.receipt is not None


def test_other_bytes_than_announced_never_get_the_receipt_of_what_they_are(
    standing: Installation, any_dock: Dock
) -> None:
    """A dock that mixes up two files sends one that is kept for one that is not: it must keep the other."""
    known = film()
    any_dock.receipt(any_dock.upload(known))
    upload = any_dock.upload(known, sha256=digest(b"the recording that is still on the camera"))
    found = any_dock.receipt(upload)
    assert (found["state"], found["reason"], found["wipe"]) == ("quarantined", "wrong-digest", False)
    assert as_kept(standing, upload) == known
