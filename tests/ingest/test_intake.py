"""What a process of ingest holds, and what it cannot do with it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from console.demo import town
from ingest.intake import NoArrivingKey
from tests.docking import Dock, lacking_records, rows
from tests.installation import MAKER, Installation
from vault.keys import KeyNotHeld, KeyRing, RingRefused, Role, WrappingBroken
from vault.registry import Registrar
from vault.rulesets import RuleSetMissing, load_rule_sets
from vault.sealing import DataKey


def test_an_arriving_key_opens_for_its_own_recording_only(small: Installation, dock: Dock) -> None:
    first, second = (rows(small, dock.begin(5)).arrival for _ in range(2))
    assert small.intake.arriving_key(first, town.SLUG) != small.intake.arriving_key(second, town.SLUG)
    with pytest.raises(WrappingBroken):
        small.intake.arriving_key(first, "noordwijk")
    second.sealed = first.sealed
    with pytest.raises(WrappingBroken):
        small.intake.arriving_key(second, town.SLUG)


def test_without_an_arriving_key_there_is_none(small: Installation, dock: Dock) -> None:
    upload = dock.begin(5)
    dock.withdraw(upload)
    with pytest.raises(NoArrivingKey):
        small.intake.arriving_key(rows(small, upload).arrival, town.SLUG)


def test_ingests_ring_wraps_and_does_not_open(small: Installation) -> None:
    ring, key, recording = small.intake.ring, DataKey.generate(), uuid4()
    wrapped = ring.wrap(key, recording=recording, municipality=town.SLUG)
    with pytest.raises(KeyNotHeld):
        ring.unwrap(wrapped, recording=recording, municipality=town.SLUG)
    assert small.vault.ring.unwrap(wrapped, recording=recording, municipality=town.SLUG) == key
    payload = ring.seal_payload(b"who and why", entry=recording)
    with pytest.raises(KeyNotHeld):
        ring.open_payload(payload, entry=recording)


def test_ingest_does_not_start_with_the_vaults_ring(small: Installation) -> None:
    with pytest.raises(RingRefused):
        KeyRing.load(small.settings.keys, role=Role.INGEST)


def test_who_takes_in_no_footage_is_told(own: Installation) -> None:
    assert own.intake.closed() == {}
    registrar = Registrar(own.vault.database, own.vault.ring, MAKER)
    registrar.municipality("elders", "Elders", now=datetime.now(UTC))
    intake = lacking_records(own, "dpia", "citizen-notice").intake
    assert intake.missing_records(town.SLUG) == ("dpia", "citizen-notice")
    assert intake.closed() == {"elders": (), town.SLUG: ("dpia", "citizen-notice")}
    with pytest.raises(RuleSetMissing):
        intake.missing_records("elders")
    with capture_logs() as lines:
        intake.tell_closed()
    assert [(line["event"], line["log_level"]) for line in lines] == [("intake.closed", "warning")] * 2
    assert [line["why"] for line in lines] == ["elders: rules", f"{town.SLUG}: dpia, citizen-notice"]


def test_whoever_is_not_registered_here_is_not_told_of(small: Installation) -> None:
    everyone = replace(small.intake, rule_sets=load_rule_sets())
    assert [rules.municipality for rules in everyone.rule_sets if rules.terms.records.missing()]
    assert everyone.closed() == {}
