"""A certificate on paper and on a screen says what was destroyed, why, when, and how to check it."""

import time
from datetime import timedelta

import pytest

from auditor.certificates import verify
from tests.disposing import hold, kept, now, swept
from tests.installation import Installation
from tests.vault.disposal.test_certificates import OPERATOR, destroy_key
from tests.vault.documents.reading import root, text
from vault.disposal.beginning import begin
from vault.disposal.certificates import Certificate, look
from vault.disposal.printing import document, lines
from vault.disposal.tables import Ground
from vault.documents import write
from vault.documents.blocks import Language
from vault.ids import RecordingId
from vault.signals.raising import KEEPER
from vault.tables import Recording


def certificate_of(small: Installation, recording: RecordingId) -> Certificate:
    small.settle()
    found = look(small.vault, OPERATOR, recording, now=now()).certificate
    assert found
    return found


def said(certificate: Certificate, language: Language) -> str:
    return "\n".join(lines(certificate, "Voorbeeldstad", language))


def test_it_is_a_document_in_two_languages(small: Installation) -> None:
    recording = kept(small)
    hold(small, recording, ago=timedelta(days=39), lifted=timedelta(days=38), days_after=3)
    assert swept(small).disposed == 1
    found = certificate_of(small, recording)
    dutch = write(document(found, "Voorbeeldstad", "nl"), now=now())
    assert root(dutch)["/Lang"] == "nl"
    told = text(dutch)
    for expected in (
        "Verklaring van vernietiging",
        str(recording),
        "de bewaartermijn was om",
        f"{found.statement.term_days} dagen vanaf {found.statement.term_from:%d-%m-%Y}",
        "een klacht, van",
        "en nog 3 dagen",
        "keeper (bodycam-vault",
        "Eerst is de sleutel vernietigd",
        "Nog niet aangetoond",
        f"Log {found.entry.checkpoint.origin}",
        "Op papier bewijst ze niets",
    ):
        assert expected in told
    english = text(write(document(found, "Voorbeeldstad", "en"), now=now()))
    assert "Certificate of disposal" in english
    assert "a complaint, from" in english
    assert "On paper it proves nothing" in english


def test_it_names_nobody(small: Installation) -> None:
    recording = kept(small)
    assert swept(small).disposed == 1
    found = certificate_of(small, recording)
    whole = said(found, "nl") + found.document.decode()
    for name in ("Bakker", "Jansen", *(str(person) for person in small.town.people.values())):
        assert name not in whole


def test_it_tells_of_the_backups_when_their_key_went(small: Installation) -> None:
    recording = kept(small)
    assert swept(small).disposed == 1
    before = certificate_of(small, recording)
    assert "Not shown yet" in said(before, "en")
    assert before.statement.key_id
    destroy_key(small, before.statement.key_id)
    after = certificate_of(small, recording)
    assert after.key
    assert f"(regel {after.key.index} in het log)" in said(after, "nl")
    assert "No backup opens the recording any more" in said(after, "en")
    assert "it came in with" not in said(after, "en")


@pytest.mark.parametrize(
    ("language", "expected", "coming"),
    [
        ("nl", ["opgenomen in een woning", "een ander keurde het goed", "vergrendeld tot"], "binnenkwam"),
        ("en", ["recorded inside a dwelling", "another approved", "locked until"], "it came in with"),
    ],
)
def test_it_tells_that_locked_objects_went_later(
    small: Installation, language: Language, expected: list[str], coming: str
) -> None:
    """Erased early: the key at once, the objects as soon as their lock let them, and both are said."""
    recording = kept(small, ago=timedelta(days=2))
    first = next(iter(small.vault.store.list(f"{recording}/")))
    small.vault.store.retain(first.name, now() + timedelta(seconds=2))
    with small.vault.database.transaction() as session:
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(small.vault, session, row, ground=Ground.INSIDE_DWELLING, now=now(), by=KEEPER)
    begun = swept(small)
    assert (begun.begun, begun.disposed, begun.locked) == (0, 0, 1)
    time.sleep(2)
    assert swept(small).disposed == 1
    found = certificate_of(small, recording)
    assert found.statement.locked_until
    assert found.statement.key_destroyed < found.statement.locked_until <= found.statement.objects_discarded
    assert found.statement.early
    assert verify(found.document, small.vault.ring.log_keys[0]).statement == found.statement
    for each in expected:
        assert each in said(found, language)
    # Of what goes so soon the key that it came in with may be there still.
    assert found.statement.key_id
    destroy_key(small, found.statement.key_id)
    assert coming in said(certificate_of(small, recording), language)
