"""Whoever may see it gets a certificate that an outsider checks, or a clear answer why there is none yet."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from auditor.certificates import CertificateBroken, Flaw, verify
from console.demo import town
from console.demo.town import Resident
from policies.retention import AMSTERDAM
from tests.disposing import OVER, change, hold, kept, now, swept
from tests.installation import Installation
from tests.watching import entries, payload_of, row_of
from vault import audit
from vault.audit import Entry, Event
from vault.disposal.certificates import (
    Certificate,
    CertificateAltered,
    NotDisposed,
    every,
    listed,
    look,
)
from vault.disposal.expiring import expire
from vault.disposal.placing import place
from vault.disposal.proving import EntryPruned
from vault.disposal.tables import Disposal, Ground
from vault.facts import Unknown
from vault.ids import EntryId, RecordingId
from vault.log.reading import NotNumbered
from vault.log.sequencer import sequence
from vault.signals.raising import KEEPER
from vault.tables import AuditEntry, SealedKey

OPERATOR = audit.Actor("operator", "beheer", "beheer", ("functional-administrator",))


def disposed(installation: Installation, seed: int = 1) -> RecordingId:
    recording = kept(installation, seed)
    assert swept(installation).disposed == 1
    return recording


def test_a_certificate_verifies_offline(installation: Installation) -> None:
    recording = kept(installation)
    hold(installation, recording, ago=timedelta(days=39), lifted=timedelta(days=38), days_after=3)
    assert swept(installation).disposed == 1
    installation.settle()
    found = look(installation.vault, OPERATOR, recording, now=now()).certificate
    assert found
    [key, *_] = installation.vault.ring.log_keys
    shown = verify(found.document, key)
    assert shown.statement == found.statement
    assert (shown.digest, shown.disposed.index) == (found.digest, found.entry.index)
    assert (shown.statement.recording, shown.too_early) == (str(recording), False)
    assert shown.statement.holds[0].days_after == 3
    assert shown.key_destroyed is None
    with pytest.raises(CertificateBroken) as broken:
        verify(found.document.replace(b'"avg"', b'"wpg"'), key)
    assert broken.value.flaw is Flaw.HASH


def destroy_key(installation: Installation, key_id: str) -> EntryId:
    """As the keeper tells of an old sealing key that is destroyed."""
    event, facts = Event.SEALING_KEY_DESTROYED, {"keyId": key_id}
    told = Entry(event=event, at=now(), actor=KEEPER, municipality=town.SLUG, facts=facts)
    with installation.vault.database.transaction() as session:
        return audit.append(session, installation.vault.ring, told)


def test_it_shows_that_the_key_of_its_day_went(installation: Installation) -> None:
    """From intake to the end, by all that the keeper does."""
    vault, recording = installation.vault, kept(installation)
    assert place(vault, now=now() - OVER) == 1
    assert swept(installation).disposed == 1
    installation.settle()
    before = look(vault, OPERATOR, recording, now=now()).certificate
    assert before
    assert (before.key, before.statement.key_expires is not None) == (None, True)
    expire(vault, KEEPER, now=now() + timedelta(days=1))
    # It is in the trail, and not in the log yet.
    [entry] = [each for each in entries(installation, Event.DISPOSAL_KEY_DESTROYED) if _is_of(each, before)]
    still = look(vault, OPERATOR, recording, now=now()).certificate
    assert still
    assert still.key is None
    installation.settle()
    after = look(vault, OPERATOR, recording, now=now()).certificate
    assert after
    assert after.key
    assert after.key.id == entry.id
    shown = verify(after.document, vault.ring.log_keys[0])
    assert shown.key_destroyed
    assert (shown.digest, shown.key_destroyed.index) == (before.digest, after.key.index)


def _is_of(entry: AuditEntry, certificate: Certificate) -> bool:
    return bool(json.loads(entry.leaf)["facts"]["keyId"] == certificate.statement.key_id)


def test_what_went_before_it_was_placed_was_under_a_sealing_key(installation: Installation) -> None:
    recording = kept(installation)
    with installation.vault.database.transaction() as session:
        key_id = session.get_one(SealedKey, recording).key_id
    assert swept(installation).disposed == 1
    destroy_key(installation, "another-key")
    entry = destroy_key(installation, key_id)
    installation.settle()
    found = look(installation.vault, OPERATOR, recording, now=now()).certificate
    assert found
    assert found.key
    assert found.key.id == entry
    assert verify(found.document, installation.vault.ring.log_keys[0]).key_destroyed


def test_before_there_is_one(small: Installation) -> None:
    recording = kept(small, ago=timedelta(days=1))
    with pytest.raises(NotDisposed):
        look(small.vault, OPERATOR, recording, now=now())
    with pytest.raises(Unknown):
        look(small.vault, OPERATOR, RecordingId(uuid4()), now=now())
    gone = disposed(small, 2)
    with pytest.raises(NotNumbered):
        look(small.vault, OPERATOR, gone, now=now())
    assert [each for _, each in every(small.vault, OPERATOR, town.SLUG, now=now())] == [None]
    sequence(small.vault, now=now())
    assert look(small.vault, OPERATOR, gone, now=now()).certificate


def test_when_its_entry_is_pruned(small: Installation) -> None:
    recording = disposed(small)
    small.settle()
    with small.vault.database.transaction() as session:
        session.execute(update(Disposal).values(disposed_in=uuid4()))
    with pytest.raises(EntryPruned):
        look(small.vault, OPERATOR, recording, now=now())


def test_one_that_was_altered_is_not_given(small: Installation) -> None:
    """Nor does it keep the others from being given."""
    altered, other = kept(small, 1), kept(small, 2)
    assert swept(small).disposed == 2
    small.settle()
    with small.vault.database.transaction() as session:
        row = session.get_one(Disposal, altered)
        assert row.certificate
        row.certificate = row.certificate.replace(b'"avg"', b'"wpg"')
    with pytest.raises(CertificateAltered):
        look(small.vault, OPERATOR, altered, now=now())
    found = dict(every(small.vault, OPERATOR, town.SLUG, now=now()))
    assert (found[altered], found[other] is not None) == (None, True)


def test_what_was_in_quarantine_has_its_term_from_when_it_came(small: Installation) -> None:
    recording = kept(small)
    tomorrow = now() + timedelta(days=1)
    change(small, recording, state="quarantined", reason="clock", recorded_at=tomorrow)
    assert swept(small).disposed == 1
    small.settle()
    found = look(small.vault, OPERATOR, recording, now=now()).certificate
    assert found
    shown = verify(found.document, small.vault.ring.log_keys[0])
    kept_at = row_of(small, recording).kept_at
    assert kept_at
    assert shown.statement.term_from == kept_at.astimezone(AMSTERDAM).date()
    assert shown.statement.recorded_on == tomorrow.astimezone(AMSTERDAM).date()
    assert not shown.too_early


@pytest.mark.parametrize(
    ("who", "may"),
    [(town.PRIVACY_OFFICER, True), (town.OFFICER, False), (town.SUPERVISOR, False)],
)
def test_who_may_see_it_and_that_they_did(small: Installation, who: Resident, may: bool) -> None:
    recording = disposed(small)
    small.settle()
    caller = small.caller(who)
    looked = look(small.vault, caller, recording, now=now())
    page = listed(small.vault, caller, town.SLUG, now=now())
    assert (looked.denial is None, looked.certificate is not None) == (may, may)
    assert (page.denial is None, len(page.rows)) == (may, int(may))
    event = Event.RETENTION_READ if may else Event.RETENTION_DENIED
    told = entries(small, event)
    assert [json.loads(entry.leaf)["facts"] for entry in told] == [{"listed": int(may)}] * 2
    shown = payload_of(small, told[0])["details"]
    assert (shown["recording"], shown["shown"]) == (str(recording), [str(recording)] if may else [])
    if not may:
        assert "retention-for-oversight-only" in {rule.id for rule in looked.denial.reasons}  # type: ignore[union-attr]
        assert list(every(small.vault, caller, town.SLUG, now=now())) == []


def test_a_list_page_by_page(installation: Installation) -> None:
    """In the order in which they were disposed of, also of those of one moment."""
    recordings = [kept(installation, seed) for seed in range(1, 4)]
    assert swept(installation).disposed == 3
    recordings.append(disposed(installation, 4))
    found, after = [], None
    while True:
        page = listed(installation.vault, OPERATOR, town.SLUG, now=now(), after=after, most=2)
        found += [row.recording_id for row in page.rows]
        after = page.next_after
        if after is None:
            break
    assert found == [*sorted(recordings[:3]), recordings[3]]
    assert listed(installation.vault, OPERATOR, "noordwijk", now=now()).rows == []
    assert {row.ground for row in page.rows} == {Ground.TERM_OVER}


def test_every_certificate_of_a_municipality(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vault.disposal.certificates.AT_ONCE", 2)
    recordings = {kept(small, seed) for seed in range(1, 6)}
    assert swept(small).disposed == 5
    small.settle()
    [key, *_] = small.vault.ring.log_keys
    found = dict(every(small.vault, OPERATOR, town.SLUG, now=now()))
    assert found.keys() == recordings
    for recording, certificate in found.items():
        assert certificate
        assert verify(certificate.document, key).statement.recording == str(recording)
    [entry] = entries(small, Event.RETENTION_READ)
    assert json.loads(entry.leaf)["facts"] == {"listed": 5}
