"""A dock fetches the proof of its receipt, and anyone can check it offline; of others' there is none."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
import requests
from sqlalchemy import text, update

from auditor.receipts import Flaw, ReceiptBroken, verify
from ingest import proofs
from tests.docking import PATIENCE, Dock, another_dock, id_of, opened
from tests.footage import film
from tests.installation import Installation
from vault.audit import Event
from vault.base import table_of
from vault.log.tables import LogPosition
from vault.tables import Arrival


def asked(dock: Dock, upload: str) -> requests.Response:
    return requests.get(f"{upload}/proof", headers=dock.headers(), timeout=PATIENCE)


def keys_of(dock: Dock) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{dock.url}/receipt-keys", timeout=PATIENCE).json()
    return found


def test_as_soon_as_the_entry_has_its_number(standing: Installation, any_dock: Dock) -> None:
    content = film()
    upload = any_dock.begin(len(content))
    for _ in ("while it arrives", "when it is kept, and not in the log yet"):
        answer = asked(any_dock, upload)
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:bodycam-vault:problem:proof-not-yet"
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("1", "no-store")
        any_dock.go_on(upload, content, 0)
        receipt = any_dock.receipt(upload)
        content = b""
    standing.settle()
    answer = asked(any_dock, upload)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["receipt"] == receipt["receipt"]
    [log] = standing.vault.ring.log_keys
    shown = verify(answer.content, log, keys_of(any_dock))
    assert shown.claims == receipt["claims"]
    assert shown.leaf["type"] == Event.RECORDING_KEPT
    forged = {**answer.json(), "leaf": base64.b64encode(b"{}").decode()}
    with pytest.raises(ReceiptBroken) as refused:
        verify(json.dumps(forged).encode(), log, keys_of(any_dock))
    assert refused.value.flaw is Flaw.HASH


def test_of_what_went_to_quarantine_too(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.upload(b"no footage at all")
    any_dock.receipt(upload)
    standing.settle()
    shown = verify(asked(any_dock, upload).content, standing.vault.ring.log_keys[0], keys_of(any_dock))
    assert (shown.claims["wipe"], shown.leaf["type"]) == (False, Event.RECORDING_QUARANTINED)


def test_of_what_was_kept_before_it_is_that_ones(standing: Installation, any_dock: Dock) -> None:
    content = film()
    first = any_dock.upload(content)
    any_dock.receipt(first)
    again = any_dock.upload(content)
    any_dock.receipt(again)
    standing.settle()
    shown = verify(asked(any_dock, again).content, standing.vault.ring.log_keys[0], keys_of(any_dock))
    assert asked(any_dock, first).json()["receipt"] == asked(any_dock, again).json()["receipt"]
    assert shown.claims["wipe"] is True


def test_only_its_own(small: Installation) -> None:
    with opened(small) as dock:
        upload = dock.upload(film())
        dock.receipt(upload)
        small.settle()
        other = another_dock(small, dock.url, "Dock elders")
        assert asked(other, upload).status_code == 404
        assert asked(replace(dock, private_key=other.private_key), upload).status_code == 401
        assert requests.get(f"{upload}/proof", timeout=PATIENCE).status_code == 401


def test_when_its_term_is_over_it_is_gone(own: Installation) -> None:
    with opened(own) as dock:
        upload = dock.upload(film())
        dock.receipt(upload)
        own.settle()
        with own.vault.database.transaction() as session:
            session.execute(update(table_of(LogPosition)).values(size=256, minimum=256))
            session.execute(text("DELETE FROM audit_payload"))
            session.execute(text("DELETE FROM audit_entry"))
        answer = asked(dock, upload)
        assert answer.status_code == 410
        assert answer.json()["type"] == "urn:bodycam-vault:problem:proof-gone"


def test_without_a_receipt_there_is_nothing_to_prove(own: Installation) -> None:
    with opened(own) as dock:
        upload = dock.upload(film())
        dock.receipt(upload)
    own.settle()
    assert proofs.prove(own.intake, id_of(upload)).keys() == {"receipt", "leaf", "proof"}
    with own.vault.database.transaction() as session:
        session.execute(update(table_of(Arrival)).values(receipt=None))
    with pytest.raises(proofs.NotYet):
        proofs.prove(own.intake, id_of(upload))
