"""What a dock gets in the end, checked with nothing but the published keys."""

import hashlib
import time
from typing import Any
from uuid import UUID

import pytest
import requests
from jose import jws, jwt
from sqlalchemy import select

from tests.docking import PATIENCE, Dock, digest, id_of, rows
from tests.footage import film
from tests.installation import Installation
from vault.audit import Event
from vault.keys import ReceiptRefused, verify_receipt
from vault.tables import AuditEntry

VARYING = ("iat", "auditEntry", "leafHash")


def keys_of(dock: Dock) -> dict[str, Any]:
    """The published keys; no token is needed for them."""
    found: dict[str, Any] = requests.get(f"{dock.url}/receipt-keys", timeout=PATIENCE).json()
    return found


def test_a_receipt_says_what_was_kept(standing: Installation, any_dock: Dock) -> None:
    content = film()
    upload = any_dock.upload(content, startedAt="2026-11-04T20:15:00+01:00")
    found = any_dock.receipt(upload)
    kept = rows(standing, upload).recording
    assert found["state"] == "kept"
    assert found["wipe"] is True
    assert found["reason"] is None
    claims = found["claims"]
    assert {name: claims[name] for name in claims if name not in VARYING} == {
        "iss": any_dock.url,
        "sub": str(id_of(upload)),
        "state": "kept",
        "wipe": True,
        "reason": None,
        "length": len(content),
        "sha256": digest(content),
        "recordedAt": kept.recorded_at.isoformat(),
        "cameraClockAt": None,
    }
    assert abs(claims["iat"] - time.time()) < 60
    with standing.vault.database.reading() as session:
        entry = session.scalar(select(AuditEntry).where(AuditEntry.id == UUID(claims["auditEntry"])))
    assert entry
    assert entry.event == Event.RECORDING_KEPT
    assert claims["leafHash"] == hashlib.sha256(b"\0" + entry.leaf).hexdigest()


def test_another_library_reads_it_and_only_with_the_published_key(dock: Dock) -> None:
    found = dock.receipt(dock.upload(film()))
    keys = keys_of(dock)
    assert jws.verify(found["receipt"], keys, algorithms=["ES256"])
    for key in keys["keys"]:
        assert set(key) >= {"kty", "crv", "x", "y", "kid"}
        assert "d" not in key
    others = {"keys": [{**keys["keys"][0], "kid": "another"}]}
    with pytest.raises(ReceiptRefused):
        verify_receipt(found["receipt"], others)


def test_a_changed_receipt_is_no_receipt(dock: Dock) -> None:
    upload = dock.upload(b"this is not footage, and a dock that would like it to be")
    receipt = dock.receipt(upload)["receipt"]
    head, _, signature = receipt.split(".")
    claims = {**jwt.get_unverified_claims(receipt), "wipe": True, "state": "kept", "reason": None}
    forged = jws.sign(claims, "secret", algorithm="HS256").split(".")[1]
    for token in (f"{head}.{forged}.{signature}", f"{head}.{forged}.", receipt[:-4] + "AAAA"):
        with pytest.raises(ReceiptRefused):
            verify_receipt(token, keys_of(dock))


def test_before_the_commit_point_there_is_none(standing: Installation, any_dock: Dock) -> None:
    content = film()
    upload = any_dock.begin(len(content))
    for sent in (0, 1000):
        answer = any_dock.ask_receipt(upload)
        assert answer.status_code == 202
        assert answer.json() == {"state": "arriving", "wipe": False}
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
        any_dock.send(upload, content[sent : sent + 1000], sent)
    assert rows(standing, upload).arrival.receipt is None
