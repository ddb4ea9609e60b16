"""The indexer: reads the log on, once each entry, in batches that stand or fall whole."""

import shutil
import threading
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from sqlalchemy import delete, select, update

from console.demo import town
from tests.installation import MAKER, Installation
from tests.vault.trail.conftest import OVERSIGHT
from tests.watching import REASON, choosing, entries, footage, granted, keep
from vault import audit
from vault.audit import Entry, Event
from vault.completions import Completions
from vault.erasure import epochs
from vault.ids import new_id
from vault.keys import KeyRing, rotate_audit
from vault.log.sequencer import sequence
from vault.log.tables import TrailTerm
from vault.tables import AuditEntry, AuditPayload
from vault.trail import Question, indexer, read
from vault.trail.indexer import LAG, cursor_of, index, index_all
from vault.trail.invariants import amiss
from vault.trail.questions import filters
from vault.viewing import Viewing, Watching

NOW = datetime.now(UTC)


def terms(made: Installation) -> set[tuple[bytes, int]]:
    with made.vault.database.reading() as session:
        return {(term, number) for term, number in session.execute(select(TrailTerm.term, TrailTerm.index))}


def number(made: Installation) -> None:
    """Let the sequencer give every entry its number; nobody indexes them."""
    sequence(made.vault, now=datetime.now(UTC))


def lag() -> float:
    [metric] = LAG.collect()
    return metric.samples[0].value


def found(made: Installation, **asked: object) -> list[str]:
    question = Question(town.SLUG, OVERSIGHT, most=200, **asked)  # type: ignore[arg-type]
    page = read(made.vault, made.caller(town.PRIVACY_OFFICER), question, now=NOW)
    return [line.leaf["type"] for line in page.lines]


def watched(made: Installation, seed: int = 1) -> Viewing:
    grant = granted(made, keep(made, footage(1000, seed)))
    viewing = Watching(made.vault).watch(
        made.caller(town.SUPERVISOR), grant, choosing(10, 19), now=datetime.now(UTC)
    )
    assert isinstance(viewing, Viewing)
    return viewing


def complete(made: Installation, viewing: Viewing) -> None:
    done = Completions(made.vault)
    done.add(viewing, 10, datetime.now(UTC))
    done.close()


def test_it_goes_on_where_it_was(installation: Installation) -> None:
    watched(installation)
    number(installation)
    count = len(entries(installation))
    assert index(installation.vault, most=5) == 5
    with installation.vault.database.reading() as session:
        assert cursor_of(session) == 5
    assert lag() == count - 5
    assert index_all(installation.vault) == count - 5
    assert index(installation.vault) == 0
    assert lag() == 0
    before = terms(installation)
    assert index_all(installation.vault, again=True) == count
    assert terms(installation) == before


def test_nothing_to_read_is_no_error(installation: Installation) -> None:
    assert index(installation.vault) == 0


def test_what_is_of_no_municipality_is_found_by_none(installation: Installation) -> None:
    number(installation)
    index_all(installation.vault)
    [*persons] = entries(installation, Event.PERSON_REGISTERED)
    assert persons
    assert found(installation, event=Event.PERSON_REGISTERED) == []
    assert found(installation, event=Event.PERSON_ASSIGNED) == ["person.assigned"] * 4


def test_a_batch_that_is_killed_leaves_nothing(installation: Installation) -> None:
    watched(installation)
    number(installation)
    with (
        patch.object(indexer, "_complete", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        index(installation.vault)
    assert terms(installation) == set()
    with installation.vault.database.reading() as session:
        assert cursor_of(session) == 0
    index_all(installation.vault)
    assert found(installation, event="viewing.served") == ["viewing.served"]


@pytest.mark.parametrize("most", [1, 1000])
def test_a_completion_completes_also_in_a_later_batch(installation: Installation, most: int) -> None:
    first, second = watched(installation), watched(installation, 2)
    number(installation)
    index_all(installation.vault)
    assert found(installation, without_completion=True) == ["viewing.served"] * 2
    complete(installation, first)
    number(installation)
    while index(installation.vault, most=most):
        pass
    assert found(installation, without_completion=True) == ["viewing.served"]
    complete(installation, second)
    number(installation)
    index_all(installation.vault)
    assert found(installation, without_completion=True) == []
    # All at once, from the beginning.
    index_all(installation.vault, again=True)
    assert found(installation, without_completion=True) == []


def test_several_at_once_do_each_entry_once(installation: Installation) -> None:
    for seed in range(3):
        watched(installation, seed)
    number(installation)
    counts: list[int] = []

    def run() -> None:
        while count := index(installation.vault, most=3):
            counts.append(count)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == len(entries(installation))
    before = terms(installation)
    index_all(installation.vault, again=True)
    assert terms(installation) == before


def test_a_damaged_or_lost_payload_leaves_what_the_leaf_says(small: Installation) -> None:
    recording = keep(small, footage(1000))
    granted(small, recording)
    [approved] = entries(small, Event.REQUEST_APPROVED)
    [submitted] = entries(small, Event.REQUEST_SUBMITTED)
    with small.vault.database.transaction() as session:
        session.execute(
            update(AuditPayload).where(AuditPayload.entry_id == approved.id).values(salt=bytes(32))
        )
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id == submitted.id))
    small.settle()
    assert found(small, words=REASON) == []
    assert found(small, recording=recording)[2:] == ["request.submitted", "request.approved"]
    decider = small.town.people[town.PRIVACY_OFFICER.subject]
    assert found(small, person=decider, event="request.approved") == ["request.approved"]


@pytest.mark.parametrize("leaf", [b"\xff", b"[]", b"{}", b'{"t":1e99}', None])
def test_what_nobody_of_ours_appended_keeps_nothing_else_from_being_found(
    small: Installation, leaf: bytes | None
) -> None:
    """As who took ingest over can; the nightly check tells of it."""
    small.settle()
    [first] = entries(small, Event.DOCK_REGISTERED)[:1]
    strange = {"id": new_id(), "at": datetime.now(UTC), "event": "dock.registered", "actor": "x" * 32}
    # None: a leaf like ours, that completes what is no entry.
    leaf = leaf or first.leaf[:-1] + b',"prev":"nothing"}'
    with small.vault.database.transaction() as session:
        session.add(AuditEntry(**strange, municipality_id=town.SLUG, leaf=leaf))
    recording = keep(small, footage(1000))
    small.settle()
    assert found(small, recording=recording)[-1:] == ["recording.kept"]
    assert len(found(small, event="dock.registered")) == 2
    with small.vault.database.reading() as session:
        told = [each for each in amiss(small.vault.ring, session, datetime.now(UTC)) if each.misplaced]
    assert [each.entry for each in told] == [str(strange["id"])]
    assert epochs.follow(small.vault) > 0


def test_with_an_epochs_secret_goes_what_was_found_by_it(small: Installation) -> None:
    recording = keep(small, footage(1000))
    granted(small, recording)
    small.settle()
    supervisor = small.town.people[town.SUPERVISOR.subject]
    before = small.vault.ring.epoch
    rotate_audit(small.home / "keys-vault", small.home / "keys-ingest")
    object.__setattr__(small.vault, "ring", KeyRing.load(small.settings.keys))
    granted(small, recording)
    small.settle()
    assert found(small, person=supervisor) == ["request.submitted"] * 2
    assert found(small, words="pushed nowhere") == []
    assert found(small, words="pushed") == ["request.submitted"] * 2
    shutil.rmtree(small.settings.keys / "ring" / "pseudonym" / before)
    object.__setattr__(small.vault, "ring", KeyRing.load(small.settings.keys))
    assert found(small, person=supervisor) == ["request.submitted"]
    assert found(small, words="pushed") == ["request.submitted"]
    assert found(small, event="request.submitted") == ["request.submitted"] * 2
    # Derived again, what is left of the old epoch is what its leaves say in the clear.
    index_all(small.vault, again=True)
    assert found(small, event="request.submitted") == ["request.submitted"] * 2
    assert found(small, words="pushed") == ["request.submitted"]


def test_no_term_tells_what_it_is_of(small: Installation) -> None:
    """What a person, a word or a case becomes cannot be guessed without the epoch's secret."""
    granted(small, keep(small, footage(1000)))
    small.settle()
    database = (small.home / "vault.db").read_bytes() + (small.home / "vault.db-wal").read_bytes()
    asked = Question(town.SLUG, OVERSIGHT, words="pushed")
    other = KeyRing.load(small.intake.settings.keys)
    assert other.epoch == small.vault.ring.epoch
    [[term]] = filters(asked, small.vault.ring)
    assert term in database
    assert b"pushed" not in database.replace(REASON.encode(), b"")


def test_a_late_entry_of_another_process_is_indexed(installation: Installation) -> None:
    entry = Entry(event=Event.CAMERA_REGISTERED, at=NOW, actor=MAKER, municipality=town.SLUG)
    for _ in range(2):
        with installation.vault.database.transaction() as session:
            audit.append(session, installation.vault.ring, entry)
        installation.settle()
    assert found(installation, event=Event.CAMERA_REGISTERED) == ["camera.registered"] * 3
